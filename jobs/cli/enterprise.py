"""``enterprise``: bind codes and QR codes for enterprises, their members, a change of 法人 (绑定、成员、法人变更)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.dialogue.service import BIND_SCENE
from chalicelib.enterprises import handover
from chalicelib.enterprises import uscc as credit_code
from chalicelib.enterprises.binding import CODE_LIFE, SCENE_LONGEST
from chalicelib.enterprises.roles import ENTERPRISE_ROLES, Role
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time
from jobs.cli import operator
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="企业：绑定码、成员。", no_args_is_help=True)

UsccArgument = Annotated[str, typer.Argument(help="统一社会信用代码")]
_SHOWN = 40
"""Of a code that is none: enough to see what was pasted."""
RoleOption = Annotated[str, typer.Option(help="法人、财务、人事、办税、项目")]


@app.command("bind-code")
def bind_code(
    uscc: UsccArgument,
    role: RoleOption = Role.LEGAL.value,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """核对身份后给企业一个一次性授权码；只显示这一次。"""
    application = bootstrap.current()
    code = known(uscc)
    chosen = _role(role)
    issued = application.bindings.issue_code(code, chosen, operator.name(), application.clock.now())
    if as_json:
        document({"uscc": code, "role": chosen, "code": issued.code, "expires_at": issued.expires_at.isoformat()})
        return
    say(f"授权码 {issued.code}（{application.desk.enterprise_name(code)}，{chosen}）")
    say(f"{chinese_time(issued.expires_at)} 前有效，只能用一次。请对方在公众号回复：绑定 {issued.code}")


@app.command("bind-qr")
def bind_qr(
    uscc: UsccArgument,
    role: RoleOption = Role.LEGAL.value,
    days: Annotated[int, typer.Option(min=1, max=SCENE_LONGEST.days, help="二维码有效天数")] = CODE_LIFE.days,
    out: Annotated[Path | None, typer.Option(help="把二维码地址存成文件")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """核对身份后给企业一个一次性绑定二维码：对方扫一次就绑定，再扫无效。"""
    application = bootstrap.current()
    code, chosen = known(uscc), _role(role)
    life = timedelta(days=days)
    issued = application.bindings.issue_scene(code, chosen, operator.name(), application.clock.now(), life)
    scene = BIND_SCENE + issued.code
    picture = application.wechat_client.qrcode.create_temporary(scene, int(life.total_seconds()))
    if out is not None:
        out.write_text(f"{picture.image_url}\n", encoding="utf-8")
    if as_json:
        document(
            {
                "uscc": code,
                "role": chosen,
                "image_url": picture.image_url,
                "url": picture.url,
                "expires_at": issued.expires_at.isoformat(),
            }
        )
        return
    say(f"绑定二维码（{application.desk.enterprise_name(code)}，{chosen}）：{picture.image_url}")
    say(f"{chinese_time(issued.expires_at)} 前有效，只能用一次。请当面给对方扫，不要转发。")


@app.command("members")
def members(uscc: UsccArgument) -> None:
    """绑定了这家企业的成员；只显示化名。"""
    bound = bootstrap.current().bindings.members(known(uscc))
    table(("成员", "角色", "绑定时间"), [(one.ref, one.role, chinese_time(one.bound_at)) for one in bound])


@app.command("remove-member")
def remove_member(
    uscc: UsccArgument, member: Annotated[str, typer.Argument(help="成员化名，见 enterprise members")]
) -> None:
    """解除一个成员的绑定，立即生效。"""
    application = bootstrap.current()
    code = known(uscc)
    found = next((one for one in application.bindings.members(code) if one.ref == member), None)
    if found is None:
        raise BadInput(f"这家企业没有成员 {member}。用 enterprise members {code} 查看。")
    application.bindings.remove(found.openid, code, application.clock.now())
    say(f"已解除 {member}（{found.role}）的绑定。")


@app.command("hand-over")
def hand_over(uscc: UsccArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """法定代表人变更：原法人的绑定马上暂停，另发新授权码；新旧法人都要凭新码才能再绑定。"""
    application = bootstrap.current()
    code, now = known(uscc), application.clock.now()
    suspended = handover.suspend(application.store, code, now)
    issued = application.bindings.issue_code(code, Role.LEGAL, operator.name(), now)
    if as_json:
        document(
            {"uscc": code, "suspended": suspended, "code": issued.code, "expires_at": issued.expires_at.isoformat()}
        )
        return
    say(f"已暂停 {suspended} 个法人绑定，以前发的法人授权码作废；其他成员不变。")
    say(f"新授权码 {issued.code}，{chinese_time(issued.expires_at)} 前有效。请核对新法定代表人的证件后当面给他。")


def _role(text: str) -> Role:
    """Raises BadInput, naming the roles there are."""
    if text not in ENTERPRISE_ROLES:
        raise BadInput(
            f"企业里没有“{text}”这个角色；可用：{'、'.join(each for each in Role if each in ENTERPRISE_ROLES)}"
        )
    return Role(text)


def known(text: str) -> str:
    """The normalised code of an enterprise on file. Raises BadInput saying what is wrong with it."""
    code = credit_code.normalise(text)
    if problem := credit_code.problem(code):
        raise BadInput(f"统一社会信用代码 {code[:_SHOWN]}：{problem}")
    if bootstrap.current().enterprises.get(code) is None:
        raise BadInput(f"库里没有统一社会信用代码为 {code} 的企业。请先用 content load 导入企业。")
    return code

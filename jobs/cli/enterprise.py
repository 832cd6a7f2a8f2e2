"""``enterprise``: bind codes for enterprises (绑定授权码)."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.enterprises import uscc as credit_code
from chalicelib.enterprises.model import ENTERPRISE_ROLES, Role
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="企业：绑定码、成员。", no_args_is_help=True)

UsccArgument = Annotated[str, typer.Argument(help="统一社会信用代码")]


@app.command("bind-code")
def bind_code(
    uscc: UsccArgument,
    role: Annotated[str, typer.Option(help="法人、财务、人事、办税、项目")] = Role.LEGAL.value,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """核对身份后给企业一个一次性授权码；只显示这一次。"""
    application = bootstrap.current()
    code = known(uscc)
    if role not in ENTERPRISE_ROLES:
        raise BadInput(
            f"企业里没有“{role}”这个角色；可用：{'、'.join(each for each in Role if each in ENTERPRISE_ROLES)}"
        )
    chosen = Role(role)
    issued = application.bindings.issue_code(code, chosen, getpass.getuser(), application.clock.now())
    if as_json:
        document({"uscc": code, "role": chosen, "code": issued.code, "expires_at": issued.expires_at.isoformat()})
        return
    say(f"授权码 {issued.code}（{application.desk.enterprise_name(code)}，{chosen}）")
    say(f"{chinese_time(issued.expires_at)} 前有效，只能用一次。请对方在公众号回复：绑定 {issued.code}")


@app.command("members")
def members(uscc: UsccArgument) -> None:
    """绑定了这家企业的成员；只显示化名。"""
    from chalicelib.masking import openid

    bound = bootstrap.current().bindings.members(known(uscc))
    table(("成员", "角色", "绑定时间"), [(openid(one.openid), one.role, chinese_time(one.bound_at)) for one in bound])


def known(text: str) -> str:
    """The normalised code of an enterprise on file. Raises BadInput saying what is wrong with it."""
    code = credit_code.normalise(text)
    if problem := credit_code.problem(code):
        raise BadInput(f"统一社会信用代码 {text}：{problem}")
    if bootstrap.current().enterprises.get(code) is None:
        raise BadInput(f"库里没有统一社会信用代码为 {code} 的企业。请先用 content load 导入企业。")
    return code

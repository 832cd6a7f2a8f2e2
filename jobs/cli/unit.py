"""``unit``: banks and departments whose people are reminded of their work (经办单位)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.enterprises import uscc as credit_code
from chalicelib.enterprises.roles import WORK_ROLES, Role
from chalicelib.enterprises.units import Unit
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time
from jobs.cli import operator
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="经办单位：银行和部门，督办提醒发给谁。", no_args_is_help=True)


@app.command("set")
def set_unit(
    name: Annotated[str, typer.Argument(help="单位名称，与贷款里的银行名称或“县工信局”“县政府”一致")],
    uscc: Annotated[str, typer.Argument(help="单位的统一社会信用代码")],
) -> None:
    """登记一个单位，或更正它的代码。"""
    code = credit_code.normalise(uscc)
    if problem := credit_code.problem(code):
        raise BadInput(f"统一社会信用代码 {uscc}：{problem}")
    if not 2 <= len(name) <= 40:
        raise BadInput("单位名称要 2 到 40 个字。")
    changed = bootstrap.current().units.save(Unit(name=name, uscc=code))
    say(f"已登记 {name}。" if changed else f"{name} 没有变化。")


@app.command("list")
def list_units(as_json: Annotated[bool, JSON] = False) -> None:
    """登记了哪些单位，各绑定了几个人。"""
    application = bootstrap.current()
    rows = [(unit, len(application.bindings.members(unit.uscc))) for unit in application.units.all()]
    if as_json:
        document([{**unit.model_dump(), "members": members} for unit, members in rows])
        return
    table(("单位", "统一社会信用代码", "绑定人数"), [(unit.name, unit.uscc, members) for unit, members in rows])


@app.command("bind-code")
def bind_code(
    name: Annotated[str, typer.Argument(help="单位名称")],
    role: Annotated[str, typer.Option(help="经办或负责人")] = Role.OFFICER.value,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """核对身份后给单位的人一个一次性授权码；只显示这一次。"""
    application = bootstrap.current()
    unit = application.units.named(name)
    if unit is None:
        raise BadInput(f"没有登记单位“{name}”。请先用 unit set 登记，或用 unit list 查看。")
    if role not in WORK_ROLES:
        raise BadInput(f"单位里没有“{role}”这个角色；可用：经办、负责人")
    issued = application.bindings.issue_code(unit.uscc, role, operator.name(), application.clock.now())
    if as_json:
        document({"unit": name, "role": role, "code": issued.code, "expires_at": issued.expires_at.isoformat()})
        return
    say(f"授权码 {issued.code}（{name}，{role}）")
    say(f"{chinese_time(issued.expires_at)} 前有效，只能用一次。请对方在公众号回复：绑定 {issued.code}")

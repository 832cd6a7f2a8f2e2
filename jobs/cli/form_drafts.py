"""``form list|show|hold|release|set``: an operator takes over a form that somebody is stuck in, and gives it back."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap, masking
from chalicelib.errors import BadInput
from chalicelib.forms.draft import Draft
from chalicelib.forms.model import Compiled
from chalicelib.forms.said import Input, Step
from chalicelib.forms.values import masked
from chalicelib.forms.wanted import open_fields, wanted
from chalicelib.times import local_date, short_date
from jobs.cli.output import document, say, table

DraftArgument = Annotated[str, typer.Argument(help="草稿编号，form list 里有")]
Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 文档")]


def register(app: typer.Typer) -> None:
    app.command("list")(list_drafts)
    app.command("show")(show)
    app.command("hold")(hold)
    app.command("set")(set_field)
    app.command("release")(release)


def list_drafts(as_json: Json = False) -> None:
    """没填完的表：哪张、填了几项、停在哪一项。不显示是谁。"""
    forms, drafts = bootstrap.current().forms.forms(), bootstrap.current().forms.every_open()
    rows = [_row(forms[one.form], one) for one in drafts if one.form in forms]
    if as_json:
        document(rows)
    elif rows:
        table(["草稿", "表", "企业", "状态", "已填", "停在", "到期"], [list(row.values()) for row in rows])
    else:
        say("现在没有没填完的表。")


def show(draft_id: DraftArgument) -> None:
    """一张没填完的表，个人信息遮住。"""
    compiled, draft = _found(draft_id)
    say(f"《{compiled.form.title}》{draft.state}，到 {short_date(local_date(draft.expires_at))} 删除。")
    rows = []
    for name in wanted(compiled, draft.values()):
        answer, field = draft.answers.get(name), compiled.fields[name]
        value = masked(field, answer.value) if answer else ""
        rows.append([compiled.number(name), name, field.name, value, answer.source.value if answer else "没有填"])
    table(["序号", "字段", "名称", "内容", "来源"], rows)


def hold(draft_id: DraftArgument) -> None:
    """接过来代填：对方再发消息会听到“工作人员正在帮您填”。"""
    _act(draft_id, Input("hold"))
    say("已接过来。填好后用 form release 还给本人。")


def set_field(
    draft_id: DraftArgument,
    field: Annotated[str, typer.Argument(help="字段，form show 里有")],
    value: Annotated[str, typer.Argument(help="填什么；本人还会核对")],
) -> None:
    """代填一项，规则和本人填的一样。"""
    step = _act(draft_id, Input("set", value, field))
    problem = next((one for one in step.said if one.kind == "problem"), None)
    if problem:
        raise BadInput("".join(problem.lines))
    say("已填。")


def release(draft_id: DraftArgument) -> None:
    """还给本人接着填或核对提交。"""
    compiled, _ = _found(draft_id)
    left = open_fields(compiled, _act(draft_id, Input("release")).draft)
    say(f"已还给本人，{f'还有 {len(left)} 项没填' if left else '等本人核对提交'}。")


def _row(compiled: Compiled, draft: Draft) -> dict[str, str]:
    names = wanted(compiled, draft.values())
    return {
        "draft": draft.id,
        "form": compiled.form.title,
        "uscc": masking.uscc(draft.uscc) if draft.uscc else "",
        "state": draft.state.value,
        "filled": f"{sum(name in draft.answers for name in names)}/{len(names)}",
        "asking": draft.asking,
        "expires": short_date(local_date(draft.expires_at)),
    }


def _found(draft_id: str) -> tuple[Compiled, Draft]:
    application = bootstrap.current()
    found = next((one for one in application.forms.every_open() if one.id == draft_id), None)
    compiled = application.forms.forms().get(found.form) if found else None
    if found is None or compiled is None:
        raise BadInput(f"没有草稿 {draft_id}，请用 form list 核对编号。")
    return compiled, found


def _act(draft_id: str, given: Input) -> Step:
    application = bootstrap.current()
    _found(draft_id)
    return application.forms.operate(draft_id, given, application.clock.now())

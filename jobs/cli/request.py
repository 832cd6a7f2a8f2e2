"""``request``: what enterprises ask of the park, and the departments' answers (诉求)."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.concerns.model import Concern, ConcernState
from chalicelib.concerns.service import statistics
from chalicelib.times import chinese_time, local_date
from jobs.cli import operator
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="诉求：查看、答复、转办、统计。", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="诉求编号，例如 Q-20261122-03")]


@app.command("list")
def list_requests(
    answered: Annotated[bool, typer.Option("--answered", help="看已答复的")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """还没答复的诉求，最急的在前。"""
    application = bootstrap.current()
    today = local_date(application.clock.now())
    states = (ConcernState.ANSWERED, ConcernState.DONE) if answered else (ConcernState.OPEN,)
    concerns = [concern for state in states for concern in application.concerns.listed(state)]
    if as_json:
        document([_public(concern) | {"late": concern.late(today)} for concern in concerns])
        return
    rows = [(c.id, c.topic, c.dept, f"{c.due} 已超时" if c.late(today) else str(c.due), c.text[:40]) for c in concerns]
    table(("编号", "类别", "部门", "最晚答复", "内容"), rows)


@app.command("show")
def show(number: Number, as_json: Annotated[bool, JSON] = False) -> None:
    """一件诉求的内容、转办经过和答复。"""
    concern = bootstrap.current().concerns.get(number)
    if as_json:
        document(_public(concern))
        return
    say(f"{concern.id} · {concern.topic} · {concern.state.chinese}")
    say(f"{chinese_time(concern.opened_at)} 提出：{concern.text}")
    for move in concern.moves:
        say(f"{chinese_time(move.at)} 转给 {move.dept}：{move.why}（{move.by}）")
    if concern.answered_at:
        say(f"{chinese_time(concern.answered_at)} {concern.dept}答复：{concern.answer}")
    else:
        say(f"{concern.dept} 办理，最晚 {concern.due} 答复" + ("（暂按周一至周五估算）" if concern.estimated else ""))


@app.command("answer")
def answer(number: Number, text: Annotated[str, typer.Argument(help="答复，会原样发给提出人")]) -> None:
    """答复一件诉求；提出人会收到通知。"""
    application = bootstrap.current()
    concern = application.concerns.answer(number, operator.name(), text, application.clock.now())
    say(f"已答复 {concern.id}，10 分钟内通知提出人。")


@app.command("transfer")
def transfer(
    number: Number,
    dept: Annotated[str, typer.Argument(help="接收部门，与 unit list 里的名称一致才能收到督办提醒")],
    why: Annotated[str, typer.Option(help="转办理由")],
) -> None:
    """转给别的部门；最晚答复日期不变。"""
    application = bootstrap.current()
    concern = application.concerns.transfer(number, dept, operator.name(), why, application.clock.now())
    say(f"已把 {concern.id} 转给 {concern.dept}，最晚 {concern.due} 答复。")


@app.command("stats")
def stats(as_json: Annotated[bool, JSON] = False) -> None:
    """各部门收到、答复、按时答复和超时的件数。"""
    application = bootstrap.current()
    concerns = [concern for state in ConcernState for concern in application.concerns.listed(state)]
    figures = statistics(concerns, local_date(application.clock.now()))
    if as_json:
        document(figures)
        return
    rows = [(dept, f["received"], f["answered"], f["in_time"], f["late"]) for dept, f in sorted(figures.items())]
    table(("部门", "收到", "已答复", "按时答复", "超时未答复"), rows)


def _public(concern: Concern) -> dict[str, Any]:
    return concern.model_dump(mode="json", exclude={"openid"})

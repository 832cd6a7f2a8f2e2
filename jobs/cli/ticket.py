"""``ticket``: what people wait for an answer to, and the answers (工单)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="工单：溪小办转给工作人员的事，查看、答复。", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="工单编号，例如 T-1123-01")]


@app.command("list")
def list_tickets(as_json: Annotated[bool, JSON] = False) -> None:
    """还没答复的工单，早的在前。"""
    tickets = list(bootstrap.current().tickets.listed())
    if as_json:
        document([ticket.model_dump(mode="json", exclude={"openid"}) for ticket in tickets])
        return
    table(("工单", "类别", "时间", "内容"), [(t.id, t.kind, chinese_time(t.opened_at), t.text) for t in tickets])


@app.command("show")
def show(number: Number, as_json: Annotated[bool, JSON] = False) -> None:
    """一张工单的内容和答复。"""
    application = bootstrap.current()
    ticket = application.tickets.get(number, application.clock.now())
    if as_json:
        document(ticket.model_dump(mode="json", exclude={"openid"}))
        return
    say(
        f"{ticket.id} · {ticket.kind} · {chinese_time(ticket.opened_at)}"
        + (f" · {ticket.due} 前" if ticket.due else "")
    )
    say(ticket.text)
    say(f"答复：{ticket.answer}" if ticket.answer else "还没有答复")


@app.command("answer")
def answer(number: Number, text: Annotated[str, typer.Argument(help="答复，会原样给提出人看")]) -> None:
    """答复一张工单；提出人回复“我的工单”能看到，绑定了企业的还会收到通知。差评整改用 case answer-rating。"""
    application = bootstrap.current()
    now = application.clock.now()
    if application.tickets.get(number, now).kind == "差评整改":
        raise BadInput(f"{number} 是差评整改工单，请用 case answer-rating 办件编号 整改结果（编号见 ticket show）。")
    ticket = application.tickets.answer(number, text, now)
    say(f"已答复 {ticket.id}。10 分钟内告知提出人；48 小时没有说过话的，等本人回复“我的工单”来看。")

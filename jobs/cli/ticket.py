"""``ticket``: what people wait for an answer to (工单)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.times import chinese_time
from jobs.cli.output import JSON, document, table

app = typer.Typer(help="工单：溪小办转给工作人员的事。", no_args_is_help=True)


@app.command("list")
def list_tickets(as_json: Annotated[bool, JSON] = False) -> None:
    """还没答复的工单，早的在前。"""
    tickets = list(bootstrap.current().tickets.listed())
    if as_json:
        document([ticket.model_dump(mode="json", exclude={"openid"}) for ticket in tickets])
        return
    table(("工单", "类别", "时间", "内容"), [(t.id, t.kind, chinese_time(t.opened_at), t.text) for t in tickets])

"""``case``: one case as its applicant sees it (办件)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from jobs.cli.output import JSON, document, say

app = typer.Typer(help="办件：查看进度。", no_args_is_help=True)


@app.command("show")
def show(
    no: Annotated[str, typer.Argument(help="办件编号，19 位数字")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """办件的状态、经过和期限。"""
    application = bootstrap.current()
    case = application.cases.get(no)
    if case is None:
        raise BadInput(f"没有编号为 {no} 的办件。请核对编号，或先用 content load 导入。")
    now = application.clock.now()
    life = application.cases.live(case, now)
    timeline = application.cases.timeline(case, now)
    if as_json:
        document(
            {
                "no": case.no,
                "title": case.head.title,
                "state": life.state,
                "due": life.due.day.isoformat() if life.due else None,
                "estimated": bool(life.due and life.due.estimated),
                "sample": case.head.is_sample,
                "timeline": timeline.lines(max_steps=90),
                "aside": len(life.aside),
            }
        )
        return
    for line in timeline.lines(max_steps=90):
        say(line)
    if life.aside:
        say(f"另有 {len(life.aside)} 条事件与办理流程对不上，已单独存放，请核对来源系统。")

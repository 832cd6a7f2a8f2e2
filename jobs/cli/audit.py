"""``audit``: who did what (审计日志). Reading only: nothing here, or anywhere else, changes an entry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.audit.log import AuditLog, Entry, Result
from chalicelib.errors import BadInput, Refusal
from chalicelib.times import at_local, local
from jobs.cli.output import JSON, document, say, table

_ANCHOR = re.compile(r"[1-9]\d{0,11}:[0-9a-f]{64}", re.ASCII)

app = typer.Typer(help="审计日志：谁在什么时候做了什么；只能看，不能改。", no_args_is_help=True)


@app.command("list")
def list_entries(
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="从哪一天起")] = None,
    who: Annotated[str | None, typer.Option(help="只看一个工作人员")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10000, help="最多显示多少条，新的优先")] = 200,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """操作记录，早的在前；同一次操作的开始和结束合成一行。"""
    start = at_local(since.date()) if since else None
    log = AuditLog(bootstrap.current().store)
    found = [entry for entry in _merged(log.entries(start)) if who in (None, entry.who)][-limit:]
    if as_json:
        document([entry.model_dump(mode="json") for entry in found])
        return
    rows = [(e.number, f"{local(e.at):%Y-%m-%d %H:%M:%S}", e.who, e.action, e.subject, e.result.chinese) for e in found]
    table(("序号", "时间（北京）", "谁", "做什么", "对什么", "结果"), rows)


@app.command("verify")
def verify(
    anchor: Annotated[str | None, typer.Option(help="以前记下的“序号:摘要”，核对那一条还在不在")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """从头核对整条日志有没有被改、被删、被插。"""
    if anchor is not None and not _ANCHOR.fullmatch(anchor):
        raise BadInput("--anchor 要写成“序号:摘要”，摘要是 64 位十六进制。请照抄上次 audit verify 显示的末条。")
    verdict = AuditLog(bootstrap.current().store).verify(anchor)
    if as_json:
        document({"entries": verdict.entries, "anchor": verdict.anchor, "problem": verdict.problem})
    if verdict.problem:
        raise Refusal(f"审计日志对不上：{verdict.problem}。请保留现场，马上报告安全负责人。")
    if not as_json:
        say(f"{verdict.entries} 条都对得上。末条 {verdict.anchor}，请抄录存档，下次用 --anchor 核对。")


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """A line that says that something began gives way to the one that says how it ended."""
    found = {entry.number: entry for entry in entries}
    ended = {entry.of for entry in found.values()}
    return [entry for entry in found.values() if entry.result is not Result.BEGUN or entry.number not in ended]

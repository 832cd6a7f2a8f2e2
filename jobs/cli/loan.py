"""``loan``: the 48-hour channel as operators see it (小巨人48小时通道): clocks, reminders, the month report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.errors import BadInput
from chalicelib.finance.channel48 import RULES, ChannelClock, admission, clock
from chalicelib.finance.channel_report import Durations, month_report
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan
from chalicelib.finance.reconcile import COLUMNS, reconcile
from chalicelib.finance.reminders import Reminder
from chalicelib.times import chinese_time, local_date
from jobs.cli import operator
from jobs.cli.bank_file import read_bank_file, write_differences
from jobs.cli.output import FAILED, JSON, document, say, table

app = typer.Typer(help="贷款：48 小时通道的时钟、督办和月报。", no_args_is_help=True)

_STATUS = {"running": "计时中", "paused": "暂停", "paid": "已到账", "closed": "已结束"}


@app.command("channel")
def channel(as_json: Annotated[bool, JSON] = False) -> None:
    """快速通道里还没到账的贷款：已用、剩余、暂停。"""
    application = bootstrap.current()
    now = application.clock.now()
    rows = [(loan, each) for loan, each in _clocks(application, now) if each.status in ("running", "paused")]
    rows.sort(key=lambda row: row[1].left)
    if as_json:
        document([_clock_document(loan, each, now) for loan, each in rows])
        return
    if not rows:
        say("快速通道里没有等待到账的贷款。")
        return
    table(
        ("贷款", "银行", "受理", "状态", "已用（小时）", "剩余（小时）", "暂停（小时）", "超时级别"),
        [
            (
                loan.id,
                loan.head.bank,
                chinese_time(each.started),
                _STATUS[each.status],
                _hours(each.used.total_seconds()),
                _hours(each.left.total_seconds()),
                _hours(each.paused.total_seconds()),
                each.level(now) or "",
            )
            for loan, each in rows
        ],
    )


@app.command("reminders")
def reminders(as_json: Annotated[bool, JSON] = False) -> None:
    """还没处理的督办提醒，超时的在前。"""
    found = bootstrap.current().loan_reminders.open()
    if as_json:
        document([each.model_dump(mode="json") for each in found])
        return
    if not found:
        say("没有待处理的督办提醒。")
        return
    table(("编号", "银行", "事项", "督办", "时间"), [_reminder_row(each) for each in found])


@app.command("close")
def close(
    key: Annotated[str, typer.Argument(help="督办提醒编号，用 loan reminders 查看")],
    cause: Annotated[str, typer.Option(help="延误原因，写进月报，如：抵押登记排队")],
) -> None:
    """登记一条督办提醒已处理和延误原因。"""
    application = bootstrap.current()
    if not cause.strip():
        raise BadInput("延误原因不能是空的，请用 --cause 写明。")
    closed = application.loan_reminders.close(key, operator.name(), cause.strip(), application.clock.now())
    say(f"{closed.key} 已处理（{closed.cause}）。")


@app.command("report")
def report(
    month: Annotated[str, typer.Option(help="月份，如 2026-11；不写是本月")] = "",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """快速通道月报：中位时长、48 小时内占比、超时和原因。"""
    application = bootstrap.current()
    now = application.clock.now()
    first = _month(month) if month else local_date(now).replace(day=1)
    loans = (loan for loan in application.loans.all_loans(first, now) if _admitted(application, loan))
    found = month_report(loans, application.loan_reminders.all(), first, now)
    if as_json:
        document(found.document())
        return
    say(f"{found.month} 小巨人 48 小时通道{'（示例数据）' if found.is_sample else ''}")
    say(f"本月受理 {found.started} 笔：办理中 {found.running}，未放款而结束 {found.closed_unpaid}")
    say(f"授信批复：{_durations(found.line)}")
    say(f"放款到账：{_durations(found.money)}")
    say(f"超时 {len(found.breached)} 笔" + (f"：{'、'.join(found.breached)}" if found.breached else ""))
    for why, hours in found.pauses.items():
        say(f"暂停 · {why}：{hours} 小时")
    for cause, count in found.causes.items():
        say(f"延误原因 · {cause}：{count} 笔")


@app.command("reconcile")
def reconcile_bank(
    bank: Annotated[str, typer.Argument(help="银行名称，与贷款里的一致")],
    file: Annotated[Path, typer.Argument(help=f"银行清单 CSV 或 XLSX，列：{'、'.join(COLUMNS)}")],
    out: Annotated[Path | None, typer.Option(help="差异写到这个 CSV 文件")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """和银行每日对账：逐笔逐项列出差异，什么都不改。有差异时退出码为 1。"""
    application = bootstrap.current()
    theirs = read_bank_file(file)
    ours = [loan for loan in application.loans.watched_loans() if loan.head.bank == bank]
    listed = {line.loan_id for line in theirs} - {loan.id for loan in ours}
    ended = (application.loans.get(loan_id) for loan_id in sorted(listed))
    ours += [loan for loan in ended if loan is not None and loan.head.bank == bank]
    if not ours:
        raise BadInput(f"没有“{bank}”的贷款。请核对银行名称。")
    found = reconcile(ours, theirs)
    if out is not None:
        write_differences(out, found)
    if as_json:
        document(
            {"bank": bank, "ours": len(ours), "theirs": len(theirs), "differences": [asdict(each) for each in found]}
        )
    else:
        say(f"{bank}：我方 {len(ours)} 笔，银行 {len(theirs)} 行，差异 {len(found)} 处。")
        if found:
            table(
                ("贷款", "项目", "我方", "银行"), [(each.loan_id, each.what, each.ours, each.theirs) for each in found]
            )
    if found:
        raise typer.Exit(FAILED)


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(f"月份“{text}”不对，请写成 2026-11 这样。") from None


def _clocks(application: Application, now: datetime) -> Iterator[tuple[Loan, ChannelClock]]:
    for loan in application.loans.open_loans():
        each = clock(loan.id, live(loan), now) if loan.head.fast_channel else None
        if each and _admitted(application, loan):
            yield loan, each


def _admitted(application: Application, loan: Loan) -> bool:
    """Not refused: what nobody has looked at runs on the clock until somebody does."""
    enterprise = application.enterprises.get(loan.head.uscc)
    verdict = admission(live(loan), enterprise.records.quals if enterprise else None)
    return verdict is None or verdict.ok is not False


def _clock_document(loan: Loan, each: ChannelClock, now: datetime) -> dict[str, object]:
    return {
        "loan": loan.id,
        "bank": loan.head.bank,
        "started": each.started.isoformat(),
        "status": each.status,
        "used_seconds": int(each.used.total_seconds()),
        "left_seconds": int(each.left.total_seconds()),
        "paused_seconds": int(each.paused.total_seconds()),
        "level": each.level(now),
    }


def _reminder_row(each: Reminder) -> tuple[str, ...]:
    return each.key, each.bank, each.what, each.to, chinese_time(each.at)


def _durations(found: Durations) -> str:
    if found.share is None:
        return "还没有"
    within = f"{RULES.limit} 小时内 {found.within} 笔（{found.share:.0%}）"
    return f"{found.done} 笔，中位 {found.median_hours} 小时，{within}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}"

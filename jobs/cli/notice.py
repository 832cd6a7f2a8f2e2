"""``notice``: the ledger of what was sent (推送台账)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap, masking
from chalicelib.errors import BadInput
from chalicelib.notices.model import CHINESE, Notice, NoticeState
from chalicelib.notices.next_step import next_step
from chalicelib.times import chinese_time
from jobs.cli import monthly
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="推送台账：查看、重发、取消。", no_args_is_help=True)

app.add_typer(monthly.app, name="monthly")

IdArgument = Annotated[str, typer.Argument(help="通知编号，见 notice list")]


@app.command("list")
def list_notices(
    state: Annotated[str | None, typer.Option(help="只看一种状态，如 failed_for_good")] = None,
    enterprise: Annotated[str | None, typer.Option(help="只看一家企业（统一社会信用代码）")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """最近的通知，新的在前。"""
    notices = bootstrap.current().notices
    if enterprise:
        found = notices.inbox(enterprise, limit)
    else:
        states = [_state(state)] if state else list(NoticeState)
        found = [notice for each in states for notice in notices.list(each, limit)]
    found = [one for one in found if state is None or one.state is _state(state)]
    found.sort(key=lambda one: one.created_at, reverse=True)
    if as_json:
        document([_row(one) for one in found[:limit]])
        return
    columns = ("编号", "企业", "类别", "标题", "状态", "渠道", "时间")
    table(
        columns,
        [
            (
                one.id,
                one.uscc,
                one.rules.title,
                one.title,
                CHINESE[one.state],
                one.channel or "",
                chinese_time(one.created_at),
            )
            for one in found[:limit]
        ],
    )


@app.command("show")
def show(notice_id: IdArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """一条通知的全部经过。"""
    notice = bootstrap.current().notices.show(notice_id)
    if as_json:
        document(
            {
                **_row(notice),
                "lines": notice.lines,
                "next_step": next_step(notice),
                "history": [line.model_dump(mode="json") for line in notice.history],
            }
        )
        return
    say(f"{notice.title}　{CHINESE[notice.state]}　尝试 {notice.attempts} 次")
    for line in notice.lines:
        say(f"  {line}")
    table(("时间", "状态", "原因"), [(chinese_time(c.at), CHINESE[c.state], c.cause) for c in notice.history])
    say(f"下一步：{next_step(notice)}")


@app.command("retry")
def retry(notice_id: IdArgument) -> None:
    """重发一条失败的、只在收件箱的或“可能已发出”的通知。"""
    application = bootstrap.current()
    notice = application.notices.retry(notice_id, application.clock.now())
    say(f"{notice.id} 已重新排队。")


@app.command("cancel")
def cancel(notice_id: IdArgument) -> None:
    """取消一条还没发出的通知。"""
    application = bootstrap.current()
    notice = application.notices.cancel(notice_id, application.clock.now())
    say(f"{notice.id} 已取消。")


def _state(name: str) -> NoticeState:
    try:
        return NoticeState(name)
    except ValueError:
        raise BadInput(f"没有“{name}”这种状态；可用：{'、'.join(NoticeState)}") from None


def _row(notice: Notice) -> dict[str, object]:
    """What a program gets; the person stays a pseudonym."""
    return {
        "id": notice.id,
        "uscc": notice.uscc,
        "kind": notice.kind,
        "subject": notice.subject,
        "event": notice.event,
        "title": notice.title,
        "state": notice.state,
        "channel": notice.channel,
        "person": masking.openid(notice.openid),
        "attempts": notice.attempts,
        "created_at": notice.created_at.isoformat(),
        "changed_at": notice.changed_at.isoformat(),
    }

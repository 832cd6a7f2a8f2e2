"""``notice``: the ledger of what was sent (推送台账)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from chalicelib import bootstrap, masking
from chalicelib.errors import BadInput
from chalicelib.notices.model import CHINESE, Notice, NoticeState
from chalicelib.notices.next_step import next_step
from chalicelib.times import chinese_time
from jobs.cli import monthly
from jobs.cli.enterprise import known
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="推送台账：查看、重发、取消。", no_args_is_help=True)

app.add_typer(monthly.app, name="monthly")

_EVERY = 100_000
"""Of one enterprise, when its rows are to be filtered."""

IdArgument = Annotated[str, typer.Argument(help="通知编号，见 notice list")]


@app.command("list")
def list_notices(
    state: Annotated[str | None, typer.Option(help="只看一种状态，如“发送失败”（或 failed_for_good）")] = None,
    enterprise: Annotated[str | None, typer.Option(help="只看一家企业（统一社会信用代码）")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """最近的通知，新的在前。"""
    wanted = None if state is None else _state(state)
    code = known(enterprise) if enterprise is not None else None
    found = _newest(wanted, code, limit)
    if as_json:
        document([_row(one) for one in found])
    elif found:
        _draw(found)
    else:
        say(_none(wanted, code))


def _newest(state: NoticeState | None, code: str | None, limit: int) -> Sequence[Notice]:
    notices = bootstrap.current().notices
    if code is not None:
        every = notices.inbox(code, limit if state is None else _EVERY)
        return [one for one in every if state in (None, one.state)][:limit]
    states = [state] if state else list(NoticeState)
    found = [one for each in states for one in notices.list(each, limit)]
    return sorted(found, key=lambda one: one.created_at, reverse=True)[:limit]


def _draw(found: Sequence[Notice]) -> None:
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
            for one in found
        ],
    )


def _none(state: NoticeState | None, code: str | None) -> str:
    """What an empty list means, and what to do."""
    whose = f"企业 {code} " if code else ""
    if state is not None:
        return f"{whose}没有状态为“{CHINESE[state]}”的通知。看全部状态，请去掉 --state。"
    if code is not None:
        return f"{whose}还没有通知。请用 enterprise members {code} 看是否有人绑定。"
    return "还没有通知。会给谁发什么，用 run policy-push --dry-run 看。"


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
    before = application.notices.show(notice_id)
    notice = application.notices.retry(notice_id, application.clock.now())
    say(f"{notice.id} 已重新排队。")
    if before.state is NoticeState.MAYBE_SENT:
        say("之前那一次可能已经送到，对方可能收到两条。还没问过对方的，可以马上用 notice cancel 停下。")


@app.command("cancel")
def cancel(notice_id: IdArgument) -> None:
    """取消一条还没发出的通知。"""
    application = bootstrap.current()
    notice = application.notices.cancel(notice_id, application.clock.now())
    if notice.state is NoticeState.CANCELLED:
        say(f"{notice.id} 已取消。")
    else:
        say(f"{notice.id} 不再发送；之前那一次可能已经送到，状态是“{CHINESE[notice.state]}”。")
        say(f"下一步：{next_step(notice)}")


def _state(name: str) -> NoticeState:
    """By its Chinese or its English name."""
    by_name = {**{CHINESE[state]: state for state in NoticeState}, **{str(state): state for state in NoticeState}}
    if name not in by_name:
        known_names = "、".join(f"{CHINESE[state]}（{state}）" for state in NoticeState)
        raise BadInput(f"没有“{name}”这种状态。可以写：{known_names}")
    return by_name[name]


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

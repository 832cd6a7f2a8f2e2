"""Service level (服务水平): of the notices of a day, how many reached the platform or the person, and how fast."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from pydantic import ConfigDict, Field

from chalicelib.notices.ledger import Ledger
from chalicelib.notices.model import WAITING, Notice, NoticeState
from chalicelib.shape import Shape
from chalicelib.times import at_local, local_date

_SENT_STATES = frozenset({NoticeState.ACCEPTED, NoticeState.HELD, NoticeState.DELIVERED})


class ServiceLevel(Shape):
    """One day's row. ``states`` counts the notices created that day by where they stand now; ``sent`` those that the
    platform took. ``due`` are those that should have been sent by now: not what the person or an operator stopped, what
    no channel may carry, or what waits for the morning. ``within_10s`` and ``within_60s`` are the share of ``due`` that
    the platform took so soon after they could first go, None on a day without any."""

    model_config = ConfigDict(frozen=True)

    on: date
    created: int = 0
    sent: int = 0
    due: int = 0
    within_10s: float | None = None
    within_60s: float | None = None
    states: dict[NoticeState, int] = Field(default_factory=dict)


def level_of(ledger: Ledger, on: date, now: datetime) -> ServiceLevel:
    """Reads rows that changed since the day began: whatever was created that day is among them."""
    start = at_local(on)
    far = start + timedelta(days=60)
    states: dict[NoticeState, int] = {}
    delays: list[timedelta] = []
    due = 0
    for state in NoticeState:
        for notice in ledger.between(state, start, far):
            if local_date(notice.created_at) != on:
                continue
            states[state] = states.get(state, 0) + 1
            waited = waited_of(notice)
            due += waited is not None or _is_due(notice, now)
            if waited is not None:
                delays.append(waited)
    return ServiceLevel(
        on=on,
        created=sum(states.values()),
        sent=len(delays),
        due=due,
        within_10s=_share(delays, timedelta(seconds=10), due),
        within_60s=_share(delays, timedelta(seconds=60), due),
        states=states,
    )


def taken_at(notice: Notice) -> datetime | None:
    """When the platform first took it, None if it never did."""
    return next((change.at for change in notice.history if change.state in _SENT_STATES), None)


def waited_of(notice: Notice) -> timedelta | None:
    """From when it could first go until the platform took it, None if it never did."""
    taken = taken_at(notice)
    return taken - max(notice.created_at, notice.not_before or notice.created_at) if taken else None


def _is_due(notice: Notice, now: datetime) -> bool:
    """Of one that the platform did not take."""
    waits = notice.state in WAITING and notice.not_before is not None and notice.not_before > now
    return not waits and notice.state not in {NoticeState.CANCELLED, NoticeState.INBOX}


def _share(delays: list[timedelta], within: timedelta, due: int) -> float | None:
    return round(sum(delay <= within for delay in delays) / due, 4) if due else None

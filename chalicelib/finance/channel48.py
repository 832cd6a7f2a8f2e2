"""小巨人 48-hour channel (小巨人企业专项审批通道): who may use it, and its clock.

Pure functions of a loan's life and ``now``; nothing ticks. The public report promises
2000 万元授信资金在 48 小时内到账 (S17); what starts, stops and pauses the clock is this project's
explicit choice (facts §5.3) and a ``ChannelRules``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from chalicelib.enterprises.model import Qual
from chalicelib.finance.life import LoanLife
from chalicelib.finance.model import CLOSED, LoanEvent, LoanState
from chalicelib.times import local_date

_S = LoanState
TITLE = "LG"
"""The quality code of 专精特新“小巨人”."""

_WAY_BACK = "仍可走普通贷款流程；资质复核通过后可再申请，复核咨询县工信局"


BANK = "银行"
"""Stands in a rule for the bank of the loan in question."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who hears of a mark: ``to`` in words, ``units`` by name (or BANK)."""

    to: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """Hours run day and night, weekends included."""

    start: LoanState = _S.ACCEPTED  # 银行受理，资料齐全
    pauses: tuple[tuple[LoanState, str], ...] = (
        (_S.RETURNED, "退回补件"),
        (_S.LINE_GRANTED, "待签约或抵押"),
    )
    reminders: tuple[int, ...] = (24, 36, 44)
    limit: int = 48
    escalate_every: int = 24
    reminded: Addressee = Addressee("经办客户经理和县工信局经办人", (BANK, "县工信局"))
    levels: tuple[Addressee, ...] = (
        Addressee("银行负责人和县工信局负责人", (BANK, "县工信局")),
        Addressee("县政府分管负责人", ("县政府",)),
    )


RULES = ChannelRules()


@dataclass(frozen=True, slots=True)
class Eligibility:
    """``ok`` None: the title's data do not decide it; an officer must look. ``reason``, ``way_back``: for people."""

    ok: bool | None
    reason: str = ""
    way_back: str = ""


def eligibility(quals: Sequence[Qual] | None, on: date) -> Eligibility:
    """Whether the enterprise holds a valid 小巨人 title on the start date. ``quals`` None: nobody has looked."""
    titles = [qual for qual in quals or () if qual.code == TITLE]
    verdicts = [qual.valid_on(on) for qual in titles]
    if True in verdicts:
        return Eligibility(True)
    if quals is None or None in verdicts:
        return Eligibility(None, "小巨人资质的认定日期或有效期没有登记", "请县工信局核对资质后再启动")
    if not titles:
        return Eligibility(False, "没有专精特新“小巨人”资质", _WAY_BACK)
    ended = max((qual.expires_on for qual in titles if qual.expires_on and qual.expires_on < on), default=None)
    if ended is None:
        return Eligibility(False, "“小巨人”资质在受理日还没有生效", _WAY_BACK)
    return Eligibility(False, f"“小巨人”资质已于 {ended.isoformat()} 到期", _WAY_BACK)


def admission(life: LoanLife, quals: Sequence[Qual] | None, rules: ChannelRules = RULES) -> Eligibility | None:
    """``eligibility`` on the day the loan's clock started; None before it starts."""
    start = _first(life, rules.start)
    return eligibility(quals, local_date(start)) if start else None


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that does not count, and why. ``end`` None: still waiting."""

    start: datetime
    end: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the channel's clock that somebody must hear of. ``level`` 0 reminds, 1 and up escalates a breach.

    ``at`` None: not reached, or not foreseeable while the clock stands. ``key`` is the same at every computation.
    """

    key: str
    hours: int
    level: int
    to: str
    units: tuple[str, ...]
    at: datetime | None

    def reached(self, now: datetime) -> bool:
        return self.at is not None and self.at <= now


@dataclass(frozen=True, slots=True)
class ChannelClock:
    """Where a fast-channel loan stands. Durations exclude pauses.

    ``to_line`` 授信批复 and ``to_money`` 放款到账 are both kept, since the promise may be read either way.
    """

    started: datetime
    status: Literal["running", "paused", "paid", "closed"]
    used: timedelta
    paused: timedelta
    pauses: tuple[Pause, ...]
    to_line: timedelta | None
    to_money: timedelta | None
    marks: tuple[Mark, ...]
    limit: timedelta

    @property
    def breached(self) -> bool:
        """超时: the money came after the limit, or has not come when it is reached."""
        if self.to_money is not None:
            return self.to_money > self.limit
        return self.used >= self.limit

    @property
    def left(self) -> timedelta:
        return max(self.limit - self.used, timedelta(0))

    def level(self, now: datetime) -> int:
        """The escalation level reached: 0 in time, 1 at the limit, then one more for every further period."""
        return max((mark.level for mark in self.marks if mark.reached(now)), default=0)

    def due_marks(self, now: datetime) -> tuple[Mark, ...]:
        """All that somebody must have heard of by ``now``; place them by key, once each."""
        return tuple(mark for mark in self.marks if mark.reached(now))


def clock(loan_id: str, life: LoanLife, now: datetime, rules: ChannelRules = RULES) -> ChannelClock | None:
    """The clock of a loan at ``now``; None before it starts. Whether the loan is in the channel is for the caller."""
    start = _first(life, rules.start)
    if start is None:
        return None
    money = _first(life, _S.PAID_OUT)
    end = money or next((step.at for step in life.steps if step.state in CLOSED), None)
    pauses = _pauses(life, start, end, rules)
    until = end or max(now, start)
    line = _first(life, _S.LINE_GRANTED)
    return ChannelClock(
        started=start,
        status=_status(money, end, pauses),
        used=_counted(start, until, pauses),
        paused=_stood(start, until, pauses),
        pauses=pauses,
        to_line=_counted(start, line, pauses) if line else None,
        to_money=_counted(start, money, pauses) if money else None,
        marks=tuple(_marks(loan_id, start, end, pauses, rules)),
        limit=timedelta(hours=rules.limit),
    )


def _status(
    money: datetime | None, end: datetime | None, pauses: tuple[Pause, ...]
) -> Literal["running", "paused", "paid", "closed"]:
    if money:
        return "paid"
    if end:
        return "closed"
    return "paused" if pauses and pauses[-1].end is None else "running"


def _first(life: LoanLife, state: LoanState) -> datetime | None:
    return next((step.at for step in life.steps if step.state is state), None)


def _pauses(life: LoanLife, start: datetime, end: datetime | None, rules: ChannelRules) -> tuple[Pause, ...]:
    """From a step that waits for the enterprise to the step that follows it."""
    why = dict(rules.pauses)
    steps: list[LoanEvent] = [step for step in life.steps if step.at >= start and (end is None or step.at <= end)]
    following = [step.at for step in steps[1:]]
    return tuple(
        Pause(step.at, following[place] if place < len(following) else None, why[step.state])
        for place, step in enumerate(steps)
        if step.state in why
    )


def _stood(start: datetime, until: datetime, pauses: tuple[Pause, ...]) -> timedelta:
    total = timedelta(0)
    for pause in pauses:
        first, last = max(pause.start, start), min(pause.end or until, until)
        total += max(last - first, timedelta(0))
    return total


def _counted(start: datetime, until: datetime, pauses: tuple[Pause, ...]) -> timedelta:
    return until - start - _stood(start, until, pauses)


def _marks(
    loan_id: str, start: datetime, end: datetime | None, pauses: tuple[Pause, ...], rules: ChannelRules
) -> list[Mark]:
    """Reminders, then the breach and its escalations, in order of time."""
    planned = [(hours, 0, rules.reminded) for hours in rules.reminders]
    for level, who in enumerate(rules.levels, start=1):
        planned.append((rules.limit + (level - 1) * rules.escalate_every, level, who))
    return [
        Mark(
            key=f"loan48:{loan_id}:{hours}h",
            hours=hours,
            level=level,
            to=who.to,
            units=who.units,
            at=_reached_at(start, end, pauses, timedelta(hours=hours)),
        )
        for hours, level, who in planned
    ]


def _reached_at(start: datetime, end: datetime | None, pauses: tuple[Pause, ...], used: timedelta) -> datetime | None:
    """When the clock shows ``used``; None when it stopped before or stands still now."""
    at = start + used
    for pause in pauses:
        if pause.start < at:
            if pause.end is None:
                return None
            at += pause.end - pause.start
    return at if end is None or at < end else None

"""Month report of the 48-hour channel (小巨人专项审批通道月报): recounted from the loans' own events, every time.

The promise「授信资金在 48 小时内到账」may be read as the line granted or as the money paid; both are given, never
one for the other. Durations leave out pauses, which are listed by their reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from chalicelib.finance.channel48 import RULES, ChannelClock, ChannelRules, clock
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan
from chalicelib.finance.reminders import Reminder
from chalicelib.ports import JsonObject
from chalicelib.times import local_date

DEFINITIONS = {
    "started": "本月银行受理（资料齐全）、从受理时起计时的快速通道贷款笔数",
    "line": "从受理到授信批复的小时数，不含暂停",
    "money": "从受理到首次放款到账的小时数，不含暂停",
    "share": f"{RULES.limit} 小时内办完的笔数 ÷ 已办完的笔数；办理中的不计入分母",
    "breached": f"到账超过 {RULES.limit} 小时，或未到账而已满 {RULES.limit} 小时",
}


@dataclass(frozen=True, slots=True)
class Durations:
    """``done`` loans have reached the step, ``within`` of them in time. Hours; None where nobody has."""

    done: int
    within: int
    median_hours: float | None

    @property
    def share(self) -> float | None:
        return self.within / self.done if self.done else None

    def document(self) -> JsonObject:
        return {"done": self.done, "within": self.within, "share": self.share, "median_hours": self.median_hours}


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One month. ``pauses`` are hours by reason; ``causes`` what those who dealt with breaches gave as the reason."""

    month: str
    as_of: datetime
    started: int
    running: int
    closed_unpaid: int
    line: Durations
    money: Durations
    breached: tuple[str, ...]
    pauses: Mapping[str, float]
    causes: Mapping[str, int]
    is_sample: bool

    def document(self) -> JsonObject:
        return {
            "month": self.month,
            "as_of": self.as_of.isoformat(),
            "started": self.started,
            "running": self.running,
            "closed_unpaid": self.closed_unpaid,
            "line": self.line.document(),
            "money": self.money.document(),
            "breached": list(self.breached),
            "pauses": dict(self.pauses),
            "causes": dict(self.causes),
            "is_sample": self.is_sample,
            "definitions": DEFINITIONS,
        }


def month_report(
    loans: Iterable[Loan],
    reminders: Iterable[Reminder],
    month: date,
    now: datetime,
    rules: ChannelRules = RULES,
) -> ChannelReport:
    """The report of the month that ``month`` lies in, over the loans whose clock started in it.

    ``loans``: at least all that may have started then; give only those admitted to the channel. ``reminders``: of any.
    """
    clocks: dict[str, ChannelClock] = {}
    samples = False
    for loan in loans:
        running = clock(loan.id, live(loan), now, rules) if loan.head.fast_channel else None
        if running and _month(local_date(running.started)) == _month(month):
            clocks[loan.id] = running
            samples = samples or loan.head.is_sample
    return ChannelReport(
        month=f"{month:%Y-%m}",
        as_of=now,
        started=len(clocks),
        running=sum(each.status in ("running", "paused") for each in clocks.values()),
        closed_unpaid=sum(each.status == "closed" for each in clocks.values()),
        line=_durations((each.to_line for each in clocks.values()), rules),
        money=_durations((each.to_money for each in clocks.values()), rules),
        breached=tuple(sorted(loan_id for loan_id, each in clocks.items() if each.breached)),
        pauses=_pauses(clocks.values(), now),
        causes=Counter(each.cause for each in reminders if each.is_breach and each.cause and each.loan_id in clocks),
        is_sample=samples,
    )


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _durations(found: Iterable[timedelta | None], rules: ChannelRules) -> Durations:
    reached = [each for each in found if each is not None]
    hours = [each.total_seconds() / 3600 for each in reached]
    within = sum(each <= timedelta(hours=rules.limit) for each in reached)
    return Durations(len(reached), within, round(median(hours), 1) if hours else None)


def _pauses(clocks: Iterable[ChannelClock], now: datetime) -> dict[str, float]:
    total: dict[str, timedelta] = defaultdict(timedelta)
    for each in clocks:
        for pause in each.pauses:
            total[pause.why] += (pause.end or now) - pause.start
    return {why: round(spent.total_seconds() / 3600, 1) for why, spent in sorted(total.items())}

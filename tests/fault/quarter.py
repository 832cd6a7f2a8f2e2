"""``python -m tests.fault.quarter``: a quarter of loans from six banks, and what came of their alerts and clocks.

Banks report late, twice, in the wrong order, and again what was lost; the process dies in the middle of a write every
day, and its clock stands still over the week of the National Day and then jumps. The truth of every loan is known to
the simulation alone and counted without the product's code. Prints the figures; exit 1 when an alert was missed or came
twice, a breach went unrecorded, or the month reports differ from the recount.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from chalicelib.enterprises.roles import Role
from chalicelib.finance.channel_report import month_report
from chalicelib.finance.model import LoanEvent
from chalicelib.finance.reminders import ReminderService
from tests.unit.jobs.support import JobWorld, enterprise, loan_row
from tests.unit.notices.support import Killed

START = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
MONTHS = (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1))
DAYS = 91
HOLIDAY = (date(2026, 10, 1), date(2026, 10, 7))
BANKS = tuple(f"示例银行{name}" for name in "甲乙丙丁戊己")
TITLE = {"code": "LG", "issued_on": "2025-01-01", "expires_on": "2028-01-01"}
LIMIT = timedelta(hours=48)
TOLD = ("ACCEPTED", "RETURNED", "APPROVED", "LINE_GRANTED", "SIGNED", "PAID_OUT", "DECLINED")
"""Steps that are told to the enterprise, as the facts list them (§5.3)."""

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass
class Truth:
    """One loan as it really went: its steps, and the hours that count, summed while they were made up."""

    id: str
    uscc: str
    bank: str
    fast: bool
    steps: list[dict[str, Any]] = field(default_factory=list)
    started: datetime = START
    counted: timedelta = timedelta()
    to_line: timedelta | None = None
    to_money: timedelta | None = None

    @property
    def month(self) -> tuple[int, int]:
        there = self.started + timedelta(hours=8)
        return there.year, there.month


@dataclass
class Outcome:
    """What the run came to; the lists are of loans, or of (person, alert), that went wrong."""

    loans: int
    events: int
    deliveries: int
    deaths: int
    seconds: float
    alerts: int
    breaches: int
    twice: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    unreported: list[str] = field(default_factory=list)
    wrong_reports: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not (self.twice or self.missed or self.unreported or self.wrong_reports)


def firm(number: int) -> str:
    """A credit code with a right check character (GB 32100-2015), never given to anybody."""
    body = f"91360323MAYY{number:05}"
    total = sum(_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


def make(number: int, dice: random.Random) -> Truth:
    """A loan that goes one of the ways loans go. Waiting for the enterprise does not count."""
    loan = Truth(f"LN-2026-{number:05}", firm(number // 4), dice.choice(BANKS), dice.random() < 0.4)
    loan.started = at = START + timedelta(minutes=dice.randrange((DAYS - 12) * 24 * 60))

    def step(state: str, hours: float, counts: bool = True, **more: Any) -> None:
        nonlocal at
        spent = timedelta(minutes=max(1, round(hours * 60)))
        at += spent
        loan.counted += spent if counts else timedelta()
        number = f"{loan.id}-{len(loan.steps)}"
        loan.steps.append({"id": number, "state": state, "at": at.isoformat(), "source": "银行", **more})

    loan.steps.append({"id": f"{loan.id}-0", "state": "ACCEPTED", "at": at.isoformat(), "source": "银行"})
    step("DUE_DILIGENCE", dice.uniform(0.5, 18))
    step("REVIEWING", dice.uniform(0.5, 20))
    if dice.random() < 0.25:
        step("RETURNED", dice.uniform(0.5, 4), missing=["纳税证明"])
        step("REVIEWING", dice.uniform(2, 60), counts=False)
    if dice.random() < 0.15:
        step("DECLINED", dice.uniform(0.5, 6), category="负债率")
        return loan
    step("APPROVED", dice.uniform(0.5, 8))
    step("LINE_GRANTED", dice.uniform(0.2, 4), amount=500_000_00)
    loan.to_line = loan.counted
    step("SIGNED", dice.uniform(1, 50), counts=False, amount=500_000_00)
    step("PAID_OUT", dice.uniform(0.5, 16), amount=500_000_00)
    loan.to_money = loan.counted
    return loan


def deliveries(loans: list[Truth], dice: random.Random) -> list[tuple[datetime, Truth, dict[str, Any]]]:
    """What arrives when: late, one in eight twice, one in twelve lost and sent again days later."""
    found = []
    for loan in loans:
        for step in loan.steps:
            at = datetime.fromisoformat(step["at"]) + timedelta(minutes=dice.expovariate(1 / 90))
            if dice.random() < 1 / 12:
                at += timedelta(days=dice.uniform(1, 4))
            found.append((at, loan, step))
            if dice.random() < 1 / 8:
                found.append((at + timedelta(hours=dice.uniform(0, 40)), loan, step))
    return sorted(found, key=lambda each: each[0])


class Quarter:
    """The real jobs and services on a memory twin, driven through the quarter; ``run`` does it all."""

    def __init__(self, loans: int, seed: int, rounds_a_day: int = 6) -> None:
        self.dice = random.Random(seed)
        self.loans = [make(number, self.dice) for number in range(loans)]
        self.rounds = rounds_a_day
        self.world = JobWorld()
        self.deaths = 0
        self.world.clock.set(START)
        for uscc in sorted({loan.uscc for loan in self.loans}):
            self.world.add(enterprise(uscc, records={"quals": [TITLE]}))
            self.world.person(f"o-{uscc}", uscc, Role.LEGAL)

    def run(self) -> Outcome:
        began = time.monotonic()
        arriving = deliveries(self.loans, self.dice)
        waiting = iter(arriving)
        upcoming = next(waiting, None)
        for now, dies in self._moments():
            self.world.clock.set(now)
            while upcoming and upcoming[0] <= now:
                self._arrive(*upcoming[1:])
                upcoming = next(waiting, None)
            self._work(dies)
        return self._judged(len(arriving), time.monotonic() - began)

    def _moments(self) -> Iterator[tuple[datetime, bool]]:
        """When the jobs run, and whether the process dies in it: once a day. The clock stands over the holiday."""
        for day in range(DAYS + 10):
            fatal = self.dice.randrange(self.rounds)
            for place in range(self.rounds):
                now = START + timedelta(days=day, hours=place * 24 / self.rounds)
                if not HOLIDAY[0] <= (now + timedelta(hours=8)).date() <= HOLIDAY[1]:
                    yield now, place == fatal

    def _arrive(self, loan: Truth, step: dict[str, Any]) -> None:
        now = self.world.clock.now()
        if self.world.loans.get(loan.id) is None:
            row = loan_row(step, loan_id=loan.id, uscc=loan.uscc, bank=loan.bank, fast_channel=loan.fast)
            self.world.loans.save_row(row, now)
        else:
            self.world.loans.record(LoanEvent.model_validate({**step, "loan_id": loan.id}), now)

    def _work(self, dies: bool) -> None:
        if dies:
            self.world.store.left = self.dice.randrange(1, 30)
            self.world.store.after = self.dice.random() < 0.5
        for job in ("loan-alerts", "channel-watch"):
            try:
                self.world.run(job)
            except Killed:
                self.deaths += 1
        self.world.store.left = None
        self.world.clock.advance(120)  # past the minute after which the sweep looks at what was not queued
        self.world.run("notice-sweep")
        self.world.deliver()
        if dies:
            self.world.loans.retire(self.world.clock.now())

    # ------------------------------------------------------------------------------------------------------- judging

    def _judged(self, arrived: int, seconds: float) -> Outcome:
        world = self.world
        reminders = {each.key for each in ReminderService(world.memory).all()}
        late = [loan for loan in self.loans if loan.fast and loan.counted >= LIMIT and loan.to_money != LIMIT]
        found = Outcome(
            loans=len(self.loans),
            events=sum(len(loan.steps) for loan in self.loans),
            deliveries=arrived,
            deaths=self.deaths,
            seconds=seconds,
            alerts=sum(world.platform.seen.values()),
            breaches=len(late),
            twice=[client for client, times in world.platform.seen.items() if times > 1],
            missed=[loan.id for loan in self.loans if self._last_told(loan) not in self._heard(loan)],
            unreported=[loan.id for loan in late if f"loan48:{loan.id}:48h" not in reminders],
        )
        found.twice += self._doubled()
        found.wrong_reports = list(self._wrong_reports())
        return found

    def _heard(self, loan: Truth) -> list[str]:
        """The steps of this loan that its 法人 was told, from the ledger, which keeps them for more than a year."""
        kept = self.world.notices.inbox(loan.uscc, 2000)
        return [notice.subject_version for notice in kept if notice.subject == f"loan#{loan.id}"]

    def _doubled(self) -> list[str]:
        """The same step to the same person in two notices: another id would hide it from the platform's count."""
        heard = Counter((loan.id, step) for loan in self.loans for step in self._heard(loan))
        return [f"{loan} {step}" for (loan, step), times in heard.items() if times > 1]

    def _last_told(self, loan: Truth) -> str:
        return [str(step["id"]) for step in loan.steps if step["state"] in TOLD][-1]

    def _wrong_reports(self) -> Iterator[str]:
        now = self.world.clock.now()
        for first in MONTHS:
            report = month_report(self.world.loans.all_loans(first, now), [], first, now)
            mine = [loan for loan in self.loans if loan.fast and loan.month == (first.year, first.month)]
            money = [loan.to_money for loan in mine if loan.to_money is not None]
            line = [loan.to_line for loan in mine if loan.to_line is not None]
            breached = sorted(loan.id for loan in mine if (loan.to_money or timedelta()) > LIMIT)
            truth = (len(mine), _durations(line), _durations(money), breached)
            told = (
                report.started,
                (report.line.done, report.line.within, report.line.median_hours),
                (report.money.done, report.money.within, report.money.median_hours),
                [loan for loan in report.breached if loan not in self._closed_late(mine)],
            )
            if truth != told:
                yield f"{first:%Y-%m}: {told} instead of {truth}"

    def _closed_late(self, loans: list[Truth]) -> set[str]:
        """Declined after 48 hours: a breach as well, and no money to count."""
        return {loan.id for loan in loans if loan.to_money is None and loan.counted >= LIMIT}


def _durations(spent: list[timedelta]) -> tuple[int, int, float | None]:
    hours = [each.total_seconds() / 3600 for each in spent]
    return len(spent), sum(each <= LIMIT for each in spent), round(median(hours), 1) if hours else None


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.fault.quarter", description=__doc__)
    words.add_argument("--loans", type=int, default=2000)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    found = Quarter(asked.loans, asked.seed).run()
    for name, value in vars(found).items():
        sys.stdout.write(f"{name:14} {len(value) if isinstance(value, list) else value}\n")
    for name in ("twice", "missed", "unreported", "wrong_reports"):
        for each in getattr(found, name)[:5]:
            sys.stderr.write(f"{name}: {each}\n")
    return 0 if found.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())

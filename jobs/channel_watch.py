"""channel-watch: the clock of the 小巨人 48-hour channel, told to those who must act before it runs out (facts §5.3).

At 24, 36 and 44 hours the bank's and the department's officers hear of it, at 48 their heads, a day later the county.
Each mark becomes one row of the reminder ledger and, for who is bound to the unit, one notice, in one transaction:
whatever is killed or run twice, nobody hears twice and no breach goes unrecorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from chalicelib.enterprises.units import UnitService
from chalicelib.finance.channel48 import RULES, admission, clock
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan
from chalicelib.finance.reminders import Reminder, ReminderService, of_mark, of_refusal
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import PlannedNotice, plan
from chalicelib.ports import Put, Throttled
from jobs import alarms
from jobs.core import Done, Job, JobContext, JobPlan, Line, Placement, When, place
from jobs.schedule import Every
from jobs.telling import circumstances
from jobs.wording import field_time

TELL_WITHIN = timedelta(hours=24)
"""A reminder that waited longer than this is in the ledger, and no news any more."""

NOT_ADMITTED = "资质不符或未核对"


class ChannelWatch(Job):
    name = "channel-watch"
    title = "48小时通道督办"
    schedule = Every(5)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        skipped: Counter[str] = Counter()
        ledger, units = ReminderService(context.store), UnitService(context.store)
        placements, lines = [], []
        for loan in _loans(context, when):
            for reminder in _due(context, loan, when, skipped):
                if ledger.get(reminder.key) is not None:
                    continue
                notices = _notices(context, units, reminder, when)
                placements.append(Placement(tuple(notices), (ledger.write(reminder),)))
                lines.append(Line(f"贷款 {reminder.loan_id}", f"{reminder.what}，督办{reminder.to}"))
        return JobPlan(tuple(placements), tuple(lines), +skipped)

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Counts rows of the ledger and notices: what ``planned`` counts."""
        queued = failed = 0
        for placement in plan.placements:
            try:
                placed = place(context, placement, when)
            except Throttled:
                failed += 1
                continue
            queued += (1 + len(placement.notices)) * placed
            if placed:
                _raise_alarm(placement)
        return Done(queued, failed)


def _raise_alarm(placement: Placement) -> None:
    for row in placement.rows:
        if isinstance(row, Put) and (reminder := Reminder.model_validate(row.record.body)).is_breach:
            alarms.channel_breached(reminder.loan_id)


def _loans(context: JobContext, when: When) -> Iterator[Loan]:
    """Those on the fast channel, also closed ones still watched: a mark may have been reached before they closed."""
    every: Iterable[Loan] = (
        context.loans.of_enterprise(when.enterprise) if when.enterprise else context.loans.watched_loans()
    )
    return (loan for loan in every if loan.head.fast_channel)


def _due(context: JobContext, loan: Loan, when: When, skipped: Counter[str]) -> Iterator[Reminder]:
    """What somebody must have heard of by now. A title that does not hold has no clock; one nobody looked at has."""
    life = live(loan)
    enterprise = context.enterprises.get(loan.head.uscc)
    verdict = admission(life, enterprise.records.quals if enterprise else None)
    if verdict is None:
        return
    if verdict.ok is not True:
        skipped[NOT_ADMITTED] += 1
        yield of_refusal(loan, verdict, when.now)
    running = clock(loan.id, life, when.now) if verdict.ok is not False else None
    if running:
        yield from (of_mark(loan, mark, when.now) for mark in running.due_marks(when.now))


def _notices(context: JobContext, units: UnitService, reminder: Reminder, when: When) -> list[PlannedNotice]:
    """For the people of the units who agreed to be reminded; none when the moment is long past."""
    named = (units.named(name) for name in reminder.units)
    drafts = [_draft(reminder, unit.uscc, when) for unit in named if unit]
    around = circumstances(context, when, (draft.uscc for draft in drafts), *{draft.kind for draft in drafts})
    return list(plan(drafts, around).items)


def _draft(reminder: Reminder, uscc: str, when: When) -> Draft:
    """To a unit's people: the loan's number and the clock; no enterprise, no amount (facts §5.3)."""
    until = reminder.at + timedelta(hours=max(0, RULES.limit - reminder.hours))
    return Draft(
        uscc=uscc,
        kind=NoticeKind.WORK_ESCALATION if reminder.is_breach else NoticeKind.WORK_REMINDER,
        subject=f"loan48#{reminder.loan_id}",
        version=str(reminder.hours),
        event="title" if not reminder.hours else "clock",
        title=reminder.what[:40],
        lines=(f"贷款 {reminder.loan_id}：{reminder.what}。", "请尽快办理，或报告原因。"),
        fields={"thing1": "48小时通道", "thing2": reminder.what.split("：")[0], "time3": field_time(until)},
        path="/h5/inbox",
        expires_at=reminder.at + TELL_WITHIN,
        why=f"贷款 {reminder.loan_id} {reminder.what}",
        sample=reminder.is_sample,
    )

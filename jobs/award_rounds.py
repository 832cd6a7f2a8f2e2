"""award-rounds: what each open round of 免申即享 needs today, and what its enterprises should know of it.

It does what nobody has to decide about: it goes on with lists and batches that a crash cut short and ends rounds that
are done. Whatever takes an officer it only says. The enterprises are told when they are on a public list, when
their account cannot be paid to, and when the money is there (facts §3.0); amounts stay out of a push (§6.3).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.policies.awards.certainty import SAMPLE, Certain, Certainty, LeftOut
from chalicelib.policies.awards.life import EntryLife, EntryState, entry_life, round_life
from chalicelib.policies.awards.model import AwardRefused, Entry, Round
from chalicelib.policies.awards.progress import next_step
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.awards.statistics import tally
from chalicelib.policies.model import Mode, State
from chalicelib.times import at_local
from jobs.core import Done, Job, JobContext, JobPlan, Line, When, chosen
from jobs.schedule import Daily
from jobs.telling import tell
from jobs.wording import chinese_date, field_deadline

log = logging.getLogger(__name__)

LISTED, PROBLEM, PAID = "entitlement_listed", "account_problem", "paid"
NEWS = timedelta(days=14)
"""What happened longer ago is history: nobody is told of it for the first time."""


class AwardRounds(Job):
    name = "award-rounds"
    title = "免申即享兑现"
    schedule = Daily(time(9, 0))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        awards = service(context)
        skipped: Counter[str] = Counter()
        lines: list[Line] = []
        drafts: list[Draft] = []
        for round_ in awards.rounds():
            if round_.sample and not context.demo:
                skipped[SAMPLE] += 1
                continue
            entries = list(awards.entries(round_.id))
            if round_life(round_).closed is None and when.enterprise is None:
                counted = tally(entries)
                todo = awards.may_advance(round_, counted, when.on) or next_step(round_life(round_), counted, when.on)
                lines.append(Line(_title(round_), todo))
            drafts += [draft for entry in entries if _asked(entry, when) for draft in _news(round_, entry, when)]
        lines += _unopened(context, awards, when, skipped)
        told = tell(context, when, drafts, skipped)
        return JobPlan(told.placements, tuple(lines), told.skipped)

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Tell what is to be told, then move on what may move without anybody."""
        told = super().execute(context, plan, when)
        awards = service(context)
        advanced = failed = 0
        for round_ in list(awards.rounds()) if when.enterprise is None else []:
            if round_life(round_).closed is not None or (round_.sample and not context.demo):
                continue
            try:
                advanced += awards.advance(round_.id, when.now)
            except AwardRefused as refusal:
                log.warning("award round %s cannot go on: %s", round_.id, refusal)
                failed += 1
        return Done(told.queued + advanced, told.failed + failed)


def service(context: JobContext) -> AwardService:
    return AwardService(context.store, lambda: context.catalogue().policies, demo=context.demo)


def _title(round_: Round) -> str:
    return f"{round_.id} {round_.short}"


def _asked(entry: Entry, when: When) -> bool:
    return when.enterprise in (None, entry.uscc)


# ----------------------------------------------------------------------------------------------------- not opened yet


def _unopened(context: JobContext, awards: AwardService, when: When, skipped: Counter[str]) -> Iterator[Line]:
    """Policies without a round this year that would list somebody: opening one is an officer's decision."""
    policies = context.catalogue().policies
    enterprises = list(chosen(context, when.enterprise))
    for policy in policies.values():
        if policy.mode is not Mode.AUTO or policy.state is not State.PUBLISHED or policy.audience != "enterprise":
            continue
        if awards.latest(policy.id, when.on.year) is not None:
            continue
        certainty = Certainty(policies, policy, when.on, demo=context.demo)
        found = [certainty.of(enterprise) for enterprise in enterprises]
        skipped.update(each.reason for each in found if isinstance(each, LeftOut))
        count = sum(isinstance(each, Certain) for each in found)
        if count:
            yield Line(f"{policy.short}：{count} 家可列名单", f"award open {policy.id} --year {when.on.year}")


# ------------------------------------------------------------------------------------------------------------- telling


def _news(round_: Round, entry: Entry, when: When) -> Iterator[Draft]:
    """What an enterprise should know of its entry now; told once, for the notice's id stays the same."""
    life, course = entry_life(entry), round_life(round_)
    notice = course.notice
    if notice is None or when.on < notice.start:
        return
    if life.state is EntryState.PAID:
        if life.paid_on is not None and when.on - life.paid_on <= NEWS:
            yield _paid(round_, entry, life, life.paid_on, when)
    elif course.closed is not None or life.state is EntryState.WITHDRAWN:
        return
    elif life.state is EntryState.BLOCKED:
        yield _problem(round_, entry, life, when)
    elif when.on <= notice.end or life.state is EntryState.LISTED:
        yield _listed(round_, entry, notice.end, when)


def _listed(round_: Round, entry: Entry, end: date, when: When) -> Draft:
    lines = [f"“{round_.short}”拟兑现给您，不用申请，请核对收款账户。"]
    if when.on <= end:
        lines.append(f"正在公示，有异议请在{chinese_date(end, when.on)}前提出。")
    until = max(at_local(end + timedelta(days=1)), when.now + NEWS)
    return _draft(round_, entry, LISTED, "1", "免申即享：请核对账户", lines, "请核对账户", end, until)


def _problem(round_: Round, entry: Entry, life: EntryLife, when: When) -> Draft:
    """The reason may name a person (户名), so it stands on the page and not in the push."""
    lines = [f"“{round_.short}”的款项付不到现在的账户，请打开页面看原因，更正收款账户。"]
    title = "免申即享：账户有问题"
    return _draft(round_, entry, PROBLEM, str(life.troubles), title, lines, "账户有误", None, when.now + NEWS)


def _paid(round_: Round, entry: Entry, life: EntryLife, on: date, when: When) -> Draft:
    lines = [f"“{round_.short}”的款项已于{chinese_date(on, when.on)}到账，请查收。"]
    return _draft(round_, entry, PAID, str(life.batch), "免申即享：已到账", lines, "已到账", on, when.now + NEWS)


def _draft(
    round_: Round,
    entry: Entry,
    event: str,
    number: str,
    title: str,
    lines: list[str],
    status: str,
    day: date | None,
    until: datetime,
) -> Draft:
    """``number`` tells apart what can happen more than once: a problem, a payment."""
    return Draft(
        uscc=entry.uscc,
        kind=NoticeKind.AWARD,
        subject=f"award#{round_.id}",
        version=f"{entry.version}#{number}",
        event=event,
        title=title,
        lines=tuple(lines),
        fields={"thing1": round_.short, "thing2": entry.name, "phrase3": status, "time4": field_deadline(day)},
        path=f"/h5/award/{round_.id}",
        expires_at=until,
        why=f"{round_.id}：{status}",
        sample=round_.sample,
    )

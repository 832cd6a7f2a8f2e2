"""Reminders that a policy an enterprise matches ends soon: T−15, T−7, T−1 (facts §3, events ``deadline_T-n``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from chalicelib.enterprises.model import Enterprise
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import SAMPLE
from chalicelib.policies.model import Mode, Policy
from chalicelib.policies.service import Decision, PolicyService
from chalicelib.policies.tree import Outcome
from chalicelib.times import at_local
from jobs.core import JobContext, When, chosen
from jobs.wording import chinese_date, field_deadline

POLICY_DAYS = (15, 7, 1)
_NOTHING_TO_DO = frozenset({Mode.AUTO, Mode.NOTICE})


def policy_drafts(context: JobContext, when: When, until: date, skipped: Counter[str]) -> Iterator[Draft]:
    """``until`` is the last day before the next run. The closest deadline of an enterprise comes first: T−15 and T−7
    share the one digest of the day."""
    policies = context.catalogue().policies
    service = PolicyService(policies)
    for enterprise in chosen(context, when.enterprise):
        ending = sorted(_ending(service.check(enterprise, when.on), when.on, until), key=lambda found: found[1])
        for decision, end, reminder in ending:
            policy = policies[decision.policy]
            if policy.may_be_pushed(demo=context.demo):
                yield _draft(policy, end, reminder, enterprise, when)
            else:
                skipped[SAMPLE] += 1


def _ending(decisions: Iterable[Decision], on: date, until: date) -> Iterator[tuple[Decision, date, int]]:
    for decision in decisions:
        end = decision.deadline
        if decision.outcome is not Outcome.MATCH or decision.mode in _NOTHING_TO_DO or end is None or end < on:
            continue
        reminder = stage((end - until).days, POLICY_DAYS)
        if reminder is not None:
            yield decision, end, reminder


def stage(days_left: int, stages: Sequence[int]) -> int | None:
    """Which reminder is due with so many days left: the closest one reached; None before the first."""
    return min((n for n in stages if days_left <= n), default=None)


def _draft(policy: Policy, end: date, reminder: int, enterprise: Enterprise, when: When) -> Draft:
    until = chinese_date(end, when.on)
    return Draft(
        uscc=enterprise.uscc,
        kind=NoticeKind.POLICY_DEADLINE,
        subject=f"policy#{policy.id}",
        version=f"{policy.version}#{end}",
        event=f"deadline_T-{reminder}",
        title=f"政策 {until}截止",
        lines=(f"您符合“{policy.short}”的条件，最后一天是 {until}。",),
        fields={"thing1": policy.short, "thing2": enterprise.name, "time3": field_deadline(end)},
        path=f"/h5/policy/{policy.id}",
        expires_at=min(at_local(end + timedelta(days=1)), when.now + timedelta(days=3)),
        why=f"{policy.short}：距截止不超过 {reminder} 天",
        sample=policy.is_sample,
    )

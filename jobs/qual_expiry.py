"""Reminders that a title (资质) runs out: T−180, T−90, T−30 (facts §3.0, events ``qual_expiring_T-n``)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from chalicelib.enterprises.model import Enterprise, Qual
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.policies.explain import QUAL_NAMES
from jobs.core import JobContext, When, chosen
from jobs.policy_deadlines import stage
from jobs.wording import chinese_date, field_deadline

QUAL_DAYS = (180, 90, 30)


def qual_drafts(context: JobContext, when: When, until: date) -> Iterator[Draft]:
    """``until`` is the last day before the next run. A title that was renewed already is not spoken of."""
    for enterprise in chosen(context, when.enterprise):
        for qual, end in _ending(enterprise):
            reminder = stage((end - until).days, QUAL_DAYS) if end >= when.on else None
            if reminder is not None:
                yield _draft(enterprise, qual, end, reminder, when)


def _ending(enterprise: Enterprise) -> list[tuple[Qual, date]]:
    """Each title once, by the end of its newest certificate, the earliest first."""
    last: dict[str, tuple[Qual, date]] = {}
    for qual in enterprise.records.quals or ():
        if qual.expires_on and (qual.code not in last or last[qual.code][1] < qual.expires_on):
            last[qual.code] = (qual, qual.expires_on)
    return sorted(last.values(), key=lambda found: found[1])


def _draft(enterprise: Enterprise, qual: Qual, end: date, reminder: int, when: When) -> Draft:
    name, until = QUAL_NAMES[qual.code], chinese_date(end, when.on)
    return Draft(
        uscc=enterprise.uscc,
        kind=NoticeKind.POLICY_DEADLINE,
        subject=f"qual#{qual.code}",
        version=end.isoformat(),
        event=f"qual_expiring_T-{reminder}",
        title=f"资质 {until}到期",
        lines=(f"贵公司的“{name}”有效期到 {until}，请提前准备复核或重新认定；到期后相关政策就不能享受了。",),
        fields={"thing1": f"{name}到期"[:20], "thing2": enterprise.name, "time3": field_deadline(end)},
        path="/h5/policies",
        expires_at=when.now + timedelta(days=3),
        why=f"{name}距到期不超过 {reminder} 天",
        sample=enterprise.is_sample,
    )

"""差评 that wait: the department hears at once, before the last day, and its head when that is over.

Part of request-watch. Each step is kept together with its notices: run twice or killed, nobody hears twice. Days and
their source: ``cases.ratings``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.cases.ratings import Rating, RatingService, Told
from chalicelib.enterprises.units import UnitService
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import PlannedNotice, plan
from chalicelib.times import at_local
from jobs.core import JobContext, Line, Placement, When
from jobs.telling import circumstances
from jobs.wording import field_deadline

TELL_WITHIN = timedelta(days=3)
_WHAT = {Told.TAKE_UP: "有新差评要整改", Told.REMINDED: "差评明天到期", Told.LATE: "差评整改已超时"}


def rating_plan(context: JobContext, when: When, skipped: Counter[str]) -> tuple[Sequence[Placement], Sequence[Line]]:
    """What the departments must hear of their bad ratings; nothing of a run for one enterprise: a rating names none."""
    if when.enterprise:
        return (), ()
    ratings = RatingService(context.store, context.calendar)
    placements, lines = [], []
    for rating in ratings.open_ones():
        told = ratings.told_due(rating, when.on)
        if told <= rating.told:
            continue
        if write := ratings.telling(rating, told):
            placements.append(Placement(tuple(_to_unit(context, rating, told, when, skipped)), (write,)))
            lines.append(Line(f"办件 {rating.case_no}", f"{_WHAT[told]}，告知{rating.dept}"))
    return placements, lines


def _to_unit(
    context: JobContext, rating: Rating, told: Told, when: When, skipped: Counter[str]
) -> Sequence[PlannedNotice]:
    """The case number, the level and the day; not who rated, nor what they said."""
    unit, last = UnitService(context.store).named(rating.dept), rating.put_right_by
    if unit is None or last is None:
        skipped["单位未登记"] += 1
        return ()
    draft = Draft(
        uscc=unit.uscc,
        kind=NoticeKind.WORK_ESCALATION if told is Told.LATE else NoticeKind.WORK_REMINDER,
        subject=f"caserating#{rating.case_no}",
        version=told,
        event="clock",
        title=_WHAT[told],
        lines=(
            f"办件 {rating.case_no} 评为{rating.level.chinese}（工单 {rating.ticket or '未开'}）。",
            f"请核实整改，{last:%m月%d日} 前答复，再请政数局登记结果。",
        ),
        fields={"thing1": f"差评：{rating.level.chinese}", "thing2": _WHAT[told], "time3": field_deadline(last)},
        path="/h5/inbox",
        expires_at=max(at_local(last + timedelta(days=1)), when.now + TELL_WITHIN),
        why=f"办件 {rating.case_no} {_WHAT[told]}",
        sample=rating.is_sample,
    )
    planned = plan([draft], circumstances(context, when, [draft.uscc], draft.kind))
    skipped.update(planned.skipped)
    return planned.items

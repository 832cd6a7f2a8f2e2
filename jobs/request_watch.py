"""request-watch: answers to 诉求 and 工单 go back to their askers, and departments hear what they owe to 诉求 and 差评.

The working day before the last, the department's officers are reminded; past it its head hears, and three working days
later the unit above. Each step is written together with its notices: run twice or killed, nobody hears twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.concerns.model import Concern, ConcernState, Level
from chalicelib.concerns.service import ConcernService
from chalicelib.enterprises.units import UnitService
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import PlannedNotice, plan
from chalicelib.ports import Throttled
from chalicelib.times import at_local
from jobs.answers import TELL_WITHIN, Answer, to_asker
from jobs.core import Done, Job, JobContext, JobPlan, Line, Placement, When, place
from jobs.rating_watch import rating_plan
from jobs.schedule import Every
from jobs.telling import circumstances
from jobs.ticket_answers import ticket_plan
from jobs.wording import field_deadline

_WHAT = {Level.REMINDED: "诉求明天到期", Level.LATE: "诉求已超时", Level.ESCALATED: "诉求超时提级督办"}


class RequestWatch(Job):
    name = "request-watch"
    title = "诉求、差评督办"
    schedule = Every(10)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        concerns = ConcernService(context.store, context.calendar)
        skipped: Counter[str] = Counter()
        placements, lines = [], []
        for concern in concerns.listed(ConcernState.ANSWERED):
            if _chosen(concern, when) and (told := concerns.told(concern)):
                placements.append(Placement(tuple(_to_asker(context, concern, when, skipped)), (told,)))
                lines.append(Line(f"诉求 {concern.id}", "答复告知提出人"))
        for concern in concerns.listed():
            level = concerns.level_due(concern, when.on)
            if not _chosen(concern, when) or level <= concern.level:
                continue
            if raised := concerns.raised(concern, level):
                placements.append(Placement(tuple(_to_unit(context, concern, level, when, skipped)), (raised[1],)))
                lines.append(Line(f"诉求 {concern.id}", f"{_WHAT[level]}，督办{_unit(concern, level)}"))
        rated, found = rating_plan(context, when, skipped)
        answered, asked = ticket_plan(context, when, skipped)
        return JobPlan((*placements, *rated, *answered), (*lines, *found, *asked), +skipped)

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Counts concerns, ratings and tickets moved on, and notices: what ``planned`` counts."""
        queued = failed = 0
        for placement in plan.placements:
            try:
                queued += (1 + len(placement.notices)) * place(context, placement, when)
            except Throttled:
                failed += 1
        return Done(queued, failed)


def _chosen(concern: Concern, when: When) -> bool:
    return when.enterprise is None or concern.uscc == when.enterprise


def _to_asker(context: JobContext, concern: Concern, when: When, skipped: Counter[str]) -> Sequence[PlannedNotice]:
    answer = Answer(
        what="诉求",
        number=concern.id,
        topic=concern.topic,
        line=f"{concern.dept}答复：{concern.answer}",
        at=concern.answered_at or when.now,
        subject=f"concern#{concern.id}",
        sample=concern.is_sample,
    )
    return to_asker(context, when, answer, concern.openid, concern.uscc, skipped)


def _to_unit(
    context: JobContext, concern: Concern, level: Level, when: When, skipped: Counter[str]
) -> Sequence[PlannedNotice]:
    """The number, the topic and the day; neither the enterprise nor its words."""
    unit = UnitService(context.store).named(_unit(concern, level))
    if unit is None:
        skipped["单位未登记"] += 1
        return ()
    draft = Draft(
        uscc=unit.uscc,
        kind=NoticeKind.WORK_REMINDER if level is Level.REMINDED else NoticeKind.WORK_ESCALATION,
        subject=f"concern#{concern.id}",
        version=f"{concern.dept}#{level}",
        event="clock",
        title=_WHAT[level],
        lines=(
            f"诉求 {concern.id}（{concern.topic}）：答复的最后一天是 {concern.due:%m月%d日}。",
            "请尽快答复，或转办。",
        ),
        fields={"thing1": f"诉求：{concern.topic}", "thing2": _WHAT[level], "time3": field_deadline(concern.due)},
        path="/h5/inbox",
        expires_at=max(at_local(concern.due + timedelta(days=1)), when.now + TELL_WITHIN),
        why=f"诉求 {concern.id} {_WHAT[level]}",
        sample=concern.is_sample,
    )
    planned = plan([draft], circumstances(context, when, [draft.uscc], draft.kind))
    skipped.update(planned.skipped)
    return planned.items


def _unit(concern: Concern, level: Level) -> str:
    return concern.escalate_to if level is Level.ESCALATED else concern.dept

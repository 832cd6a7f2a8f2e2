"""``/h5/case/{no}``: the whole course of a case (办件), for members of its enterprise."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.cases.life import Step
from chalicelib.cases.model import FORM_SOURCE
from chalicelib.enterprises.access import Right
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, Visit
from chalicelib.times import chinese_time, local_date


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One line of the course, with what the office added to it."""

    name: str
    at: str
    details: tuple[str, ...]


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing alike, and at the same cost, for a number that does not exist and for somebody else's case:
    nothing of a case is read before it is known to be theirs."""
    visit.known()
    services = visit.services
    no = visit.request.key
    binding = visit.binding(Right.SEE_CASES, lambda uscc: services.cases.belongs(no, uscc))
    case = services.cases.get(no)
    if case is None:
        raise PageMissing
    enterprise = services.enterprises.get(binding.uscc)
    life, timeline = services.cases.live(case, visit.now), services.cases.timeline(case, visit.now)
    return render.page(
        visit,
        "case.html",
        personal=True,
        title=case.head.title,
        case=case,
        enterprise=enterprise.name if enterprise else binding.uscc,
        life=life,
        timeline=timeline,
        status=timeline.headline.removeprefix(f"{case.head.title} · "),
        late=life.due is not None and local_date(visit.now) > life.due.day,
        steps=[_step(step) for step in life.steps],
        guide=services.catalogue().items.get(case.head.item_id or ""),
    )


def _step(step: Step) -> ShownStep:
    event = step.event
    if event is None:
        return ShownStep(step.kind.chinese, chinese_time(step.at), ())
    missing = f"差：{'、'.join(event.materials)}" if event.materials else ""
    days = f"{'承诺' if event.committed else '延长'} {event.days} 个工作日" if event.days else ""
    note = "" if event.source == FORM_SOURCE else event.note  # a fingerprint, for the office that compares papers
    details = tuple(filter(None, (missing, days, event.special or "", note)))
    return ShownStep(step.kind.chinese, chinese_time(step.at), details)

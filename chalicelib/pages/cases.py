"""``/h5/cases``: all cases (办件) of a person's enterprises, those that wait for the applicant first."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.cases.model import Case
from chalicelib.cases.service import RECENT
from chalicelib.cases.timeline import Awaits, awaits, by_turn, standing
from chalicelib.enterprises.access import Right
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import Visit

_GROUPS = {Awaits.APPLICANT: "要您办的", Awaits.OFFICE: "部门在办的", Awaits.NOBODY: "已经结束的"}


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One line: ``standing`` is 已受理 · 12-04 前办结."""

    case: Case
    standing: str
    enterprise: str


def show(visit: Visit) -> PageResponse:
    services, openid = visit.services, visit.known().openid
    bound = [binding.uscc for binding in services.bindings.of_person(openid, Right.SEE_CASES)]
    names = {uscc: held.name for uscc in bound if (held := services.enterprises.get(uscc))}
    cases = {uscc: services.cases.of_enterprise(uscc, RECENT) for uscc in bound}
    lives = by_turn([(case, services.cases.live(case, visit.now)) for theirs in cases.values() for case in theirs])
    groups = {
        title: [
            ShownCase(case, standing(life), names.get(case.head.uscc or "", ""))
            for case, life in lives
            if awaits(life) is whose
        ]
        for whose, title in _GROUPS.items()
    }
    return render.page(
        visit,
        "cases.html",
        personal=True,
        title="我的办件",
        groups={title: shown for title, shown in groups.items() if shown},
        is_bound=bool(bound),
        many=len(bound) > 1,
        most=RECENT if any(len(theirs) >= RECENT for theirs in cases.values()) else None,
    )

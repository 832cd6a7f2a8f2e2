"""Which state may follow which (facts §4.2.2), and in what order events of one instant are read."""

from __future__ import annotations

from chalicelib.cases.model import FINAL, CaseAct, CaseEvent, CaseState, Kind

_S = CaseState

FIRST = frozenset({_S.DRAFT, _S.SUBMITTED, _S.RECEIVED})
"""A case begins as a draft, with the application, or at the window with its receipt."""

_AFTER: dict[CaseState, frozenset[CaseState]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED}),
    _S.SUBMITTED: frozenset({_S.RECEIVED, _S.RETURNED, _S.WITHDRAWN}),
    _S.RETURNED: frozenset({_S.SUBMITTED}),  # 终或重提: the applicant may hand it in again
    _S.RECEIVED: frozenset({_S.ACCEPTED, _S.CORRECTING, _S.TOL_ACCEPTED, _S.REJECTED_ACCEPT, _S.WITHDRAWN}),
    _S.CORRECTING: frozenset({_S.CORRECTING, _S.ACCEPTED, _S.TERMINATED_NO_SUPPLY, _S.WITHDRAWN}),
    _S.TOL_ACCEPTED: frozenset({_S.REVIEWING, _S.TERMINATED_NO_SUPPLY, _S.WITHDRAWN}),
    _S.ACCEPTED: frozenset({_S.REVIEWING, _S.SUSPENDED, _S.TRANSFERRED, _S.WITHDRAWN}),
    _S.REVIEWING: frozenset({_S.SUSPENDED, _S.DECIDED_OK, _S.DECIDED_NO, _S.WITHDRAWN}),
    _S.SUSPENDED: frozenset({_S.REVIEWING}),
    _S.DECIDED_OK: frozenset({_S.CERTIFYING, _S.FINISHED}),
    _S.DECIDED_NO: frozenset({_S.FINISHED}),
    _S.CERTIFYING: frozenset({_S.DELIVERING}),
    _S.DELIVERING: frozenset({_S.FINISHED}),
}

_SKIPPED_AT_ONCE: dict[CaseState, tuple[CaseState, ...]] = {
    _S.SUBMITTED: (_S.RECEIVED, _S.ACCEPTED, _S.DECIDED_OK),
    _S.RECEIVED: (_S.ACCEPTED, _S.DECIDED_OK),
}

_RANK: dict[Kind, float] = {state: float(place) for place, state in enumerate(_S)}
_RANK |= {
    CaseAct.MATERIAL: _RANK[_S.RECEIVED] + 0.5,  # before a paper is asked for: at the same moment it answers nothing
    CaseAct.SUPPLIED: _RANK[_S.TOL_ACCEPTED] + 0.5,
    CaseAct.NOTIFIED: _RANK[_S.SUSPENDED] + 0.5,
    CaseAct.EXTENDED: _RANK[_S.SUSPENDED] + 0.6,
}


def may_follow(state: CaseState | None, following: CaseState) -> bool:
    """Whether the transition is one of the facts'. ``None`` is before the first event."""
    if state is None:
        return following in FIRST
    if following is _S.ARCHIVED:
        return state in FINAL and state is not _S.ARCHIVED
    return following in _AFTER.get(state, frozenset())


def at_once(state: CaseState | None, following: CaseState) -> tuple[CaseState, ...]:
    """The steps that an 即办件 passes in one moment when it goes straight to its end; they are still written down."""
    return _SKIPPED_AT_ONCE.get(state, ()) if state is not None and following is _S.FINISHED else ()


def in_order(events: tuple[CaseEvent, ...]) -> list[CaseEvent]:
    """Each event once, by time; what bears the same time (offices that only tell the day) by the course of a case.

    Should one id stand for two different events, the earlier one is meant, whichever came first.
    """
    once: dict[str, CaseEvent] = {}
    for event in sorted(events, key=lambda event: (event.at, event.model_dump_json())):
        once.setdefault(event.id, event)
    return sorted(once.values(), key=lambda event: (event.at, _RANK[event.kind], event.id))

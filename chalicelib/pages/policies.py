"""``/h5/policies``: every policy, and for members of an enterprise what theirs may have (政策体检)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import Visit
from chalicelib.policies.model import MODE_NAMES, State
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date

_GROUPS = (
    ("可享", (Outcome.MATCH,)),
    ("待补充", (Outcome.NEED_INFO, Outcome.MANUAL)),
    ("暂不符合", (Outcome.NOT_MATCH,)),
)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One policy in a list; ``worth`` and ``why`` may be empty."""

    id: str
    name: str
    worth: str
    why: str


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """One enterprise's check-up: (title, lines) of the groups that are not empty."""

    enterprise: str
    groups: tuple[tuple[str, tuple[ShownLine, ...]], ...]


def show(visit: Visit) -> PageResponse:
    session, today = visit.known_if_asked(), local_date(visit.now)
    services = visit.services
    bound = services.bindings.of_person(session.openid, Right.SEE_POLICIES) if session else []
    enterprises = [held for binding in bound if (held := services.enterprises.get(binding.uscc))]
    return render.page(
        visit,
        "policies.html",
        personal=session is not None,
        title="惠企政策",
        checks=[_check(visit, enterprise, today) for enterprise in enterprises],
        everything=[] if enterprises else _everything(visit, today),
        has_samples=any(policy.is_sample for policy in services.catalogue().policies.values()),
        may_ask=session is None,
        ask=visit.request.address(mine="1"),
    )


def _everything(visit: Visit, today: date) -> list[ShownLine]:
    """What is in force, for those we know no enterprise of."""
    policies = visit.services.catalogue().policies.values()
    return [
        ShownLine(policy.id, policy.short, "", policy.benefit_text)
        for policy in sorted(policies, key=lambda policy: policy.id)
        if policy.state is State.PUBLISHED and policy.in_force(today)
    ]


def _check(visit: Visit, enterprise: Enterprise, today: date) -> ShownCheck:
    decisions = visit.services.policies().check(enterprise, today)
    groups = (
        (title, tuple(_line(visit, each) for each in _by_worth(decisions) if each.outcome in outcomes))
        for title, outcomes in _GROUPS
    )
    return ShownCheck(enterprise.name, tuple((title, lines) for title, lines in groups if lines))


def _by_worth(decisions: list[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda one: -(one.benefit.fen or 0) if one.benefit else 0)


def _line(visit: Visit, decision: Decision) -> ShownLine:
    policy = visit.services.catalogue().policies[decision.policy]
    worth = decision.benefit.text if decision.benefit and decision.benefit.fen else ""
    if decision.outcome is Outcome.MATCH:
        return ShownLine(policy.id, policy.short, worth, MODE_NAMES[decision.mode])
    why = decision.reasons[0] if decision.reasons else ""
    return ShownLine(policy.id, policy.short, f"符合的话 {worth}" if worth else "", why)

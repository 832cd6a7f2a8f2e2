"""``/h5/policies``: every policy, and for members of an enterprise what theirs may have (政策体检)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import Visit
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.explain import show as show_value
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
    """One policy in a list; ``worth``, ``why`` and ``until`` may be empty."""

    id: str
    name: str
    worth: str
    why: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """One enterprise's check-up: (title, lines) of the groups that are not empty, and what it stated itself
    (自报): (what, value, day)."""

    enterprise: str
    groups: tuple[tuple[str, tuple[ShownLine, ...]], ...]
    declared: tuple[tuple[str, str, str], ...]


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
        checks=[check_of(visit, enterprise, today) for enterprise in enterprises],
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


def check_of(visit: Visit, enterprise: Enterprise, today: date) -> ShownCheck:
    """By its profile as it stands."""
    decisions = visit.services.policies().check(enterprise, today)
    groups = (
        (title, tuple(_line(visit, each, today) for each in _by_worth(decisions) if each.outcome in outcomes))
        for title, outcomes in _GROUPS
    )
    shown = tuple((title, lines) for title, lines in groups if lines)
    return ShownCheck(enterprise.name, shown, tuple(_declared(visit, enterprise, today)))


def _declared(visit: Visit, enterprise: Enterprise, today: date) -> Iterator[tuple[str, str, str]]:
    """Answers of a check-up, as far as they still count."""
    policies = visit.services.catalogue().policies.values()
    counts = {count.declared_as(policy.id): count.definition for policy in policies for count in policy.counts}
    for name, fact in sorted(enterprise.facts.items()):
        definition = FACTS.get(name) or counts.get(name)
        if fact.self_reported and definition and fact.on(today) is not None:
            value = frozenset(fact.value) if isinstance(fact.value, list | tuple) else fact.value
            yield definition.label, show_value(value, definition), str(fact.as_of or "")


def _by_worth(decisions: list[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda one: -(one.benefit.fen or 0) if one.benefit else 0)


def _line(visit: Visit, decision: Decision, today: date) -> ShownLine:
    policy = visit.services.catalogue().policies[decision.policy]
    worth = decision.benefit.text if decision.benefit and decision.benefit.fen else ""
    until = f"{decision.deadline} 截止" if decision.deadline and decision.deadline >= today else ""
    if decision.outcome is Outcome.MATCH:
        return ShownLine(policy.id, policy.short, worth, MODE_NAMES[decision.mode], until)
    why = decision.reasons[0] if decision.reasons else ""
    if decision.outcome is Outcome.NOT_MATCH:
        return ShownLine(policy.id, policy.short, "", why)
    return ShownLine(policy.id, policy.short, f"符合的话 {worth}" if worth else "", why, until)

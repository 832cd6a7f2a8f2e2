"""``/h5/policy/{id}``: what a policy (政策) gives and to whom, and whether the enterprise of who looks gets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, Visit
from chalicelib.policies.dictionary import label
from chalicelib.policies.model import MODE_NAMES, Policy, State
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date

_VERDICTS = {
    Outcome.MATCH: "符合条件",
    Outcome.NOT_MATCH: "暂不符合",
    Outcome.NEED_INFO: "还差资料，暂时定不了",
    Outcome.MANUAL: "其他条件符合，还要人工认定",
}


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """One enterprise's answer in words. ``tone`` is good, warn or plain; ``benefit`` and ``sum`` may be empty."""

    enterprise: str
    verdict: str
    tone: str
    how: str
    benefit: str
    sum: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    materials: tuple[str, ...]
    hint: str
    checks: tuple[tuple[str, str, str, str], ...]


def is_public(policy: Policy) -> bool:
    """Published once; what was suspended or withdrawn later stays readable, and says so."""
    return policy.state not in (State.DRAFT, State.REVIEWED)


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing."""
    policy = visit.services.catalogue().policies.get(visit.request.key)
    if policy is None or not is_public(policy):
        raise PageMissing
    session, today = visit.known_if_asked(), local_date(visit.now)
    decisions = _decisions(visit, policy, session.openid, today) if session else []
    return render.page(
        visit,
        "policy.html",
        personal=session is not None,
        title=policy.short,
        policy=policy,
        decisions=decisions,
        how=MODE_NAMES[policy.mode],
        deadline=_deadline(policy, today),
        in_force=policy.state is State.PUBLISHED and policy.in_force(today),
        may_ask=session is None and policy.audience == "enterprise",
        is_unbound=session is not None and not decisions,
        ask=visit.request.address(mine="1"),
    )


def _decisions(visit: Visit, policy: Policy, openid: str, on: date) -> list[ShownDecision]:
    """For every enterprise they stand for now."""
    services = visit.services
    bindings = services.bindings.of_person(openid, Right.SEE_POLICIES)
    bound = [services.enterprises.get(binding.uscc) for binding in bindings]
    return [
        _shown(policy, enterprise, decision)
        for enterprise in bound
        if enterprise is not None
        for decision in services.policies().check(enterprise, on)
        if decision.policy == policy.id
    ]


def _shown(policy: Policy, enterprise: Enterprise, decision: Decision) -> ShownDecision:
    tones = {Outcome.MATCH: "good", Outcome.NOT_MATCH: "warn"}
    amount = decision.benefit
    return ShownDecision(
        enterprise=enterprise.name,
        verdict=_VERDICTS[decision.outcome],
        tone=tones.get(decision.outcome, "plain"),
        how="" if decision.outcome is Outcome.NOT_MATCH else MODE_NAMES[decision.mode],
        benefit=amount.text if amount else "",
        sum=amount.calculation if amount and amount.calculation != amount.text else "",
        reasons=decision.reasons,
        missing=tuple(label(policy.schema_of_facts, fact) for fact in decision.missing),
        materials=() if decision.outcome is Outcome.NOT_MATCH else decision.materials,
        hint=decision.hint or "",
        checks=tuple((line.label, line.value, line.requirement, line.verdict) for line in decision.trace),
    )


def _deadline(policy: Policy, today: date) -> str:
    """2026-12-31（还有 39 天） · 已于 2025-12-31 截止"""
    last = policy.deadline
    if last is None:
        return policy.window or ""
    left = (last - today).days
    if left < 0:
        return f"已于 {last} 截止"
    return f"{last}（{'今天最后一天' if left == 0 else f'还有 {left} 天'}）"

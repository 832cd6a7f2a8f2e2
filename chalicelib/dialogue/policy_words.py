"""A policy in a chat bubble (政策回复): its standing for an enterprise, what it gives, what a named sum comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib import money
from chalicelib.policies import benefits
from chalicelib.policies.benefits import Amount, Inputs
from chalicelib.policies.model import MODE_NAMES, Policy, State
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import ASK, Outcome
from chalicelib.provenance import SAMPLE_NOTE

STANDING = {
    Outcome.MATCH: "可享",
    Outcome.NEED_INFO: "待补充",
    Outcome.MANUAL: "需人工认定",
    Outcome.NOT_MATCH: "暂不符合",
}
HOTLINE = "12345"
_FEN = {"分": 1, "元": 100, "万元": money.FEN_PER_WAN}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one policy stands for one enterprise; ``name`` is shown where a person stands for several."""

    name: str
    decision: Decision


def ended(policy: Policy, on: date) -> str | None:
    """Why nobody gets it any more, and whom to ask; None while it is open."""
    whom = f"今年还有没有，请打 {policy.contact or HOTLINE} 问。"
    if policy.valid_to and on > policy.valid_to:
        return f"{policy.short}：政策执行期限至{policy.valid_to}。{whom}"
    if policy.apply_to and on > policy.apply_to:
        return f"{policy.short}：申报已于{policy.apply_to}截止。{whom}"
    if policy.state is not State.PUBLISHED:
        return f"{policy.short}：现在不受理。{whom}"
    return None


def verdict(policy: Policy, standing: Standing, most_reasons: int) -> list[str]:
    """The outcome first, then why, the amount and the way to get it."""
    decision = standing.decision
    lines = [f"{standing.name or policy.short}：{STANDING[decision.outcome]}"]
    lines += [f"· {reason}" for reason in decision.reasons[:most_reasons]]
    if decision.hint:
        lines.append(decision.hint)
    if decision.benefit and decision.outcome is not Outcome.NOT_MATCH:
        lines.append(f"金额：{decision.benefit.text}")
        if decision.benefit.fen:
            lines.append(decision.benefit.calculation)
    if decision.outcome is Outcome.MATCH:
        lines.append(f"{MODE_NAMES[decision.mode]}。")
    return lines


def facts(policy: Policy, whole: Policy | None = None, *, decided: bool = False) -> list[str]:
    """What it is and gives, for whom, until when. ``whole``: the set of measures that it is one of; ``decided``: the
    reader has just been told how it stands for them, so its name and whom it is for go without saying."""
    standard = f"标准：{policy.benefit_text}"
    lines = [standard] if decided else [policy.name, standard, f"对象：{policy.target}"]
    if whole is not None:
        lines.append(f"{whole.short}：{whole.benefit_text}")
    if policy.deadline:
        lines.append(f"截止：{policy.deadline}")
    if policy.channel:
        lines.append(f"办理：{policy.channel}")
    if policy.contact:
        lines.append(f"咨询：{policy.contact}")
    return lines


def source(policy: Policy) -> str:
    docs = "；".join(policy.docs[:2]) or policy.dept
    return f"依据：{docs}{f'（{SAMPLE_NOTE}）' if policy.is_sample else ''}"


def worth(amount: Amount | None) -> str:
    """ " 12 万元/年" behind a name in a list, empty where it is not known."""
    return f" {amount.text}" if amount and amount.fen else ""


def reckoned(policy: Policy, fen: int, on: date) -> str | None:
    """What the policy's own formula gives for a sum the person named (在 分); None where it takes no single sum."""
    fact = _money_fact(policy)
    if fact is None:
        return None
    per_unit = _FEN[policy.schema_of_facts[fact].unit]
    inputs = Inputs(
        values={fact: Decimal(fen) / per_unit},
        schema=policy.schema_of_facts,
        decide=lambda condition: ASK,
        parameter=lambda name: policy.parameters[name].on(on),
    )
    amount = benefits.evaluate(policy.benefit, inputs)
    if amount.fen is not None:
        period = f"/{amount.period}" if amount.period else ""
        return f"按 {money.show(fen)}算：{amount.calculation}{period}。"
    if amount.low is not None and amount.high is not None:
        return f"按 {money.show(fen)}算：{money.show(amount.low)} 到 {money.show(amount.high)}，看企业情形。"
    return None


def _money_fact(policy: Policy) -> str | None:
    """The one sum of money that the formula starts from."""
    schema = policy.schema_of_facts
    used = {fact for _, fact in benefits.facts_of(policy.benefit) if schema[fact].unit in _FEN}
    return used.pop() if len(used) == 1 else None

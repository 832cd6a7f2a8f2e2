"""Who may be listed without applying: only whom the registers of offices, up to date, leave no doubt about.

A decision that is good enough for a hint is not good enough for a payment nobody asked for. Everything that decided,
the amount included, must come from an office (never 企业自填), be dated, and be of this year or the last one unless
its office says until when it holds. What is not known here is not certain: the rule closes on doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.enterprises.model import Enterprise, FactSource
from chalicelib.policies.benefits import Cases, facts_of
from chalicelib.policies.builtin import COUNTED
from chalicelib.policies.closures import compile_verdict
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import label
from chalicelib.policies.explain import Evidence
from chalicelib.policies.facts import CHAIN_CODES, FactSheet, fact_sheet
from chalicelib.policies.model import Mode, Modifier, Policy, State
from chalicelib.policies.service import SEVERE_DISHONESTY, Decision, PolicyService
from chalicelib.policies.tree import ASK, Outcome

SAMPLE = "示例数据"
UNCERTAIN = "结果不确定"
NOT_AUTO = "不是免申即享"
NO_AMOUNT = "金额待核定"
DEREGISTERED = "企业已注销"
STATUS_UNKNOWN = "登记状态不明"
SELF_DECLARED = "依据企业自填"
NO_SOURCE = "依据没有来源部门"
STALE = "依据不是近期数据"
RULES_OPEN = "总则资料不全"

_COLUMNS = frozenset(
    "entity_kind ent_type ownership reg_status established_on town_code industry_code chain_member".split()
)
"""Columns of the profile row that the registers fill; an operator vouches for the row (``verified_by``)."""
_REGISTERED = "登记信息"

INPUTS: Mapping[str, tuple[str, ...]] = {
    "size": ("industry_code", "employees_avg", "revenue", "assets"),
    "is_small_low_profit": ("entity_kind", "taxable_income", "employees_avg", "assets"),
    "layoff_rate": ("layoff_claimants_last_year", "insured_avg"),
    "disabled_ratio": ("disabled_employees", "employees_on_payroll"),
    "rd_ratio": ("rd_expense", "revenue"),
    "chain_member": ("industry_code", "main_products"),
    "years_operating": (),
    "days_since_established": (),
    "industry_section": ("industry_code",),
    "valid_quals": (),
    "expired_quals": (),
    "quals_new_this_year": (),
    "quals_first_this_year": (),
    "credit_flags": (),
    "has_severe_dishonesty": ("credit_flags",),
    "has_repairable_flag": (),
    "above_scale_this_year": ("above_scale_first_on", "above_scale"),
    "vat_credit_end": ("vat_status",),
}
"""What a derived fact is computed from (``policies/facts.py``); those over records and columns of the row need nothing
else. A derived fact that is not here is not certain; a test holds this against the dictionary."""


@dataclass(frozen=True, slots=True)
class Certain:
    """A decision that may be listed: what it pays (分) and the facts it stands on, in words."""

    amount: int
    calculation: str
    grounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Not listed, for this reason (Chinese)."""

    reason: str


class Certainty:
    """One policy version under one set of policies, asked about enterprise after enterprise."""

    def __init__(self, policies: Mapping[str, Policy], policy: Policy, on: date, *, demo: bool = False) -> None:
        self._service = PolicyService(policies)
        self._policy, self._on, self._demo = policy, on, demo
        self._rules = [compile_verdict(source.tree(rule.when, on)) for source, rule in _modifiers(policies, policy)]
        self._beyond = _facts_beyond_the_condition(policy, on)
        self._counts = {count.fact: count for count in policy.counts}

    def of(self, enterprise: Enterprise) -> Certain | LeftOut | None:
        """None: the policy is not for this enterprise. LeftOut: it may be, but not without a person looking."""
        sheet = fact_sheet(enterprise, self._on)
        decision = self._decision(enterprise, sheet)
        if decision.outcome is Outcome.NOT_MATCH:
            return None
        doubt = self._doubt(enterprise, sheet, decision)
        if doubt is not None:
            return LeftOut(doubt)
        assert decision.benefit is not None and decision.benefit.fen is not None
        return Certain(decision.benefit.fen, decision.benefit.calculation, tuple(_grounds(decision)))

    def _decision(self, enterprise: Enterprise, sheet: FactSheet) -> Decision:
        """With its exclusion group settled where it is in one; that takes all policies, so only then."""
        if self._policy.excl_group is None:
            return self._service.decide_sheet(self._policy, sheet)
        decisions = self._service.check(enterprise, self._on)
        return next(each for each in decisions if each.policy == self._policy.id)

    def _doubt(self, enterprise: Enterprise, sheet: FactSheet, decision: Decision) -> str | None:
        amount = decision.benefit.fen if decision.benefit else None
        status = sheet.values.get("reg_status")
        checks = (
            (decision.outcome is not Outcome.MATCH, UNCERTAIN),
            (decision.mode is not Mode.AUTO, NOT_AUTO),
            (not self._policy.may_be_pushed(demo=self._demo), SAMPLE),
            (not enterprise.may_be_pushed(demo=self._demo), SAMPLE),
            (status == "注销", DEREGISTERED),
            (status is None, STATUS_UNKNOWN),
            (not amount, NO_AMOUNT),
            (any(rule(sheet.values) == ASK for rule in self._rules), RULES_OPEN),
        )
        first = next((reason for wrong, reason in checks if wrong), None)
        return first or self._weak_fact(sheet, decision)

    def _weak_fact(self, sheet: FactSheet, decision: Decision) -> str | None:
        deciding = [line.fact for line in decision.trace if line.decides and line.fact]
        for fact in dict.fromkeys(("reg_status", *deciding, *self._beyond)):
            if fact in self._counts:
                weakness = self._weak_count(fact)
            elif fact in sheet.values:
                weakness = self._weakness(fact, sheet)
            else:
                continue  # unknown, and the outcome and the amount stand all the same
            if weakness:
                return f"{weakness}：{label(self._policy.schema_of_facts, fact)}"
        return None

    def _weak_count(self, fact: str) -> str | None:
        """Records carry no source each; the dictionary says which of their fields an enterprise states itself."""
        count = self._counts[fact]
        asked = parse(count.where, COUNTED[count.of]).facts + ((count.sum,) if count.sum else ())
        own = any(COUNTED[count.of][name].source == FactSource.SELF for name in asked)
        return SELF_DECLARED if own else None

    def _weakness(self, fact: str, sheet: FactSheet) -> str | None:
        evidence = sheet.evidence.get(fact)
        if evidence is not None and evidence.basis == _REGISTERED and not evidence.source:
            return None if fact in _COLUMNS else SELF_DECLARED
        if fact in sheet.how:
            return self._derived_weakness(fact, sheet)
        return weakness(evidence, self._on)

    def _derived_weakness(self, fact: str, sheet: FactSheet) -> str | None:
        if fact not in INPUTS:
            return NO_SOURCE
        inputs: Iterable[str] = INPUTS[fact]
        if fact == "chain_member" and sheet.values.get("industry_code") in CHAIN_CODES:
            inputs = ("industry_code",)  # the code alone decided
        found = (self._weakness(name, sheet) for name in inputs if name in sheet.values)
        return next((weak for weak in found if weak), None)


def weakness(evidence: Evidence | None, on: date) -> str | None:
    """Why a stated fact is not good enough for a payment; None when it is."""
    if evidence is None or not evidence.source:
        return NO_SOURCE
    if evidence.source == FactSource.SELF:
        return SELF_DECLARED
    if evidence.valid_until is not None:
        return None  # past it, the fact would be unknown
    recent = evidence.as_of is not None and evidence.as_of.year >= on.year - 1
    return None if recent else STALE


def _modifiers(policies: Mapping[str, Policy], policy: Policy) -> Iterator[tuple[Policy, Modifier]]:
    """The 总则 that bear on this policy, each with the policy whose words it is written in."""
    general = [(policy, SEVERE_DISHONESTY)]
    general += [(each, rule) for each in policies.values() if each.state is State.PUBLISHED for rule in each.modifiers]
    for source, rule in general:
        if policy.id not in rule.exempt and (not rule.categories or policy.category in rule.categories):
            yield source, rule


def _facts_beyond_the_condition(policy: Policy, on: date) -> tuple[str, ...]:
    """Facts that decide the mode and the amount."""
    conditions = [override.when for override in policy.mode_overrides]
    if isinstance(policy.benefit, Cases):
        conditions += [case.when for case in policy.benefit.cases]
    asked = [fact for raw in conditions for fact in policy.tree(raw, on).facts]
    return tuple(dict.fromkeys([*asked, *(fact for _, fact in facts_of(policy.benefit))]))


def _grounds(decision: Decision) -> Iterator[str]:
    """裁员率：2%，要求不高于 5.5%（推算）; 上年度…（税务，2025-12-31）"""
    for line in decision.trace:
        if line.decides:
            where = "，".join(str(part) for part in (line.evidence.source, line.evidence.as_of) if part)
            yield f"{line.label}：{line.value}，{line.requirement}（{where or line.evidence.basis or _REGISTERED}）"

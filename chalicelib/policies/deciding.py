"""One policy version, ready to decide (单项判定): its condition, counts, modes and benefit compiled, and the decision
that comes of them for one enterprise on one day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any

from chalicelib.policies import benefits
from chalicelib.policies.benefits import Amount, Fixed, Inputs, Words
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import Test, Verdicts, compile_combine, compile_verdict, leaf_test
from chalicelib.policies.counting import Counted
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.explain import QUAL_NAMES, Evidence, Explainer, Found, TraceLine, show
from chalicelib.policies.model import Mode, Modifier, Policy
from chalicelib.policies.shared import Answers, SharedLeaves, picker
from chalicelib.policies.tree import ASK, NO, OUTCOMES, YES, Leaf, ManualLeaf, Outcome, Verdict
from chalicelib.ports import JsonObject

_NOBODY: frozenset[str] = frozenset()
_NO_COUNTS: Mapping[str, Counted] = {}
_OWN = ManualLeaf("", "", 0)
"""Stands for a leaf on the policy's own count until that is answered."""
DRY = "本年度资金已用完，补充后再兑现"


class Standing(StrEnum):
    """Why an outcome is what it is, beyond the condition itself."""

    APPLIES = "applies"
    UNPUBLISHED = "unpublished"
    NOT_IN_FORCE = "not_in_force"
    VETOED = "vetoed"
    BLOCKED = "blocked"


Refused = tuple[Standing, str]
"""Why a policy is not for an enterprise, whatever its facts."""


@dataclass(slots=True)
class Decision:
    """One policy for one enterprise on one day. ``records`` are the hires, loans or projects that count.

    Nobody changes one. It is not declared frozen because making a frozen one takes ten times as long, and a check
    makes one for each policy.

    Reasons, missing facts, amount and trace are worked out when somebody asks, and once: most of what a check finds is
    never read, and finding it is what takes the time.
    """

    policy: str
    version: int
    name: str
    on: date
    outcome: Outcome
    standing: Standing
    mode: Mode
    materials: tuple[str, ...]
    deadline: date | None
    because: Reasoning = field(compare=False, repr=False)
    refusal: str | None = None
    """Why it is not for this enterprise whatever its facts: then nothing is asked and nothing is promised."""
    records: frozenset[str] = frozenset()
    blocked_by: str | None = None
    excluded: frozenset[str] = frozenset()
    """Records that another policy of the exclusion group had taken, and that were not counted here."""
    dry: bool = False
    """Its pool (资金池) has nothing left this year: whoever qualifies still does, and no sum is promised."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Short Chinese sentences."""
        return (self.refusal,) if self.refusal else self.because.reasons

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts that could still decide."""
        return () if self.refusal else self.because.missing

    @property
    def benefit(self) -> Amount | None:
        """What it comes to; None where there is nothing."""
        if self.outcome is Outcome.NOT_MATCH:
            return None
        return Amount(None, DRY) if self.dry else self.because.benefit

    @property
    def hint(self) -> str | None:
        """What else to try: 可申请复核 where a title has run out."""
        return "可申请复核" if not self.refusal and self.because.lost else None

    @property
    def trace(self) -> tuple[TraceLine, ...]:
        """Every leaf as it was decided, with its evidence."""
        return self.because.trace()


def digest(body: JsonObject) -> str:
    """What a rule is kept under."""
    return sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class Rule:
    """One policy version with its parameters of one period."""

    def __init__(self, policy: Policy, on: date, shared: SharedLeaves) -> None:
        tree = policy.tree(policy.condition, on)
        counted = {count.fact for count in policy.counts}
        self.policy = policy
        self.schema = policy.schema_of_facts
        self._on = on
        self._deadline = policy.deadline
        known = [leaf for leaf in tree.leaves if isinstance(leaf, Leaf)]
        self.own = {leaf.index: leaf_test(leaf) for leaf in known if leaf.fact in counted}
        self.numbers = [shared.number(_OWN if leaf.index in self.own else leaf) for leaf in tree.leaves]
        self._pick = picker(self.numbers)
        self._combine = compile_combine(tree)
        self.explainer = Explainer(tree, self.schema)
        self.derived = {leaf.index: leaf.fact for leaf in known if leaf.fact in FACTS and FACTS[leaf.fact].derived}
        self.titles = {leaf.index: str(leaf.value) for leaf in known if leaf.fact == "valid_quals"}
        self._counts = [(count, shared.count_number(count)) for count in policy.counts]
        self._counters = shared.counters
        self._overrides = [(each, compile_verdict(policy.tree(each.when, on))) for each in policy.mode_overrides]
        self._cases: dict[int, Test] = {}
        same_for_all = isinstance(policy.benefit, Fixed | Words)
        self._benefit = self._evaluated({}) if same_for_all else None

    @cached_property
    def body(self) -> JsonObject:
        """The policy as it is kept beside the decisions that rest on it."""
        return self.policy.model_dump(mode="json")

    @cached_property
    def digest(self) -> str:
        return digest(self.body)

    @cached_property
    def facts_asked(self) -> frozenset[str]:
        return self.policy.facts_asked

    def decide(
        self, answers: Answers, without: frozenset[str], refused: Refused | None, by: list[Modifier]
    ) -> Decision:
        """Records named in ``without`` do not count. ``refused`` makes it no match whatever the facts; the rules it
        is decided ``by`` bear on the amount."""
        policy, sheet = self.policy, answers.sheet
        values, verdicts, counted, records = sheet.values, self._pick(answers.verdicts), _NO_COUNTS, _NOBODY
        if self._counts:
            counted = self._counted(answers, without)
            low = {name: found.low for name, found in counted.items() if found.low is not None}
            high = {name: found.high for name, found in counted.items() if found.high is not None}
            values = values | low
            verdicts = list(verdicts)
            for index, test in self.own.items():
                verdicts[index] = _settled(test(low), test(high))
            records = _NOBODY.union(*(found.refs for found in counted.values()))
        mode, materials = self._mode(values) if self._overrides else (policy.mode, policy.materials)
        return Decision(
            policy.id,
            policy.version,
            policy.name,
            sheet.on,
            Outcome.NOT_MATCH if refused else OUTCOMES[self._combine(verdicts)],
            refused[0] if refused else Standing.APPLIES,
            mode,
            materials,
            self._deadline,
            Reasoning(self, answers, verdicts, values, counted, by),
            refused[1] if refused else None,
            records,
            None,
            without,
        )

    def benefit(self, values: Mapping[str, Any], counted: Mapping[str, Counted]) -> Amount:
        """The amount, before other rules take their share of it."""
        open_ones = {name for name, found in counted.items() if found.open_fields and not found.low}
        if open_ones:
            values = {name: value for name, value in values.items() if name not in open_ones}
        amount = self._benefit or self._evaluated(values)
        if amount.fen and any(found.open_fields for found in counted.values()):
            return replace(amount, calculation=f"{amount.calculation}（资料不全的记录未计入）")
        return amount

    def _counted(self, answers: Answers, without: frozenset[str]) -> dict[str, Counted]:
        """By the name of the count. The enterprise's own figure stands for one that its records leave open."""
        sheet, found = answers.sheet, {}
        for count, number in self._counts:
            if without:
                counted = self._counters[number].over(sheet.records.get(count.of), without)
            else:
                counted = answers.counted[number]
            own = sheet.declared.get(count.declared_as(self.policy.id)) if sheet.declared else None
            if own is not None and (counted.low is None or counted.low != counted.high):
                counted = Counted(own[0], own[0], counted.refs, (), own[1])
            found[count.fact] = counted
        return found

    def _mode(self, values: Mapping[str, Any]) -> tuple[Mode, tuple[str, ...]]:
        for override, holds in self._overrides:
            if holds(values) in (YES, ASK):
                return override.mode, override.materials or self.policy.materials
        return self.policy.mode, self.policy.materials

    def _evaluated(self, values: Mapping[str, Any]) -> Amount:
        inputs = Inputs(values, self.schema, lambda raw: self._case(raw, values), self._parameter)
        return benefits.evaluate(self.policy.benefit, inputs)

    def _case(self, raw: dict[str, Any], values: Mapping[str, Any]) -> Verdict:
        """``raw`` belongs to the policy, which lives as long as this, so its identity will do for a key."""
        if id(raw) not in self._cases:
            self._cases[id(raw)] = compile_verdict(self.policy.tree(raw, self._on))
        return self._cases[id(raw)](values)

    def _parameter(self, name: str) -> Decimal:
        return self.policy.parameters[name].on(self._on)


class Reasoning:
    """What stands behind one decision, put into words when somebody asks for it."""

    __slots__ = ("_answers", "_benefit", "_by", "_counted", "_found", "_rule", "_values", "_verdicts")

    def __init__(
        self,
        rule: Rule,
        answers: Answers,
        verdicts: Verdicts,
        values: dict[str, Any],
        counted: Mapping[str, Counted],
        by: list[Modifier],
    ) -> None:
        self._rule, self._answers, self._verdicts, self._values = rule, answers, verdicts, values
        self._counted, self._by = counted, by
        self._found: Found | None = None
        self._benefit: Amount | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """What decided, titles that have run out first, what derived facts were made of last."""
        rule, indexes = self._rule, self._deciding[1]
        texts, numbers, own = self._answers.texts, rule.numbers, rule.own
        said = [self._own_text(index) if index in own else texts[numbers[index]] for index in indexes]
        gone = [f"{QUAL_NAMES[code]}已于{day}过有效期" for code, day in self.lost] if rule.titles else []
        derived = {rule.derived[index] for index in indexes if index in rule.derived}
        how = self._answers.sheet.how
        return tuple(dict.fromkeys([*gone, *said, *(how[name] for name in sorted(derived) if name in how)]))

    @property
    def missing(self) -> tuple[str, ...]:
        verdict, indexes = self._deciding
        if verdict != ASK:
            return ()
        leaves = self._rule.explainer.leaves
        return tuple(dict.fromkeys(leaf.fact for i in indexes if isinstance(leaf := leaves[i], Leaf)))

    @property
    def lost(self) -> list[tuple[str, date]]:
        """Titles that were asked for, once held, and have run out, with their last day."""
        verdict, indexes = self._deciding
        lapsed, titles = self._answers.sheet.lapsed, self._rule.titles
        if verdict != NO or not lapsed:
            return []
        asked = [titles[index] for index in indexes if index in titles]
        return [(code, lapsed[code]) for code in asked if code in lapsed]

    @property
    def benefit(self) -> Amount:
        """The amount, with what other rules take of it."""
        if self._benefit is None:
            amount = self._rule.benefit(self._values, self._counted)
            for rule in self._by:
                amount = amount.scaled(rule.factor, rule.reason)
            self._benefit = amount
        return self._benefit

    def trace(self) -> tuple[TraceLine, ...]:
        evidence: Mapping[str, Evidence] = self._answers.sheet.evidence
        own = {name: found.evidence for name, found in self._counted.items() if found.evidence}
        shown = self._shown if self._counted else self._answers.shown
        indexes = self._deciding[1]
        return self._rule.explainer.trace(self._verdicts, indexes, shown, {**evidence, **own} if own else evidence)

    @property
    def _deciding(self) -> Found:
        if self._found is None:
            self._found = self._rule.explainer.deciding(self._verdicts)
        return self._found

    def _own_text(self, index: int) -> str:
        return self._rule.explainer.sayings[index].text(self._verdicts[index], self._values)

    def _shown(self, fact: str, definition: FactDef) -> str:
        if fact in self._counted:
            return show(self._values.get(fact), definition)
        return self._answers.shown(fact, definition)


def _settled(low: Verdict, high: Verdict) -> Verdict:
    """A leaf that comes out differently for what certainly counts and for what may is open."""
    return low if low == high else ASK

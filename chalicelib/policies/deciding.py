"""One policy version, ready to decide (单项判定): its condition, counts, modes and benefit compiled, and the decision
that comes of them for one enterprise on one day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from chalicelib.policies import benefits
from chalicelib.policies.benefits import Amount, Fixed, Inputs, Words
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import Facts, Test, compile_verdict
from chalicelib.policies.counting import Counted
from chalicelib.policies.explain import QUAL_NAMES, Explainer, TraceLine
from chalicelib.policies.model import Mode, Modifier, Policy
from chalicelib.policies.shared import Answers, SharedLeaves, picker
from chalicelib.policies.tree import ASK, NO, OUTCOMES, YES, Leaf, ManualLeaf, Outcome, Verdict
from chalicelib.ports import JsonObject

_NOBODY: frozenset[str] = frozenset()
_MOST_WAYS = 4096
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


def digest(body: JsonObject) -> str:
    """What a rule is kept under."""
    return sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class Way(NamedTuple):
    """One way in which the leaves of a rule come out, and what follows from it whatever the facts are: most
    enterprises share theirs with others, so it is worked out once. ``deciding`` are places in the tree, ``said`` the
    same as numbers of shared leaves, ``titles`` the titles that are asked for and not held."""

    outcome: Outcome
    deciding: frozenset[int]
    said: tuple[int, ...]
    missing: tuple[str, ...]
    derived: tuple[str, ...]
    titles: tuple[str, ...]


class Rule:
    """One policy version with its parameters of one period."""

    def __init__(self, policy: Policy, on: date, shared: SharedLeaves) -> None:
        self.policy = policy
        self.schema = policy.schema_of_facts
        self._on = on
        self._tree = policy.tree(policy.condition, on)
        counts = {count.fact: count for count in policy.counts}
        self.numbers = [shared.number(leaf, counts) for leaf in self._tree.leaves]
        self.counts = [(count, shared.counter_number(count)) for count in policy.counts]
        self._counters = shared.counters
        self._pick = picker(self.numbers)
        self._ways: dict[tuple[Verdict, ...], Way] = {}
        self._explainer = Explainer(self._tree, self.schema)
        self._overrides = [(each, compile_verdict(policy.tree(each.when, on))) for each in policy.mode_overrides]
        self._cases: dict[int, Test] = {}
        same_for_all = isinstance(policy.benefit, Fixed | Words)
        self._benefit = self._evaluated({}) if same_for_all else None

    @property
    def leaves(self) -> tuple[Leaf | ManualLeaf, ...]:
        return self._tree.leaves

    @cached_property
    def body(self) -> JsonObject:
        """The policy as it is kept beside the decisions that rest on it."""
        return self.policy.model_dump(mode="json")

    @cached_property
    def digest(self) -> str:
        return digest(self.body)

    def decide(
        self, answers: Answers, without: frozenset[str], refused: Refused | None, by: list[Modifier]
    ) -> Decision:
        """Records named in ``without`` do not count. ``refused`` makes it no match whatever the facts; the rules it
        is decided ``by`` bear on the amount."""
        if self.counts and (without or answers.sheet.declared):
            answers = answers.apart(self._counted_apart(answers, without))
        verdicts = self._pick(answers.verdicts)
        way = self._ways.get(verdicts) or self._way(verdicts)
        return Decision(self, answers, way, refused, by, without)

    def mode(self, values: Facts) -> tuple[Mode, tuple[str, ...]]:
        """How an enterprise gets it, and with what materials."""
        for override, holds in self._overrides:
            if holds(values) in (YES, ASK):
                return override.mode, override.materials or self.policy.materials
        return self.policy.mode, self.policy.materials

    def benefit(self, values: Mapping[str, Any], counted: Mapping[str, Counted]) -> Amount:
        """The amount, before other rules take their share of it."""
        open_ones = {name for name, found in counted.items() if found.open_fields and not found.low}
        if open_ones:
            values = {name: value for name, value in values.items() if name not in open_ones}
        amount = self._benefit or self._evaluated(values)
        if amount.fen and any(found.open_fields for found in counted.values()):
            return replace(amount, calculation=f"{amount.calculation}（资料不全的记录未计入）")
        return amount

    def _way(self, verdicts: tuple[Verdict, ...]) -> Way:
        verdict, deciding = self._explainer.deciding(verdicts)
        leaves = [leaf for index in deciding if isinstance(leaf := self.leaves[index], Leaf)]
        derived = {leaf.fact for leaf in leaves if leaf.fact in FACTS and FACTS[leaf.fact].derived}
        titles = [str(leaf.value) for leaf in leaves if leaf.fact == "valid_quals"] if verdict == NO else []
        if len(self._ways) >= _MOST_WAYS:
            self._ways.clear()
        made = self._ways[verdicts] = Way(
            OUTCOMES[verdict],
            frozenset(deciding),
            tuple(self.numbers[index] for index in deciding),
            tuple(dict.fromkeys(leaf.fact for leaf in leaves)) if verdict == ASK else (),
            tuple(sorted(derived)),
            tuple(titles),
        )
        return made

    def _counted_apart(self, answers: Answers, without: frozenset[str]) -> dict[int, Counted]:
        """Without those records; and the enterprise's own figure for a count that its records leave open."""
        sheet, found = answers.sheet, {}
        for count, number in self.counts:
            records = sheet.records.get(count.of)
            counted = self._counters[number].over(records, without) if without else answers.counted[number]
            own = sheet.declared.get(count.declared_as(self.policy.id))
            if own is not None and (counted.low is None or counted.low != counted.high):
                counted = Counted(own[0], own[0], counted.refs, (), own[1])
            found[number] = counted
        return found

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


class Decision:
    """One policy for one enterprise on one day: how its leaves came out, and why it may not be had all the same.

    Only ``outcome`` is worked out when it is made; the rest when somebody asks, for most of what a check of all
    policies finds is never read, and a check makes one for each policy.
    """

    __slots__ = (
        "_answers",
        "_benefit",
        "_by",
        "_refused",
        "_rule",
        "_way",
        "blocked_by",
        "dry",
        "excluded",
        "outcome",
    )

    def __init__(
        self,
        rule: Rule,
        answers: Answers,
        way: Way,
        refused: Refused | None,
        by: list[Modifier],
        excluded: frozenset[str],
        blocked_by: str | None = None,
    ) -> None:
        self._rule, self._answers, self._way = rule, answers, way
        self._refused, self._by = refused, by
        self._benefit: Amount | None = None
        self.outcome = Outcome.NOT_MATCH if refused else way.outcome
        self.excluded = excluded
        """Records that another policy of the exclusion group had taken, and that were not counted here."""
        self.blocked_by = blocked_by
        """The policy of the exclusion group that it gives way to."""
        self.dry = False
        """Its pool (资金池) has nothing left this year: whoever qualifies still does, and no sum is promised."""

    def __repr__(self) -> str:
        return f"<{self.policy} version {self.version} on {self.on}: {self.outcome}>"

    def blocked(self, by: str, reason: str) -> Decision:
        """The same, giving way to another policy of its group."""
        refused = (Standing.BLOCKED, reason)
        return Decision(self._rule, self._answers, self._way, refused, self._by, self.excluded, by)

    @property
    def policy(self) -> str:
        return self._rule.policy.id

    @property
    def version(self) -> int:
        return self._rule.policy.version

    @property
    def name(self) -> str:
        return self._rule.policy.name

    @property
    def on(self) -> date:
        return self._answers.sheet.on

    @property
    def deadline(self) -> date | None:
        """The last day to apply."""
        return self._rule.policy.deadline

    @property
    def standing(self) -> Standing:
        return self._refused[0] if self._refused else Standing.APPLIES

    @property
    def refusal(self) -> str | None:
        """Why it is not for this enterprise whatever its facts: then nothing is asked and nothing is promised."""
        return self._refused[1] if self._refused else None

    @property
    def mode(self) -> Mode:
        return self._rule.mode(self._values)[0]

    @property
    def materials(self) -> tuple[str, ...]:
        return self._rule.mode(self._values)[1]

    @property
    def records(self) -> frozenset[str]:
        """The hires, loans or projects that count."""
        counted = self._answers.counted
        return _NOBODY.union(*(counted[number].refs for _, number in self._rule.counts))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Short Chinese sentences: what decided, titles that have run out first, what derived facts were made of
        last."""
        if self._refused:
            return (self._refused[1],)
        way, texts = self._way, self._answers.texts
        said = [texts[number] for number in way.said]
        if way.titles:
            said = [*(f"{QUAL_NAMES[code]}已于{day}过有效期" for code, day in self._lost), *said]
        if way.derived:
            how = self._answers.sheet.how
            said += [how[name] for name in way.derived if name in how]
        return tuple(dict.fromkeys(said))

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts that could still decide."""
        return () if self._refused else self._way.missing

    @property
    def benefit(self) -> Amount | None:
        """What it comes to, with what other rules take of it; None where there is nothing."""
        if self.outcome is Outcome.NOT_MATCH:
            return None
        if self.dry:
            return Amount(None, DRY)
        if self._benefit is None:
            amount = self._rule.benefit(self._values, self._counted)
            for rule in self._by:
                amount = amount.scaled(rule.factor, rule.reason)
            self._benefit = amount
        return self._benefit

    @property
    def hint(self) -> str | None:
        """What else to try: 可申请复核 where a title has run out."""
        return "可申请复核" if not self._refused and self._lost else None

    @property
    def trace(self) -> tuple[TraceLine, ...]:
        """Every leaf as it was decided, with its evidence."""
        lines, deciding = self._answers.lines, self._way.deciding
        return tuple(
            TraceLine(leaf.path, *lines[number][1:-1], leaf.index in deciding)
            for leaf, number in zip(self._rule.leaves, self._rule.numbers, strict=True)
        )

    def documents(self) -> list[JsonObject]:
        """The trace as it is kept."""
        documents, deciding = self._answers.documents, self._way.deciding
        return [
            documents[number] | {"path": leaf.path, "decides": leaf.index in deciding}
            for leaf, number in zip(self._rule.leaves, self._rule.numbers, strict=True)
        ]

    @property
    def _counted(self) -> dict[str, Counted]:
        counted = self._answers.counted
        return {count.fact: counted[number] for count, number in self._rule.counts}

    @property
    def _values(self) -> dict[str, Any]:
        """The facts, and what certainly counts."""
        values = self._answers.sheet.values
        if not self._rule.counts:
            return values
        return values | {name: found.low for name, found in self._counted.items() if found.low is not None}

    @property
    def _lost(self) -> list[tuple[str, date]]:
        """Titles that were asked for, once held, and have run out, with their last day."""
        lapsed = self._answers.sheet.lapsed
        return [(code, lapsed[code]) for code in self._way.titles if code in lapsed]

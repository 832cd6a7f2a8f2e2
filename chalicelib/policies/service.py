"""政策匹配: what an enterprise may have on a day, in which way, for how much, why, and what to ask next."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import compile_verdict
from chalicelib.policies.conditions import parse
from chalicelib.policies.deciding import DRY, Decision, Refused, Rule, Standing
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.facts import FactSheet, fact_sheet
from chalicelib.policies.model import Modifier, Policy, State
from chalicelib.policies.shared import Answers, SharedLeaves
from chalicelib.policies.tree import YES, Outcome
from chalicelib.ports import JsonObject

__all__ = [
    "DRY",
    "SEVERE_DISHONESTY",
    "Decision",
    "PolicyService",
    "Question",
    "Standing",
    "next_question",
    "questions",
]

_NONE: frozenset[str] = frozenset()
_DAYS = 8
"""Days whose policies are kept ready: a county's runs ask for one, a preview or a page for a few."""

SEVERE_DISHONESTY = Modifier(
    when={"fact": "has_severe_dishonesty", "op": "==", "value": True},
    effect="veto",
    reason="严重违法失信，信用修复前不能享受",
    categories=("奖补", "权益", "资质", "服务", "金融"),
    exempt=("P28",),
)
"""严重违法失信 excludes from what an office gives: rewards, titles, services, recommended finance (稳岗返还 F8,
facts/domain.md §2.7 and §3.5). The reminder to repair it stays, and so does relief by tax law (减免), which an
enterprise declares for itself: it ends only where its own rule says so."""


class PolicyService:
    """``policies`` by id; the catalogue's content version decides which they are. ``dry`` names the pools that have
    nothing left in the year of a day (``AwardService.dry_pools``)."""

    def __init__(
        self, policies: Mapping[str, Policy], dry: Callable[[date], Collection[str]] = lambda on: frozenset()
    ) -> None:
        self._policies = policies
        self._dry = dry
        self._shared = SharedLeaves()
        self._rules: dict[tuple[str, int, date], Rule] = {}
        self._days: dict[date, list[_Ready]] = {}
        self._grounds: dict[tuple[str, int], Grounds] = {}
        self._compiling = threading.RLock()
        self._modifiers = [(SEVERE_DISHONESTY, compile_verdict(parse(SEVERE_DISHONESTY.when, FACTS)))]
        self.modifying = tuple(each for each in policies.values() if each.modifiers and each.state is State.PUBLISHED)
        """The policies whose 总则 bear on the others."""
        for policy in self.modifying:
            self._modifiers += [(rule, compile_verdict(policy.tree(rule.when))) for rule in policy.modifiers]

    def check(self, enterprise: Enterprise, on: date) -> list[Decision]:
        """A decision for every policy meant for enterprises, in the order of ids; exclusion groups settled."""
        return self.check_sheet(fact_sheet(enterprise, on))

    def check_sheet(self, sheet: FactSheet) -> list[Decision]:
        """The same on facts already gathered."""
        taken: dict[str, _Taken] = {}
        ready, dry = self._ready(sheet.on), self._dry(sheet.on)
        answers, bearing = Answers(self._shared, sheet, ahead=True), self._bearing(sheet)
        decisions = []
        for policy, rule, refused in ready:
            decision = _decide(rule, answers, bearing, refused)
            if policy.excl_group is not None and decision.outcome is Outcome.MATCH:
                decision = _exclusive(rule, decision, answers, bearing, taken)
            if dry:
                decision.dry = policy.pool in dry
            decisions.append(decision)
        return decisions

    def decide(self, policy: Policy, enterprise: Enterprise, on: date) -> Decision:
        """One policy, without regard to others of its exclusion group."""
        return self.decide_sheet(policy, fact_sheet(enterprise, on))

    def decide_sheet(self, policy: Policy, sheet: FactSheet, without: frozenset[str] = frozenset()) -> Decision:
        """The same on facts already gathered; records named in ``without`` do not count."""
        rule, refused = self.rule(policy, sheet.on), _not_open(policy, sheet.on)
        return _decide(rule, Answers(self._shared, sheet, ahead=False), self._bearing(sheet), refused, without)

    def _bearing(self, sheet: FactSheet) -> list[Modifier]:
        """The rules that hold for the enterprise, whichever policies they bear on."""
        return [rule for rule, holds in self._modifiers if holds(sheet.values) == YES]

    def grounds(self, policy: Policy, on: date) -> Grounds:
        """The same for every enterprise, so worked out once a version."""
        key = (policy.id, policy.version)
        found = self._grounds.get(key)
        if found is None:
            others = (each for each in self.modifying if each.id != policy.id)
            rules = [self.rule(each, on) for each in (policy, *others)]
            facts = {SEVERE_DISHONESTY.when["fact"]}.union(*(each.policy.facts_asked for each in rules))
            kinds = {count.of for count in policy.counts}
            bodies = {each.digest: each.body for each in rules}
            found = self._grounds[key] = Grounds(bodies, tuple(sorted(facts)), tuple(sorted(kinds)))
        return found

    def _ready(self, on: date) -> list[_Ready]:
        """What a check on that day goes through, in the order of ids."""
        found = self._days.get(on)
        if found is None:
            meant = (self._policies[each] for each in sorted(self._policies))
            found = [(each, self.rule(each, on), _not_open(each, on)) for each in meant if _is_decided(each)]
            with self._compiling:
                while len(self._days) >= _DAYS:
                    del self._days[next(iter(self._days))]
                self._days[on] = found
        return found

    def rule(self, policy: Policy, on: date) -> Rule:
        """The policy made ready to decide with its parameters of the day."""
        key = (policy.id, policy.version, _period(policy, on) if policy.parameters else date.min)
        found = self._rules.get(key)
        if found is None:
            with self._compiling:
                found = self._rules[key] = Rule(policy, on, self._shared)
        return found


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a match of a policy rests on: its own rule first, then those whose 总则 may bear on it, as they are kept by
    their digests; the names of the facts that they look at, and the kinds of records."""

    rules: Mapping[str, JsonObject]
    facts: tuple[str, ...]
    records: tuple[str, ...]


_Ready = tuple[Policy, Rule, Refused | None]


def _is_decided(policy: Policy) -> bool:
    return policy.audience == "enterprise" and policy.state not in (State.DRAFT, State.REVIEWED)


def _decide(
    rule: Rule, answers: Answers, bearing: list[Modifier], refused: Refused | None, without: frozenset[str] = _NONE
) -> Decision:
    if not bearing:
        return rule.decide(answers, without, refused, bearing)
    by = [each for each in bearing if _bears_on(each, rule.policy)]
    return rule.decide(answers, without, refused or _vetoed(by), by)


def _exclusive(
    rule: Rule, decision: Decision, answers: Answers, bearing: list[Modifier], taken: dict[str, _Taken]
) -> Decision:
    """Of a match in an exclusion group: what the policies before it have left of its records."""
    group = str(rule.policy.excl_group)
    holder = taken.get(group)
    if holder:
        shared = decision.records & holder.records
        rest = _decide(rule, answers, bearing, None, holder.records) if shared else decision
        if rest.outcome is not Outcome.MATCH or not decision.records:
            return decision.blocked(holder.policy, f"与“{holder.name}”同属{group}，同一笔只能享受一项")
        decision = rest
    before = holder.records if holder else _NONE
    first = holder or _Taken(rule.policy.id, rule.policy.short, before)
    taken[group] = replace(first, records=before | decision.records)
    return decision


@dataclass(frozen=True, slots=True)
class Question:
    """A fact worth asking for. ``name`` is what the answer is kept under, ``policies`` those it bears on."""

    name: str
    definition: FactDef
    policies: tuple[str, ...]


def questions(decisions: Iterable[Decision], policies: Mapping[str, Policy]) -> list[Question]:
    """Every missing fact that somebody can be asked, the one that bears on most undecided policies first; of those
    that bear on equally many, the one that would settle more of them alone.

    A fact counted over records (a hire, a loan) is a list to fill in, not a question, unless its Count carries one.
    """
    found: dict[str, tuple[FactDef, list[str]]] = {}
    alone: Tally[str] = Tally()
    for decision in decisions:
        if decision.outcome is not Outcome.NEED_INFO:
            continue
        counts = {count.fact: count for count in policies[decision.policy].counts}
        for fact in decision.missing:
            count = counts.get(fact)
            name = count.declared_as(decision.policy) if count else fact
            definition = count.definition if count else FACTS[fact]
            if definition.question:
                found.setdefault(name, (definition, []))[1].append(decision.policy)
                alone[name] += len(decision.missing) == 1
    ranked = sorted(found, key=lambda name: (len(found[name][1]), alone[name], name), reverse=True)
    return [Question(name, found[name][0], tuple(found[name][1])) for name in ranked]


def next_question(decisions: Iterable[Decision], policies: Mapping[str, Policy]) -> Question | None:
    """The most useful question; None: nothing to ask."""
    return next(iter(questions(decisions, policies)), None)


@dataclass(frozen=True, slots=True)
class _Taken:
    policy: str
    name: str
    records: frozenset[str]


def _not_open(policy: Policy, on: date) -> Refused | None:
    if policy.state is State.SUSPENDED:
        return Standing.UNPUBLISHED, "政策已暂停受理"
    if policy.state is not State.PUBLISHED:
        return Standing.UNPUBLISHED, "政策未发布或已撤回"
    if policy.valid_to and on > policy.valid_to:
        return Standing.NOT_IN_FORCE, f"政策执行期限至{policy.valid_to}"
    if policy.valid_from and on < policy.valid_from:
        return Standing.NOT_IN_FORCE, f"政策自{policy.valid_from}起执行"
    if policy.apply_to and on > policy.apply_to:
        return Standing.NOT_IN_FORCE, f"申报已于{policy.apply_to}截止"
    return None


def _period(policy: Policy, on: date) -> date:
    """Since when its parameters have the values that they have on the day."""
    starts = (dated.start for each in policy.parameters.values() for dated in each.values if dated.start <= on)
    return max(starts, default=date.min)


def _bears_on(rule: Modifier, policy: Policy) -> bool:
    return policy.id not in rule.exempt and (not rule.categories or policy.category in rule.categories)


def _vetoed(rules: list[Modifier]) -> Refused | None:
    return next(((Standing.VETOED, rule.reason) for rule in rules if rule.effect == "veto"), None)

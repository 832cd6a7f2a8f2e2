"""政策匹配: what an enterprise may have on a day, in which way, for how much, why, and what to ask next."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chalicelib.enterprises.model import Enterprise
from chalicelib.policies import benefits
from chalicelib.policies.benefits import Amount, Inputs
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import Test, compile_combine, compile_verdict, leaf_test
from chalicelib.policies.conditions import parse
from chalicelib.policies.counting import Counted, Counter
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.explain import QUAL_NAMES, Evidence, Explainer, Explanation, TraceLine
from chalicelib.policies.facts import FactSheet, fact_sheet
from chalicelib.policies.model import Mode, Modifier, Policy, State
from chalicelib.policies.tree import ASK, NO, OUTCOMES, YES, Leaf, Outcome, Verdict

_NONE: frozenset[str] = frozenset()


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


DRY = "本年度资金已用完，补充后再兑现"


class PolicyService:
    """``policies`` by id; the catalogue's content version decides which they are. ``dry`` names the pools that have
    nothing left in the year of a day (``AwardService.dry_pools``)."""

    def __init__(
        self, policies: Mapping[str, Policy], dry: Callable[[date], Collection[str]] = lambda on: frozenset()
    ) -> None:
        self._policies = policies
        self._dry = dry
        self._compiled: dict[tuple[str, int, date], _Compiled] = {}
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
        bearing, dry = self._bearing(sheet), self._dry(sheet.on)
        decisions = []
        for policy_id in sorted(self._policies):
            policy = self._policies[policy_id]
            if policy.audience == "enterprise" and policy.state not in (State.DRAFT, State.REVIEWED):
                decisions.append(self._exclusive(policy, sheet, bearing, taken))
                decisions[-1].dry = policy.pool in dry
        return decisions

    def decide(self, policy: Policy, enterprise: Enterprise, on: date) -> Decision:
        """One policy, without regard to others of its exclusion group."""
        return self.decide_sheet(policy, fact_sheet(enterprise, on))

    def decide_sheet(self, policy: Policy, sheet: FactSheet, without: frozenset[str] = frozenset()) -> Decision:
        """The same on facts already gathered; records named in ``without`` do not count."""
        return self._decide(policy, sheet, self._bearing(sheet), without)

    def _bearing(self, sheet: FactSheet) -> list[Modifier]:
        """The rules that hold for the enterprise, whichever policies they bear on."""
        return [rule for rule, holds in self._modifiers if holds(sheet.values) == YES]

    def _decide(
        self, policy: Policy, sheet: FactSheet, bearing: list[Modifier], without: frozenset[str] = frozenset()
    ) -> Decision:
        rules = [rule for rule in bearing if _bears_on(rule, policy)] if bearing else bearing
        refused = _not_open(policy, sheet.on) or _vetoed(rules)
        return self._compile(policy, sheet.on).decide(sheet, without, refused, rules)

    def _exclusive(
        self, policy: Policy, sheet: FactSheet, bearing: list[Modifier], taken: dict[str, _Taken]
    ) -> Decision:
        decision = self._decide(policy, sheet, bearing)
        group = policy.excl_group
        if group is None or decision.outcome is not Outcome.MATCH:
            return decision
        holder = taken.get(group)
        if holder:
            shared = decision.records & holder.records
            rest = self._decide(policy, sheet, bearing, holder.records) if shared else decision
            if rest.outcome is not Outcome.MATCH or not decision.records:
                return _blocked(decision, group, holder)
            decision = rest
        before = holder.records if holder else frozenset()
        first = holder or _Taken(policy.id, policy.short, before)
        taken[group] = replace(first, records=before | decision.records)
        return decision

    def _compile(self, policy: Policy, on: date) -> _Compiled:
        key = (policy.id, policy.version, _period(policy, on) if policy.parameters else date.min)
        if key not in self._compiled:
            self._compiled[key] = _Compiled(policy, on)
        return self._compiled[key]


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


class _Compiled:
    """One policy version with its parameters of one period, ready to decide."""

    def __init__(self, policy: Policy, on: date) -> None:
        self._policy = policy
        self._on = on
        self._schema = policy.schema_of_facts
        self._tree = policy.tree(policy.condition, on)
        self._tests = [leaf_test(leaf) for leaf in self._tree.leaves]
        self._holds = compile_verdict(self._tree)
        self._combine = compile_combine(self._tree)
        self.explainer = Explainer(self._tree, self._schema)
        self._counters = [Counter(count) for count in policy.counts]
        self._overrides = [(each, compile_verdict(policy.tree(each.when, on))) for each in policy.mode_overrides]
        self._cases: dict[int, Test] = {}

    def decide(
        self, sheet: FactSheet, without: frozenset[str], refused: Refused | None, rules: list[Modifier]
    ) -> Decision:
        """``refused`` makes it no match whatever the facts; ``rules`` bear on the amount."""
        counted: dict[str, Counted] = {}
        evidence: Mapping[str, Evidence] = sheet.evidence
        low = high = sheet.values
        if self._counters:
            counted = {each.count.fact: each.over(sheet.records.get(each.count.of), without) for each in self._counters}
            evidence = self._declared(sheet, counted) if sheet.declared else evidence
            low = high = low | {name: found.low for name, found in counted.items() if found.low is not None}
            if any(found.low != found.high for found in counted.values()):
                high = low | {name: found.high for name, found in counted.items() if found.high is not None}
        verdict = self._holds(low) if low is high else self._combine(self.verdicts(low, high))
        mode, materials = self._mode(low)
        policy = self._policy
        return Decision(
            policy=policy.id,
            version=policy.version,
            name=policy.name,
            on=sheet.on,
            outcome=Outcome.NOT_MATCH if refused else OUTCOMES[verdict],
            standing=refused[0] if refused else Standing.APPLIES,
            mode=mode,
            materials=materials,
            deadline=policy.deadline,
            because=Reasoning(self, sheet, low, high, counted, evidence, rules),
            refusal=refused[1] if refused else None,
            records=frozenset().union(*(found.refs for found in counted.values())) if counted else _NONE,
            excluded=without,
        )

    def verdicts(self, low: dict[str, Any], high: dict[str, Any]) -> list[Verdict]:
        """How each leaf comes out for what certainly counts and for what may."""
        if low is high:
            return [test(low) for test in self._tests]
        return [_settled(test(low), test(high)) for test in self._tests]

    def _declared(self, sheet: FactSheet, counted: dict[str, Counted]) -> Mapping[str, Evidence]:
        """Let the enterprise's own figure stand for a count that the records leave open; returns the evidence."""
        evidence = dict(sheet.evidence)
        for each in self._counters:
            found, own = counted[each.count.fact], sheet.declared.get(each.count.declared_as(self._policy.id))
            if own is not None and (found.low is None or found.low != found.high):
                counted[each.count.fact] = Counted(own[0], own[0], found.refs)
                evidence[each.count.fact] = own[1]
        return evidence

    def _mode(self, values: Mapping[str, Any]) -> tuple[Mode, tuple[str, ...]]:
        for override, holds in self._overrides:
            if holds(values) in (YES, ASK):
                return override.mode, override.materials or self._policy.materials
        return self._policy.mode, self._policy.materials

    def benefit(self, values: Mapping[str, Any], counted: Mapping[str, Counted]) -> Amount:
        open_ones = {name for name, found in counted.items() if found.open_fields and not found.low}
        if open_ones:
            values = {name: value for name, value in values.items() if name not in open_ones}
        inputs = Inputs(values, self._schema, lambda raw: self._case(raw, values), self._parameter)
        amount = benefits.evaluate(self._policy.benefit, inputs)
        if amount.fen and any(found.open_fields for found in counted.values()):
            return replace(amount, calculation=f"{amount.calculation}（资料不全的记录未计入）")
        return amount

    def _case(self, raw: dict[str, Any], values: Mapping[str, Any]) -> Verdict:
        """``raw`` belongs to the policy, which lives as long as this, so its identity will do for a key."""
        if id(raw) not in self._cases:
            self._cases[id(raw)] = compile_verdict(self._policy.tree(raw, self._on))
        return self._cases[id(raw)](values)

    def _parameter(self, name: str) -> Decimal:
        return self._policy.parameters[name].on(self._on)


class Reasoning:
    """What stands behind one decision, worked out when somebody asks for it."""

    __slots__ = ("_benefit", "_compiled", "_counted", "_evidence", "_high", "_low", "_rules", "_sheet", "_why")

    def __init__(
        self,
        compiled: _Compiled,
        sheet: FactSheet,
        low: dict[str, Any],
        high: dict[str, Any],
        counted: Mapping[str, Counted],
        evidence: Mapping[str, Evidence],
        rules: list[Modifier],
    ) -> None:
        self._compiled, self._sheet, self._low, self._high = compiled, sheet, low, high
        self._counted, self._evidence, self._rules = counted, evidence, rules
        self._why: Explanation | None = None
        self._benefit: Amount | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(_reasons(self._explanation, self.lost, self._sheet))

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(self._explanation.missing())

    @property
    def lost(self) -> list[tuple[str, date]]:
        """Titles that were asked for, once held, and have run out, with their last day."""
        return _lost(self._explanation, self._sheet)

    @property
    def benefit(self) -> Amount:
        """The amount, with what other rules take of it."""
        if self._benefit is None:
            amount = self._compiled.benefit(self._low, self._counted)
            for rule in self._rules:
                amount = amount.scaled(rule.factor, rule.reason)
            self._benefit = amount
        return self._benefit

    def trace(self) -> tuple[TraceLine, ...]:
        return self._explanation.trace(self._evidence)

    @property
    def _explanation(self) -> Explanation:
        if self._why is None:
            self._why = self._compiled.explainer.of(self._compiled.verdicts(self._low, self._high), self._low)
        return self._why


def _settled(low: Verdict, high: Verdict) -> Verdict:
    """A leaf that comes out differently for what certainly counts and for what may is open."""
    return low if low == high else ASK


def _reasons(why: Explanation, lost: list[tuple[str, date]], sheet: FactSheet) -> list[str]:
    gone = [f"{QUAL_NAMES[code]}已于{day}过有效期" for code, day in lost]
    facts = {leaf.fact for leaf in why.deciding() if isinstance(leaf, Leaf)}
    how = [sheet.how[fact] for fact in sorted(facts & sheet.how.keys()) if FACTS[fact].derived]
    return list(dict.fromkeys([*gone, *why.reasons(), *how]))


def _lost(why: Explanation, sheet: FactSheet) -> list[tuple[str, date]]:
    """Titles that were asked for, once held, and have run out."""
    if why.verdict != NO:
        return []
    asked = [str(leaf.value) for leaf in why.deciding() if isinstance(leaf, Leaf) and leaf.fact == "valid_quals"]
    return [(code, sheet.lapsed[code]) for code in asked if code in sheet.lapsed]


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


def _blocked(decision: Decision, group: str, holder: _Taken) -> Decision:
    reason = f"与“{holder.name}”同属{group}，同一笔只能享受一项"
    return replace(
        decision,
        outcome=Outcome.NOT_MATCH,
        standing=Standing.BLOCKED,
        refusal=reason,
        blocked_by=holder.policy,
    )

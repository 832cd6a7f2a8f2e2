"""policy-push: finds the enterprises a policy is for and tells each once a day, in one digest, what is new for it.

A changed enterprise and a published policy are looked at within a minute (``jobs/rematch.py``). A run over all
enterprises is the daily reconcile: whatever changed since the last look, a profile, a policy or the day, shows as a
difference to what was told and seen (``jobs/told.py``). Who had nothing left to be told, and for whom every policy
comes out as it did, is passed over (``jobs/kept_looks.py``). What a digest rests on is kept before it goes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from hashlib import sha256
from itertools import groupby

from chalicelib.enterprises.model import Enterprise
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import EXPIRED, SAMPLE, plan
from chalicelib.policies import decisions
from chalicelib.policies.awards.repository import AwardRepository
from chalicelib.policies.decisions import Evidenced, evidenced
from chalicelib.policies.facts import FactSheet, fact_sheet
from chalicelib.policies.model import MODE_NAMES, Mode, Policy
from chalicelib.policies.outcome_bits import BITS
from chalicelib.policies.service import SEVERE_DISHONESTY, Decision, PolicyService, Standing
from chalicelib.policies.tree import Outcome
from chalicelib.ports import Put
from jobs import kept_looks
from jobs.core import Done, Job, JobContext, JobPlan, Placement, When, chosen
from jobs.kept_looks import KeptLooks, Look
from jobs.schedule import Daily
from jobs.telling import circumstances, together
from jobs.told import CHANGED, NOW_MATCH, REPAIRABLE, WINDOW, Told, Unmatched, seen, telling, told_by
from jobs.wording import chinese_date, field_deadline

log = logging.getLogger(__name__)

ALREADY_TOLD = "已告知"
POOL_DRY = "资金池已用完"
SHOWN = 5
"""Policies named in a bubble; the page shows all."""

MOST_AT_ONCE = 40
"""Policies told in one digest, whose rows must fit into one transaction with its notices; the rest follow tomorrow."""

LIFE = timedelta(days=3)

REPAIR = frozenset(SEVERE_DISHONESTY.exempt)
"""Policies that stay open to who lost their credit: the reminder to mend it."""

_WHAT_IS_NEW = {CHANGED: " · 政策有更新", NOW_MATCH: " · 资料更新后新符合", WINDOW: " · 现在可以申报"}


@dataclass(frozen=True, slots=True)
class Match:
    """A policy that an enterprise may have and was not told of in this version."""

    decision: Decision
    policy: Policy
    event: str


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one enterprise: matches with their events, and how many policies lack a fact.

    ``before`` are the policies that did not match at the last look, ``unmatched`` those that do not today.
    """

    enterprise: Enterprise
    matches: tuple[Match, ...] = ()
    sheet: FactSheet | None = None
    """What the matches were decided on."""
    open_questions: int = 0
    before: Unmatched = field(default_factory=dict)
    unmatched: Unmatched = field(default_factory=dict)
    waiting: Unmatched = field(default_factory=dict)
    """Newly matched, but not among ``matches`` today: to be told another day."""
    more: bool = False
    """More is to be told than one digest holds."""

    def seen(self, *, told: bool) -> Put:
        """The row of this look, once its matches are told, or where they are not."""
        untold = {} if told else {m.policy.id: m.policy.version for m in self.matches if m.event == NOW_MATCH}
        return seen(self.enterprise.uscc, {**self.unmatched, **self.waiting, **untold})


@dataclass(frozen=True, slots=True)
class PushPlan(JobPlan):
    """Also the evidence of each digest, and the looks that go without one. ``touched`` are those about whom something
    is written. ``kept`` is what the last reconcile kept, None in a run over a few; ``settled`` is what this one keeps.
    """

    evidence: tuple[Evidenced, ...] = ()
    looks: tuple[Put, ...] = ()
    touched: tuple[str, ...] = ()
    kept: KeptLooks | None = None
    mark: str = ""
    settled: tuple[Look, ...] = ()
    more: tuple[str, ...] = ()
    """Enterprises for whom one digest does not hold all that is new."""


class PolicyPush(Job):
    name = "policy-push"
    title = "政策找企业"
    schedule = Daily(time(8, 30))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        if when.enterprise is not None:
            return self.plan_for(context, when, chosen(context, when.enterprise))
        kept = kept_looks.load(context.store)
        desk = _Desk(context, when, kept)
        found = [news for enterprise in context.enterprises.all() if (news := desk.look(enterprise))]
        made = _placed(context, when, found, desk, part_of_many=False)
        touched = tuple(uscc for uscc in made.touched if uscc in kept.looks)
        return replace(made, touched=touched, kept=kept, mark=desk.mark, settled=tuple(desk.settled))

    def plan_for(
        self, context: JobContext, when: When, enterprises: Iterable[Enterprise], part_of_many: bool = False
    ) -> PushPlan:
        """The same for these enterprises, as when something has just changed about them (``jobs/rematch.py``)."""
        desk = _Desk(context, when)
        found = [news for enterprise in enterprises if (news := desk.look(enterprise))]
        return _placed(context, when, found, desk, part_of_many)

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Evidence first: a digest without it could not be accounted for, evidence without a digest harms nobody.

        What was kept of an enterprise is given up before anything about it changes, and kept anew when all is done:
        a run that breaks off leaves more to look at, never less.
        """
        if not isinstance(plan, PushPlan):
            return super().execute(context, plan, when)
        store = context.store
        run = kept_looks.claim(store, plan.kept) if plan.kept is not None else None
        kept_looks.touch(store, plan.touched)
        for found in plan.evidence:
            decisions.keep(store, found)
        for look in plan.looks:
            store.put(look.record)
        done = super().execute(context, plan, when)
        if plan.kept is not None and run is not None:
            kept_looks.save(store, plan.kept, run, plan.mark, plan.settled)
        return done


class _Desk:
    """Looks at one enterprise after another under one version of the content, and counts what it leaves out."""

    def __init__(self, context: JobContext, when: When, kept: KeptLooks | None = None) -> None:
        self._context = context
        self._when = when
        self._kept = kept or KeptLooks()
        self.mark = ""
        self.settled: list[Look] = []
        self._policies = context.catalogue().policies
        dry = AwardRepository(context.store).dry_pools(when.on)
        self._service = PolicyService(self._policies, lambda on: dry)
        self._expired: set[str] = set()
        self._skipped: Counter[str] = Counter()
        self.failed = 0

    @property
    def skipped(self) -> Counter[str]:
        """Reasons with their counts: policies for 已过期, pairs of enterprise and policy for the others."""
        return self._skipped + Counter({EXPIRED: len(self._expired)})

    def look(self, enterprise: Enterprise) -> News | None:
        """None: nothing is new for it, as at the last look."""
        try:
            sheet = fact_sheet(enterprise, self._when.on)
            found = self._service.check_sheet(sheet)
        except Exception:
            # One profile that trips the rules must not keep the news from all the others; the run says so.
            log.exception("policies could not be checked for one enterprise")
            self.failed += 1
            return News(enterprise)
        self._expired.update(d.policy for d in found if d.standing is Standing.NOT_IN_FORCE)
        self.mark = self.mark or self._marked(found)
        dishonest = sheet.values.get("has_severe_dishonesty") is True
        matches = [d for d in found if d.outcome is Outcome.MATCH and (not dishonest or d.policy in REPAIR)]
        look = Look(enterprise.uscc, bytes(BITS[d.outcome] for d in found))
        if not dishonest and self._kept.same(look.uscc, self.mark, look.outcomes):
            self._skipped.update(ALREADY_TOLD if self._may_be_told(d) else SAMPLE for d in matches)
            self.settled.append(look)
            return None
        told = told_by(self._context.store, enterprise.uscc)
        events = {d.policy: self._event(d, told) for d in matches}
        fresh = [match for d in matches if (match := self._match(d, events[d.policy]))]
        if found and not dishonest and all(self._rests(d, events[d.policy], told) for d in matches):
            self.settled.append(look)
        chosen_ones = tuple(fresh[:MOST_AT_ONCE])
        now_told = {match.policy.id for match in chosen_ones}
        return News(
            enterprise,
            chosen_ones,
            sheet,
            open_questions=sum(d.outcome is Outcome.NEED_INFO and self._may_be_told(d) for d in found),
            before=told.unmatched,
            unmatched={d.policy: d.version for d in found if _stays_open(d)},
            waiting={
                d.policy: d.version for d in matches if events[d.policy] == NOW_MATCH and d.policy not in now_told
            },
            more=len(fresh) > MOST_AT_ONCE,
        )

    def _marked(self, found: Sequence[Decision]) -> str:
        """Everything beside the outcomes that decides whether something is to be told: the policies and their
        versions, which of them are in force, may be told of, take applications by now and have money left."""
        words = []
        for decision in found:
            policy = self._policies[decision.policy]
            opened = policy.apply_from is None or policy.apply_from <= self._when.on
            known = (_is_closed(decision), self._may_be_told(decision), opened, decision.dry)
            words.append(f"{policy.id}#{policy.version}#{known}")
        return sha256("\n".join(words).encode()).hexdigest()

    def _rests(self, decision: Decision, event: str | None, told: Told) -> bool:
        """Whether there is nothing to tell of a match until an outcome or the mark changes."""
        tellable = self._may_be_told(decision)
        if event is None:
            return tellable and not told.window_untold(self._policies[decision.policy], self._when.on)
        return not tellable and not decision.dry

    def _event(self, decision: Decision, told: Told) -> str | None:
        policy = self._policies[decision.policy]
        if policy.id in REPAIR:
            return None if told.was_told(policy, REPAIRABLE) else REPAIRABLE
        return told.event(policy, decision.mode, self._when.on)

    def _match(self, decision: Decision, event: str | None) -> Match | None:
        if event is None:
            self._skipped[ALREADY_TOLD] += 1
            return None
        if decision.dry:
            self._skipped[POOL_DRY] += 1
            return None
        if not self._may_be_told(decision):
            self._skipped[SAMPLE] += 1
            return None
        return Match(decision, self._policies[decision.policy], event)

    def _may_be_told(self, decision: Decision) -> bool:
        return self._policies[decision.policy].may_be_pushed(demo=self._context.demo)

    def evidence(self, news: News) -> list[Evidenced]:
        """What the digest rests on."""
        if news.sheet is None:
            return []
        now, service, sheet = self._when.now, self._service, news.sheet
        return [
            evidenced(each.decision, each.policy, sheet, service, f"政策提示：{each.event}", now)
            for each in news.matches
        ]


def _stays_open(decision: Decision) -> bool:
    """No match today, but it may become one when the profile changes. What is not in force is nobody's yet."""
    return not _is_closed(decision) and decision.outcome is not Outcome.MATCH


def _is_closed(decision: Decision) -> bool:
    """For everybody, whatever their facts."""
    return decision.standing in (Standing.NOT_IN_FORCE, Standing.UNPUBLISHED)


def _placed(context: JobContext, when: When, found: Sequence[News], desk: _Desk, part_of_many: bool) -> PushPlan:
    """One placement an enterprise: its people's notices, the day's digest, and what it was told."""
    by_uscc = {news.enterprise.uscc: news for news in found}
    telling_now = [news for news in found if news.matches]
    kinds = (NoticeKind.POLICY_DIGEST, NoticeKind.CREDIT_REPAIR)
    around = circumstances(context, when, [news.enterprise.uscc for news in telling_now], *kinds)
    planned = plan([_digest(news, when) for news in telling_now], replace(around, part_of_many=part_of_many))
    placements: list[Placement] = []
    evidence: list[Evidenced] = []
    for uscc, items in groupby(planned.items, key=lambda item: item.notice.uscc):
        news = by_uscc.pop(uscc)
        placements += together(list(items), when, _rows(news, when.on))
        evidence += desk.evidence(news)
    looks = [news.seen(told=False) for news in by_uscc.values()]
    changed = [look for look in looks if look.record.body["unmatched"] != by_uscc[_uscc(look)].before]
    skipped = dict(desk.skipped + Counter(planned.skipped))
    touched = (*(item.notice.uscc for item in planned.items), *(_uscc(look) for look in changed))
    made = PushPlan(tuple(placements), (), skipped, desk.failed, tuple(evidence), tuple(changed))
    more = tuple(news.enterprise.uscc for news in found if news.more)
    return replace(made, touched=tuple(dict.fromkeys(touched)), more=more)


def _uscc(look: Put) -> str:
    return look.record.pk.partition("#")[2]


def _rows(news: News, on: date) -> list[Put]:
    uscc = news.enterprise.uscc
    rows = [telling(uscc, match.policy.id, str(match.policy.version), match.event, on) for match in news.matches]
    return [*rows, news.seen(told=True)]


# ------------------------------------------------------------------------------------------------------------- wording


def _digest(news: News, when: When) -> Draft:
    """The day's digest, or, where all there is to say is that a bad mark can be mended, that."""
    matches = news.matches
    repair = all(match.event == REPAIRABLE for match in matches)
    ends = [match.decision.deadline for match in matches if match.decision.deadline]
    return Draft(
        uscc=news.enterprise.uscc,
        kind=NoticeKind.CREDIT_REPAIR if repair else NoticeKind.POLICY_DIGEST,
        subject="policies",
        version=when.on.isoformat(),
        event=REPAIRABLE if repair else "digest",
        title="可以申请信用修复" if repair else f"有 {len(matches)} 项政策与您有关",
        lines=_lines(news, when.on),
        fields={
            "thing1": _names(matches),
            "thing2": news.enterprise.name,
            "phrase3": _status(matches, repair),
            "time4": field_deadline(min(ends, default=None)),
        },
        path="/h5/policies",
        expires_at=when.now + LIFE,
        why="；".join(match.policy.short for match in matches[:SHOWN]),
        sample=any(match.policy.is_sample for match in matches),
    )


def _status(matches: Sequence[Match], repair: bool) -> str:
    if repair:
        return "可以修复"
    return "请留意" if all(match.decision.mode is Mode.NOTICE for match in matches) else "符合条件"


def _lines(news: News, today: date) -> tuple[str, ...]:
    lines = [_line(n, match, today) for n, match in enumerate(news.matches[:SHOWN], 1)]
    if len(news.matches) > SHOWN:
        lines.append(f"另有 {len(news.matches) - SHOWN} 项，打开页面查看。")
    if news.open_questions:
        lines.append(f"待补充 {news.open_questions} 项：补上资料就知道结果。")
    return tuple(lines)


def _line(n: int, match: Match, today: date) -> str:
    decision, policy = match.decision, match.policy
    until = f" · {chinese_date(decision.deadline, today)}截止" if decision.deadline else ""
    if decision.mode is Mode.NOTICE:
        return f"请留意 {n} {policy.short}{until}"
    return f"可享 {n} {policy.short} · {MODE_NAMES[decision.mode]}{until}{_WHAT_IS_NEW.get(match.event, '')}"


def _names(matches: Sequence[Match]) -> str:
    """稳岗返还等3项, within the 20 characters of the field."""
    first = matches[0].policy.short
    more = f"等{len(matches)}项" if len(matches) > 1 else ""
    return f"{first[: 20 - len(more)]}{more}"

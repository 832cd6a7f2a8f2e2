"""policy-push: finds the enterprises a policy is for and tells each once a day, in one digest, what is new for it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import groupby

from chalicelib.enterprises.model import Enterprise
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import EXPIRED, SAMPLE, plan
from chalicelib.policies.model import MODE_NAMES, Mode, Policy
from chalicelib.policies.service import SEVERE_DISHONESTY, Decision, PolicyService, Standing
from chalicelib.policies.tree import Outcome
from chalicelib.ports import Put
from jobs.core import Job, JobContext, JobPlan, Placement, When, chosen
from jobs.schedule import Daily
from jobs.telling import circumstances, together
from jobs.told import REPAIRABLE, Told, telling, told_by
from jobs.wording import chinese_date, field_deadline

log = logging.getLogger(__name__)

ALREADY_TOLD = "已告知"
SHOWN = 5
"""Policies named in a bubble; the page shows all."""

MOST_AT_ONCE = 40
"""Policies told in one digest, whose rows must fit into one transaction with its notices; the rest follow tomorrow."""

LIFE = timedelta(days=3)

REPAIR = frozenset(SEVERE_DISHONESTY.exempt)
"""Policies that stay open to who lost their credit: the reminder to mend it."""


@dataclass(frozen=True, slots=True)
class Match:
    """A policy that an enterprise may have and was not told of in this version."""

    decision: Decision
    policy: Policy
    event: str


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one enterprise: matches with their events, and how many policies lack a fact."""

    enterprise: Enterprise
    matches: tuple[Match, ...]
    open_questions: int


class PolicyPush(Job):
    name = "policy-push"
    title = "政策找企业"
    schedule = Daily(time(8, 30))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        desk = _Desk(context, when)
        found = [news for enterprise in chosen(context, when.enterprise) if (news := desk.look(enterprise)).matches]
        return _placed(context, when, found, desk)


class _Desk:
    """Looks at one enterprise after another under one version of the content, and counts what it leaves out."""

    def __init__(self, context: JobContext, when: When) -> None:
        self._context = context
        self._when = when
        self._policies = context.catalogue().policies
        self._service = PolicyService(self._policies)
        self._expired: set[str] = set()
        self._skipped: Counter[str] = Counter()
        self.failed = 0

    @property
    def skipped(self) -> Counter[str]:
        """Reasons with their counts: policies for 已过期, pairs of enterprise and policy for the others."""
        return self._skipped + Counter({EXPIRED: len(self._expired)})

    def look(self, enterprise: Enterprise) -> News:
        try:
            decisions = self._service.check(enterprise, self._when.on)
        except Exception:
            # One profile that trips the rules must not keep the news from all the others; the run says so.
            log.exception("policies could not be checked for one enterprise")
            self.failed += 1
            return News(enterprise, (), 0)
        self._expired.update(d.policy for d in decisions if d.standing is Standing.NOT_IN_FORCE)
        told = told_by(self._context.store, enterprise.uscc)
        matches = [d for d in decisions if d.outcome is Outcome.MATCH]
        fresh = [match for decision in matches if (match := self._match(decision, told))]
        open_questions = sum(d.outcome is Outcome.NEED_INFO and self._may_be_told(d) for d in decisions)
        return News(enterprise, tuple(fresh[:MOST_AT_ONCE]), open_questions)

    def _match(self, decision: Decision, told: Told) -> Match | None:
        event = told.event(decision.policy, str(decision.version))
        if event is None:
            self._skipped[ALREADY_TOLD] += 1
            return None
        if not self._may_be_told(decision):
            self._skipped[SAMPLE] += 1
            return None
        policy = self._policies[decision.policy]
        return Match(decision, policy, REPAIRABLE if policy.id in REPAIR else event)

    def _may_be_told(self, decision: Decision) -> bool:
        return self._policies[decision.policy].may_be_pushed(demo=self._context.demo)


def _placed(context: JobContext, when: When, found: Sequence[News], desk: _Desk) -> JobPlan:
    """One placement an enterprise: its people's notices, the day's digest, and what it was told."""
    by_uscc = {news.enterprise.uscc: news for news in found}
    around = circumstances(context, when, by_uscc, NoticeKind.POLICY_DIGEST, NoticeKind.CREDIT_REPAIR)
    planned = plan([_digest(news, when) for news in found], around)
    placements: list[Placement] = []
    for uscc, items in groupby(planned.items, key=lambda item: item.notice.uscc):
        placements += together(list(items), when, _rows(by_uscc[uscc], when.on))
    return JobPlan(tuple(placements), skipped=dict(desk.skipped + Counter(planned.skipped)), failed=desk.failed)


def _rows(news: News, on: date) -> list[Put]:
    uscc = news.enterprise.uscc
    return [telling(uscc, match.policy.id, str(match.policy.version), match.event, on) for match in news.matches]


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
    lines = [_line(n, match.decision, match.policy, today) for n, match in enumerate(news.matches[:SHOWN], 1)]
    if len(news.matches) > SHOWN:
        lines.append(f"另有 {len(news.matches) - SHOWN} 项，打开页面查看。")
    if news.open_questions:
        lines.append(f"待补充 {news.open_questions} 项：补上资料就知道结果。")
    return tuple(lines)


def _line(n: int, decision: Decision, policy: Policy, today: date) -> str:
    until = f" · {chinese_date(decision.deadline, today)}截止" if decision.deadline else ""
    if decision.mode is Mode.NOTICE:
        return f"请留意 {n} {policy.short}{until}"
    return f"可享 {n} {policy.short} · {MODE_NAMES[decision.mode]}{until}"


def _names(matches: Sequence[Match]) -> str:
    """稳岗返还等3项, within the 20 characters of the field."""
    first = matches[0].policy.short
    more = f"等{len(matches)}项" if len(matches) > 1 else ""
    return f"{first[: 20 - len(more)]}{more}"

"""policy-push: finds the enterprises a policy is for and tells each once a day, in one digest, what is new for it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from chalicelib.policies.model import Mode
from chalicelib.policies.service import Decision, PolicyService

from chalicelib.enterprises.model import Enterprise
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import EXPIRED, SAMPLE, plan
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

HOW: dict[Mode, str] = {
    Mode.AUTO: "不用申请，核对账户即可",
    Mode.APPLY: "需要申请",
    Mode.SELF_DECLARE: "申报时享受",
    Mode.RECOMMEND: "由部门推荐",
    Mode.VIA_BANK: "找经办银行",
    Mode.NOTICE: "请留意",
}


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one enterprise: matches with their events, and how many policies lack a fact."""

    enterprise: Enterprise
    matches: tuple[tuple[Decision, str], ...]
    open_questions: int


class PolicyPush(Job):
    name = "policy-push"
    title = "政策找企业"
    schedule = Daily(time(8, 30))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        policies = context.policies()
        skipped: Counter[str] = Counter()
        failed = 0
        found: list[News] = []
        for enterprise in chosen(context, when.enterprise):
            try:
                news = _news(context, policies, enterprise, when, skipped)
            except Exception:
                # One profile that trips the rules must not keep the news from all the others; the run says so.
                log.exception("policies could not be checked for one enterprise")
                failed += 1
                continue
            if news.matches:
                found.append(news)
        return _placed(context, when, found, skipped, failed)


def _news(
    context: JobContext, policies: PolicyService, enterprise: Enterprise, when: When, skipped: Counter[str]
) -> News:
    told = told_by(context.store, enterprise.uscc)
    decisions = policies.check(enterprise, when.on)
    matches = [d for d in decisions if d.outcome == "match"]
    fresh = list(_fresh(matches, told, context.demo, when.on, skipped))
    open_questions = sum(d.outcome == "need_info" and d.policy.may_be_pushed(demo=context.demo) for d in decisions)
    return News(enterprise, tuple(fresh[:MOST_AT_ONCE]), open_questions)


def _fresh(
    matches: Sequence[Decision], told: Told, demo: bool, on: date, skipped: Counter[str]
) -> Iterable[tuple[Decision, str]]:
    for decision in matches:
        policy = decision.policy
        event = told.event(policy.id, str(policy.version))
        if not policy.in_force(on):
            skipped[EXPIRED] += 1
        elif event is None:
            skipped[ALREADY_TOLD] += 1
        elif not policy.may_be_pushed(demo=demo):
            skipped[SAMPLE] += 1
        else:
            yield decision, REPAIRABLE if decision.mode is Mode.NOTICE else event


def _placed(context: JobContext, when: When, found: Sequence[News], skipped: Counter[str], failed: int) -> JobPlan:
    """One placement an enterprise: its people's notices, the day's digest, and what it was told."""
    by_uscc = {news.enterprise.uscc: news for news in found}
    kinds = (NoticeKind.POLICY_DIGEST, NoticeKind.CREDIT_REPAIR)
    around = circumstances(context, when, by_uscc, *kinds)
    planned = plan([_digest(news, when) for news in found], around)
    skipped.update(planned.skipped)
    placements: list[Placement] = []
    for uscc, news in by_uscc.items():
        items = tuple(item for item in planned.items if item.notice.uscc == uscc)
        if items:
            placements += together(items, when, _rows(news, when.on))
    return JobPlan(tuple(placements), skipped=dict(skipped), failed=failed)


def _rows(news: News, on: date) -> tuple[Put, ...]:
    uscc = news.enterprise.uscc
    return tuple(telling(uscc, d.policy.id, str(d.policy.version), event, on) for d, event in news.matches)


# ------------------------------------------------------------------------------------------------------------- wording


def _digest(news: News, when: When) -> Draft:
    """The day's digest, or, where all there is to say is that a bad mark can be mended, that."""
    repair = all(event == REPAIRABLE for _, event in news.matches)
    decisions = [decision for decision, _ in news.matches]
    return Draft(
        uscc=news.enterprise.uscc,
        kind=NoticeKind.CREDIT_REPAIR if repair else NoticeKind.POLICY_DIGEST,
        subject="policies",
        version=when.on.isoformat(),
        event=REPAIRABLE if repair else "digest",
        title="可以申请信用修复" if repair else f"有 {len(decisions)} 项政策与您有关",
        lines=_lines(news, decisions),
        fields={
            "thing1": _names(decisions),
            "thing2": news.enterprise.name,
            "phrase3": "可以修复" if repair else "符合条件",
            "time4": field_deadline(_first_end(decisions)),
        },
        path="/h5/policies",
        expires_at=when.now + LIFE,
        why="；".join(decision.policy.name for decision in decisions[:SHOWN]),
        sample=any(decision.policy.is_sample for decision in decisions),
    )


def _lines(news: News, decisions: Sequence[Decision]) -> tuple[str, ...]:
    lines = [f"可享 {n} {d.policy.name} · {HOW[d.mode]}{_until(d)}" for n, d in enumerate(decisions[:SHOWN], 1)]
    if len(decisions) > SHOWN:
        lines.append(f"另有 {len(decisions) - SHOWN} 项，打开页面查看。")
    if news.open_questions:
        lines.append(f"待补充 {news.open_questions} 项：补上资料就知道结果。")
    return tuple(lines)


def _until(decision: Decision) -> str:
    end = decision.policy.valid_to
    return f" · {chinese_date(end)}截止" if end else ""


def _names(decisions: Sequence[Decision]) -> str:
    first = decisions[0].policy.name
    if len(decisions) == 1:
        return first
    more = f"等{len(decisions)}项"
    return f"{first[: 20 - len(more)]}{more}"


def _first_end(decisions: Sequence[Decision]) -> date | None:
    return min((d.policy.valid_to for d in decisions if d.policy.valid_to), default=None)

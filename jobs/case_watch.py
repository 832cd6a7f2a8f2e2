"""case-watch: tells the people of an enterprise that a case (办件) went a step on that concerns them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from chalicelib.cases.life import Step
from chalicelib.cases.model import Case, CaseAct, CaseState, Kind
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.times import at_local
from jobs.core import Job, JobContext, JobPlan, When, chosen
from jobs.history import RunRow, RunState, runs
from jobs.schedule import Every
from jobs.telling import tell
from jobs.wording import field_time

NEWS_FOR = timedelta(days=7)
"""A step is news for so long; what an import brings of older ones is history."""

OVERLAP = timedelta(minutes=10)
STALE_AFTER = timedelta(days=3)
RUNS_READ = 50

TOLD: dict[Kind, str] = {
    CaseState.RETURNED: "已退件",
    CaseState.CORRECTING: "需要补正",
    CaseState.REJECTED_ACCEPT: "不予受理",
    CaseState.TOL_ACCEPTED: "容缺受理",
    CaseState.ACCEPTED: "已受理",
    CaseAct.DEEMED_ACCEPTED: "视为受理",
    CaseState.SUSPENDED: "特别程序",  # 行政许可法 §45: the applicant must be told
    CaseState.TRANSFERRED: "转报上级",
    CaseState.TERMINATED_NO_SUPPLY: "已终止",
    CaseState.DECIDED_OK: "准予决定",
    CaseState.DECIDED_NO: "不予决定",
    CaseState.DELIVERING: "可以领取",
    CaseState.FINISHED: "已办结",
}
"""Steps worth a message, in at most five characters, which is what the template's field holds."""


class CaseWatch(Job):
    name = "case-watch"
    title = "办件进度提醒"
    schedule = Every(5)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        skipped: Counter[str] = Counter()
        drafts: list[Draft] = []
        since = _since(context, when)
        for enterprise in chosen(context, when.enterprise):
            for case in context.cases.changed_since(enterprise.uscc, since):
                news = _news(context, case, when)
                if news is None:
                    skipped["没有要告知的新进展"] += 1
                else:
                    drafts.append(_draft(context, case, enterprise.uscc, *news, when))
        return tell(context, when, drafts, skipped)


def _since(context: JobContext, when: When) -> datetime:
    """From the last run that came to its end; before there was any, a day; when all that were read failed, as long as
    anything is news. What is asked twice is placed once."""
    day_before = at_local(when.on) - timedelta(days=1)
    if when.enterprise:
        return min(day_before, when.now - NEWS_FOR)
    rows = list(runs(context.store, CaseWatch.name, RUNS_READ))
    if last := next((row for row in rows if _complete(row)), None):
        return last.started_at - OVERLAP
    return day_before if len(rows) < RUNS_READ else when.now - NEWS_FOR


def _complete(row: RunRow) -> bool:
    return row.state is RunState.DONE and row.enterprise is None and not (row.result or {}).get("failed")


def _news(context: JobContext, case: Case, when: When) -> tuple[Step, int] | None:
    """The latest step worth a message, while it is news on the day asked about, and how many of its kind there were by
    then: that tells it apart, since another office's word of the same step may take the place of the first."""
    first, last = at_local(when.on) - NEWS_FOR, at_local(when.on + timedelta(days=1))
    told = context.cases.live(case, when.now).told
    step = next((s for s in reversed(told) if s.kind in TOLD and first <= s.at < last), None)
    return None if step is None else (step, sum(s.kind is step.kind and s.at <= step.at for s in told))


def _asked(step: Step) -> tuple[str, ...]:
    """好差评 is asked for once, with the news that the case has ended."""
    return ("回复“评价”给这次办理打分。",) if step.kind is CaseState.FINISHED else ()


def _draft(context: JobContext, case: Case, uscc: str, step: Step, nth: int, when: When) -> Draft:
    timeline = context.cases.timeline(case, when.now)
    status = TOLD[step.kind]
    return Draft(
        uscc=uscc,
        kind=NoticeKind.CASE_PROGRESS,
        subject=f"case#{case.no}",
        version=str(nth),
        event=str(step.kind),
        title=f"办件进度：{status}",
        lines=(timeline.headline, timeline.current, *_asked(step)),
        fields={
            "thing1": case.head.title,
            "character_string2": case.no,
            "phrase3": status,
            "time4": field_time(step.at),
        },
        path=f"/h5/case/{case.no}",
        expires_at=when.now + STALE_AFTER,
        why=f"办件 {case.no}：{status}",
        sample=case.head.is_sample,
    )

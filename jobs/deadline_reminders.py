"""deadline-reminders: what an applicant must hand in soon (补正、容缺), policies whose window closes soon, titles
that run out, and forms half filled in that will be deleted.

A reminder of T−n goes out on the first run on which at most n days are left, and before days off, when nothing runs, as
if the last of them were today (facts §8.1, no. 28: on the eve of a holiday).
"""

from __future__ import annotations

from collections import Counter
from datetime import date, time, timedelta

from chalicelib.cases.life import Due, DueKind
from chalicelib.cases.model import Case
from chalicelib.cases.workdays import ESTIMATED_NOTE, WorkCalendar
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.times import at_local
from jobs.core import Job, JobContext, JobPlan, When
from jobs.form_expiry import form_drafts
from jobs.loan_renewals import renewal_drafts
from jobs.policy_deadlines import policy_drafts, stage
from jobs.qual_expiry import qual_drafts
from jobs.schedule import Daily
from jobs.telling import tell
from jobs.wording import chinese_date, field_deadline

CASE_DAYS = (7, 3, 1)
DAY_OFF = "非工作日"
TO_DO = {
    DueKind.DRAFT: "提交申请",
    DueKind.SUPPLY: "补交材料",
    DueKind.TOLERANCE: "补齐容缺材料",
}
"""What the applicant has to do by each deadline of theirs (``Due.by_applicant``)."""


class DeadlineReminders(Job):
    name = "deadline-reminders"
    title = "期限提醒"
    schedule = Daily(time(8, 40), workdays=True)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        if not context.calendar.is_workday(when.on):
            return JobPlan(skipped={DAY_OFF: 1})
        until = covered(context.calendar, when.on)
        skipped: Counter[str] = Counter()
        drafts = [
            *_case_drafts(context, when, until, skipped),
            *policy_drafts(context, when, until, skipped),
            *qual_drafts(context, when, until),
            *renewal_drafts(context, when, until),
            *form_drafts(context, when),
        ]
        return tell(context, when, drafts, skipped)


def covered(calendar: WorkCalendar, on: date) -> date:
    """The last day before the next run: today, or the last of the days off that follow."""
    return calendar.next_workday(on) - timedelta(days=1)


def _case_drafts(context: JobContext, when: When, until: date, skipped: Counter[str]) -> list[Draft]:
    last = until + timedelta(days=max(CASE_DAYS))
    drafts = []
    for case in context.cases.due_between(when.on, last):
        due = next((d for d in context.cases.live(case, when.now).dues if d.by_applicant and d.day >= when.on), None)
        uscc = case.head.uscc
        if uscc is None or (when.enterprise and uscc != when.enterprise):
            continue
        reminder = stage((due.day - until).days, CASE_DAYS) if due else None
        if due is None or reminder is None:
            skipped["轮到部门办理"] += 1
            continue
        drafts.append(_case_draft(case, uscc, due, reminder, when))
    return drafts


def _case_draft(case: Case, uscc: str, due: Due, reminder: int, when: When) -> Draft:
    day, act = chinese_date(due.day, when.on), TO_DO[due.kind]
    return Draft(
        uscc=uscc,
        kind=NoticeKind.DEADLINE_REMINDER,
        subject=f"case#{case.no}",
        version=f"{due.kind}#{due.day}",
        event=f"deadline_T-{reminder}",
        title=f"请在 {day}前{act}",
        lines=(
            f"{case.head.title}：{act}的最后一天是 {day}。",
            *((f"日期{ESTIMATED_NOTE}。",) if due.estimated else ()),
        ),
        fields={"thing1": act, "thing2": case.head.title, "time3": field_deadline(due.day)},
        path=f"/h5/case/{case.no}",
        expires_at=min(at_local(due.day + timedelta(days=1)), when.now + timedelta(days=3)),
        why=f"办件 {case.no} 距{due.kind}期限不超过 {reminder} 天",
        sample=case.head.is_sample,
    )

"""loan-alerts: tells 法人 and 财务 who agreed that a loan went a step on, without amounts (facts §5.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from chalicelib.finance.alerts import Alert, new_alerts
from chalicelib.finance.model import Loan
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.times import at_local
from jobs.core import Job, JobContext, JobPlan, When
from jobs.demand_drafts import demand_drafts
from jobs.schedule import Every
from jobs.telling import tell
from jobs.wording import field_time

LOOK_BACK = timedelta(days=14)
"""Steps older than this are history, not news: a first import must not tell a year's worth of them."""

STALE_AFTER = timedelta(days=3)
SUPERSEDED = "已有更新进展"


class LoanAlerts(Job):
    name = "loan-alerts"
    title = "融资进度提醒"
    schedule = Every(1)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        skipped: Counter[str] = Counter()
        drafts = []
        since = at_local(when.on) - LOOK_BACK
        until = at_local(when.on + timedelta(days=1))
        for loan in _loans(context, when):
            alerts = [alert for alert in new_alerts(loan, since) if alert.at < until]
            skipped[SUPERSEDED] += max(0, len(alerts) - 1)
            drafts += [_draft(alert, when) for alert in alerts[-1:]]
        drafts += demand_drafts(context, when)
        return tell(context, when, drafts, +skipped)


def _loans(context: JobContext, when: When) -> Iterable[Loan]:
    return context.loans.of_enterprise(when.enterprise) if when.enterprise else context.loans.watched_loans()


def _draft(alert: Alert, when: When) -> Draft:
    return Draft(
        uscc=alert.uscc,
        kind=NoticeKind.LOAN_PROGRESS,
        subject=f"loan#{alert.loan_id}",
        version=alert.event_id,
        event="loan_step",
        title=f"融资进度：{alert.status}",
        lines=(alert.text.removeprefix("【溪小办】").removesuffix("点击查看详情。"),),
        fields={"thing1": "融资业务", "phrase2": alert.status, "time3": field_time(alert.at)},
        path=f"/h5/loan/{alert.loan_id}",
        expires_at=when.now + STALE_AFTER,
        why=f"贷款 {alert.loan_id}：{alert.status}",
        sample=alert.is_sample,
    )

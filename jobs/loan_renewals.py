"""续贷提醒: a loan that falls due soon, told to 法人 and 财务 while it can still be renewed (facts §5.1).

60 days ahead leaves the bank its month to decide; 30 and 7 are the last calls. The text names no amount and no bank.
"""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.finance.life import live
from chalicelib.finance.model import Loan, LoanState
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.times import at_local
from jobs.core import JobContext, When
from jobs.policy_deadlines import stage
from jobs.wording import chinese_date, field_deadline

DAYS = (60, 30, 7)
_OWED = frozenset({LoanState.PAID_OUT, LoanState.NORMAL, LoanState.REPAID, LoanState.RENEWED, LoanState.EXTENDED})


def renewal_drafts(context: JobContext, when: When, until: date) -> list[Draft]:
    """``until``: the last day before the next run (``deadline_reminders.covered``)."""
    loans = context.loans.of_enterprise(when.enterprise) if when.enterprise else context.loans.watched_loans()
    return [draft for loan in loans if (draft := _draft(loan, when, until))]


def _draft(loan: Loan, when: When, until: date) -> Draft | None:
    life = live(loan)
    last = life.matures_on
    if last is None or last < when.on or life.state not in _OWED or life.amounts.balance <= 0:
        return None
    reminder = stage((last - until).days, DAYS)
    if reminder is None:
        return None
    day = chinese_date(last, when.on)
    return Draft(
        uscc=loan.head.uscc,
        kind=NoticeKind.LOAN_PROGRESS,
        subject=f"loan#{loan.id}",
        version=f"due#{last}",
        event=f"renewal_T-{reminder}",
        title=f"有一笔贷款 {day}到期",
        lines=(f"您有一笔贷款 {day}到期。", "要续贷请在到期前向银行申请，要换银行请回复“登记融资需求”。"),
        fields={"thing1": "贷款快到期", "phrase2": "可申请续贷", "time3": field_deadline(last)},
        path=f"/h5/loan/{loan.id}",
        expires_at=min(at_local(last + timedelta(days=1)), when.now + timedelta(days=7)),
        why=f"贷款 {loan.id} 距到期不超过 {reminder} 天",
        sample=loan.head.is_sample,
    )

"""What a job says in the log so that an alarm of infra/watch.py is raised (告警): the field ``alarm`` of a line.

Warnings, not errors: nothing of ours has failed. Nothing personal is in them, numbers and counts only.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta

from chalicelib.times import local_date
from jobs.core import JobContext, Line, When

log = logging.getLogger(__name__)

CLOCK, VERIFICATION = "clock", "verification"
BEFORE_VERIFICATION_ENDS = timedelta(days=60)
"""Ours to choose: time to get the papers together and have them reviewed."""
_LOOK_BACK = timedelta(days=31)


def channel_breached(loan_id: str) -> None:
    """A loan's 48 hours ran out; said once, when the breach enters the reminder ledger."""
    log.warning("48-hour clock breached", extra={"alarm": CLOCK, "loan": loan_id})


def cases_past_due(context: JobContext, when: When) -> list[Line]:
    """Cases whose office let a day of its own go by in the last month and has not acted since."""
    late = sum(
        any(due.day < when.on and not due.by_applicant for due in context.cases.live(case, when.now).dues)
        for case in context.cases.due_between(when.on - _LOOK_BACK, when.on - timedelta(days=1))
    )
    advice = "部门的期限已过，请催办；已办的请部门补报结果"
    return [Line(f"超期未办的办件 {late} 件", advice)] if late else []


def verification_ends(until: date | None, when: When) -> list[Line]:
    """认证 of the service account ends soon, or has ended: template messages stop with it."""
    if until is None or until - local_date(when.now) > BEFORE_VERIFICATION_ENDS:
        return []
    advice = "到公众号后台续认证，再改 XIXINBAN_WECHAT_VERIFIED_UNTIL；到期后模板消息发不出去"
    return [Line(f"公众号认证 {until} 到期", advice)]


def raise_for(lines: list[Line], alarm: str) -> None:
    """One line in the log for what was found; none where nothing was."""
    if lines:
        log.warning("operators must act", extra={"alarm": alarm})

"""retention: ends what is over of people's data and does not expire by itself (留存期限, ``privacy.terms``)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, time

from chalicelib.audit.log import AuditLog
from chalicelib.concerns.service import ConcernService
from chalicelib.dialogue.tickets import TicketService
from chalicelib.forms.documents.kept import KEPT_DAYS, over
from chalicelib.ports import Conflict, Throttled
from chalicelib.privacy.terms import CASE_TERM, CONCERN_TERM, TICKET_TERM
from chalicelib.times import local_date
from jobs.core import Done, Job, JobContext, JobPlan, Line, When
from jobs.schedule import Daily

log = logging.getLogger(__name__)

AT_ONCE = 2000
"""Cases removed in one run; a county's backlog of years is worked off over some nights."""


class Retention(Job):
    name = "retention"
    title = "到期数据清理"
    schedule = Daily(time(3, 20))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        """Terms are counted from the moment of the run; ``as_of`` is of no use to what is deleted for good."""
        tickets = TicketService(context.store).over(when.now - TICKET_TERM)
        lines = [Line(f"工单 {id_}", f"提出满 {TICKET_TERM.days} 天，隐去身份和内容") for id_ in tickets]
        concerns = ConcernService(context.store, context.calendar).over(when.now - CONCERN_TERM)
        lines += [Line(f"{_CONCERN}{id_}", f"答复满 {CONCERN_TERM.days} 天，隐去身份和内容") for id_ in concerns]
        for no in context.cases.over(when.now - CASE_TERM):
            if len(lines) >= AT_ONCE:
                break
            lines.append(Line(f"{_CASE}{no}", f"办结满 {CASE_TERM.days} 天，删除副本"))
        lines += [
            Line(f"{_CASE}{no}", "填好的表满 30 天没有交到窗口，删除草稿") for no in context.cases.lapsed(when.now)
        ]
        lines += [Line(f"{_DOCUMENT}{name}", f"提交满 {KEPT_DAYS} 天，删除文书") for name in _documents(context, when)]
        return JobPlan(lines=tuple(lines))

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Also writes the audit log's anchor of the day into the log of the stage, which operators cannot change."""
        log.info("audit anchor", extra={"anchor": AuditLog(context.store).anchor()})
        queued = failed = 0
        for line in plan.lines:
            if not line.what.startswith(_CASE):
                continue
            try:
                no = line.what.removeprefix(_CASE)
                queued += context.cases.erase(no, when.now - CASE_TERM) or context.cases.erase_lapsed(no, when.now)
            except (Conflict, Throttled):
                log.warning("a case changed or the store is busy; its copy is left for the next run")
                failed += 1
        hidden, late = _tickets(context, when.now)
        quiet, left = _concerns(context, plan, when.now)
        return Done(queued + hidden + quiet + _remove(context, plan), failed + late + left)


_CASE, _CONCERN, _DOCUMENT = "办件 ", "诉求 ", "文书 "


def _documents(context: JobContext, when: When) -> Iterator[str]:
    return over(context.blobs, local_date(when.now)) if context.blobs else iter(())


def _remove(context: JobContext, plan: JobPlan) -> int:
    names = [line.what.removeprefix(_DOCUMENT) for line in plan.lines if line.what.startswith(_DOCUMENT)]
    for name in names:
        assert context.blobs is not None
        context.blobs.delete(name)
    return len(names)


def _tickets(context: JobContext, now: datetime) -> tuple[int, int]:
    try:
        return TicketService(context.store).retire(now - TICKET_TERM), 0
    except (Conflict, Throttled):
        log.warning("a ticket changed or the store is busy; the rest is left for the next run")
        return 0, 1


def _concerns(context: JobContext, plan: JobPlan, now: datetime) -> tuple[int, int]:
    """How many were hidden, and how many are left for the next run."""
    concerns, hidden, left = ConcernService(context.store, context.calendar), 0, 0
    for line in plan.lines:
        if not line.what.startswith(_CONCERN):
            continue
        try:
            hidden += concerns.retire(line.what.removeprefix(_CONCERN), now - CONCERN_TERM)
        except (Conflict, Throttled):
            log.warning("a concern changed or the store is busy; it is left for the next run")
            left += 1
    return hidden, left

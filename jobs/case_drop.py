"""case-drop: cases from files that back offices leave in a folder (local) or under a prefix of the bucket (aws)."""

from __future__ import annotations

import logging

from chalicelib.cases.bulk import BulkCases
from chalicelib.content.drop import CaseDrop
from chalicelib.ports import Throttled
from jobs.core import Done, Job, JobContext, JobPlan, Line, When
from jobs.schedule import Every

log = logging.getLogger(__name__)

TAKE, WAIT = "导入", "刚放进来，下次再看有没有写完"
ODD_NAME = "文件名里有空格或括号，不能读"


class CaseDropJob(Job):
    name = "case-drop"
    title = "投放文件导入"
    schedule = Every(5)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        if context.drop is None or when.enterprise:
            return JobPlan()
        look = _drop(context).look()
        lines = [Line(name, TAKE) for name in look.ready] + [Line(name, WAIT) for name in look.growing]
        return JobPlan(lines=tuple(lines), skipped={ODD_NAME: len(look.odd)} if look.odd else {})

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """One file that fails holds up no other; one that nobody can read counts as failed, so that it is seen."""
        queued = failed = 0
        for line in plan.lines:
            try:
                if line.why == WAIT:
                    _drop(context).note(line.what, when.now)
                    queued += 1
                elif (taken := _drop(context).take(line.what, when.now)) and taken.is_unreadable:
                    failed += 1
                else:
                    queued += 1
            except (Throttled, OSError):
                log.exception("file not taken, left for the next run")
                failed += 1
        return Done(queued, failed)


def _drop(context: JobContext) -> CaseDrop:
    assert context.drop is not None
    return CaseDrop(context.drop, context.store, BulkCases(context.cases))

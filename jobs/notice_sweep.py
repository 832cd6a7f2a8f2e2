"""notice-sweep: finds notices and job runs that stopped half way and sets them going again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from jobs.core import Done, Job, JobContext, JobPlan, Line, When, run
from jobs.history import RunRow, RunState, record, runs
from jobs.schedule import Every

log = logging.getLogger(__name__)

STOPPED_AFTER = timedelta(minutes=16)
"""Lambda ends a function after 15 minutes: what still says "running" then is not."""

_LOOK_BACK = timedelta(hours=24)


class NoticeSweep(Job):
    """``resumable`` are the jobs whose stopped runs are run again: their ledger keeps what they had done from being
    done twice, so they go on from the last row."""

    name = "notice-sweep"
    title = "推送巡检"
    schedule = Every(1)

    def __init__(self, resumable: Sequence[Job] = ()) -> None:
        self._resumable = resumable

    def plan(self, context: JobContext, when: When) -> JobPlan:
        notices = [Line(f"通知 {notice.id}", why) for notice, why in context.notices.sweep_plan(when.now)]
        stopped = [
            Line(f"任务 {row.job} 第 {row.run_id} 次运行", "中途停止，重新运行")
            for job in self._resumable
            for row in _stopped(context, job, when)
        ]
        return JobPlan(lines=(*notices, *stopped))

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        done = context.notices.sweep(when.now).total
        for job in self._resumable:
            for row in _stopped(context, job, when):
                log.warning("job %s run %s stopped half way, running again", row.job, row.run_id)
                try:
                    run(job, context, as_of=row.as_of, enterprise=row.enterprise)
                except Exception:
                    _resumed(context, row, when)
                    raise
                _resumed(context, row, when)
                done += 1
        return Done(queued=done)


def _resumed(context: JobContext, row: RunRow, when: When) -> None:
    """Said after the new run: should this process die in the middle, one of the two rows still says running."""
    record(context.store, row.model_copy(update={"state": RunState.RESUMED, "ended_at": when.now}))


def _stopped(context: JobContext, job: Job, when: When) -> list[RunRow]:
    """At most the newest one: a run for the same day makes up for all before it."""
    recent = runs(context.store, job.name, 5, since=when.now - _LOOK_BACK)
    newest = recent[0] if recent else None
    if newest is None or newest.state is not RunState.RUNNING or when.now - newest.started_at < STOPPED_AFTER:
        return []
    return [newest]

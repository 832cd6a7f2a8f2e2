"""Runs a job by its name with the services of this process."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.ports import JsonObject
from jobs.core import JobContext, RunResult, Step, run
from jobs.registry import job_named

SHOWN = 50
"""Lines of a plan that are shown; an answer of Lambda holds at most 6 MB."""


def context_of(application: Application) -> JobContext:
    return JobContext(
        store=application.store,
        clock=application.clock,
        enterprises=application.enterprises,
        catalogue=application.catalogue,
        cases=application.cases,
        loans=application.loans,
        notices=application.notices,
        calendar=application.calendar,
        demo=application.settings.demo,
        drop=application.drop,
        verified_until=application.settings.verified_until,
        blobs=application.blobs,
        queue=lambda: application.queue,
        province=application.settings.province,
    )


def answer_of(result: RunResult, application: Application) -> JsonObject:
    """The JSON of ``run``, its ``sentence``, and the first lines of its plan: ``shown`` is (enterprise, what, why)."""
    name = application.desk.enterprise_name
    shown = [(name(one.notice.uscc), one.notice.title, one.why) for one in result.plan.notices[:SHOWN]]
    shown += [("", line.what, line.why) for line in result.plan.lines[: SHOWN - len(shown)]]
    return {**result.document(), "sentence": result.sentence(), "shown": shown}


def run_by_name(
    name: str,
    *,
    as_of: date | None = None,
    dry_run: bool = False,
    enterprise: str | None = None,
    step: Step | None = None,
) -> RunResult:
    """Raises JobError for a name that no job has. ``step`` is told how far the execution is."""
    context = context_of(bootstrap.current())
    return run(job_named(name), replace(context, step=step) if step else context, as_of, dry_run, enterprise)

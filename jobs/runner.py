"""Runs a job by its name with the services of this process."""

from __future__ import annotations

from datetime import date

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from jobs.core import JobContext, RunResult, run
from jobs.registry import job_named


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
        blobs=application.blobs,
    )


def run_by_name(
    name: str, *, as_of: date | None = None, dry_run: bool = False, enterprise: str | None = None
) -> RunResult:
    """Raises JobError for a name that no job has."""
    return run(job_named(name), context_of(bootstrap.current()), as_of, dry_run, enterprise)

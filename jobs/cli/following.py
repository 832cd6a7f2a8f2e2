"""Follows what a run has handed to queues (全省匹配 by shards), on this machine or on the stage that is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from chalicelib import bootstrap
from chalicelib.times import local_date
from jobs.cli.output import note, progress
from jobs.core import Job, Progress
from jobs.runner import context_of

POLL_SECONDS = 5.0
MOST_POLLS = 1440
"""Two hours; a province takes minutes."""


def to_its_end(job: Job, on: date | None, pause: Callable[[float], None] | None) -> Progress | None:
    """How far the work of that day is: at its end, or now where nobody waits (``pause`` is None). None for a job that
    hands nothing on.

    Interrupted, only the following ends: the work goes on.
    """
    application = bootstrap.current()
    context = context_of(application)
    day = on or local_date(application.clock.now())
    found = job.progress(context, day)
    if found is None or found.is_over or pause is None:
        return found
    note(f"{job.name} 在后台进行。按 Ctrl-C 只是不再等；加 --dry-run 再运行，可以看进展。")
    try:
        with progress(job.title, found.of) as step:
            for _ in range(MOST_POLLS):
                step(found.done)
                pause(POLL_SECONDS)
                found = job.progress(context, day) or found
                if found.is_over:
                    break
    except KeyboardInterrupt:
        return found
    return found

"""Follows a run of the stage that is open, and what a run has handed to queues (全省匹配 by shards)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Event, Thread

from chalicelib import bootstrap
from chalicelib.ports import Store
from chalicelib.times import local_date
from jobs.cli.output import note, notes, progress
from jobs.core import Job, Progress, Step
from jobs.history import last_run
from jobs.runner import context_of

log = logging.getLogger(__name__)

RUN_POLL_SECONDS = 2.0
SKEW = timedelta(seconds=30)
POLL_SECONDS = 5.0
MOST_POLLS = 1440
"""Two hours; a province takes minutes."""


@contextmanager
def run_of(
    store: Store, job: str, since: datetime, step: Step, pause: Callable[[float], None], shown: bool = notes.is_terminal
) -> Iterator[None]:
    """Meanwhile tell ``step`` what the run that began after ``since`` says of itself on its row, where it is shown at
    all. The clocks of two machines may differ by SKEW."""
    over = Event()

    def look() -> None:
        row = last_run(store, job)
        if row is not None and row.of is not None and row.started_at >= since - SKEW:
            step(row.done, row.of)

    def watch() -> None:
        while not over.is_set():
            try:
                look()
            except Exception as error:  # the run itself is not touched by it, and is waited for all the same
                log.warning("the run cannot be followed for the moment: %s", error)
            pause(RUN_POLL_SECONDS)

    watcher = Thread(target=watch, daemon=True)
    if shown:
        watcher.start()
    try:
        yield
    finally:
        over.set()


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

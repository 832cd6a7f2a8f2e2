"""The clock of the embedded run: calls the app's own schedule handler, as EventBridge would."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import datetime

from chalice.app import Chalice

from chalicelib.ports import Clock
from jobs.core import Job
from jobs.embedded.worker import Context

log = logging.getLogger(__name__)

HANDLER = "scheduled"
TICK_SECONDS = 1.0


class Scheduler(threading.Thread):
    """Runs each job when its time has come, one after the other. What fell due while the machine slept runs once.

    ``at_start`` names jobs that run as soon as the thread starts: what a killed process left behind must not wait.
    """

    def __init__(
        self, app: Chalice, jobs: Iterable[Job], clock: Clock, stop: threading.Event, at_start: frozenset[str]
    ) -> None:
        super().__init__(name="scheduler", daemon=True)
        self._handler = app.handler_map[HANDLER]
        self._clock = clock
        self._stop_event = stop
        now = clock.now()
        self._due: dict[str, datetime] = {
            job.name: now if job.name in at_start else job.schedule.next_after(now) for job in jobs
        }
        self._schedules = {job.name: job.schedule for job in jobs}

    def run(self) -> None:
        while not self._stop_event.is_set():
            self.tick(self._clock.now())
            self._stop_event.wait(TICK_SECONDS)

    def tick(self, now: datetime) -> list[str]:
        """Run what is due at ``now``; returns the names."""
        due = [name for name, at in self._due.items() if at <= now]
        for name in due:
            self._due[name] = self._schedules[name].next_after(now)
            try:
                self._handler({"job": name}, Context(HANDLER))
            except Exception:
                # A job that fails is recorded as failed and runs again at its next time; the others go on.
                log.exception("job failed", extra={"job": name})
        return due

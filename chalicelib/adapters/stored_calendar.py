"""The working-day calendar with the years that operators loaded, read anew while a process lives."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chalicelib.cases.holidays import HolidayService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.ports import Clock, Store

FRESH = timedelta(minutes=1)
"""How long after a year was loaded another process may still call its days an estimate."""


class StoredCalendar(WorkCalendar):
    """Asks the store only for days past the package's own years, and at most once in FRESH."""

    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__()
        self._holidays = HolidayService(store)
        self._clock = clock
        self._read_at: datetime | None = None

    def known(self, day: date) -> bool:
        self._refresh(day)
        return super().known(day)

    def is_workday(self, day: date) -> bool:
        self._refresh(day)
        return super().is_workday(day)

    def _refresh(self, day: date) -> None:
        if self.in_library(day):
            return
        now = self._clock.now()
        if self._read_at is None or now - self._read_at >= FRESH:
            self._read_at = now
            self.learn(self._holidays.all())

"""Working days (工作日) and the deadlines counted in them.

Official holidays and make-up working days come from the ``chinesecalendar`` package (notices of the State Council's
General Office) and from years loaded as data, which win over the package. Past both, a deadline is counted Monday to
Friday and says so: it is never silently assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Self

import chinese_calendar
from chinese_calendar import constants
from pydantic import ConfigDict, Field, field_validator, model_validator

from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape
from chalicelib.times import local

ESTIMATED_NOTE = "暂按周一至周五估算，待国务院办公厅放假通知"
CUT_OFF = time(17, 0)
LONGEST = 1000
"""Days that a limit may have; more is a slip of the keyboard."""

_DAY = timedelta(days=1)
_SATURDAY = 5
_LIBRARY_YEARS = range(min(constants.holidays).year, max(constants.holidays).year + 1)

Span = tuple[date, date]
"""First and last day, both included."""


class Unit(StrEnum):
    """What a limit is counted in (时限单位). It belongs to each limit: statutes differ (facts: 行政许可法 §82 counts
    working days, 建筑法 and 民事诉讼法 count calendar days)."""

    WORKDAY = "wd"  # 工作日
    CALENDAR_DAY = "cd"  # 自然日
    IMMEDIATE = "im"  # 即时


class Limit(Shape):
    """A time limit (办理时限): a number and its unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int = Field(ge=0, le=LONGEST, title="天数")
    unit: Unit = Field(title="时限单位")

    def __str__(self) -> str:
        if self.unit is Unit.IMMEDIATE:
            return "当场"
        return f"{self.n} 个工作日" if self.unit is Unit.WORKDAY else f"{self.n} 日"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which something is in time. ``estimated``: a day of the count lies past the known calendar."""

    day: date
    estimated: bool = False


class HolidayYear(Provenanced):
    """One year's holiday notice (放假通知), as data: days off and weekend days worked.

    Each entry is ``MM-DD`` or a range ``MM-DD..MM-DD``; weekends that are neither need no entry.
    """

    year: int = Field(ge=2004, le=2100, title="年份")
    off: tuple[str, ...] = Field(title="放假")
    work_weekend: tuple[str, ...] = Field(default=(), title="调休上班")

    @model_validator(mode="after")
    def _of_this_year(self) -> Self:
        try:
            self.days_off(), self.days_worked()
        except ValueError:
            raise ValueError(f"{self.year} 年没有 02-29 这一天，请核对") from None
        return self

    @field_validator("off", "work_weekend")
    @classmethod
    def _form(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            try:
                days = list(_expand(2000, entry))
            except ValueError:
                days = []
            if not days:
                raise ValueError(f"日期写成 月-日 或 月-日..月-日，写的是“{entry}”")
        return value

    def days_off(self) -> set[date]:
        return {day for entry in self.off for day in _expand(self.year, entry)}

    def days_worked(self) -> set[date]:
        return {day for entry in self.work_weekend for day in _expand(self.year, entry)}


def _expand(year: int, entry: str) -> Iterator[date]:
    first, _, last = entry.partition("..")
    day = date.fromisoformat(f"{year}-{first}")
    end = date.fromisoformat(f"{year}-{last or first}")
    while day <= end:
        yield day
        day += _DAY


class WorkCalendar:
    """Which days are worked, and deadlines counted over them."""

    def __init__(self, extra: Iterable[HolidayYear] = (), cut_off: time = CUT_OFF) -> None:
        """``cut_off``: an application after this wall-clock time counts as made on the next working day."""
        self.cut_off = cut_off
        self._off: dict[int, set[date]] = {}
        self._worked: dict[int, set[date]] = {}
        self.learn(extra)

    def learn(self, plans: Iterable[HolidayYear]) -> None:
        """Years that were loaded later; a year again replaces what was known of it."""
        for plan in plans:
            self._worked[plan.year] = plan.days_worked()
            self._off[plan.year] = plan.days_off()

    @staticmethod
    def in_library(day: date) -> bool:
        """Whether the package itself has this day's year."""
        return day.year in _LIBRARY_YEARS

    def known(self, day: date) -> bool:
        """Whether the official calendar of this day's year is at hand."""
        return day.year in self._off or self.in_library(day)

    def is_workday(self, day: date) -> bool:
        """Past the known calendar, Monday to Friday; ask ``known`` before promising anything."""
        off = self._off.get(day.year)
        if off is None:
            return _official(day) if self.in_library(day) else day.weekday() < _SATURDAY
        return day in self._worked[day.year] or (day.weekday() < _SATURDAY and day not in off)

    def next_workday(self, day: date) -> date:
        """The first working day after this day."""
        day += _DAY
        while not self.is_workday(day):
            day += _DAY
        return day

    def counting_day(self, at: datetime) -> date:
        """The day an application made at this instant counts for: rest days and hours after the cut-off count for
        the next working day."""
        there = local(at)
        if self.is_workday(there.date()) and there.time() <= self.cut_off:
            return there.date()
        return self.next_workday(there.date())

    def add_workdays(self, start: date, n: int, suspended: Sequence[Span] = ()) -> Deadline:
        """The n-th working day after ``start``; day 1 is the working day after it. Days inside ``suspended`` spans
        (特别程序, 行政许可法 §45) do not count."""
        day, left = start, n
        while left > 0:
            day += _DAY
            if self.is_workday(day) and not (suspended and _within(day, suspended)):
                left -= 1
        counted = range((start + _DAY).year, day.year + 1) if n > 0 else ()
        return Deadline(day, not all(self.known(date(year, 1, 1)) for year in counted))

    def add_days(self, start: date, n: int, suspended: Sequence[Span] = ()) -> Deadline:
        """The n-th calendar day after ``start``; when that is a rest day, the first working day after it
        (民事诉讼法: 期间届满的最后一日是法定休假日的，以休假日后的第一日为届满日)."""
        day, left = start, n
        while left > 0:
            day += _DAY
            if not _within(day, suspended):
                left -= 1
        if n and not self.is_workday(day):
            day = self.next_workday(day)
        return Deadline(day, bool(n) and not self.known(day))

    def deadline(self, start: date, limit: Limit, suspended: Sequence[Span] = (), extra: int = 0) -> Deadline:
        """The last day of ``limit`` counted from ``start`` in the limit's own unit; immediate (即时) is the same day.

        ``extra``: days of an approved extension, in the same unit (working days after 即时).
        """
        if limit.unit is Unit.CALENDAR_DAY:
            return self.add_days(start, limit.n + extra, suspended)
        own = limit.n if limit.unit is Unit.WORKDAY else 0
        return self.add_workdays(start, own + extra, suspended)


@lru_cache(maxsize=4096)
def _official(day: date) -> bool:
    """The package looks through all its years at every question: 100 µs, of which an import asks millions."""
    return bool(chinese_calendar.is_workday(day))


def _within(day: date, spans: Sequence[Span]) -> bool:
    return any(first <= day <= last for first, last in spans)

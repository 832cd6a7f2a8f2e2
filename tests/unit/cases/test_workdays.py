"""The working-day clock against the fixtures of the facts (§4.2.4) and against an independent count."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.cases.workdays import Deadline, HolidayYear, Limit, Unit, WorkCalendar
from chalicelib.times import at_local

CALENDAR = WorkCalendar()

# The official notices, written out again so that the count below shares nothing with the code under test.
OFF = {
    2024: "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-08..06-10 09-15..09-17 10-01..10-07",
    2025: "01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
    2026: "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
}
WORKED = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def _days(table: dict[int, str]) -> set[date]:
    found = set()
    for year, text in table.items():
        for entry in text.split():
            ends = [date.fromisoformat(f"{year}-{part}") for part in entry.split("..")]
            found |= {ends[0] + timedelta(days=i) for i in range((ends[-1] - ends[0]).days + 1)}
    return found


_OFF, _WORKED = _days(OFF), _days(WORKED)
_ALL = [date(2024, 1, 1) + timedelta(days=i) for i in range(366 + 365 + 365 + 200)]
WORKING = [day for day in _ALL if day in _WORKED or (day.weekday() < 5 and day not in _OFF)]


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        ("2026-09-24", 5, "2026-10-09"),
        ("2026-09-30", 3, "2026-10-10"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 5, "2026-02-27"),
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-05-08", 2, "2026-05-11"),
        ("2026-11-20", 20, "2026-12-18"),
        ("2025-09-26", 3, "2025-09-30"),
        ("2025-09-28", 5, "2025-10-11"),
    ],
)
def test_working_day_fixtures(start: str, n: int, due: str) -> None:
    assert CALENDAR.add_workdays(date.fromisoformat(start), n) == Deadline(date.fromisoformat(due))


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [("2026-09-28", 7, "2026-10-08"), ("2026-04-24", 7, "2026-05-06"), ("2026-02-09", 7, "2026-02-24")],
)
def test_calendar_days_roll_forward(start: str, n: int, due: str) -> None:
    assert CALENDAR.add_days(date.fromisoformat(start), n) == Deadline(date.fromisoformat(due))


def test_suspension_is_not_counted() -> None:
    accepted, span = date(2026, 11, 2), (date(2026, 11, 5), date(2026, 11, 18))
    assert CALENDAR.add_workdays(accepted, 10).day == date(2026, 11, 16)
    assert CALENDAR.add_workdays(accepted, 10, [span]).day == date(2026, 11, 30)
    assert CALENDAR.add_days(accepted, 7, [span]).day == date(2026, 11, 23)


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(0, 60))
def test_against_an_independent_count(start: date, n: int) -> None:
    expected = [day for day in WORKING if day > start][n - 1] if n else start
    got = CALENDAR.add_workdays(start, n)
    assert got.day == expected
    assert got.estimated == (n > 0 and expected > date(2026, 12, 31))


def test_every_start_day_and_every_limit_up_to_sixty_days() -> None:
    """The official calendar of 2024–2026, all of it: 1,096 days × 0–60 working days."""
    first = 0
    for start in _ALL[: 366 + 365 + 365]:
        while WORKING[first] <= start:
            first += 1
        for n in range(61):
            expected = WORKING[first + n - 1] if n else start
            estimated = n > 0 and expected > date(2026, 12, 31)
            assert CALENDAR.add_workdays(start, n) == Deadline(expected, estimated), (start, n)


@given(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.integers(1, 60))
def test_calendar_days_end_on_a_worked_day_not_before_the_count(start: date, n: int) -> None:
    end = CALENDAR.add_days(start, n).day
    assert end in WORKING
    assert not [day for day in WORKING if start + timedelta(days=n) <= day < end]


def test_past_the_calendar_is_an_estimate_until_a_year_is_loaded() -> None:
    start = date(2026, 12, 30)
    assert CALENDAR.add_workdays(start, 1) == Deadline(date(2026, 12, 31))
    assert CALENDAR.add_workdays(start, 2) == Deadline(date(2027, 1, 1), estimated=True)
    assert CALENDAR.add_days(start, 5) == Deadline(date(2027, 1, 4), estimated=True)
    loaded = WorkCalendar([HolidayYear(prov=("R",), year=2027, off=("01-01..01-03",), work_weekend=("01-09",))])
    assert loaded.add_workdays(start, 2) == Deadline(date(2027, 1, 4))
    assert loaded.is_workday(date(2027, 1, 9))
    assert not loaded.known(date(2028, 1, 1))


def test_a_bad_holiday_entry_is_named() -> None:
    with pytest.raises(ValidationError, match="13-01"):
        HolidayYear(prov=("R",), year=2027, off=("13-01",))
    with pytest.raises(ValidationError, match="写的是"):
        HolidayYear(prov=("R",), year=2027, off=("02-05..02-01",))


@pytest.mark.parametrize(
    ("wall", "counts_for"),
    [
        ((date(2026, 11, 20), time(17, 0)), date(2026, 11, 20)),  # Friday, at the cut-off
        ((date(2026, 11, 20), time(17, 1)), date(2026, 11, 23)),
        ((date(2026, 11, 21), time(9, 0)), date(2026, 11, 23)),  # Saturday
        ((date(2026, 10, 10), time(9, 0)), date(2026, 10, 10)),  # a make-up Saturday is worked
    ],
)
def test_cut_off(wall: tuple[date, time], counts_for: date) -> None:
    assert CALENDAR.counting_day(at_local(*wall)) == counts_for


def test_cut_off_is_a_choice_and_the_clock_is_chinas() -> None:
    late = WorkCalendar(cut_off=time(18, 0))
    assert late.counting_day(datetime(2026, 11, 20, 9, 30, tzinfo=UTC)) == date(2026, 11, 20)  # 17:30 in China
    assert CALENDAR.counting_day(datetime(2026, 11, 20, 9, 30, tzinfo=UTC)) == date(2026, 11, 23)


def test_a_limit_counts_in_its_own_unit() -> None:
    start = date(2026, 9, 28)
    assert CALENDAR.deadline(start, Limit(n=7, unit=Unit.CALENDAR_DAY)).day == date(2026, 10, 8)
    assert CALENDAR.deadline(start, Limit(n=7, unit=Unit.WORKDAY)).day == date(2026, 10, 13)
    assert CALENDAR.deadline(start, Limit(n=1, unit=Unit.IMMEDIATE)).day == start
    assert CALENDAR.deadline(start, Limit(n=1, unit=Unit.IMMEDIATE), extra=2).day == date(2026, 9, 30)
    assert CALENDAR.deadline(start, Limit(n=2, unit=Unit.WORKDAY), extra=1).day == date(2026, 10, 8)
    assert [str(Limit(n=3, unit=unit)) for unit in Unit] == ["3 个工作日", "3 日", "当场"]

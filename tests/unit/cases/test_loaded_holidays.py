"""Next year's holidays loaded: days that were estimates are counted anew, everywhere, reminders included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.stored_calendar import FRESH, StoredCalendar
from chalicelib.cases.holidays import HolidayService, days_touched
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import HolidayYear, WorkCalendar
from chalicelib.content.registers import REGISTERS
from chalicelib.errors import BadInput
from tests.unit.jobs.support import E01, VERIFIED, JobWorld, case_row, enterprise

NOW = datetime(2026, 12, 21, 1, 0, tzinfo=UTC)
PLAN = HolidayYear.model_validate(
    {"year": 2027, "off": ["01-01..01-03", "01-04..01-06"], "work_weekend": ["01-09"], **VERIFIED}
)
CORRECTING: list[dict[str, Any]] = [
    {"id": "e1", "kind": "RECEIVED", "at": "2026-12-18T09:00"},
    {"id": "e2", "kind": "CORRECTING", "at": "2026-12-21T08:30", "materials": ["完税证明"]},
]


def test_only_a_checked_plan_is_taken_and_once() -> None:
    service = HolidayService(MemoryStore(FixedClock(NOW)))
    with pytest.raises(BadInput, match="没有核对过"):
        service.save(PLAN.model_copy(update={"prov": ("R",)}))
    assert service.save(PLAN) and not service.save(PLAN)
    assert service.all() == [PLAN]
    with pytest.raises(ValueError, match="02-29"):
        HolidayYear.model_validate({"year": 2027, "off": ["02-29"], **VERIFIED})


def test_a_living_process_learns_the_year_within_a_minute() -> None:
    clock = FixedClock(NOW)
    store = MemoryStore(clock)
    calendar = StoredCalendar(store, clock)
    assert calendar.add_workdays(date(2026, 12, 31), 1).estimated
    HolidayService(store).save(PLAN)
    clock.advance(FRESH)
    due = calendar.add_workdays(date(2026, 12, 31), 1)
    assert (due.day, due.estimated) == (date(2027, 1, 7), False)
    assert calendar.is_workday(date(2027, 1, 9)) and not calendar.known(date(2028, 1, 3))


def test_cases_are_filed_under_their_new_day() -> None:
    store = MemoryStore(FixedClock(NOW))
    CaseService(store, WorkCalendar()).save_row(case_row(*CORRECTING), NOW)
    before = date(2027, 1, 11)  # fifteen working days, Monday to Friday from 1 January on
    register = REGISTERS["holidays"](store)
    estimated = CaseService(store, WorkCalendar())
    assert [case.no for case in estimated.due_between(before, before)] == ["3603232026112200123"]
    assert register.save(PLAN, NOW) and not register.save(PLAN, NOW)
    settled = CaseService(store, WorkCalendar(HolidayService(store).all()))
    assert settled.due_between(before, before) == []
    [case] = settled.due_between(date(2027, 1, 12), date(2027, 1, 20))
    due = settled.live(case, NOW).due
    assert due is not None and (due.day, due.estimated) == (date(2027, 1, 14), False)


def test_the_days_looked_at_hold_the_whole_year() -> None:
    back, ahead = days_touched(2027, NOW)
    assert NOW.date() + timedelta(days=ahead) == date(2028, 3, 31) and back == 31
    assert days_touched(2027, datetime(2027, 6, 1, 4, tzinfo=UTC))[0] == 151


def test_reminders_cross_the_unknown_and_say_so() -> None:
    world = JobWorld()
    world.clock.advance(NOW - world.clock.now())
    world.add(enterprise(E01))
    world.person("o-1", E01)
    world.cases.save_row(case_row(*CORRECTING), NOW)
    sent: list[tuple[date, list[str]]] = []
    for day in range(28):
        if day == 17:  # 7 January: the calendar is loaded, four days before the estimated last day
            HolidayService(world.memory).save(PLAN)
            world.calendar.learn([PLAN])
            world.cases.settle(world.clock.now(), 31, 400)
        result = world.run("deadline-reminders")
        notices = [item.notice for item in result.plan.notices]
        sent += [(result.as_of, [notice.event, *notice.lines]) for notice in notices]
        world.clock.advance(timedelta(days=1))
    estimated = [text for _, (_, *lines) in sent for text in lines if "估算" in text]
    assert estimated
    after = [(day, event) for day, (event, *_) in sent if day >= date(2027, 1, 7)]
    assert [event for _, event in after] == ["deadline_T-7", "deadline_T-3", "deadline_T-1"]
    assert all(day <= date(2027, 1, 14) for day, _ in after)

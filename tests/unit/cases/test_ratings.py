"""好差评: once, after the end; a bad one has its own days; figures by department."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.cases.model import Case, CaseState
from chalicelib.cases.ratings import Level, RatingRefused, RatingService, statistics
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from tests.unit.jobs.support import case_row

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
COURSE = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED")


class World:
    def __init__(self) -> None:
        store, calendar = MemoryStore(FixedClock(NOW)), WorkCalendar()
        self.cases, self.ratings = CaseService(store, calendar), RatingService(store, calendar)

    def case(self, steps: int = len(COURSE), no: str = "3603232026112200123") -> Case:
        events = [{"id": f"e{n}", "kind": kind, "at": f"2026-11-{n + 9:02}T09:00"} for n, kind in enumerate(COURSE)]
        self.cases.save_row(case_row(*events[:steps], no=no), NOW)
        case = self.cases.get(no)
        assert case is not None
        return case

    def rate(self, case: Case, level: Level) -> object:
        return self.ratings.rate(case, self.cases.live(case, NOW), level, NOW)


@pytest.fixture
def world() -> World:
    return World()


def test_only_what_has_ended_is_rated_and_once(world: World) -> None:
    open_case = world.case(4, "3603232026112200999")
    with pytest.raises(RatingRefused, match="还没有办结"):
        world.rate(open_case, Level.GOOD)
    case = world.case()
    assert world.ratings.may_rate(case, world.cases.live(case, NOW))
    first = world.rate(case, Level.GOOD)
    assert world.rate(case, Level.GOOD) == first
    with pytest.raises(RatingRefused, match="只评一次"):
        world.rate(case, Level.VERY_BAD)
    assert not world.ratings.may_rate(case, world.cases.live(case, NOW))


def test_a_bad_rating_is_taken_up_in_one_working_day_and_put_right_in_fifteen(world: World) -> None:
    world.rate(world.case(), Level.BAD)
    held = world.ratings.get("3603232026112200123")
    assert held is not None
    assert (held.take_up_by, held.put_right_by) == (date(2026, 11, 24), date(2026, 12, 14))
    assert not held.late(date(2026, 12, 14)) and held.late(date(2026, 12, 15))
    answered = world.ratings.answered(held.case_no, "已向申请人说明并改正", NOW)
    assert not answered.late(date(2026, 12, 15))


def test_only_a_bad_rating_is_answered(world: World) -> None:
    world.rate(world.case(), Level.FAIR)
    with pytest.raises(RatingRefused, match="没有差评"):
        world.ratings.answered("3603232026112200123", "好", NOW)
    with pytest.raises(RatingRefused, match="没有差评"):
        world.ratings.answered("3603232026112200777", "好", NOW)


def test_an_answer_stands_and_the_same_one_again_changes_nothing(world: World) -> None:
    world.rate(world.case(), Level.BAD)
    first = world.ratings.answered("3603232026112200123", "已向申请人说明并改正", NOW)
    assert world.ratings.answered(first.case_no, " 已向申请人说明并改正 ", NOW + timedelta(days=1)) == first
    with pytest.raises(RatingRefused, match="已经答复过"):
        world.ratings.answered(first.case_no, "另一种说法", NOW)
    assert world.ratings.get(first.case_no) == first


def test_an_answer_holds_no_number_that_names_a_person(world: World) -> None:
    world.rate(world.case(), Level.BAD)
    kept = world.ratings.answered("3603232026112200123", "已电话 13812345678 回访", NOW)
    assert "13812345678" not in kept.answer and "回访" in kept.answer


def test_figures_of_a_month(world: World) -> None:
    for number, level in enumerate(Level):
        world.rate(world.case(no=f"36032320261122{number:05}"), level)
    found = statistics(world.ratings.of_month("2026-11"), date(2027, 1, 5))
    assert found == {"县市场监管局": {"rated": 5, "good": 3, "bad": 2, "answered": 0, "late": 2}}
    assert list(world.ratings.of_month("2026-10")) == []


def test_the_last_step_of_the_sample_is_the_end(world: World) -> None:
    assert world.cases.live(world.case(), NOW).state is CaseState.FINISHED

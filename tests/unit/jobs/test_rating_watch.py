"""差评: the department hears at once and before the last day, its head after it; nobody twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.cases.ratings import Level, RatingService, Told
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.units import Unit, UnitService
from tests.unit.jobs.support import E01, JobWorld, case_row, enterprise

NO, BUREAU = "3603232026112200123", "91360323MAXX000905"
OFFICER, HEAD = "o-officer", "o-head"
COURSE = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED")


@pytest.fixture
def world() -> JobWorld:
    world = JobWorld()
    world.add(enterprise(E01))
    events = [{"id": f"e{n}", "kind": kind, "at": f"2026-11-{n + 9:02}T09:00"} for n, kind in enumerate(COURSE)]
    world.cases.save_row(case_row(*events, no=NO), world.clock.now())
    UnitService(world.memory).save(Unit(name="县市场监管局", uscc=BUREAU))
    world.person(OFFICER, BUREAU, Role.OFFICER)
    world.person(HEAD, BUREAU, Role.HEAD)
    return world


def rate(world: JobWorld, level: Level = Level.BAD) -> RatingService:
    """On Monday 23 November: a bad one is to be put right by Monday 14 December."""
    ratings, case, now = RatingService(world.store, world.calendar), world.cases.get(NO), world.clock.now()
    assert case is not None
    ratings.rate(case, world.cases.live(case, now), level, now)
    return ratings


def told_after(world: JobWorld, days: int) -> tuple[int, int]:
    """How many messages officer and head have had once so many days have gone by, run twice a day."""
    for _ in range(days):
        world.clock.advance(timedelta(days=1))
        world.run("request-watch")
        assert world.run("request-watch").planned == 0
        world.deliver()
    return len(world.texts(OFFICER)), len(world.texts(HEAD))


def test_each_step_is_told_once_in_its_time(world: JobWorld) -> None:
    ratings = rate(world)
    world.run("request-watch")
    world.deliver()
    assert told_after(world, 0) == (1, 0) and NO in world.texts(OFFICER)[0]
    assert told_after(world, 17) == (1, 0)  # Thursday 10 December
    assert told_after(world, 1) == (2, 0)  # Friday, the working day before the last
    assert told_after(world, 3) == (2, 0)  # Monday 14 December is in time
    assert told_after(world, 1) == (2, 1)
    assert told_after(world, 20) == (2, 1)
    held = ratings.get(NO)
    assert held is not None and held.told is Told.LATE
    assert "差评整改已超时" in world.texts(HEAD)[0]


def test_after_the_answer_and_for_a_good_one_nobody_hears(world: JobWorld) -> None:
    rate(world).answered(NO, "已改正并回访", world.clock.now())
    assert told_after(world, 25) == (0, 0)


def test_a_good_one_is_nobodys_work(world: JobWorld) -> None:
    rate(world, Level.FAIR)
    assert told_after(world, 25) == (0, 0)


def test_a_department_that_is_not_registered_is_counted_and_the_step_kept(world: JobWorld) -> None:
    """It does not come up again every ten minutes; the list of ``case ratings --bad`` shows it as late."""
    ratings = rate(world)
    row = world.memory.get("unit#县市场监管局", "row")
    assert row is not None
    world.memory.delete(row.pk, row.sk)
    result = world.run("request-watch", dry_run=True)
    assert (result.planned, dict(result.skipped)) == (1, {"单位未登记": 1})
    held = ratings.get(NO)
    assert held is not None and held.told is Told.NOBODY

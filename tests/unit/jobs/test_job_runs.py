"""Runs: their record, their schedules, what stopped half way, and the jobs that look after the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Event
from typing import Any

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import BadInput
from chalicelib.notices.model import NoticeState
from chalicelib.ports import Record, Throttled
from jobs.cli.following import run_of
from jobs.core import Done, Job, JobContext, JobPlan, Line, Placement, When, run
from jobs.daily_report import level_on
from jobs.history import RunRow, RunState, last_run, record, runs
from jobs.registry import JOBS, job_named
from jobs.schedule import Daily, Every
from tests.unit.jobs.support import E01, E12, NOW, TODAY, JobWorld, enterprise, policy
from tests.unit.notices.support import Killed


def county(**more: object) -> JobWorld:
    world = JobWorld(policy("P90", **more))
    world.add(enterprise(E01), enterprise(E12))
    world.person("o-1", E01)
    world.person("o-12", E12)
    return world


def test_a_run_leaves_a_record() -> None:
    world = county()
    result = world.run("policy-push")
    row = last_run(world.memory, "policy-push")
    assert row is not None
    assert (row.state, row.run_id, row.as_of) == (RunState.DONE, result.run_id, TODAY)
    assert row.result == result.document()
    world.run("policy-push", dry_run=True)
    assert len(runs(world.memory, "policy-push")) == 1
    assert last_run(world.memory, "award-rounds") is None


def test_runs_with_nothing_to_do_do_not_bury_the_others() -> None:
    world = county()
    world.run("policy-push")
    world.clock.advance(60)
    world.run("policy-push")
    assert len(runs(world.memory, "policy-push")) == 2
    world.clock.advance(timedelta(days=3))
    assert len(runs(world.memory, "policy-push")) == 1


class Broken(Job):
    name, title, schedule = "broken", "坏的", Every(1)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        raise RuntimeError("no")


class Busy(Job):
    name, title, schedule = "busy", "忙的", Every(1)

    def plan(self, context: JobContext, when: When) -> JobPlan:
        return JobPlan(lines=(Line("a", "b"),))

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        return Done(failed=1)


def test_a_failure_is_loud_and_on_record() -> None:
    world = JobWorld()
    with pytest.raises(RuntimeError):
        world.run(Broken())
    row = last_run(world.memory, "broken")
    assert row is not None and (row.state, row.error) == (RunState.FAILED, "RuntimeError")
    assert world.run(Busy()).sentence() == "计划 1 项；失败 1 项，下次运行会再试；已处理 0 项。"


def test_a_busy_store_leaves_the_rest_for_the_next_run() -> None:
    world = county()
    real, left = world.notices.place_digest, [1]

    def busy_once(*args: object, **kwargs: object) -> bool:
        if left.pop() if left else 0:
            raise Throttled
        return real(*args, **kwargs)  # type: ignore[arg-type]

    world.notices.place_digest = busy_once  # type: ignore[method-assign,assignment]
    result = world.run("policy-push")
    assert (result.planned, result.queued, result.failed) == (2, 1, 1)
    assert world.run("policy-push").queued == 1


def test_a_long_run_says_on_its_row_how_far_it_is_and_seldom_enough() -> None:
    world = JobWorld()
    heard: list[tuple[int, int]] = []
    rows: list[tuple[int, int | None]] = []

    class Long(Job):
        name, title, schedule = "long", "久的", Every(1)

        def plan(self, context: JobContext, when: When) -> JobPlan:
            return JobPlan(placements=tuple(Placement(()) for _ in range(10)))

        def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
            for number in range(len(plan.placements)):
                world.clock.advance(timedelta(seconds=0.7))
                context.step(number, len(plan.placements))
                row = last_run(world.memory, "long")
                assert row is not None and row.state is RunState.RUNNING
                rows.append((row.done, row.of))
            return Done()

    run(Long(), replace(world.context, step=lambda done, of: heard.append((done, of))))
    assert heard == [(number, 10) for number in range(10)]
    assert rows == [(0, None)] * 2 + [(2, 10)] * 3 + [(5, 10)] * 3 + [(8, 10)] * 2
    row = last_run(world.memory, "long")
    assert row is not None and row.state is RunState.DONE


def test_a_run_goes_on_when_its_row_cannot_say_how_far_it_is() -> None:
    world = county()

    class BusyWhenTold(MemoryStore):
        def put(self, record: Record, **how: Any) -> Record:
            if record.body.get("of") is not None:
                refused.append(record.pk)
                raise Throttled
            return super().put(record, **how)

    refused: list[str] = []
    real = world.notices.place_digest

    def slowly(*args: Any, **how: Any) -> bool:
        world.clock.advance(timedelta(seconds=3))
        return real(*args, **how)

    world.notices.place_digest = slowly  # type: ignore[method-assign]
    store = BusyWhenTold(world.clock)
    assert run(JOBS["policy-push"], replace(world.context, store=store)).queued == 2
    assert refused == ["runs#policy-push"]


def test_who_follows_a_run_is_told_of_that_one_only() -> None:
    world = JobWorld()
    old = RunRow(job="long", run_id="a", as_of=TODAY, started_at=NOW - timedelta(hours=1), done=9, of=9)
    record(world.memory, old)
    heard: list[tuple[int, int]] = []
    turns, enough = iter(range(1, 4)), Event()

    def pause(seconds: float) -> None:
        turn = next(turns, None)
        if turn is None:
            enough.set()
            return
        record(world.memory, RunRow(job="long", run_id="b", as_of=TODAY, started_at=NOW, done=turn, of=3))

    with run_of(world.memory, "long", NOW, lambda done, of: heard.append((done, of)), pause, shown=True):
        assert enough.wait(5)
    assert heard[:3] == [(1, 3), (2, 3), (3, 3)]


def test_two_runs_side_by_side_tell_once() -> None:
    world = county()
    job = JOBS["policy-push"]
    when = When(TODAY, NOW)
    plan = job.plan(world.context, when)
    assert job.execute(world.context, plan, when).queued == 2
    assert job.execute(world.context, plan, when).queued == 0
    assert isinstance(plan.placements[0], Placement)


@pytest.mark.parametrize("write", range(1, 7))
def test_a_run_that_was_killed_is_run_again_by_the_sweep(write: int) -> None:
    world = county()
    world.store.left = write
    with pytest.raises(Killed):
        world.run("policy-push")
    world.store.left = None
    for _ in range(20):
        world.clock.advance(60)
        world.run("notice-sweep")
        world.deliver()
    if write == 1:  # not even the record of the run was there: tomorrow's run makes up for it
        world.run("policy-push")
        world.deliver()
    assert {n.state for uscc in (E01, E12) for n in world.notices.inbox(uscc)} == {NoticeState.DELIVERED}
    assert set(world.platform.seen.values()) == {1}
    assert len(world.platform.seen) == 2
    states = [row.state for row in runs(world.memory, "policy-push")]
    assert RunState.RUNNING not in states


@pytest.mark.parametrize("write", range(1, 8))
def test_a_sweep_that_is_killed_while_it_resumes_a_run_loses_nothing_of_it(write: int) -> None:
    world = county()
    world.store.left = 2  # the run's row is written, its first notice is not
    with pytest.raises(Killed):
        world.run("policy-push")
    world.clock.advance(timedelta(minutes=17))
    world.store.left = write
    with pytest.raises(Killed):
        world.run("notice-sweep")
    for _ in range(20):
        world.clock.advance(60)
        world.run("notice-sweep")
        world.deliver()
    assert len(world.platform.seen) == 2
    assert set(world.platform.seen.values()) == {1}


def test_the_sweep_says_what_it_would_do() -> None:
    world = county()
    world.run("policy-push")
    world.clock.advance(timedelta(minutes=11))
    dry = world.run("notice-sweep", dry_run=True)
    assert [line.why for line in dry.plan.lines] == ["排队中", "排队中"]
    assert world.run("notice-sweep").queued == 2
    assert world.run("notice-sweep").planned == 0


def test_daily_report_keeps_the_service_level() -> None:
    world = county()
    world.run("policy-push")
    world.deliver()
    world.clock.advance(timedelta(days=1))
    result = world.run("daily-report")
    assert result.plan.lines[0].why == "新通知 2 条，该发 2 条，平台接收 2 条，10 秒内 100.0%，60 秒内 100.0%"
    kept = level_on(world.memory, TODAY)
    assert kept is not None and (kept.created, kept.sent) == (2, 2)
    assert level_on(world.memory, TODAY - timedelta(days=2)) is None


def test_the_day_before_is_reported_again_with_what_went_out_in_the_morning() -> None:
    world = county()
    world.run("policy-push")
    world.clock.advance(timedelta(days=1))
    world.run("daily-report")
    early = level_on(world.memory, TODAY)
    world.deliver()
    world.clock.advance(timedelta(days=1))
    world.run("daily-report")
    late = level_on(world.memory, TODAY)
    assert early and late
    assert (early.sent, late.sent) == (0, 2)


def test_all_jobs_of_the_contract_are_there() -> None:
    names = "policy-push loan-alerts deadline-reminders case-watch notice-sweep award-rounds daily-report".split()
    assert set(names) <= set(JOBS)
    assert all(job.title and job.name == name for name, job in JOBS.items())
    with pytest.raises(BadInput, match="policy-push"):
        job_named("policy-pull")


@pytest.mark.parametrize(
    ("job", "cron", "eventbridge", "text"),
    [
        ("policy-push", "30 8 * * *", "cron(30 0 * * ? *)", "每天 08:30"),
        ("deadline-reminders", "40 8 * * *", "cron(40 0 * * ? *)", "工作日 08:40"),
        ("daily-report", "30 7 * * *", "cron(30 23 * * ? *)", "每天 07:30"),
        ("award-rounds", "0 9 * * *", "cron(0 1 * * ? *)", "每天 09:00"),
        ("loan-alerts", "* * * * *", "rate(1 minute)", "每分钟"),
        ("notice-sweep", "* * * * *", "rate(1 minute)", "每分钟"),
        ("case-watch", "*/5 * * * *", "rate(5 minutes)", "每 5 分钟"),
        ("channel-watch", "*/5 * * * *", "rate(5 minutes)", "每 5 分钟"),
    ],
)
def test_schedules(job: str, cron: str, eventbridge: str, text: str) -> None:
    schedule = JOBS[job].schedule
    assert (schedule.cron, schedule.eventbridge, str(schedule)) == (cron, eventbridge, text)


def test_next_run() -> None:
    at = datetime(2026, 11, 23, 0, 29, 59, tzinfo=UTC)
    assert Daily(time(8, 30)).next_after(at) == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert Daily(time(8, 30)).next_after(at + timedelta(seconds=1)) == datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    assert Daily(time(7, 30)).next_after(at) == datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert Every(5).next_after(at) == datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
    assert Every(1).next_after(at + timedelta(seconds=1)) == datetime(2026, 11, 23, 0, 31, tzinfo=UTC)
    assert date(2026, 11, 23) == at.date()

"""Breached clocks and the end of 认证 leave one log line that infra/watch.py counts; what is in time leaves none."""

from __future__ import annotations

import dataclasses
import logging
from datetime import date, timedelta
from typing import Any

import pytest

from jobs import alarms
from jobs.core import When
from tests.unit.jobs.support import E01, NOW, TODAY, JobWorld, case_row
from tests.unit.jobs.test_channel_watch import ACCEPTED, ChannelWorld


def raised(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.alarm for record in caplog.records if hasattr(record, "alarm")]


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_48_hour_clock_that_runs_out_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    world = ChannelWorld()
    world.loan()
    world.clock.set(ACCEPTED + timedelta(hours=45))
    world.run("channel-watch")
    assert raised(caplog) == []
    world.clock.set(ACCEPTED + timedelta(hours=48, minutes=1))
    for _ in range(2):
        world.run("channel-watch")
    assert raised(caplog) == [alarms.CLOCK]


@pytest.mark.parametrize(("days", "late"), [(20, True), (2, False)])
def test_cases_past_due_are_said_each_morning(days: int, late: bool, caplog: pytest.LogCaptureFixture) -> None:
    world = JobWorld()
    received: dict[str, Any] = {"id": "e1", "kind": "RECEIVED", "at": (NOW - timedelta(days=days)).isoformat()}
    accepted = {"id": "e2", "kind": "ACCEPTED", "at": (NOW - timedelta(days=days)).isoformat()}
    world.cases.save_row(case_row(received, accepted, promised={"n": 5, "unit": "wd"}), NOW)
    result = world.run("daily-report")
    assert any("超期未办的办件 1 件" in line.what for line in result.plan.lines) is late
    assert raised(caplog) == ([alarms.CLOCK] if late else [])


@pytest.mark.parametrize(("left", "told"), [(61, False), (60, True), (-1, True)])
def test_the_end_of_the_verification_is_said_in_time(left: int, told: bool, caplog: pytest.LogCaptureFixture) -> None:
    world = JobWorld()
    world.context = dataclasses.replace(world.context, verified_until=TODAY + timedelta(days=left))
    world.run("daily-report")
    assert raised(caplog) == ([alarms.VERIFICATION] if told else [])


def test_without_a_day_nothing_is_said() -> None:
    assert alarms.verification_ends(None, When(date(2026, 11, 23), NOW)) == [] and E01

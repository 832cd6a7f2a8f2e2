"""deadline-reminders: T−7, −3, −1 for applicants, T−15, −7, −1 for policies, and ahead of days off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.cases.life import Due, DueKind
from jobs.deadline_reminders import TO_DO, covered
from jobs.policy_deadlines import stage
from tests.unit.jobs.support import E01, JobWorld, case_row, enterprise, policy


def correcting(due: str) -> tuple[dict[str, object], ...]:
    return (
        {"id": "c1", "kind": "RECEIVED", "at": "2026-11-16 09:00"},
        {"id": "c2", "kind": "CORRECTING", "at": "2026-11-17 09:00", "materials": ["完税证明"], "due": due},
    )


def county(due: str = "2026-12-08") -> JobWorld:
    world = JobWorld()
    world.add(enterprise(E01))
    world.person("o-1", E01)
    world.cases.save_row(case_row(*correcting(due)), world.clock.now())
    return world


@pytest.mark.parametrize(("left", "expected"), [(8, None), (7, 7), (4, 7), (3, 3), (2, 3), (1, 1), (0, 1)])
def test_the_closest_reminder_reached(left: int, expected: int | None) -> None:
    assert stage(left, (7, 3, 1)) == expected


def test_reminders_on_the_way_to_a_deadline() -> None:
    world = county("2026-12-08")  # a Tuesday
    told = {}
    for offset in range(20):
        day = date(2026, 11, 23) + timedelta(days=offset)
        world.clock.set(datetime.combine(day, datetime.min.time(), UTC))
        for item in world.run("deadline-reminders").plan.notices:
            told[day] = item.notice.event
        world.deliver()
    assert told == {
        date(2026, 12, 1): "deadline_T-7",
        date(2026, 12, 4): "deadline_T-3",  # Friday speaks for Saturday and Sunday
        date(2026, 12, 7): "deadline_T-1",
    }
    assert len(world.platform.calls) == 3


def test_nothing_on_days_off() -> None:
    world = county()
    assert world.run("deadline-reminders", as_of=date(2026, 11, 22)).skipped == {"非工作日": 1}


def test_the_eve_of_a_long_holiday_covers_it() -> None:
    """Facts §8.1 no. 28: on 30 September people are told of what falls due in the holiday."""
    calendar = JobWorld().calendar
    assert covered(calendar, date(2026, 9, 30)) == calendar.next_workday(date(2026, 9, 30)) - timedelta(days=1)
    assert covered(calendar, date(2026, 9, 30)) >= date(2026, 10, 7)
    assert covered(calendar, date(2026, 11, 23)) == date(2026, 11, 23)


def policies_world(*ends: str) -> JobWorld:
    world = JobWorld(*[policy(f"P{90 + n}", valid_to=end) for n, end in enumerate(ends)])
    world.add(enterprise(E01))
    world.person("o-1", E01)
    return world


def test_policy_deadlines_share_the_digest_of_the_day_except_the_last_call() -> None:
    world = policies_world("2026-12-08", "2026-12-07", "2026-11-24")
    result = world.run("deadline-reminders")
    assert [item.notice.event for item in result.plan.notices] == ["deadline_T-1", "deadline_T-15"]
    assert result.skipped == {"今日已推": 1}
    world.clock.advance(timedelta(days=1))
    tomorrow = world.run("deadline-reminders")
    assert [item.notice.subject for item in tomorrow.plan.notices] == ["policy#P90"]


def test_after_a_digest_the_reminder_waits_for_tomorrow() -> None:
    world = policies_world("2026-12-08")
    assert world.run("policy-push").queued == 1
    assert world.run("deadline-reminders").skipped == {"今日已推": 1}
    world.clock.advance(timedelta(days=1))
    assert world.run("deadline-reminders").queued == 1


def test_an_ended_or_automatic_policy_reminds_nobody() -> None:
    world = policies_world("2026-11-22")
    world.policies["P95"] = policy("P95", valid_to="2026-11-30", mode="AUTO")
    assert world.run("deadline-reminders").planned == 0


def test_there_are_words_for_every_deadline_of_an_applicant() -> None:
    assert set(TO_DO) == {kind for kind in DueKind if Due(kind, date(2026, 12, 1)).by_applicant}

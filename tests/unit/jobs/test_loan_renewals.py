"""续贷提醒: told 60, 30 and 7 days before the last day, never after it, never of a loan that is paid back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.times import at_local
from tests.unit.jobs.support import E01, JobWorld, enterprise, loan_row

DUE = date(2027, 3, 2)  # a Tuesday
STEPS = ("ACCEPTED", "REVIEWING", "APPROVED", "LINE_GRANTED", "SIGNED", "PAID_OUT")


def county(*more: dict[str, Any]) -> JobWorld:
    world = JobWorld()
    world.add(enterprise(E01))
    world.person("o-legal", E01)
    world.person("o-staff", E01, Role.STAFF)
    events = [
        {"id": f"e{n}", "state": state, "at": f"2026-03-1{n} 09:00", "source": "银行", "amount": 100}
        for n, state in enumerate(STEPS)
    ]
    events[-1] |= {"valid_to": DUE.isoformat()}
    world.loans.save_row(loan_row(*events, *more), world.clock.now())
    return world


def told(world: JobWorld, day: date) -> list[str]:
    world.clock.set(at_local(day) + timedelta(hours=9))
    world.run("deadline-reminders")
    return [n.event for n in world.notices.of_person("o-legal", 100) if n.event.startswith("renewal")]


def test_sixty_thirty_and_seven_days_ahead_and_once_each() -> None:
    world = county()
    days = [DUE - timedelta(days=n) for n in (70, 60, 56, 35, 28, 22, 7, 6, 1, 0)]
    seen = [len(told(world, day)) for day in days]
    assert seen == [0, 1, 1, 1, 2, 2, 3, 3, 3, 3]
    notice = world.notices.of_person("o-legal", 100)[0]
    assert "3月2日" in notice.title and "100" not in " ".join(notice.lines)
    assert world.notices.of_person("o-staff") == []


@pytest.mark.parametrize("ends", [("REPAID", "SETTLED"), ("REPAID",), ("OVERDUE",)])
def test_what_is_paid_back_or_late_is_not_asked_to_renew(ends: tuple[str, ...]) -> None:
    last = [
        {"id": f"z{n}", "state": end, "at": f"2026-12-0{n + 1} 09:00", "source": "银行", "amount": 100}
        for n, end in enumerate(ends)
    ]
    assert told(county(*last), DUE - timedelta(days=20)) == []


def test_a_renewed_loan_is_told_of_its_new_last_day() -> None:
    renewed = {"id": "e9", "state": "RENEWED", "at": "2026-12-01 09:00", "source": "银行", "valid_to": "2028-03-01"}
    assert told(county(renewed), DUE - timedelta(days=7)) == []

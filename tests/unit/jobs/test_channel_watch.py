"""channel-watch: each mark of the 48-hour clock is recorded once and told to the units' people, whatever happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.units import Unit, UnitService
from chalicelib.finance.channel_report import month_report
from chalicelib.finance.reminders import ReminderError, ReminderService
from chalicelib.notices.kinds import NoticeKind
from tests.unit.jobs.support import E01, E09, E11, NOW, TODAY, JobWorld, enterprise, loan_row

BANK_UNIT, OFFICE = E09, E11
TITLE = {"code": "LG", "issued_on": "2025-01-01", "expires_on": "2028-01-01"}
ACCEPTED = NOW - timedelta(hours=1)


def event(state: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"id": f"{state}-{at:%d%H%M}", "state": state, "at": at.isoformat(), "source": "银行", **more}


class ChannelWorld(JobWorld):
    def __init__(self, quals: list[dict[str, Any]] | None = None) -> None:
        super().__init__()
        records = {"quals": [TITLE] if quals is None else quals}
        self.add(enterprise(E01, records=records))
        units = UnitService(self.memory)
        units.save(Unit(name="示例银行", uscc=BANK_UNIT))
        units.save(Unit(name="县工信局", uscc=OFFICE))
        self.person("o-bank", BANK_UNIT, Role.OFFICER, Scope.WORK_ALERT)
        self.person("o-bank-head", BANK_UNIT, Role.HEAD, Scope.WORK_ALERT)
        self.person("o-office", OFFICE, Role.OFFICER, Scope.WORK_ALERT)
        self.reminders = ReminderService(self.memory)

    def loan(self, *events: dict[str, Any], **more: Any) -> None:
        steps = [event("ACCEPTED", ACCEPTED), *events]
        self.loans.save_row(loan_row(*steps, fast_channel=True, **more), self.clock.now())

    def hours(self) -> list[int]:
        return sorted(each.hours for each in self.reminders.open())

    def told(self, openid: str) -> list[str]:
        return [notice.title for notice in self.notices.of_person(openid)]


def test_the_officers_hear_at_24_36_and_44_hours_and_their_heads_of_the_breach() -> None:
    world = ChannelWorld()
    world.loan()
    assert world.run("channel-watch").planned == 0
    for hours, officer, head in ((24, 1, 0), (36, 2, 0), (44, 3, 0), (48, 3, 1)):
        world.clock.set(ACCEPTED + timedelta(hours=hours, minutes=1))
        assert world.run("channel-watch").planned > 0
        assert world.run("channel-watch").planned == 0
        assert (len(world.told("o-bank")), len(world.told("o-bank-head"))) == (officer, head)
    assert len(world.told("o-office")) == 3
    assert world.hours() == [24, 36, 44, 48]
    assert "已超时" in world.told("o-bank-head")[0]
    text = " ".join(line for notice in world.notices.of_person("o-bank") for line in notice.lines)
    assert "溪华" not in text and "LN-2026-0001" in text


def test_a_breach_goes_a_level_higher_every_day_and_stays_until_dealt_with() -> None:
    world = ChannelWorld()
    world.loan()
    world.clock.set(ACCEPTED + timedelta(hours=73))
    world.run("channel-watch")
    assert world.reminders.open()[0].to == "县政府分管负责人"
    closed = world.reminders.close(world.reminders.open()[0].key, "op", "抵押登记排队", world.clock.now())
    assert world.reminders.close(closed.key, "other", "别的", world.clock.now()) == closed
    assert closed.key not in [each.key for each in world.reminders.open()]
    with pytest.raises(ReminderError, match="loan reminders"):
        world.reminders.close("loan48:none:48h", "op", "无", world.clock.now())


def test_a_pause_stops_the_clock_and_money_ends_it() -> None:
    world = ChannelWorld()
    world.loan(event("REVIEWING", ACCEPTED + timedelta(hours=1)), event("RETURNED", ACCEPTED + timedelta(hours=10)))
    world.clock.set(ACCEPTED + timedelta(hours=100))
    assert world.run("channel-watch").planned == 0
    world.loan(
        event("REVIEWING", ACCEPTED + timedelta(hours=1)),
        event("RETURNED", ACCEPTED + timedelta(hours=10)),
        event("REVIEWING", ACCEPTED + timedelta(hours=90)),
    )
    world.clock.set(ACCEPTED + timedelta(hours=105))
    world.run("channel-watch")
    assert world.hours() == [24]


def test_a_breach_that_nobody_was_awake_for_is_recorded_after_the_money_came() -> None:
    world = ChannelWorld()
    steps = ("REVIEWING", "APPROVED", "LINE_GRANTED")
    quick = [event(state, ACCEPTED + timedelta(hours=n + 1), amount=100) for n, state in enumerate(steps)]
    signed = event("SIGNED", ACCEPTED + timedelta(hours=4), amount=100)
    paid = event("PAID_OUT", ACCEPTED + timedelta(hours=60), amount=100)
    world.loan(*quick, signed, paid)
    world.clock.set(ACCEPTED + timedelta(hours=61))
    world.run("channel-watch")
    assert 48 in world.hours()


@pytest.mark.parametrize(("quals", "hours"), [([], [0]), ([{"code": "LG"}], [0, 24])])
def test_a_title_that_does_not_hold_or_nobody_looked_at_is_a_question_to_the_department(
    quals: list[dict[str, Any]], hours: list[int]
) -> None:
    world = ChannelWorld(quals)
    world.loan()
    world.clock.set(ACCEPTED + timedelta(hours=25))
    result = world.run("channel-watch")
    assert result.skipped == {"资质不符或未核对": 1}
    assert world.hours() == hours
    assert "；" in world.reminders.open()[0].why or hours == [0, 24]
    assert world.run("channel-watch").planned == 0


def test_without_units_the_ledger_still_knows() -> None:
    world = ChannelWorld()
    world.loan(bank="另一家银行")
    world.clock.set(ACCEPTED + timedelta(hours=25))
    world.run("channel-watch")
    assert world.hours() == [24]
    assert world.told("o-bank") == [] and len(world.told("o-office")) == 1


def test_samples_are_recorded_and_not_told() -> None:
    world = ChannelWorld()
    world.loan(prov="R")
    world.clock.set(ACCEPTED + timedelta(hours=25))
    world.run("channel-watch")
    assert world.hours() == [24] and world.told("o-bank") == []


@given(jumps=st.lists(st.integers(-30, 60), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_whatever_the_machines_clock_does_nobody_hears_twice_and_nothing_is_missed(jumps: list[int]) -> None:
    world = ChannelWorld()
    world.loan()
    furthest = world.clock.now()
    for hours in [*jumps, 0]:
        world.clock.set(max(ACCEPTED, world.clock.now() + timedelta(hours=hours)))
        furthest = max(furthest, world.clock.now())
        world.run("channel-watch")
    used = furthest - ACCEPTED
    assert world.hours() == [hours for hours in (24, 36, 44, 48, 72) if used >= timedelta(hours=hours)]
    assert len(set(world.told("o-bank"))) == len(world.told("o-bank"))


def test_the_month_report_is_recounted_from_the_events() -> None:
    world = ChannelWorld()
    steps = [
        event(state, ACCEPTED + timedelta(hours=n + 1), amount=100)
        for n, state in enumerate(("REVIEWING", "APPROVED", "LINE_GRANTED"))
    ]
    signed = event("SIGNED", ACCEPTED + timedelta(hours=13), amount=100)  # ten hours of signing do not count
    world.loan(*steps, signed, event("PAID_OUT", ACCEPTED + timedelta(hours=40), amount=100))
    world.loans.save_row(
        loan_row(event("ACCEPTED", ACCEPTED), loan_id="LN-2026-0002", fast_channel=True), world.clock.now()
    )
    world.clock.set(ACCEPTED + timedelta(hours=50))
    world.run("channel-watch")
    breach = next(each for each in world.reminders.open() if each.is_breach)
    world.reminders.close(breach.key, "op", "资料迟交", world.clock.now())
    now = world.clock.now()
    found = month_report(world.loans.all_loans(TODAY, now), world.reminders.all(), TODAY, now)
    assert (found.started, found.running, found.breached) == (2, 1, ("LN-2026-0002",))
    assert (found.line.median_hours, found.money.median_hours, found.money.share) == (3.0, 30.0, 1.0)
    assert (found.pauses, found.causes) == ({"待签约或抵押": 10.0}, {"资料迟交": 1})
    assert month_report(world.loans.all_loans(TODAY, now), [], TODAY + timedelta(days=40), now).started == 0


def test_a_loan_that_ended_and_left_the_watched_list_is_still_in_the_report() -> None:
    world = ChannelWorld()
    world.loan(event("WITHDRAWN", ACCEPTED + timedelta(hours=3)))
    world.clock.set(NOW + timedelta(days=9))
    assert world.loans.retire(world.clock.now()) == 1
    now = world.clock.now()
    assert [loan.id for loan in world.loans.all_loans(TODAY, now)] == ["LN-2026-0001"]
    assert month_report(world.loans.all_loans(TODAY, now), [], TODAY, now).closed_unpaid == 1


def test_kinds_of_work_go_to_units_only() -> None:
    world = ChannelWorld()
    world.person("o-legal", E01)
    world.loan()
    world.clock.set(ACCEPTED + timedelta(hours=49))
    world.run("channel-watch")
    assert world.told("o-legal") == []
    assert {n.kind for n in world.notices.of_person("o-bank-head")} == {NoticeKind.WORK_ESCALATION}

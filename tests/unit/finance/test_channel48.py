"""The 48-hour channel: who may use it, and a clock that pauses, reminds and escalates."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.enterprises.model import Qual
from chalicelib.finance.channel48 import ChannelClock, clock, eligibility
from chalicelib.finance.model import LoanEvent
from tests.unit.finance.loan_samples import ID, PAID, UP_TO_LINE, event, life, wall


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def at(now: datetime | str, *events: LoanEvent) -> ChannelClock:
    found = clock(ID, life(*events), wall(now) if isinstance(now, str) else now)
    assert found is not None
    return found


def title(issued: date | None, expires: date | None) -> Qual:
    return Qual(code="LG", issued_on=issued, expires_on=expires)


@pytest.mark.parametrize(
    ("quals", "ok", "says"),
    [
        ((title(date(2024, 9, 1), date(2027, 8, 31)),), True, ""),
        ((title(date(2023, 7, 1), date(2026, 6, 30)),), False, "2026-06-30 到期"),
        ((title(date(2026, 12, 1), date(2029, 11, 30)),), False, "没有生效"),
        ((Qual(code="HNTE"),), False, "没有专精特新"),
        ((), False, "没有专精特新"),
        (None, None, "没有登记"),
        ((title(None, date(2027, 8, 31)),), None, "没有登记"),
        ((title(date(2020, 1, 1), date(2022, 12, 31)), title(date(2024, 9, 1), date(2027, 8, 31))), True, ""),
    ],
)
def test_only_a_title_valid_on_the_start_date_opens_the_channel(
    quals: tuple[Qual, ...] | None, ok: bool | None, says: str
) -> None:
    verdict = eligibility(quals, date(2026, 11, 20))
    assert verdict.ok is ok
    assert says in verdict.reason
    assert bool(verdict.way_back) == (ok is not True)


def test_the_clock_starts_when_the_bank_accepts() -> None:
    assert clock(ID, life(*UP_TO_LINE[:2]), wall("11-22")) is None
    assert at("11-21 12:00", *UP_TO_LINE[:5]).used == hours(21)


def test_both_durations_are_kept_and_waiting_for_the_signature_does_not_count() -> None:
    paid = at("12-01", *PAID)
    assert paid.status == "paid"
    assert paid.to_line == hours(21)
    assert paid.to_money == paid.used == hours(35)  # 43 by the wall, 8 of them 待签约
    assert [(pause.why, paid.paused) for pause in paid.pauses] == [("待签约或抵押", hours(8))]
    assert not paid.breached


def test_a_pause_is_shown_and_stops_the_marks() -> None:
    waiting = at("11-25 12:00", *UP_TO_LINE)
    assert waiting.status == "paused"
    assert (waiting.used, waiting.left) == (hours(21), hours(27))
    assert waiting.due_marks(wall("11-25 12:00")) == ()
    assert not waiting.breached


def test_sent_back_papers_pause_until_the_bank_goes_on() -> None:
    events = (*UP_TO_LINE[:4], event("RETURNED", "11-21 09:00"), event("REVIEWING", "11-21 19:00"))
    now = at("11-21 20:00", *events)
    assert (now.used, now.paused, now.status) == (hours(19), hours(10), "running")
    first = now.marks[0]
    assert first.at == wall("11-22 01:00")  # 24 hours after 15:00, and the ten that stood still


@pytest.mark.parametrize(
    ("used", "reached", "level", "breached"),
    [
        (23.9, [], 0, False),
        (24, [24], 0, False),
        (36, [24, 36], 0, False),
        (44, [24, 36, 44], 0, False),
        (47.9, [24, 36, 44], 0, False),
        (48, [24, 36, 44, 48], 1, True),
        (72, [24, 36, 44, 48, 72], 2, True),
    ],
)
def test_reminders_then_escalation(used: float, reached: list[int], level: int, breached: bool) -> None:
    now = wall("11-20 15:00") + hours(used)
    running = at(now, *UP_TO_LINE[:5])
    assert [mark.hours for mark in running.due_marks(now)] == reached
    assert running.level(now) == level
    assert running.breached is breached


def test_money_in_time_silences_what_was_not_reached_and_late_money_stays_a_breach() -> None:
    assert [mark.hours for mark in at("12-20", *PAID).due_marks(wall("12-20"))] == [24]
    late = (*PAID[:-1], event("PAID_OUT", "11-24 00:00", 100))
    after = at("12-20", *late)
    assert after.to_money == hours(73)
    assert after.breached
    assert [mark.hours for mark in after.due_marks(wall("12-20"))] == [24, 36, 44, 48, 72]


def test_a_refusal_stops_the_clock() -> None:
    stopped = at("12-20", *UP_TO_LINE[:5], event("DECLINED", "11-21 10:00"))
    assert stopped.status == "closed"
    assert stopped.used == hours(19)
    assert not stopped.breached


def test_a_banks_clock_ahead_of_ours_is_no_negative_time() -> None:
    assert at("11-20 14:00", *UP_TO_LINE[:3]).used == hours(0)


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 100))
def test_a_mark_falls_where_the_clock_shows_its_hours(before: int, stood: int, later: int) -> None:
    """The moment computed ahead and the time counted back agree, whatever the pause."""
    start = wall("11-20 15:00")
    back = event("RETURNED", "11-21").model_copy(update={"at": start + hours(before)})
    on = event("REVIEWING", "11-22").model_copy(update={"at": start + hours(before + stood)})
    events = (UP_TO_LINE[2], back, on)
    now = max(start + hours(later), on.at)
    for mark in at(now, *events).marks:
        assert mark.at is not None
        assert at(max(mark.at, on.at), *events).used >= hours(mark.hours)
        assert mark.reached(now) == (at(now, *events).used >= hours(mark.hours))


def test_the_last_moment_is_in_time_and_a_mark_on_the_edge_of_a_pause_counts() -> None:
    accepted = UP_TO_LINE[2]
    signed = (*UP_TO_LINE, event("SIGNED", "11-21 13:00", 2000))
    on_time = at("12-20", *signed, event("PAID_OUT", "11-22 16:00", 100))
    assert (on_time.to_money, on_time.breached) == (hours(48), False)
    sent_back = (accepted, event("RETURNED", "11-21 15:00"))  # at 24 hours sharp, and still waiting
    assert [mark.hours for mark in at("11-23", *sent_back).due_marks(wall("11-23"))] == [24]

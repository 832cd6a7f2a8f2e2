"""The life of a case: transitions, clocks, and independence of the order in which events arrive."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.cases.folding import live
from chalicelib.cases.life import DueKind, Rules
from chalicelib.cases.model import CaseAct, CaseEvent, CaseState, Outcome
from chalicelib.cases.transitions import may_follow
from chalicelib.times import local_date
from tests.unit.cases.samples import CALENDAR, case, event, life, wall

S = CaseState

ORDINARY = (
    event("SUBMITTED", "11-02"),
    event("RECEIVED", "11-02 10:00"),
    event("ACCEPTED", "11-03"),
    event("REVIEWING", "11-04"),
    event("DECIDED_OK", "11-10"),
    event("CERTIFYING", "11-11"),
    event("DELIVERING", "11-12"),
    event("FINISHED", "11-13"),
)


def dues(*events: CaseEvent, now: str, **more: Any) -> dict[DueKind, date]:
    return {due.kind: due.day for due in life(*events, now=now, **more).dues}


def test_an_ordinary_case_reaches_its_end() -> None:
    result = life(*ORDINARY, now="11-22")
    assert result.state is S.FINISHED
    assert result.outcome is Outcome.GRANTED
    assert [step.kind for step in result.steps] == [e.kind for e in ORDINARY]
    assert not result.aside
    assert not result.dues


def test_the_clock_starts_the_day_after_acceptance() -> None:
    assert dues(*ORDINARY[:3], now="11-03") == {
        DueKind.PROMISED: date(2026, 11, 17),
        DueKind.LEGAL: date(2026, 12, 1),
    }


def test_a_special_procedure_is_not_counted() -> None:
    events = (
        event("RECEIVED", "11-02"),
        event("ACCEPTED", "11-02 10:00"),
        event("SUSPENDED", "11-05", special="现场勘验"),
    )
    paused = life(*events, now="11-10")
    assert paused.is_paused
    assert not paused.dues
    assert paused.warnings
    assert not life(*events, event("NOTIFIED", "11-06"), now="11-10").warnings
    assert dues(*events, event("REVIEWING", "11-18"), now="11-18")[DueKind.PROMISED] == date(2026, 11, 30)


def test_silence_for_five_working_days_is_acceptance() -> None:
    received = event("RECEIVED", "11-02")
    assert life(received, now="11-09 23:59").state is S.RECEIVED
    deemed = life(received, now="11-10 00:00")
    assert deemed.state is S.ACCEPTED
    assert deemed.accepted_on == date(2026, 11, 2)  # 自收到申请材料之日起
    assert deemed.steps[-1].kind is CaseAct.DEEMED_ACCEPTED
    assert {due.kind: due.day for due in deemed.dues}[DueKind.PROMISED] == date(2026, 11, 16)


def test_after_deemed_acceptance_papers_can_no_longer_be_asked_for_but_acceptance_is_confirmed() -> None:
    received = event("RECEIVED", "11-02")
    late = life(received, event("CORRECTING", "11-11", materials=("完税证明",)), now="11-12")
    assert late.state is S.ACCEPTED
    assert "视为受理" in late.aside[0].reason
    confirmed = life(received, event("ACCEPTED", "11-11"), event("REVIEWING", "11-12"), now="11-12")
    assert confirmed.state is S.REVIEWING
    assert confirmed.accepted_on == date(2026, 11, 2)
    assert not confirmed.aside


def test_an_application_after_hours_counts_from_the_next_working_day() -> None:
    assert dues(event("SUBMITTED", "11-20 16:59"), now="11-20")[DueKind.ACCEPT] == date(2026, 11, 27)
    assert dues(event("SUBMITTED", "11-20 17:30"), now="11-20")[DueKind.ACCEPT] == date(2026, 11, 30)


def test_papers_are_asked_for_once() -> None:
    first = (event("RECEIVED", "11-16"), event("CORRECTING", "11-17", materials=("完税证明",)))
    asked = life(*first, now="11-18")
    assert asked.missing == ("完税证明",)
    assert asked.due is not None
    assert (asked.due.kind, asked.due.day, asked.due.by_applicant) == (DueKind.SUPPLY, date(2026, 12, 8), True)
    again = event("CORRECTING", "11-20", materials=("章程",))
    assert "一次告知" in life(*first, again, now="11-20").aside[0].reason
    overridden = event("CORRECTING", "11-20", materials=("章程",), approved_by_supervisor=True, note="前次漏列")
    assert life(*first, overridden, now="11-20").missing == ("章程",)


def test_the_time_to_supply_is_extended_once() -> None:
    asked = (event("RECEIVED", "11-16"), event("CORRECTING", "11-17", due=date(2026, 11, 25)))
    extension = {"days": 5, "note": "申请人在外地", "approved_by_supervisor": True}
    once = life(*asked, event("EXTENDED", "11-24", "x1", **extension), now="11-24")
    assert once.due is not None
    assert once.due.day == date(2026, 12, 2)
    twice = life(
        *asked,
        event("EXTENDED", "11-24", "x1", **extension),
        event("EXTENDED", "11-25", "x2", **extension),
        now="11-25",
    )
    assert [aside.event.id for aside in twice.aside] == ["x2"]
    assert twice.dues == once.dues


def test_supplied_papers_give_the_ball_back_to_the_office() -> None:
    events = (event("RECEIVED", "11-16"), event("CORRECTING", "11-17", materials=("章程",)), event("SUPPLIED", "11-19"))
    result = life(*events, now="11-19")
    assert result.supplied
    assert not result.missing
    assert dues(*events, now="11-19") == {DueKind.ACCEPT: date(2026, 11, 26)}


TOLERATED = event("TOL_ACCEPTED", "11-03", committed=True, materials=("住所证明",))


def test_papers_that_come_one_by_one_are_supplied_with_the_last() -> None:
    asked = (
        event("RECEIVED", "11-02"),
        event("MATERIAL", "11-02 11:00", "m0", materials=("租赁合同",)),
        event("CORRECTING", "11-03", materials=("租赁合同", "章程")),
    )
    one = event("MATERIAL", "11-05", "m1", materials=("章程",))
    both = (one, event("MATERIAL", "11-06", "m2", materials=("租赁合同",)))
    assert life(*asked, now="11-04").missing == ("租赁合同", "章程")  # what came before the notice answers nothing
    assert life(*asked, one, now="11-05").missing == ("租赁合同",)
    result = life(*asked, *both, now="11-06")
    assert result.supplied and not result.missing and not result.aside
    assert result.received == ("租赁合同", "章程")
    assert [step.kind for step in result.steps].count(CaseAct.SUPPLIED) == 1
    assert result.dues == life(*asked, event("SUPPLIED", "11-06"), now="11-06").dues
    unnamed = life(*asked, event("MATERIAL", "11-05", "m3"), now="11-05")
    assert [aside.reason for aside in unnamed.aside] == ["收到材料要写明是哪一份"]


def test_tolerance_needs_a_commitment_and_ends_by_itself() -> None:
    received = event("RECEIVED", "11-02")
    assert life(received, event("TOL_ACCEPTED", "11-03"), now="11-03").aside
    running = life(received, TOLERATED, now="11-03")
    assert {due.kind: due.day for due in running.dues} == {
        DueKind.TOLERANCE: date(2026, 11, 16),  # promised 10 working days less one
        DueKind.PROMISED: date(2026, 11, 17),
        DueKind.LEGAL: date(2026, 12, 1),
    }
    assert life(received, TOLERATED, event("REVIEWING", "11-05"), now="11-16 23:59").state is S.REVIEWING
    ended = life(received, TOLERATED, event("REVIEWING", "11-05"), now="11-17")
    assert ended.state is S.TERMINATED_NO_SUPPLY
    assert ended.outcome is Outcome.NOT_SUPPLIED
    kept = life(received, TOLERATED, event("REVIEWING", "11-05"), event("SUPPLIED", "11-13"), now="11-20")
    assert kept.state is S.REVIEWING  # also when word of the supply came late


def test_tolerance_holds_back_the_certificate_or_the_review() -> None:
    start = (event("RECEIVED", "11-02"), TOLERATED, event("REVIEWING", "11-05"))
    decided = (*start, event("DECIDED_OK", "11-09"))
    assert "不能出件" in life(*decided, event("CERTIFYING", "11-10"), now="11-10").aside[0].reason
    supplied = (*decided, event("SUPPLIED", "11-10"), event("CERTIFYING", "11-11"))
    assert life(*supplied, now="11-11").state is S.CERTIFYING
    waiting = life(*start, now="11-05", rules=Rules(review_before_supply=False))
    assert waiting.state is S.TOL_ACCEPTED
    assert "还没有补齐" in waiting.aside[0].reason


def test_a_broken_commitment_stays_broken() -> None:
    start = (event("RECEIVED", "11-02"), TOLERATED)
    running, ended = life(*start, now="11-16"), life(*start, event("ARCHIVED", "11-20"), now="11-20")
    assert not running.commitment_broken
    assert (ended.state, ended.commitment_broken) == (S.ARCHIVED, True)
    confirmed = life(*start, event("TERMINATED_NO_SUPPLY", "11-17 10:00"), now="11-20")
    assert (confirmed.state, confirmed.aside) == (S.TERMINATED_NO_SUPPLY, ())
    ends = [step for step in confirmed.steps if step.kind is S.TERMINATED_NO_SUPPLY]
    assert (len(ends), [step for step in confirmed.told if step in ends]) == (2, ends[:1])  # kept, and told once
    by_office = life(*start, event("TERMINATED_NO_SUPPLY", "11-05"), now="11-20")
    assert by_office.commitment_broken and by_office.dues == ()


def test_a_decision_is_not_undone_by_the_clock() -> None:
    start = (event("RECEIVED", "11-02"), TOLERATED, event("REVIEWING", "11-05"))
    granted = (*start, event("DECIDED_OK", "11-09"))
    late = life(*granted, now="11-17")
    assert (late.state, late.commitment_broken) == (S.DECIDED_OK, True)
    assert "不会自动终止" in late.warnings[0] and late.missing
    assert not life(*granted, now="11-16").warnings
    came = life(*granted, event("SUPPLIED", "11-18"), event("CERTIFYING", "11-19"), now="11-19")
    assert (came.state, came.commitment_broken) == (S.CERTIFYING, True)
    refused = life(*start, event("DECIDED_NO", "11-09"), now="11-20")
    assert (refused.dues, refused.missing, refused.commitment_broken) == ((), (), False)


def test_an_office_that_is_silent_after_the_papers_came_is_named() -> None:
    events = (event("RECEIVED", "11-16"), event("CORRECTING", "11-17", materials=("章程",)), event("SUPPLIED", "11-19"))
    assert not life(*events, now="11-26 23:59").warnings
    assert "答复" in life(*events, now="11-27").warnings[0]


def test_an_extension_is_approved_with_a_reason_once() -> None:
    events = ORDINARY[:4]
    extension = event("EXTENDED", "11-12", days=10, note="案情复杂", approved_by_supervisor=True)
    assert dues(*events, extension, now="11-12")[DueKind.LEGAL] == date(2026, 12, 15)
    assert life(*events, event("EXTENDED", "11-12", days=10), now="11-12").aside
    assert life(*ORDINARY, extension.model_copy(update={"at": wall("11-14")}), now="11-14").aside


def test_no_withdrawal_after_the_decision() -> None:
    result = life(*ORDINARY[:5], event("WITHDRAWN", "11-11"), now="11-11")
    assert result.state is S.DECIDED_OK
    assert "撤回" in result.aside[0].reason


def test_done_at_once_still_writes_every_step() -> None:
    result = life(event("SUBMITTED", "11-02"), event("FINISHED", "11-02 09:10"), now="11-02", immediate=True)
    assert [step.kind for step in result.steps] == [S.SUBMITTED, S.RECEIVED, S.ACCEPTED, S.DECIDED_OK, S.FINISHED]
    assert result.outcome is Outcome.GRANTED
    assert life(event("SUBMITTED", "11-02"), event("FINISHED", "11-02 09:10"), now="11-02").aside


def test_a_returned_application_may_be_handed_in_again() -> None:
    events = (event("SUBMITTED", "11-02"), event("RETURNED", "11-03"), event("SUBMITTED", "11-05"))
    assert dues(*events, now="11-05") == {DueKind.ACCEPT: date(2026, 11, 12)}


def test_what_came_too_early_falls_into_place_later() -> None:
    without = life(ORDINARY[0], ORDINARY[2], now="11-03")
    assert without.state is S.SUBMITTED
    assert [aside.event.kind for aside in without.aside] == [S.ACCEPTED]
    assert life(ORDINARY[2], ORDINARY[0], ORDINARY[1], now="11-03").state is S.ACCEPTED


def test_one_id_for_two_events_means_the_earlier_whichever_came_first() -> None:
    received = event("RECEIVED", "11-02")
    one, other = event("ACCEPTED", "11-03", "x"), event("WITHDRAWN", "11-04", "x")
    assert life(received, other, one, now="11-05") == life(received, one, other, now="11-05")
    assert life(received, other, one, now="11-05").state is S.ACCEPTED


def test_events_that_only_tell_the_day_are_read_in_the_course_of_a_case() -> None:
    kinds = ["REVIEWING", "ACCEPTED", "RECEIVED", "SUBMITTED"]
    assert life(*(event(kind, "11-02 00:00") for kind in kinds), now="11-03").state is S.REVIEWING


def test_past_the_calendar_deadlines_are_estimates_and_nothing_happens_by_itself() -> None:
    received = event("RECEIVED", "12-29")
    [due] = life(received, now="12-30").dues
    assert due.estimated
    assert life(received, now="2027-02-01").state is S.RECEIVED


def test_the_facts_transitions_and_no_others() -> None:
    assert may_follow(S.RECEIVED, S.REJECTED_ACCEPT)
    assert may_follow(S.FINISHED, S.ARCHIVED)
    assert not may_follow(S.REVIEWING, S.ARCHIVED)
    assert not may_follow(S.ARCHIVED, S.ARCHIVED)
    assert not may_follow(S.SUSPENDED, S.DECIDED_OK)
    assert not may_follow(None, S.FINISHED)


def test_an_event_cannot_claim_what_only_the_clock_does() -> None:
    with pytest.raises(ValidationError, match="系统按期限自动记录"):
        event("DEEMED_ACCEPTED", "11-02")


def test_times_without_a_zone_are_chinas_and_states_may_be_written_in_chinese() -> None:
    read = CaseEvent.model_validate(
        {"id": "1", "case_no": "3603232026112200123", "kind": "已受理", "at": "2026-11-02 09:00"}
    )
    assert read.kind is S.ACCEPTED
    assert read.at == wall("11-02")


_DAYS = st.integers(0, 40).map(lambda n: wall("10-20") + timedelta(days=n))


@st.composite
def _histories(draw: st.DrawFn) -> list[CaseEvent]:
    """Any events at all: most of them cannot have happened."""
    kinds = draw(
        st.lists(st.sampled_from([k for k in (*CaseState, *CaseAct) if k is not CaseAct.DEEMED_ACCEPTED]), max_size=9)
    )
    return [
        CaseEvent.model_validate(
            {
                "id": f"e{n}",
                "case_no": "3603232026112200123",
                "kind": kind,
                "at": draw(_DAYS),
                "committed": draw(st.booleans()),
                "special": draw(st.sampled_from([None, "听证"])),
                "days": draw(st.sampled_from([None, 5])),
                "note": draw(st.sampled_from(["", "原因"])),
                "approved_by_supervisor": draw(st.booleans()),
                "materials": draw(st.sampled_from([(), ("章程",)])),
            }
        )
        for n, kind in enumerate(kinds)
    ]


@st.composite
def _plausible(draw: st.DrawFn) -> list[CaseEvent]:
    """A walk along allowed transitions, so that deep states are reached."""
    state: CaseState | None = None
    at = wall("10-20")
    events = []
    for n in range(draw(st.integers(1, 9))):
        following = [kind for kind in CaseState if may_follow(state, kind)]
        if not following:
            break
        state = draw(st.sampled_from(following))
        at += timedelta(hours=draw(st.integers(0, 60)))
        more = {"committed": True, "special": "听证", "materials": ("章程",)}
        events.append(event(state, "11-02", f"e{n}", **more).model_copy(update={"at": at}))
    return events


@settings(max_examples=150, deadline=None)
@given(st.data(), st.one_of(_histories(), _plausible()), _DAYS)
def test_order_and_repetition_change_nothing(data: st.DataObject, events: list[CaseEvent], now: object) -> None:
    shuffled = data.draw(
        st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=4) if events else st.just([])))
    )
    once = live(case(*events), now, CALENDAR)  # type: ignore[arg-type]
    assert live(case(*shuffled), now, CALENDAR) == once  # type: ignore[arg-type]
    papers = {e.id for e in events if e.kind is CaseAct.MATERIAL and e.materials}
    told = [step.event.id for step in once.steps if step.event] + [aside.event.id for aside in once.aside]
    assert sorted({*told, *papers}) == sorted(e.id for e in events)  # nothing dropped
    assert len(told) == len(set(told))  # nothing twice
    assert set(once.received) == {name for e in events if e.id in papers for name in e.materials}


@settings(max_examples=100, deadline=None)
@given(_plausible())
def test_due_days_are_working_days_not_before_the_state(events: list[CaseEvent]) -> None:
    result = live(case(*events), events[-1].at, CALENDAR)
    for due in result.dues:
        assert due.day >= local_date(events[0].at)
        assert due.kind is DueKind.DRAFT or CALENDAR.is_workday(due.day)

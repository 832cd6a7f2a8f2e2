"""The measure: once a draft, nothing of the person, and figures that can be worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.forms.draft import DraftState
from chalicelib.forms.measure import Filled, FormMeasure, figures, filled, months
from tests.unit.forms.sample_forms import COMPILED, NOW, VALUES, draft

SUBMITTED: dict[str, Any] = {"state": DraftState.SUBMITTED, "submitted_at": NOW}


def row(seconds: int = 100, **changes: object) -> Filled:
    made = Filled(form="FM-99", version=1, end="已提交", prefilled=6, derived=1, asked=3, blank=0, seconds=seconds)
    return made.model_copy(update=changes)


def test_fields_are_counted_by_where_they_came_from() -> None:
    made = filled(COMPILED, draft(**SUBMITTED, corrections=2, steps=7), NOW)
    assert (made.prefilled, made.derived, made.asked, made.blank) == (2, 0, 6, 1)
    assert (made.seconds, made.corrections, made.steps, made.gave_up_at) == (3600, 2, 7, "")


def test_an_answer_to_what_is_not_wanted_counts_for_nothing() -> None:
    made = filled(COMPILED, draft({**VALUES, "detail": "过户"}, **SUBMITTED), NOW)
    assert made.asked == 6


def test_where_somebody_gave_up_is_the_field_of_the_open_question() -> None:
    asked = draft(state=DraftState.EXPIRED, asking="agent_id")
    assert filled(COMPILED, asked, NOW + timedelta(days=30)).gave_up_at == "agent_id"
    assert filled(COMPILED, asked, NOW + timedelta(days=30)).seconds == 3600
    cancelled = draft({"kind": "卖房"}, state=DraftState.CANCELLED)
    assert filled(COMPILED, cancelled, NOW).gave_up_at == "company_name"


def test_an_open_draft_is_not_counted() -> None:
    with pytest.raises(ValueError, match="open"):
        filled(COMPILED, draft(), NOW)


def test_a_draft_is_counted_once_and_tells_nothing_of_the_person() -> None:
    store = MemoryStore(FixedClock(NOW))
    measure = FormMeasure(store)
    done = draft(**SUBMITTED)
    assert [measure.note(COMPILED, done, NOW), measure.note(COMPILED, done, NOW)] == [True, False]
    kept = [record for number in range(8) for record in store.query(f"formmeasure#2026-11#{number}").records]
    assert len(kept) == 1 and kept[0].expires_at == int((NOW + timedelta(days=400)).timestamp())
    told = f"{kept[0].pk} {kept[0].sk} {kept[0].body}"
    assert not any(word in told for word in [*VALUES.values(), done.owner, done.id, done.uscc])
    assert [each.form for each in measure.of_months("2026-10", "2026-11")] == ["FM-99"]
    assert list(measure.of_months("2026-12", "2027-02")) == []


def test_the_month_is_that_of_the_end_in_china() -> None:
    store = MemoryStore(FixedClock(NOW))
    late = NOW.replace(day=30, hour=16, minute=30)  # half past midnight on the first of December
    measure = FormMeasure(store)
    measure.note(COMPILED, draft(state=DraftState.SUBMITTED, submitted_at=late), late)
    assert len(list(measure.of_months("2026-12", "2026-12"))) == 1


def test_months_go_over_the_end_of_the_year() -> None:
    assert list(months("2026-11", "2027-02")) == ["2026-11", "2026-12", "2027-01", "2027-02"]


def test_figures_of_a_form() -> None:
    ends = [row(seconds) for seconds in range(10, 110, 10)]
    ends += [row(end="已取消", gave_up_at="agent_id"), row(end="已过期", gave_up_at="agent_id")]
    ends += [row(end="已过期", gave_up_at="phone")]
    (made,) = figures(ends)
    assert (made.started, made.submitted, made.cancelled, made.expired) == (13, 10, 1, 2)
    assert (made.prefilled, made.derived, made.asked) == (0.6, 0.1, 0.3)
    assert (made.median_seconds, made.p90_seconds) == (50, 90)
    assert made.gave_up_at == (("agent_id", 2), ("phone", 1))


def test_without_one_handed_in_there_is_no_share_and_no_time() -> None:
    (made,) = figures([row(end="已取消")])
    assert (made.prefilled, made.median_seconds, made.p90_seconds, made.corrections) == (None, None, None, None)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_half_are_done_by_the_median_and_nine_in_ten_by_the_other(seconds: list[int]) -> None:
    (made,) = figures(row(each) for each in seconds)
    assert made.median_seconds is not None and made.p90_seconds is not None
    assert sum(each <= made.median_seconds for each in seconds) * 2 >= len(seconds)
    assert sum(each <= made.p90_seconds for each in seconds) * 10 >= len(seconds) * 9
    assert sum(each < made.p90_seconds for each in seconds) * 10 < len(seconds) * 9

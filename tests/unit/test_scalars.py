"""Values as files bring them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from chalicelib.cases.model import CaseRow
from chalicelib.finance.model import LoanRow
from chalicelib.scalars import Instant

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@pytest.mark.parametrize("text", ["2026-11-22 15:02", "2026-11-22T15:02:00+08:00", "2026-11-22T07:02:00Z"])
def test_a_time_without_a_zone_is_chinas(text: str) -> None:
    assert INSTANT.validate_python(text) == datetime(2026, 11, 22, 7, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_times_at_the_edge_of_the_calendar_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="1990 年至 2100 年"):
        INSTANT.validate_python(text)


@pytest.mark.parametrize("events", [7, "一段话", True])
def test_events_that_are_no_list_are_a_mistake_of_the_row(events: object) -> None:
    for model in (CaseRow, LoanRow):
        with pytest.raises(ValidationError, match="events"):
            model.model_validate({"events": events})

"""The sample cases under data/ are what they are there to show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import yaml

from chalicelib.cases.folding import live
from chalicelib.cases.model import Case, CaseRow, CaseState
from chalicelib.cases.timeline import render
from chalicelib.cases.workdays import WorkCalendar

DATA = Path(__file__).parents[3] / "data"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CALENDAR = WorkCalendar()
ROWS = [CaseRow.model_validate(row) for row in yaml.safe_load((DATA / "cases.yaml").read_text(encoding="utf-8"))]
LIVES = {row.no: live(Case(head=row.head(), events=row.events, updated=NOW), NOW, CALENDAR) for row in ROWS}


def test_cases_stand_in_more_than_ten_states_and_none_is_out_of_line() -> None:
    states = {life.state for life in LIVES.values()}
    assert len(states) >= 10
    assert {CaseState.CORRECTING, CaseState.SUSPENDED, CaseState.TOL_ACCEPTED, CaseState.FINISHED} <= states
    assert not [aside for life in LIVES.values() for aside in life.aside]
    assert len(LIVES) == len(ROWS)


def test_some_are_due_soon_and_some_belong_to_persons() -> None:
    soon = [life for life in LIVES.values() if life.due and date(2026, 11, 22) <= life.due.day <= date(2026, 11, 25)]
    assert len(soon) >= 3
    assert any(life.due and life.due.by_applicant for life in soon)
    assert len([row for row in ROWS if row.uscc is None]) >= 2
    assert any(life.due and life.due.estimated for life in LIVES.values())


def test_every_sample_says_so() -> None:
    for row in ROWS:
        case = Case(head=row.head(), events=row.events, updated=NOW)
        assert render(case, NOW, CALENDAR).notes[-1] == "示例数据"

"""The sample loans and projects under data/ are what they are there to show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from chalicelib.enterprises.model import Enterprise
from chalicelib.finance.alerts import new_alerts
from chalicelib.finance.channel48 import clock, eligibility
from chalicelib.finance.library import is_listed, totals
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan, LoanRow, LoanState, TransitionProject
from chalicelib.finance.progress import render
from chalicelib.times import local_date

DATA = Path(__file__).parents[3] / "data"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return rows


LOANS = {
    row.id: Loan(head=row.head(), events=row.events, updated=NOW)
    for row in map(LoanRow.model_validate, read("loans.yaml"))
}
PROJECTS = [TransitionProject.model_validate(row) for row in read("projects.yaml")]


def test_loans_stand_in_many_states_and_none_is_out_of_line() -> None:
    lives = [live(loan) for loan in LOANS.values()]
    assert {
        LoanState.REVIEWING,
        LoanState.PAID_OUT,
        LoanState.DECLINED,
        LoanState.RENEWED,
        LoanState.RETURNED,
        LoanState.APPROVED,
        LoanState.LINE_GRANTED,
        LoanState.SETTLED,
    } <= {life.state for life in lives}
    assert not [aside for life in lives for aside in life.aside]
    assert all(loan.head.is_sample for loan in LOANS.values())


def test_two_fast_loans_one_running_one_paid_in_time() -> None:
    running = clock("LN-2026-0301", live(LOANS["LN-2026-0301"]), NOW)
    assert running is not None
    assert (running.status, running.breached, running.used) == ("running", False, timedelta(hours=25))
    paid = clock("LN-2026-0302", live(LOANS["LN-2026-0302"]), NOW)
    assert paid is not None
    assert (paid.status, paid.breached) == ("paid", False)
    assert paid.to_money == timedelta(hours=44.5)


def test_titles_of_the_sample_enterprises_decide_the_channel() -> None:
    titles = {row["uscc"]: Enterprise.model_validate(row).records.quals for row in read("enterprises.yaml")}
    on = local_date(NOW)
    assert eligibility(titles[LOANS["LN-2026-0301"].head.uscc], on).ok
    expired = eligibility(titles[LOANS["LN-2026-0201"].head.uscc], on)
    assert expired.ok is False
    assert "2026-06-30" in expired.reason


def test_every_sample_loan_has_words_and_alerts_have_keys_of_their_own() -> None:
    assert all(render(loan, NOW).text().endswith("示例数据") for loan in LOANS.values())
    keys = [alert.key for loan in LOANS.values() for alert in new_alerts(loan)]
    assert len(keys) == len(set(keys)) > 20


def test_the_library_adds_up() -> None:
    listed = [project for project in PROJECTS if is_listed(project, date(2026, 11, 22))]
    assert (len(PROJECTS), len(listed)) == (6, 3)
    sums = totals(listed)
    assert 0 < sums.balance <= sums.line
    assert all(project.is_sample for project in PROJECTS)

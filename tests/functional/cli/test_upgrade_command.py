"""A database of an earlier version: its cases and loans are found again after ``upgrade``, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from chalicelib.bootstrap import Application
from chalicelib.ports import Record
from chalicelib.times import local_date
from jobs.upgrade import LAYOUT, layout
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01


def make_old(county: Application) -> tuple[str, str]:
    """Take away what the second layout added; returns a case and a loan of the enterprise."""
    case, loan = county.cases.of_enterprise(E01)[0], county.loans.of_enterprise(E01)[0]
    county.store.delete(f"caseof#{E01}", case.no)
    county.store.delete(f"loanof#{E01}", loan.id)
    row = county.store.get(f"loan#{loan.id}", "row")
    assert row is not None
    bare = {name: value for name, value in row.body.items() if name != "summary"}
    county.store.put(replace(Record(row.pk, row.sk, bare), gsi1=row.gsi1, gsi2=row.gsi2))
    county.store.delete("layout", "row")
    assert not county.cases.belongs(case.no, E01) and not county.loans.belongs(loan.id, E01)
    return case.no, loan.id


def put_in_one_list(county: Application) -> tuple[date, list[str]]:
    """The cases of one day as the third layout listed them; returns the day and their numbers."""
    today = local_date(county.clock.now())
    days = (today + timedelta(days=ahead) for ahead in range(60))
    day, found = next((day, found) for day in days if (found := county.cases.due_between(day, day)))
    for case in found:
        row = county.store.get(f"case#{case.no}", "row")
        assert row is not None
        county.store.put(replace(row, gsi2=(f"cases-due#{day}", case.no)))
    county.store.put(Record("layout", "row", {"layout": 3}))
    return day, [case.no for case in found]


def test_lists_of_one_partition_are_found_again_in_many(county: Application, jobs: Jobs) -> None:
    day, numbers = put_in_one_list(county)
    assert county.cases.due_between(day, day) == []
    assert "第 3 版" in jobs("upgrade").out
    assert [case.no for case in county.cases.due_between(day, day)] == numbers
    assert county.store.query_index("gsi2", f"cases-due#{day}").records == []


def test_old_rows_are_brought_along_once(county: Application, jobs: Jobs) -> None:
    no, loan_id = make_old(county)
    before = county.cases.get(no), county.loans.get(loan_id)
    assert layout(county) == 1
    assert "第 1 版" in jobs("upgrade").out
    assert county.cases.belongs(no, E01) and county.loans.belongs(loan_id, E01)
    assert (county.cases.get(no), county.loans.get(loan_id)) == before
    assert layout(county) == LAYOUT and "不用整理" in jobs("upgrade").out
    assert jobs("report", "--json").code == 0

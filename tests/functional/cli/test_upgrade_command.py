"""A database of an earlier version: its cases and loans are found again after ``upgrade``, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.bootstrap import Application
from chalicelib.ports import Record
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


def test_old_rows_are_brought_along_once(county: Application, jobs: Jobs) -> None:
    no, loan_id = make_old(county)
    before = county.cases.get(no), county.loans.get(loan_id)
    assert layout(county) == 1
    assert "第 1 版" in jobs("upgrade").out
    assert county.cases.belongs(no, E01) and county.loans.belongs(loan_id, E01)
    assert (county.cases.get(no), county.loans.get(loan_id)) == before
    assert layout(county) == LAYOUT and "不用整理" in jobs("upgrade").out
    assert jobs("report", "--json").code == 0

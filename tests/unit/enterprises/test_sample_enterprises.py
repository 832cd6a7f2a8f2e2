"""The twelve sample enterprises keep what each of them is there to show."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from chalicelib.enterprises.model import Enterprise, FactValue

ROWS = yaml.safe_load((Path(__file__).parents[3] / "data" / "enterprises.yaml").read_text(encoding="utf-8"))
ALL = [Enterprise.model_validate(row) for row in ROWS]
TODAY = date(2026, 11, 22)
BY_NUMBER = {f"E{number:02d}": row for number, row in enumerate(ALL, start=1)}


def known(number: str) -> dict[str, FactValue]:
    return BY_NUMBER[number].known(TODAY)


def test_there_are_twelve_invented_ones_in_the_towns_of_the_county() -> None:
    assert len({row.uscc for row in ALL}) == 12
    assert all(row.is_sample and row.prov == ("R",) for row in ALL)
    assert all((row.town_code or "").startswith("360323") for row in ALL)
    assert all((row.source_note or "").startswith(number) for number, row in BY_NUMBER.items())


@pytest.mark.parametrize(
    ("number", "industry", "employees", "insured", "revenue", "rd", "credit"),
    [
        ("E01", "3073", 186, 172, 9800, 412, "A"),
        ("E02", "3073", 320, 301, 18600, 1020, "B"),
        ("E03", "3591", 240, 228, 15200, 905, "A"),
        ("E04", "3834", 66, 60, 2600, 88, "B"),
        ("E05", "7263", 24, 640, 3100, 0, "B"),
        ("E06", "6210", 12, 12, 180, 0, "M"),
        ("E07", "5431", 45, 38, 1900, 0, "C"),
        ("E08", "2672", 130, 96, 4200, 30, "B"),
        ("E09", "3073", 0, 0, 0, 0, "D"),
        ("E10", "7861", 88, 80, 900, 0, None),
        ("E11", "3823", None, None, None, None, "M"),
        ("E12", "3073", 95, 90, 5600, 210, "A"),
    ],
)
def test_figures(
    number: str,
    industry: str,
    employees: int | None,
    insured: int | None,
    revenue: int | None,
    rd: int | None,
    credit: str | None,
) -> None:
    facts = known(number)
    names = ("employees_avg", "insured_avg", "revenue", "rd_expense", "tax_credit")
    assert [facts["industry_code"], *map(facts.get, names)] == [industry, employees, insured, revenue, rd, credit]


def titles(number: str, day: date = TODAY) -> dict[str, bool | None]:
    return {qual.code: qual.valid_on(day) for qual in BY_NUMBER[number].records.quals or ()}


def test_titles() -> None:
    assert titles("E01") == {"HNTE": True, "SRDI": True}
    assert titles("E02") == {"LG": False, "HNTE": True}
    assert titles("E02", date(2026, 6, 30))["LG"] is True
    assert titles("E03") == {"LG": True, "HNTE": True}
    assert titles("E04") == {"TSME": True}
    [srdi] = BY_NUMBER["E12"].records.quals or ()
    assert srdi.code == "SRDI"
    assert srdi.issued_on is not None
    assert srdi.issued_on.year == 2026
    assert BY_NUMBER["E11"].records.quals is None


def test_the_loan_for_equipment() -> None:
    [loan] = BY_NUMBER["E01"].records.loans or ()
    assert (loan.kind, loan.on_bank_list, loan.amount) == ("设备更新项目固定资产贷款", True, 800_000_000)
    assert loan.start is not None
    assert (loan.start.year, loan.start.month) == (2026, 3)
    assert known("E01")["in_transition_library"] is True


def test_six_of_twelve_insured_claimed_two() -> None:
    facts = known("E06")
    assert (facts["insured_now"], facts["layoff_claimants_last_year"]) == (12, 2)


def test_credit_can_be_repaired_and_only_there() -> None:
    flagged = {number for number, row in BY_NUMBER.items() if row.records.credit_flags}
    assert flagged == {"E09"}
    [flag] = BY_NUMBER["E09"].records.credit_flags or ()
    assert (flag.type, flag.obligations_done) == ("严重违法失信", True)
    assert flag.until_min is not None
    assert flag.until_min <= TODAY
    assert BY_NUMBER["E11"].records.credit_flags is None
    assert known("E10")["bankruptcy_stage"] == "重整"

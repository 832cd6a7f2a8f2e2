"""The traps of facts/domain.md §8.1 that concern policies, each by its number, and every row of §3.5."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from chalicelib import money
from chalicelib.enterprises.model import Loan
from chalicelib.enterprises.uscc import check_character
from chalicelib.policies.builtin import COUNTED, FACTS
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.model import Mode
from chalicelib.policies.service import Standing
from chalicelib.policies.tree import Outcome
from tests.unit.policies.test_policy_acceptance import (
    DATA,
    LAST_YEAR,
    LOANS,
    POLICIES,
    SERVICE,
    TODAY,
    decide,
    enterprise,
)

CONCERN_POLICIES = frozenset((1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 24, 25, 26))
"""Those of payment (29, 30) are named in tests/unit/policies/awards, consent (23) in tests/unit/jobs."""


def test_each_has_its_test() -> None:
    named = {int(found[1]) for name in globals() if (found := re.match(r"test_trap_(\d+)_", name))}
    assert named == CONCERN_POLICIES


@pytest.mark.parametrize(
    ("code", "products", "ceramics"),
    [("3073", None, True), ("3834", ["复合绝缘子"], False), ("3833", ["光缆"], False)],
)
def test_trap_01_ceramics_are_3073(code: str, products: list[str] | None, ceramics: bool) -> None:
    """3834 is 绝缘制品, of the chain and no ceramics."""
    firm = enterprise("E04", industry_code=code, main_products=products)
    keyed = POLICIES["P24"].model_copy(
        update={"condition": {"fact": "industry_code", "op": "prefix_in", "value": ["307"]}, "version": 90}
    )
    assert (SERVICE.decide(keyed, firm, TODAY).outcome is Outcome.MATCH) is ceramics
    assert fact_sheet(firm, TODAY).values["chain_member"] is (code != "3833")


@pytest.mark.parametrize(("year", "code"), [(2011, "3834"), (2017, "3833"), (None, "3833")])
def test_trap_02_a_code_of_2011_is_another_one(year: int | None, code: str) -> None:
    firm = enterprise("E04", industry_code="3833", industry_std_year=year)
    assert fact_sheet(firm, TODAY).values["industry_code"] == code


@pytest.mark.parametrize("authority", ["360323", "360302", "510000", "110105"])
def test_trap_04_a_credit_code_says_nothing_of_the_place(authority: str) -> None:
    """Registered in 安源, in 四川 or in 北京 and at work in 芦溪: every policy comes out as for a code of 芦溪."""
    body = f"91{authority}MAXX00015"
    elsewhere = enterprise("E01", uscc=body + check_character(body))
    ours = [(each.policy, each.outcome, each.reasons) for each in SERVICE.check(enterprise("E01"), TODAY)]
    theirs = [(each.policy, each.outcome, each.reasons) for each in SERVICE.check(elsewhere, TODAY)]
    assert ours == theirs
    nowhere = enterprise("E01", uscc=body + check_character(body), town_code=None, tax_region=None)
    assert not {"town_code", "tax_region"} & fact_sheet(nowhere, TODAY).values.keys()


@pytest.mark.parametrize(
    ("loans", "wanted", "fen"),
    [
        ([LOANS[0]], None, 12_000_000),
        ([LOANS[0]], 5000, 12_000_000),  # 授信 or a wish for more is no loan
        ([], 5000, None),
        ([LOANS[0] | {"amount": None}], 5000, None),
    ],
)
def test_trap_05_what_is_paid_out_is_neither_the_line_nor_the_balance(
    loans: list[dict[str, Any]], wanted: float | None, fen: int | None
) -> None:
    """P14 subsidises the principal paid out, and a loan's record has room for nothing else."""
    decision = decide("E01", "P14", records={"loans": loans}, loan_wanted=wanted)
    assert (decision.benefit.fen if decision.benefit else None) == fen
    for other in ("line", "balance", "授信", "余额"):
        assert other not in COUNTED["loans"]
        with pytest.raises(ValidationError, match=other):
            Loan.model_validate(LOANS[0] | {other: 1})


@pytest.mark.parametrize(
    ("insured", "claimants", "outcome"),
    [
        (30, 2, "match"),
        (31, 2, "not_match"),
        (30, 6, "match"),
        (30, 7, "not_match"),
        (31, 1, "match"),
        (12, 2, "match"),
    ],
)
def test_trap_06_thirty_insured_and_thirty_one(insured: int, claimants: int, outcome: str) -> None:
    """Up to 30 insured the rate may be 20 %, above it 5.5 %."""
    decision = decide("E06", "P01", LAST_YEAR, insured_avg=insured, layoff_claimants_last_year=claimants)
    assert decision.outcome == outcome, decision.reasons


@pytest.mark.parametrize(
    ("name", "code", "mode"),
    [("E05", "7263", Mode.APPLY), ("E05", "7264", Mode.AUTO), ("E01", "7263", Mode.APPLY), ("E01", None, Mode.APPLY)],
)
def test_trap_07_who_lends_labour_has_to_apply(name: str, code: str | None, mode: Mode) -> None:
    """And whose trade is not known may have to."""
    decision = decide(name, "P01", LAST_YEAR, industry_code=code)
    assert (decision.outcome, decision.mode) == (Outcome.MATCH, mode)


@pytest.mark.parametrize(
    ("on", "standing", "outcome"),
    [
        (date(2025, 12, 31), Standing.APPLIES, "match"),
        (date(2026, 1, 1), Standing.NOT_IN_FORCE, "not_match"),
        (TODAY, Standing.NOT_IN_FORCE, "not_match"),
    ],
)
def test_trap_08_a_policy_that_has_ended_is_for_nobody(on: date, standing: Standing, outcome: str) -> None:
    """That it is not pushed either is in tests/unit/jobs/test_policy_push.py."""
    decision = decide("E01", "P01", on)
    assert (decision.standing, decision.outcome) == (standing, outcome)
    assert decision.benefit is None or on.year == 2025


@pytest.mark.parametrize("days", [0, 1])
def test_trap_09_an_old_title_stands_until_its_own_end(days: int) -> None:
    firm = enterprise("E01")
    title = next(each for each in firm.records.quals or () if each.code == "SRDI")
    assert title.expires_on is not None
    sheet = fact_sheet(firm, title.expires_on + timedelta(days=days))
    assert ("SRDI" in sheet.values["valid_quals"]) is (days == 0)


@pytest.mark.parametrize(
    ("facts", "size", "low_profit", "vat"),
    [
        ({}, "小", False, "一般纳税人"),
        ({"taxable_income": 280, "assets": 4000, "employees_avg": 90}, "小", True, "一般纳税人"),
        ({"taxable_income": 280, "assets": 4000, "employees_avg": 90, "vat_status": "小规模"}, "小", True, "小规模"),
        ({"taxable_income": 280, "assets": 4000, "revenue": 50000, "employees_avg": 299}, "小", True, "一般纳税人"),
    ],
)
def test_trap_10_three_ways_to_be_small(facts: dict[str, Any], size: str, low_profit: bool, vat: str) -> None:
    """小微 of statistics, 小型微利 of income tax and 小规模 of VAT: none follows from another."""
    values = fact_sheet(enterprise("E01", **facts), TODAY).values
    found = (values["size"], values["is_small_low_profit"], values["vat_status"])
    assert found[1:] == (low_profit, vat)
    if facts.get("employees_avg") != 299:
        assert found[0] == size


@pytest.mark.parametrize(
    ("credit", "outcome"), [("M", "not_match"), ("C", "not_match"), ("B", "need_info"), (None, "need_info")]
)
def test_trap_11_one_known_false_beats_unknown(credit: str | None, outcome: str) -> None:
    """E11 × P11: its credit M decides, so nobody asks for the tax credit at the end of the period."""
    decision = decide("E11", "P11", tax_credit=credit)
    assert decision.outcome == outcome
    assert bool(decision.missing) is (outcome == "need_info")
    assert ("vat_credit_end" in decision.missing) is (outcome == "need_info")


@pytest.mark.parametrize("records", [None, {"loans": LOANS[:1]}])
def test_trap_12_one_loan_one_central_subsidy(records: dict[str, Any] | None) -> None:
    second = decide("E01", "P15", records=records, chain_domain_named=True)
    assert decide("E01", "P14", records=records).outcome is Outcome.MATCH
    assert (second.outcome, second.standing) == (Outcome.NOT_MATCH, Standing.BLOCKED)


@pytest.mark.parametrize("known", [{}, {"industry_code": "3073"}, {"industry_code": "3073", "revenue": 100}])
def test_trap_24_an_empty_profile_is_not_a_micro_enterprise(known: dict[str, Any]) -> None:
    bare: dict[str, Any] = {"industry_code": None, "revenue": None, "employees_avg": None, "assets": None, "size": None}
    sheet = fact_sheet(enterprise("E11", **bare | known), TODAY)
    assert "size" not in sheet.values
    assert ("还缺" if known else "要先知道行业") in sheet.how["size"]


@pytest.mark.parametrize(
    ("premium", "fen"),
    [
        ("39030.99", 23_418_59),
        ("0.01", 1),  # 0.6 分
        ("0.02", 1),  # 1.2 分
        ("0.04", 2),  # 2.4 分
        ("0.05", 3),
        ("833.325", 50_000),  # 49,999.5 分: half goes up, also to an even number
        ("833.375", 50_003),  # 50,002.5 分: to the even one it would be 50,002
    ],
)
def test_trap_25_sums_are_whole_fen_half_up(premium: str, fen: int) -> None:
    decision = decide("E01", "P01", LAST_YEAR, unemp_premium_last_year=float(premium))
    assert decision.benefit is not None
    assert decision.benefit.fen == fen and type(decision.benefit.fen) is int
    assert money.to_fen(Decimal(premium) * 100 * Decimal("0.6")) == fen


def test_trap_26_two_sources_that_differ_stay_two() -> None:
    """900 万元 in the first report, 952 万元 in another: each kept with its source and day, neither silently merged."""
    reported = yaml.safe_load((DATA.parent / "jobs/reported/county.yaml").read_text(encoding="utf8"))
    rows = reported if isinstance(reported, list) else next(iter(reported.values()))
    bonds = [row for row in rows if row["key"] == "treasury_bond"]
    assert {row["value"] for row in bonds} == {"900万", "952万"}
    assert len({(row["source"], row["as_of"]) for row in bonds}) == 2
    note = "".join(policy.note or "" for policy in POLICIES.values())
    assert "900 万元" in note and "952 万元" in note and "两处不同" in note


@pytest.mark.parametrize("name", [f"E{number:02}" for number in range(1, 13)])
@pytest.mark.parametrize("on", [LAST_YEAR, TODAY])
def test_nothing_that_is_known_to_be_false_is_asked_about(name: str, on: date) -> None:
    """Trap 11 on every sample and every policy: who is refused is asked nothing, who is asked is not refused."""
    for decision in SERVICE.check(enterprise(name), on):
        assert bool(decision.missing) <= (decision.outcome is Outcome.NEED_INFO)
        names = FACTS.keys() | {count.fact for count in POLICIES[decision.policy].counts}
        assert set(decision.missing) <= names

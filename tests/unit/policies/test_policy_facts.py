"""Facts on a day: stale, wrong, not applicable and unknown are four things; derived ones explain themselves."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.enterprises.model import Enterprise
from chalicelib.forms.prefill import FILE_FACTS
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.facts import FactSheet, fact_sheet
from chalicelib.policies.tree import NOT_APPLICABLE

TODAY = date(2026, 11, 22)


def sheet(records: dict[str, Any] | None = None, on: date = TODAY, **facts: Any) -> FactSheet:
    identity = {name: facts.pop(name) for name in list(facts) if name in Enterprise.model_fields}
    row = {"uscc": "91360323MAXX00015C", "name": "示例", "prov": ["R"], "facts": facts, "records": records or {}}
    return fact_sheet(Enterprise.model_validate(row | identity), on)


def test_a_stale_fact_is_unknown() -> None:
    fact = {"value": "A", "source": "税务", "valid_until": "2026-11-21"}
    assert "tax_credit" not in sheet(tax_credit=fact).values
    assert sheet(tax_credit=fact, on=date(2026, 11, 21)).values["tax_credit"] == "A"


@pytest.mark.parametrize(
    ("stated", "value"),
    [
        ({"value": 98_000_000, "unit": "元"}, 9800),
        ({"value": 1.2, "unit": "亿元"}, 12000),
        ({"value": 9800, "unit": "万元"}, 9800),
        ({"value": 9800}, 9800),
    ],
)
def test_units_are_brought_to_the_dictionary(stated: dict[str, Any], value: float) -> None:
    assert sheet(revenue=stated).values["revenue"] == value


@pytest.mark.parametrize(
    ("stated", "said"),
    [({"value": 3, "unit": "吨"}, "单位应为“万元”"), ({"value": "很多"}, "应为数字"), ({"value": True}, "应为数字")],
)
def test_a_fact_that_cannot_be_used_is_unknown_and_reported(stated: dict[str, Any], said: str) -> None:
    found = sheet(revenue=stated)
    assert "revenue" not in found.values
    assert said in found.problems[0]


def test_zero_and_false_and_empty_are_known() -> None:
    found = sheet({"quals": [], "credit_flags": []}, revenue=0, is_zombie=False)
    assert (found.values["revenue"], found.values["is_zombie"]) == (0, False)
    assert found.values["valid_quals"] == found.values["credit_flags"] == frozenset()
    assert found.values["has_severe_dishonesty"] is found.values["has_repairable_flag"] is False
    assert not {"valid_quals", "credit_flags", "has_severe_dishonesty"} & sheet().values.keys()


def test_a_stated_figure_stands_over_our_arithmetic() -> None:
    found = sheet(layoff_rate=0.01, layoff_claimants_last_year=5, insured_avg=10)
    assert found.values["layoff_rate"] == 0.01
    derived = sheet(layoff_claimants_last_year=2, insured_avg=12)
    assert derived.values["layoff_rate"] == pytest.approx(1 / 6)
    assert derived.how["layoff_rate"].endswith("= 16.67%")
    assert sheet(layoff_claimants_last_year=0, insured_avg=0).values["layoff_rate"] is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        ({"taxable_income": 300, "employees_avg": 300, "assets": 5000}, True),
        ({"taxable_income": 300.01}, False),
        ({"employees_avg": 301}, False),
        ({"assets": 5001}, False),
        ({"taxable_income": 1, "employees_avg": 1}, None),
    ],
)
def test_small_low_profit(facts: dict[str, Any], value: bool | None) -> None:
    assert sheet(entity_kind="企业", **facts).values.get("is_small_low_profit") is value


def test_small_low_profit_is_no_question_for_a_sole_trader() -> None:
    assert sheet(entity_kind="个体工商户").values["is_small_low_profit"] is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("identity", "value"),
    [
        ({"industry_code": "3073"}, True),
        ({"industry_code": "3834"}, True),
        ({"industry_code": "3833", "main_products": []}, False),
        ({"industry_code": "3833", "main_products": ["高压电瓷"]}, True),
        ({"industry_code": "3833"}, None),
        ({"industry_code": "6210", "main_products": ["粉面"], "chain_member": True}, True),
        ({"industry_code": "3073", "chain_member": False}, False),
        ({}, None),
    ],
)
def test_chain_membership(identity: dict[str, Any], value: bool | None) -> None:
    assert sheet(**identity).values.get("chain_member") is value


@pytest.mark.parametrize(
    ("code", "section"),
    [("0111", "A"), ("0610", "B"), ("3073", "C"), ("4411", "D"), ("6513", "I"), ("7320", "M"), ("9700", "T")],
)
def test_sections(code: str, section: str) -> None:
    assert sheet(industry_code=code).values["industry_section"] == section


@pytest.mark.parametrize(
    ("start", "on", "years"),
    [
        ("2024-10-18", "2026-11-22", 2),
        ("2024-10-18", "2027-10-17", 2),
        ("2024-10-18", "2027-10-18", 3),
        ("2024-02-29", "2025-02-28", 0),
        ("2024-02-29", "2025-03-01", 1),
    ],
)
def test_years_operating(start: str, on: str, years: int) -> None:
    assert sheet(established_on=start, on=date.fromisoformat(on)).values["years_operating"] == years


def test_titles_by_date() -> None:
    lapsed = {"code": "LG", "issued_on": "2023-07-01", "expires_on": "2026-06-30", "first_time": True}
    new = {"code": "SRDI", "issued_on": "2026-06-18", "expires_on": "2029-06-17", "first_time": False}
    found = sheet({"quals": [lapsed, new]})
    assert found.values["valid_quals"] == {"SRDI"}
    assert found.values["expired_quals"] == {"LG"}
    assert found.values["quals_new_this_year"] == {"SRDI"}
    assert found.values["quals_first_this_year"] == frozenset()
    assert found.lapsed == {"LG": date(2026, 6, 30)}
    undated = sheet({"quals": [new, {"code": "HNTE"}]})
    assert "valid_quals" not in undated.values
    assert "HNTE" in undated.how["valid_quals"]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ({"until_min": "2026-11-22", "obligations_done": True}, True),
        ({"until_min": "2026-11-23", "obligations_done": True}, False),
        ({"until_min": "2026-01-01", "obligations_done": False}, False),
        ({"until_min": "2026-01-01"}, None),
        ({"obligations_done": True}, None),
        ({"until_min": "2026-01-01", "until_max": "2026-11-21", "obligations_done": True}, False),
    ],
)
def test_what_may_be_repaired(flag: dict[str, Any], value: bool | None) -> None:
    found = sheet({"credit_flags": [{"type": "环保", "since": "2025-01-01"} | flag]})
    assert found.values.get("has_repairable_flag") is value


def test_every_fact_of_the_sample_enterprises_is_in_the_dictionary() -> None:
    rows = yaml.safe_load((Path(__file__).parents[3] / "data/enterprises.yaml").read_text(encoding="utf8"))
    assert {name for row in rows for name in row.get("facts", {})} - FACTS.keys() <= FILE_FACTS
    for row in rows:
        assert fact_sheet(Enterprise.model_validate(row), TODAY).problems == ()


def own(value: Any, **more: Any) -> dict[str, Any]:
    return {"value": value, "source": "企业自填", "basis": "自报", **more}


def test_what_an_enterprise_says_of_itself_fills_gaps_and_stands_over_nothing() -> None:
    stated = {"industry_code": "3073", "facts": {"industry_code": own("6210"), "revenue": own(420), "size": own("大")}}
    enterprise = Enterprise.model_validate({"uscc": "91360323MAXX00015C", "name": "甲", "prov": ["R"], **stated})
    known = fact_sheet(enterprise, TODAY)
    assert (known.values["industry_code"], known.evidence["industry_code"].source) == ("3073", "")
    assert (known.values["revenue"], known.evidence["revenue"].source) == (420, "企业自填")
    assert known.values["size"] == "大"  # nothing to derive it from yet
    stated["facts"]["employees_avg"] = {"value": 25, "source": "统计"}
    known = fact_sheet(Enterprise.model_validate(enterprise.model_dump() | stated), TODAY)
    assert known.values["size"] == "小"


def test_what_is_derived_from_its_own_figures_is_its_own_figure_too() -> None:
    mixed = sheet(
        revenue=own(420), employees_avg={"value": 25, "source": "统计"}, rd_expense={"value": 1, "source": "税务"}
    )
    assert mixed.evidence["rd_ratio"].source == "企业自填"
    official = sheet(revenue={"value": 420, "source": "税务"}, rd_expense=1, ip_class1=own(3))
    assert official.evidence["rd_ratio"].source == "推算"


def test_its_own_figure_runs_out_like_any_other() -> None:
    assert "revenue" not in sheet(revenue=own(420, valid_until="2026-11-21")).values

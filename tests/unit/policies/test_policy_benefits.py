"""Amounts in integer 分, half up, with the calculation shown; unknown inputs are never guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from chalicelib.policies.benefits import Amount, Benefit, Inputs, evaluate
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import compile_combine, leaf_test
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.tree import NOT_APPLICABLE

SCHEMA = FACTS | {"heads": FactDef("number", "人数", "人"), "loan": FactDef("number", "本金", "分")}
READ: TypeAdapter[Benefit] = TypeAdapter(Benefit)


def amount(benefit: dict[str, Any], **values: Any) -> Amount:
    def decide(raw: dict[str, Any]) -> int:
        tree = parse(raw, SCHEMA)
        return compile_combine(tree)([leaf_test(leaf)(values) for leaf in tree.leaves])

    return evaluate(READ.validate_python(benefit), Inputs(values, SCHEMA, decide, {"rate": Decimal("0.6")}.__getitem__))


PREMIUM = {"kind": "rate", "fact": "unemp_premium_last_year", "rate": {"param": "rate"}}
INTEREST = {"kind": "rate", "fact": "loan", "rate": 0.015, "period": "年"}


@pytest.mark.parametrize(
    ("benefit", "values", "fen"),
    [
        (PREMIUM, {"unemp_premium_last_year": 39030.99}, 23_418_59),
        (PREMIUM, {"unemp_premium_last_year": 0.01}, 1),
        (INTEREST, {"loan": 8_000_000_00}, 120_000_00),
        (INTEREST | {"base_cap": 50_000_000}, {"loan": 80_000_000_00}, 750_000_00),
        ({"kind": "per_day", "fact": "loan", "rate": "0.015", "days": 365, "basis": 365}, {"loan": 10**9}, 150_000_00),
        ({"kind": "per_day", "fact": "loan", "rate": "0.015", "days": 365, "basis": 360}, {"loan": 10**9}, 152_083_33),
        ({"kind": "per_head", "fact": "heads", "amount": 1500}, {"heads": 3}, 4_500_00),
        ({"kind": "per_head", "fact": "heads", "amount": 1500, "cap": 3000}, {"heads": 3}, 3_000_00),
        ({"kind": "rate", "fact": "revenue", "rate": "0.05", "cap": 1_000_000}, {"revenue": 9800}, 1_000_000_00),
        ({"kind": "fixed", "amount": "100000"}, {}, 100_000_00),
        ({"kind": "rate", "fact": "vat_credit_end", "rate": 1}, {"vat_credit_end": NOT_APPLICABLE}, 0),
    ],
)
def test_amounts(benefit: dict[str, Any], values: dict[str, Any], fen: int) -> None:
    found = amount(benefit, **values)
    assert found.fen == fen
    assert found.missing == ()


@pytest.mark.parametrize(("revenue", "fen"), [(99, 0), (100, 1_000_00), (2000, 5_000_00)])
def test_tiers(revenue: float, fen: int) -> None:
    steps = [{"at_least": 2000, "amount": 5000}, {"at_least": 100, "amount": 1000}]
    assert amount({"kind": "tier", "fact": "revenue", "steps": steps}, revenue=revenue).fen == fen


def test_the_calculation_is_shown() -> None:
    assert amount(PREMIUM, unemp_premium_last_year=39030.99).calculation == "39,030.99 元 × 60% = 23,418.59 元"
    assert amount(INTEREST, loan=8_000_000_00).text == "12 万元/年"
    assert (
        "按上限 3,000 元"
        in amount({"kind": "per_head", "fact": "heads", "amount": 1500, "cap": 3000}, heads=9).calculation
    )


def test_unknown_is_to_be_settled_and_names_what_is_missing() -> None:
    found = amount(PREMIUM)
    assert (found.fen, found.text, found.missing) == (None, "待核定", ("unemp_premium_last_year",))


CASES = {
    "kind": "cases",
    "cases": [
        {"when": {"fact": "size", "op": "in", "value": ["小", "微"]}, "benefit": {"kind": "fixed", "amount": 50000}}
    ],
    "otherwise": {"kind": "fixed", "amount": 20000},
}


@pytest.mark.parametrize(("size", "fen"), [("小", 50_000_00), ("大", 20_000_00), (None, None)])
def test_cases(size: str | None, fen: int | None) -> None:
    found = amount(CASES, size=size)
    assert found.fen == fen
    if size is None:
        assert (found.low, found.high, found.text) == (20_000_00, 50_000_00, "2 万元 至 5 万元（待核定）")


def test_words_are_no_sum() -> None:
    found = amount({"kind": "words", "text": "专项审批通道"})
    assert (found.fen, found.text) == (None, "专项审批通道")
    assert found.scaled(Decimal("0.5"), "减半") is found


def test_another_rule_may_halve_it() -> None:
    found = amount({"kind": "fixed", "amount": "0.05"}).scaled(Decimal("0.5"), "亩均效益 C 类减半")
    assert found.fen == 3
    assert "减半 × 0.5" in found.calculation

"""A policy with a mistake in any of its fields is refused with a message that names it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.policies.golden import failures
from chalicelib.policies.model import Policy
from chalicelib.policies.parameters import Parameter, resolve

GOOD: dict[str, Any] = {
    "id": "P99",
    "state": "published",
    "prov": ["R"],
    "name": "示例",
    "short": "示例",
    "level": "县",
    "dept": "县工信局",
    "section": "政策直达",
    "category": "奖补",
    "target": "企业",
    "condition": {"fact": "revenue", "op": ">=", "value": {"param": "minimum"}},
    "parameters": {
        "minimum": {
            "label": "最低营收",
            "values": [
                {"start": "2022-01-01", "value": 1000, "source": "旧办法"},
                {"start": "2026-04-01", "value": 1500, "source": "新办法"},
            ],
        }
    },
    "mode": "AUTO",
    "benefit": {"kind": "fixed", "amount": 100},
    "benefit_text": "100 元",
}
KINDS_SUMMED = {"fact": "h", "label": "额", "of": "loans", "sum": "kind", "where": {"fact": "use", "op": "exists"}}
EMPTY_CASE = {"kind": "cases", "cases": [{"when": {"all": []}, "benefit": GOOD["benefit"]}]}
LEAF = {"fact": "revenue", "op": ">=", "value": 1}


def test_the_good_one_is_accepted_and_every_field_has_a_chinese_title() -> None:
    policy = Policy.model_validate(GOOD)
    assert policy.tree(policy.condition).leaves
    assert all(info.title for info in Policy.model_fields.values())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "X1"}, "id"),
        ({"id": "XP01abc"}, "id"),
        ({"id": "P01abc"}, "id"),
        ({"version": 0}, "version"),
        ({"state": "live"}, "state"),
        ({"author": "甲", "reviewer": "甲"}, "reviewer"),
        ({"name": ""}, "name"),
        ({"short": "长" * 21}, "short"),
        ({"level": ""}, "level"),
        ({"dept": ""}, "dept"),
        ({"section": "政策"}, "section"),
        ({"category": "补贴"}, "category"),
        ({"audience": "all"}, "audience"),
        ({"docs": 3}, "docs"),
        ({"clause": 3}, "clause"),
        ({"target": ""}, "target"),
        ({"condition": {"all": []}}, "condition.all"),
        ({"condition": {"fact": "revenu", "op": ">", "value": 1}}, "condition.fact"),
        ({"condition": {"fact": "revenue", "op": ">", "value": {"param": "none"}}}, "没有参数“none”"),
        ({"condition": {"all": [LEAF, {"fact": "revenue", "op": "<", "value": 0}]}}, "condition.all[1]"),
        ({"counts": [{"fact": "size", "label": "人", "of": "hires", "where": {"manual": "x"}}]}, "counts.size"),
        ({"counts": [{"fact": "h", "label": "人", "of": "staff", "where": {}}]}, "counts.0.of"),
        ({"counts": [{"fact": "h", "label": "人", "of": "hires", "where": LEAF}]}, "counts.h.where.fact"),
        ({"counts": [KINDS_SUMMED]}, "counts.h.sum"),
        ({"parameters": {"minimum": {"label": "x", "values": []}}}, "parameters.minimum.values"),
        ({"mode": "FREE"}, "mode"),
        ({"mode_overrides": [{"when": {"any": []}, "mode": "APPLY"}]}, "mode_overrides[0].when.any"),
        ({"benefit": {"kind": "gift"}}, "benefit"),
        ({"benefit": {"kind": "rate", "fact": "premium", "rate": 1}}, "benefit.fact"),
        ({"benefit": EMPTY_CASE}, "benefit.cases[0].when"),
        ({"benefit_text": ""}, "benefit_text"),
        ({"modifiers": [{"when": LEAF, "effect": "double", "reason": "x"}]}, "modifiers.0.effect"),
        ({"modifiers": [{"when": {"none": []}, "effect": "veto", "reason": "x"}]}, "modifiers[0].when"),
        ({"valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "valid_from"),
        ({"apply_from": "2026-02-01", "apply_to": "2026-01-01"}, "apply_from"),
        ({"contact": "0799-12"}, "contact"),
        ({"materials": "表"}, "materials"),
        ({"asks": [" "]}, "asks.0"),
        ({"golden": [{"name": "x", "day": "2026-01-01", "facts": {}, "outcome": "yes"}]}, "golden.0.outcome"),
        ({"counts": [{"fact": "H h", "label": "人", "of": "hires", "where": {"manual": "x"}}]}, "counts.0.fact"),
        ({"prov": ["X"]}, "prov"),
        ({"prov": []}, "prov"),
        ({"author": 3}, "author"),
        ({"reviewer": ["乙"]}, "reviewer"),
        ({"excl_group": 3}, "excl_group"),
        ({"apply_from": "明年"}, "apply_from"),
        ({"apply_to": "2026-02-30"}, "apply_to"),
        ({"valid_from": "x"}, "valid_from"),
        ({"valid_to": 20261}, "valid_to"),
        ({"window": 7}, "window"),
        ({"channel": {}}, "channel"),
        ({"pool": 2000}, "pool"),
        ({"note": ["x"]}, "note"),
        ({"source_url": 3}, "source_url"),
        ({"source_note": 3}, "source_note"),
        ({"verified_at": "昨天"}, "verified_at"),
        ({"verified_by": 3}, "verified_by"),
        ({"amount": 3}, "amount"),
    ],
)
def test_a_mistake_names_its_field(change: dict[str, Any], field: str) -> None:
    assert set(change) <= Policy.model_fields.keys() | {"amount"}
    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(GOOD | change)
    named = [".".join(map(str, error["loc"])) + " " + error["msg"] for error in caught.value.errors()]
    assert any(field in text for text in named), named


def test_every_field_has_its_mistake() -> None:
    """The table above leaves no field out: a new one is refused here until it has a line there that names it."""
    [marks] = [mark for mark in test_a_mistake_names_its_field.pytestmark if mark.name == "parametrize"]
    named = {re.split(r"\W", field)[0] for change, field in marks.args[1] if re.split(r"\W", field)[0] in change}
    assert len(Policy.model_fields) >= 30 and named >= Policy.model_fields.keys()


def case(**change: Any) -> dict[str, Any]:
    return {"name": "用例", "day": "2026-11-22", "facts": {"revenue": 1500}, "outcome": "match"} | change


@pytest.mark.parametrize(
    ("golden", "said"),
    [
        (case(), None),
        (case(facts={"revenue": 1499}, outcome="not_match"), None),
        (case(day="2025-11-22", facts={"revenue": 1000}), None),
        (case(facts={}, outcome="need_info"), None),
        (case(facts={"revenue": 1499}), "应为 match，算出 not_match"),
        (case(mode="APPLY"), "方式应为 APPLY，算出 AUTO"),
        (case(amount_fen=1), "金额应为 1 分，算出 10000 分"),
        (case(facts={"revenu": 1}), "事实字典里没有“revenu”"),
        (case(facts={"revenue": "1"}), "应为数字"),
    ],
)
def test_golden_cases_travel_with_the_policy(golden: dict[str, Any], said: str | None) -> None:
    found = failures(Policy.model_validate(GOOD | {"golden": [golden]}))
    assert found == [] if said is None else said in found[0]


def test_a_parameter_is_the_newest_that_has_begun() -> None:
    parameter = Parameter.model_validate(GOOD["parameters"]["minimum"])
    days = {date(2021, 1, 1): 1000, date(2026, 3, 31): 1000, date(2026, 4, 1): 1500, None: 1500}
    assert {day: parameter.on(day) for day in days} == {day: Decimal(value) for day, value in days.items()}
    assert resolve([{"value": {"param": "m"}}], {"m": parameter}, date(2026, 4, 1)) == [{"value": 1500.0}]


def test_two_values_from_one_day_are_refused() -> None:
    twice = [{"start": "2026-01-01", "value": value, "source": "x"} for value in (1, 2)]
    with pytest.raises(ValidationError, match="同一天有两个值"):
        Parameter.model_validate({"label": "x", "values": twice})

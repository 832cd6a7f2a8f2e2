"""Every mistake in a condition is found when it is read, with its path."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.policies.conditions import MAX_DEPTH, ConditionProblems, parse
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.tree import Group, Leaf

SCHEMA = {
    "x": FactDef("number", unit="万元"),
    "c": FactDef("category"),
    "size": FactDef("category", choices=("大", "中", "小", "微")),
    "f": FactDef("flag"),
    "d": FactDef("date"),
    "s": FactDef("set"),
}


def leaf(fact: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


def problems(raw: Any) -> dict[str, str]:
    with pytest.raises(ConditionProblems) as caught:
        parse(raw, SCHEMA)
    return {problem.path: problem.text for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("raw", "path", "text"),
    [
        (None, "", "应是一个条件或分组"),
        ([], "", "应是一个条件或分组"),
        ({}, "fact", "没有写事实名称"),
        ({"all": []}, "all", "分组是空的"),
        ({"none": {}}, "none", "应是条件的列表"),
        ({"all": [{"any": []}]}, "all[0].any", "分组是空的"),
        ({"all": [{"fact": "f", "op": "exists"}], "any": []}, "", "分组里只能有一个键"),
        ({"fact": "y", "op": "==", "value": 1}, "fact", "事实字典里没有“y”"),
        ({"fact": "x", "op": "=>", "value": 1}, "op", "比较方式“=>”不认识"),
        ({"fact": "x", "op": ["=="], "value": 1}, "op", "不认识"),
        ({"fact": "x", "value": 1}, "op", "没有写比较方式"),
        ({"fact": "x", "op": ">", "value": "10"}, "value", "应为数字，写的是 “10”"),
        ({"fact": "x", "op": ">", "value": True}, "value", "应为数字"),
        ({"fact": "x", "op": ">", "value": float("nan")}, "value", "应为数字"),
        ({"fact": "x", "op": ">", "value": 2**60}, "value", "应为数字"),
        ({"fact": "x", "op": ">"}, "value", "没有写比较的值"),
        ({"fact": "x", "op": ">", "value": 1, "unit": "元"}, "unit", "单位应为“万元”，写的是“元”"),
        ({"fact": "x", "op": ">", "value": 1, "vaule": 2}, "", "不认识的键：vaule"),
        ({"fact": "x", "op": "between", "value": [3, 1]}, "value", "上下限写反了"),
        ({"fact": "x", "op": "between", "value": [3]}, "value", "between 要写两个值"),
        ({"fact": "x", "op": "prefix_in", "value": ["3"]}, "op", "“prefix_in”不能用于数字"),
        ({"fact": "c", "op": ">", "value": "a"}, "op", "“>”不能用于文字"),
        ({"fact": "c", "op": "==", "value": 7263}, "value", "应为文字，写的是 7263"),
        ({"fact": "c", "op": "in", "value": "7263"}, "value", "应是至少有一个值的列表"),
        ({"fact": "c", "op": "in", "value": []}, "value", "应是至少有一个值的列表"),
        ({"fact": "c", "op": "in", "value": ["a", None]}, "value[1]", "应为文字"),
        ({"fact": "c", "op": "prefix_in", "value": [""]}, "value", "前缀不能是空的"),
        ({"fact": "size", "op": "==", "value": "中型"}, "value", "“中型”不在可选值里"),
        ({"fact": "f", "op": "==", "value": 1}, "value", "应为true 或 false"),
        ({"fact": "d", "op": ">", "value": "2026-13-01"}, "value", "应为日期"),
        ({"fact": "d", "op": ">", "value": "2026-1-1"}, "value", "应为日期"),
        ({"fact": "s", "op": "in", "value": ["a"]}, "op", "“in”不能用于文字列表"),
        ({"fact": "s", "op": "contains", "value": ["a", "b"]}, "value", "多个值请用 any 分组"),
        ({"fact": "x", "op": "exists", "value": 3}, "value", "exists 只能写"),
        ({"manual": " "}, "manual", "应写明由谁、凭什么认定"),
        ({"manual": "一事一议", "fact": "x"}, "", "不认识的键：fact"),
    ],
)
def test_a_mistake_is_named_with_its_path(raw: Any, path: str, text: str) -> None:
    found = problems(raw)
    assert text in found[path]


def test_all_mistakes_are_found_at_once() -> None:
    found = problems({"all": [{"fact": "x", "op": ">", "value": "a"}, {"any": []}, {"fact": "q", "op": "?"}]})
    assert set(found) == {"all[0].value", "all[1].any", "all[2].fact", "all[2].op"}


def test_absurd_depth_is_refused() -> None:
    raw: dict[str, Any] = {"fact": "f", "op": "==", "value": True}
    for _ in range(MAX_DEPTH + 2):
        raw = {"all": [raw]}
    assert any("嵌套超过" in text for text in problems(raw).values())


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"all": [leaf("x", ">=", 10), leaf("x", "<", 10)]}, "all[1]"),
        ({"all": [leaf("c", "==", "3073"), leaf("c", "prefix_in", ["38"])]}, "all[1]"),
        ({"all": [leaf("f", "==", True), {"none": [leaf("f", "exists")]}]}, "all[1].none[0]"),
        ({"all": [{"none": [leaf("d", ">", "2026-01-01")]}, leaf("d", ">", "2026-01-01")]}, "all[1]"),
        (
            {"all": [leaf("s", "contains", "a"), {"any": [leaf("s", "not_contains", "a"), leaf("f", "exists")]}]},
            "all[1].any[0]",
        ),
        ({"any": [leaf("c", "in", ["a", "b"]), leaf("c", "in", ["b", "a"])]}, "any[1]"),
    ],
)
def test_what_can_never_decide_is_refused_in_content_but_not_in_files(raw: Any, path: str) -> None:
    assert set(problems(raw)) == {path}
    assert parse(raw, SCHEMA, reachable=False).leaves


@pytest.mark.parametrize(
    "raw",
    [
        {"all": [leaf("x", ">", 1), leaf("x", "<", 2)]},
        {"all": [leaf("c", "prefix_in", ["30"]), leaf("c", "!=", "3073")]},
        {"all": [leaf("d", ">", "2026-01-01"), leaf("d", "<", "2026-01-03")]},
        {"all": [leaf("s", "contains", "a"), leaf("s", "contains", "b")]},
    ],
)
def test_what_can_decide_is_accepted(raw: Any) -> None:
    assert parse(raw, SCHEMA)


def test_none_is_pushed_to_the_leaves() -> None:
    tree = parse({"none": [{"all": [leaf("f", "==", True), leaf("x", ">", 1)]}]}, SCHEMA)
    outer = tree.root
    assert isinstance(outer, Group) and outer.kind == "all"
    inner = outer.children[0]
    assert isinstance(inner, Group) and inner.kind == "any"
    assert all(isinstance(leaf, Leaf) and leaf.negated for leaf in tree.leaves)

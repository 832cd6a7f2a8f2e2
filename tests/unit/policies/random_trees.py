"""Random conditions with every operator and group, and random enterprises with a quarter of the facts missing."""

from __future__ import annotations

import random
from typing import Any

from chalicelib.policies.dictionary import FactDef

SCHEMA = {
    "n1": FactDef("number"),
    "n2": FactDef("number"),
    "c1": FactDef("category"),
    "c2": FactDef("category"),
    "f1": FactDef("flag"),
    "d1": FactDef("date"),
    "s1": FactDef("set"),
}
NUMBERS = [-3, 0, 0.055, 0.2, 1, 10, 10.5, 2**53]
CODES = ["", "30", "3073", "3089", "3834", "38", "7263", "电瓷", "\U0001f600"]
DAYS = ["1999-12-31", "2025-12-31", "2026-01-01", "2026-11-22"]
TAGS = ["LG", "HNTE", "SRDI", "严重违法失信"]


def any_value(draw: random.Random, kind: str) -> Any:
    if kind == "set":
        return frozenset(tag for tag in TAGS if draw.random() < 0.4)
    return draw.choice({"number": NUMBERS, "category": CODES, "flag": [True, False], "date": DAYS}[kind])


def any_leaf(draw: random.Random, manual: bool) -> dict[str, Any]:
    if manual and draw.random() < 0.1:
        return {"manual": "一事一议"}
    name = draw.choice(list(SCHEMA))
    kind = SCHEMA[name].type
    ops = {
        "number": ["==", "!=", "in", "not_in", ">", ">=", "<", "<=", "between", "exists"],
        "category": ["==", "!=", "in", "not_in", "prefix_in", "not_prefix_in", "exists"],
        "flag": ["==", "!=", "exists"],
        "date": ["==", "!=", "in", "not_in", ">", ">=", "<", "<=", "between", "exists"],
        "set": ["contains", "not_contains", "exists"],
    }
    op = draw.choice(ops[kind])
    leaf: dict[str, Any] = {"fact": name, "op": op}
    if op in ("in", "not_in"):
        leaf["value"] = [any_value(draw, kind) for _ in range(draw.choice([1, 2, 9]))]
    elif op in ("prefix_in", "not_prefix_in"):
        leaf["value"] = [draw.choice(CODES[1:]) for _ in range(draw.randint(1, 3))]
    elif op == "between":
        leaf["value"] = sorted(any_value(draw, kind) for _ in range(2))
    elif kind == "set" and op != "exists":
        leaf["value"] = draw.choice(TAGS)
    elif op != "exists":
        leaf["value"] = any_value(draw, kind)
    elif draw.random() < 0.5:
        leaf["value"] = draw.random() < 0.5
    return leaf


def any_tree(draw: random.Random, manual: bool = False, depth: int = 0) -> dict[str, Any]:
    if depth == 3 or (depth and draw.random() < 0.45):
        return any_leaf(draw, manual)
    kind = draw.choice(["all", "any", "none"])
    return {kind: [any_tree(draw, manual, depth + 1) for _ in range(draw.randint(1, 4))]}


def any_enterprise(draw: random.Random) -> dict[str, Any]:
    return {name: None if draw.random() < 0.25 else any_value(draw, kind.type) for name, kind in SCHEMA.items()}

"""Seeded policies and enterprises of the shape of a province, for the benchmarks of matching.

30 attributes (12 amounts, 4 ratios, 7 categories of which one has 1,400 values, 5 flags, 2 dates), 8 % missing on all
but four, conditions of 6 to 7 leaves in the mean: ands of ors of ands.
"""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import numpy as np

from chalicelib.policies.columns import Codes, Columns, Numbers
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.tree import Tree

AMOUNTS = [f"amount{n}" for n in range(12)]
RATIOS = [f"ratio{n}" for n in range(4)]
CATEGORIES = {"industry": 1400, "town": 11, "size": 4, "kind": 8, "status": 6, "credit": 5, "owner": 3}
FLAGS = [f"flag{n}" for n in range(5)]
DATES = ["founded", "changed"]
ALWAYS_KNOWN = {"industry", "town", "kind", "founded"}
SCHEMA = (
    {name: FactDef("number") for name in AMOUNTS + RATIOS}
    | {name: FactDef("category") for name in CATEGORIES}
    | {name: FactDef("flag") for name in FLAGS}
    | {name: FactDef("date") for name in DATES}
)
SPLITS = 0.65
"""Chance that a group holds another one, two levels down: 6.5 leaves a policy in the mean."""
STEPS = [20, 50, 100, 200, 300, 500, 800, 1000, 1500, 2000, 3000, 5000, 10000, 20000, 40000]


def make_columns(size: int, seed: int = 7) -> Columns:
    draw = np.random.default_rng(seed)

    def holes(name: str) -> Any:
        return np.zeros(size, bool) if name in ALWAYS_KNOWN else draw.random(size) < 0.08

    columns: dict[str, Numbers | Codes] = {}
    for name in AMOUNTS:
        columns[name] = Numbers(np.where(holes(name), np.nan, np.round(draw.lognormal(6, 2, size), 2)))
    for name in RATIOS:
        columns[name] = Numbers(np.where(holes(name), np.nan, np.round(draw.random(size), 4)))
    for name in DATES:
        days = draw.integers(date(1995, 1, 1).toordinal(), date(2026, 11, 1).toordinal(), size)
        columns[name] = Numbers(np.where(holes(name), np.nan, days))
    for name, count in CATEGORIES.items():
        kind = np.int8 if count < 128 else np.int16
        codes = np.where(holes(name), -1, draw.integers(0, count, size)).astype(kind)
        columns[name] = Codes(codes, [f"{value:04}" for value in range(count)])
    for name in FLAGS:
        columns[name] = Codes(np.where(holes(name), -1, draw.integers(0, 2, size)).astype(np.int8), [False, True])
    return Columns(size, columns)


def rows(columns: Columns, count: int) -> list[dict[str, Any]]:
    """The first enterprises as the dictionaries that closures read."""
    out: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, column in columns.by_name.items():
        if isinstance(column, Codes):
            values = [None if code < 0 else column.values[code] for code in column.codes[:count]]
        elif name in DATES:
            values = [None if day != day else date.fromordinal(int(day)).isoformat() for day in column.values[:count]]
        else:
            values = [None if value != value else float(value) for value in column.values[:count]]
        for facts, value in zip(out, values, strict=True):
            facts[name] = value
    return out


def make_conditions(count: int, seed: int = 11) -> list[dict[str, Any]]:
    """Conditions as authors write them."""
    draw = random.Random(seed)
    return [_group(draw, "all", 0) for _ in range(count)]


def make_trees(count: int, seed: int = 11) -> list[Tree]:
    return [parse(raw, SCHEMA, reachable=False) for raw in make_conditions(count, seed)]


def _group(draw: random.Random, kind: str, depth: int) -> dict[str, Any]:
    members: list[dict[str, Any]] = [_leaf(draw) for _ in range(draw.randint(2, 4))]
    if depth < 2 and draw.random() < SPLITS:
        members.append(_group(draw, "any" if kind == "all" else "all", depth + 1))
    return {kind: members}


def _leaf(draw: random.Random) -> dict[str, Any]:
    name = draw.choice(list(SCHEMA))
    kind = SCHEMA[name].type
    if kind == "flag":
        return {"fact": name, "op": "==", "value": draw.random() < 0.5}
    if kind == "date":
        return {"fact": name, "op": draw.choice([">=", "<"]), "value": f"{draw.randint(2000, 2026)}-01-01"}
    if name == "industry" and draw.random() < 0.5:
        return {"fact": name, "op": "prefix_in", "value": [f"{draw.randint(0, 13):02}" for _ in range(3)]}
    if kind == "category":
        values = [f"{draw.randrange(CATEGORIES[name]):04}" for _ in range(draw.randint(1, 4))]
        return {"fact": name, "op": draw.choice(["in", "in", "not_in"]), "value": values}
    steps = [step / 40000 for step in STEPS] if name in RATIOS else STEPS
    return {"fact": name, "op": draw.choice([">=", "<=", ">", "<"]), "value": draw.choice(steps)}

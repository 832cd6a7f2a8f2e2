"""Closures, columns and DuckDB's NULL logic on random trees × random enterprises with missing facts: equal counts.

    .venv-bench/bin/python -m bench.policy_differential [--trees 2000] [--enterprises 2000] [--seed 2026]

Every tree is decided for every enterprise, and match, not match and unknown must be the same pair by pair between
closures and columns, and count by count with DuckDB. The unit suite runs a smaller one against SQLite.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

import duckdb
import numpy as np

from chalicelib.policies.closures import compile_verdict
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.conditions import parse
from chalicelib.policies.program import compile_columns
from chalicelib.policies.sql import SQL_TYPES, compile_sql, set_text
from chalicelib.policies.tree import ASK, NO, YES, Tree
from tests.unit.policies.random_trees import SCHEMA, any_enterprise, any_tree


def by_duckdb(trees: list[Tree], firms: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """Not match, match and unknown of each tree."""
    base = duckdb.connect(config={"threads": 1})
    fields = ", ".join(f'"{name}" {SQL_TYPES[definition.type]}' for name, definition in SCHEMA.items())
    base.execute(f"CREATE TABLE firms ({fields})")
    stored = [[_stored(facts[name]) for name in SCHEMA] for facts in firms]
    base.executemany(f"INSERT INTO firms VALUES ({', '.join('?' * len(SCHEMA))})", stored)
    counted = "SELECT count(*) FILTER (WHERE NOT c), count(*) FILTER (WHERE c), count(*) FILTER (WHERE c IS NULL)"
    found = []
    for tree in trees:
        sql = compile_sql(tree)
        row = base.execute(f"{counted} FROM (SELECT {sql.text} AS c FROM firms)", sql.parameters).fetchone()
        assert row
        found.append((row[0], row[1], row[2]))
    return found


def _stored(value: Any) -> Any:
    return set_text(value) if isinstance(value, frozenset) else value


def compare(tree_count: int, firm_count: int, seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    trees = [parse(any_tree(draw), SCHEMA, reachable=False) for _ in range(tree_count)]
    firms = [any_enterprise(draw) for _ in range(firm_count)]
    closures = [compile_verdict(tree) for tree in trees]
    rows = np.array([[decide(facts) for decide in closures] for facts in firms], np.uint8)
    columns = Columns(
        firm_count,
        {name: encode(definition.type, [facts[name] for facts in firms]) for name, definition in SCHEMA.items()},
    )
    masks = list(compile_columns(trees).run(columns))
    assert np.array_equal(np.concatenate([each.outcomes() for each in masks]), rows), "closures and columns differ"
    counts = [
        tuple(int((rows[:, place] == verdict).sum()) for verdict in (NO, YES, ASK)) for place in range(len(trees))
    ]
    for tree, ours, theirs in zip(trees, counts, by_duckdb(trees, firms), strict=True):
        assert ours == theirs, (tree, ours, theirs)
    totals = dict(
        zip(("not_match", "match", "unknown"), (sum(each) for each in zip(*counts, strict=True)), strict=True)
    )
    leaves = sum(len(tree.leaves) for tree in trees)
    return {"trees": tree_count, "leaves": leaves, "enterprises": firm_count, "seed": seed} | totals


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--trees", type=int, default=2000)
    words.add_argument("--enterprises", type=int, default=2000)
    words.add_argument("--seed", type=int, default=2026)
    asked = words.parse_args()
    started = time.perf_counter()
    found = compare(asked.trees, asked.enterprises, asked.seed)
    print(json.dumps(found | {"equal": True, "seconds": round(time.perf_counter() - started, 1)}, indent=2))


if __name__ == "__main__":
    main()

"""Ours beside DuckDB, polars, zen-engine, json-logic and rule-engine: the same three-valued work, the same counts.

    .venv-bench/bin/python -m bench.policy_peers [--enterprises 1000000] [--repeat 3]

Everybody counts match, not match and unknown for every policy; a count that differs ends the run. What helps a peer is
done for it: DuckDB and polars get categories as the small codes that we use ourselves, prefixes as lists of codes, all
data in memory before the clock starts, and both cores. The row engines know two values only (zen-engine and
rule-engine raise on null), so each is asked first what must hold and, where that fails, what may, with a guard
at every leaf; their expressions are compiled beforehand. They get fewer enterprises; rates are pairs a second.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import reduce
from operator import and_, or_
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import duckdb
import json_logic
import numpy as np
import polars as pl
import rule_engine
import zen

from bench.policy_data import DATES, make_columns, make_trees, rows
from bench.policy_match import Stopwatch
from chalicelib.policies.closures import compile_closure
from chalicelib.policies.columns import Codes, Columns, _number, _runs
from chalicelib.policies.program import compile_columns
from chalicelib.policies.tree import Group, Leaf, Node, Outcome, Tree

Counts = tuple[int, int, int]
"""Pairs that match, do not match, and are unknown."""


def codes_of(leaf: Leaf, columns: Columns) -> list[Any]:
    """The codes for which a question about a category holds."""
    column = columns.by_name[leaf.fact]
    assert isinstance(column, Codes)
    return [code for low, high in _runs(leaf, column.values) for code in range(low, high)]


def is_ordered(leaf: Leaf, columns: Columns) -> bool:
    return not isinstance(columns.by_name[leaf.fact], Codes)


# ---------------------------------------------------------------- column engines


def in_polars(trees: list[Tree], columns: Columns) -> Callable[[], Counts]:
    frame = pl.DataFrame(
        {
            name: pl.Series(column.codes).replace(-1, None)
            if isinstance(column, Codes)
            else pl.Series(column.values).fill_nan(None)
            for name, column in columns.by_name.items()
        }
    )

    def expression(node: Node) -> pl.Expr:
        if isinstance(node, Group):
            return reduce(and_ if node.kind == "all" else or_, map(expression, node.children))
        assert isinstance(node, Leaf)
        column = pl.col(node.fact)
        if not is_ordered(node, columns):
            codes = codes_of(node, columns)
            found = column == codes[0] if len(codes) == 1 else column.is_in(codes)
            return ~found if node.negated else found
        value = _number(node.value)
        return {">=": column >= value, "<=": column <= value, ">": column > value, "<": column < value}[node.op]

    wanted = []
    for number, tree in enumerate(trees):
        whole = expression(tree.root)
        wanted += [whole.sum().alias(f"m{number}"), whole.is_null().sum().alias(f"u{number}")]

    def run() -> Counts:
        found = frame.select(wanted).row(0)
        match, unknown = sum(found[0::2]), sum(found[1::2])
        return match, len(frame) * len(trees) - match - unknown, unknown

    return run


def in_duckdb(trees: list[Tree], columns: Columns) -> Callable[[], Counts]:
    base = duckdb.connect(config={"threads": 2})
    data = {
        name: np.ma.masked_less(column.codes, 0) if isinstance(column, Codes) else column.values
        for name, column in columns.by_name.items()
    }
    base.register("given", data)
    base.execute("CREATE TABLE firms AS SELECT * FROM given")

    def expression(node: Node) -> str:
        if isinstance(node, Group):
            return f"({(' AND ' if node.kind == 'all' else ' OR ').join(map(expression, node.children))})"
        assert isinstance(node, Leaf)
        if is_ordered(node, columns):
            return f"{node.fact} {node.op} {_number(node.value)!r}"
        listed = ", ".join(map(str, codes_of(node, columns)))
        return f"{node.fact} {'NOT ' if node.negated else ''}IN ({listed})"

    counted = "SELECT count(*) FILTER (WHERE c), count(*) FILTER (WHERE NOT c)"
    queries = [f"{counted} FROM (SELECT {expression(tree.root)} AS c FROM firms)" for tree in trees]

    def run() -> Counts:
        found = [base.execute(query).fetchone() or (0, 0) for query in queries]
        match, not_match = (sum(each) for each in zip(*found, strict=True))
        return match, not_match, columns.size * len(trees) - match - not_match

    return run


def ours(trees: list[Tree], columns: Columns, workers: int) -> Callable[[], Counts]:
    program = compile_columns(trees)
    return lambda: _three(program.count(columns, workers))


def _three(found: Counter[Outcome]) -> Counts:
    return found[Outcome.MATCH], found[Outcome.NOT_MATCH], found[Outcome.NEED_INFO]


# ---------------------------------------------------------------- row engines

Holds = Callable[[dict[str, Any]], Any]


def in_zen(root: Node, may: bool) -> Holds:
    compiled = zen.compile_expression(_text(root, may, _zen_leaf))
    return lambda facts: compiled.evaluate(facts)


def _zen_leaf(leaf: Leaf) -> str:
    if leaf.op == "prefix_in":
        return " or ".join(f'startsWith({leaf.fact}, "{prefix}")' for prefix in sorted(leaf.value))  # type: ignore
    if leaf.op == "in":
        return f"{leaf.fact} {'not in' if leaf.negated else 'in'} {json.dumps(sorted(leaf.value))}"  # type: ignore
    return _plain_leaf(leaf)


def in_rule_engine(root: Node, may: bool) -> Holds:
    rule = rule_engine.Rule(_text(root, may, _rule_engine_leaf))
    return lambda facts: rule.matches(facts)


def _rule_engine_leaf(leaf: Leaf) -> str:
    if leaf.op == "prefix_in":
        return f'{leaf.fact} =~ "^({"|".join(sorted(leaf.value))})"'  # type: ignore
    if leaf.op == "in":
        found = f"{leaf.fact} in {json.dumps(sorted(leaf.value))}"  # type: ignore
        return f"not ({found})" if leaf.negated else found
    return _plain_leaf(leaf)


def _plain_leaf(leaf: Leaf) -> str:
    value = _number(leaf.value) if leaf.fact in DATES else leaf.value
    return f"{leaf.fact} {leaf.op} {json.dumps(value)}"


def _text(node: Node, may: bool, write: Callable[[Leaf], str]) -> str:
    """Guarded: a missing fact makes a leaf true for what may hold, false for what must."""
    if isinstance(node, Group):
        joint = " and " if node.kind == "all" else " or "
        return f"({joint.join(_text(child, may, write) for child in node.children)})"
    assert isinstance(node, Leaf)
    guard = f"{node.fact} == null or" if may else f"{node.fact} != null and"
    return f"({guard} ({write(node)}))"


def in_json_logic(root: Node, may: bool) -> Holds:
    rule = _logic(root, may)
    return lambda facts: json_logic.jsonLogic(rule, facts)


def _logic(node: Node, may: bool) -> Any:
    if isinstance(node, Group):
        return {"and" if node.kind == "all" else "or": [_logic(child, may) for child in node.children]}
    assert isinstance(node, Leaf)
    fact: Any = {"var": node.fact}
    if node.op in ("prefix_in", "in"):
        asked = {"substr": [fact, 0, 2]} if node.op == "prefix_in" else fact
        holds: Any = {"in": [asked, sorted(node.value)]}  # type: ignore
        holds = {"!": [holds]} if node.negated else holds
    else:
        value = _number(node.value) if node.fact in DATES else node.value
        holds = {"===" if node.op == "==" else node.op: [fact, value]}
    return {"or": [{"===": [fact, None]}, holds]} if may else {"and": [{"!==": [fact, None]}, holds]}


def by_row(
    trees: list[Tree], sample: list[dict[str, Any]], compiler: Callable[[Node, bool], Holds]
) -> Callable[[], Counts]:
    pairs = [(compiler(tree.root, False), compiler(tree.root, True)) for tree in trees]

    def run() -> Counts:
        match = unknown = 0
        for facts in sample:
            for must, may in pairs:
                if must(facts):
                    match += 1
                elif may(facts):
                    unknown += 1
        return match, len(sample) * len(pairs) - match - unknown, unknown

    return run


def our_closures(trees: list[Tree], sample: list[dict[str, Any]]) -> Callable[[], Counts]:
    closures = [compile_closure(tree) for tree in trees]
    return lambda: _three(Counter(decide(facts) for facts in sample for decide in closures))


# ---------------------------------------------------------------- side by side


def side_by_side(runs: dict[str, Callable[[], Counts]], pairs: int, repeat: int) -> Iterator[tuple[str, Any]]:
    """Engine and its rates; rounds are interleaved, so that a busy minute of the machine hits all alike."""
    counts = {name: run() for name, run in runs.items()}
    assert len(set(counts.values())) == 1, counts
    rounds: dict[str, list[dict[str, list[int]]]] = {name: [] for name in runs}
    for _ in range(repeat):
        for name, run in runs.items():
            rounds[name].append(Stopwatch(pairs, 1).rate(run))
    for name, found in rounds.items():
        yield name, {kind: _spread([each[kind][0] for each in found]) for kind in ("wall", "cpu")}


def _spread(rates: list[int]) -> list[int]:
    ranked = sorted(rates, reverse=True)
    return [ranked[0], ranked[len(ranked) // 2], ranked[-1]]


def dated(sample: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Days as numbers: no row engine compares dates written as text."""
    return [facts | {name: _number(facts[name]) for name in DATES if facts[name] is not None} for facts in sample]


def measure(policies: int, enterprises: int, row_sample: int, repeat: int) -> dict[str, Any]:
    trees, columns = make_trees(policies), make_columns(enterprises)
    wide = {
        "ours, 2 processes": ours(trees, columns, 2),
        "ours, 1 process": ours(trees, columns, 1),
        "polars": in_polars(trees, columns),
        "duckdb": in_duckdb(trees, columns),
    }
    report: dict[str, Any] = {"columns": dict(side_by_side(wide, enterprises * policies, repeat))}
    sample = rows(columns, row_sample)
    narrow = {
        "ours, closures": our_closures(trees, sample),
        "zen-engine": by_row(trees, dated(sample), in_zen),
        "json-logic": by_row(trees, dated(sample), in_json_logic),
        "rule-engine": by_row(trees, dated(sample), in_rule_engine),
    }
    report["rows"] = dict(side_by_side(narrow, row_sample * policies, repeat))
    return report | {"enterprises": enterprises, "row_sample": row_sample, "policies": policies}


def table(report: dict[str, Any]) -> str:
    """Markdown: median rates, and how many times as fast ours is."""
    lines = ["| engine | million pairs/s, median (worst–best) | by CPU time | ours is faster by |", "|---|---|---|---|"]
    for kind in ("columns", "rows"):
        first = next(iter(report[kind].values()))
        for name, rates in report[kind].items():
            best, middle, worst = (rate / 1e6 for rate in rates["wall"])
            ratios = [first[by][1] / rates[by][1] for by in ("wall", "cpu")]
            lines.append(
                f"| {name} | {middle:,.3g} ({worst:,.3g}–{best:,.3g}) | {rates['cpu'][1] / 1e6:,.3g} | "
                f"{ratios[0]:.1f}× (CPU {ratios[1]:.1f}×) |"
            )
    return "\n".join(lines)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--policies", type=int, default=200)
    words.add_argument("--enterprises", type=int, default=1_000_000)
    words.add_argument("--row-sample", type=int, default=150)
    words.add_argument("--repeat", type=int, default=3)
    asked = words.parse_args()
    report = measure(asked.policies, asked.enterprises, asked.row_sample, asked.repeat)
    print(table(report))


if __name__ == "__main__":
    main()

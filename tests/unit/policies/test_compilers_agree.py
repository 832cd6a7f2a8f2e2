"""Random trees × random enterprises with missing facts: closures = trace = columns = SQLite's NULL logic."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from typing import Any

import pytest

from chalicelib.policies import program as program_module
from chalicelib.policies.closures import compile_closure, compile_combine, compile_trace
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.conditions import parse
from chalicelib.policies.explain import Explainer
from chalicelib.policies.program import compile_columns
from chalicelib.policies.sql import compile_sql, set_text
from chalicelib.policies.tree import ASK, MANUAL, NO, NOT_APPLICABLE, OUTCOMES, YES, Leaf, Outcome, Tree
from tests.unit.policies.random_trees import SCHEMA, any_enterprise, any_tree

SQL_TYPES = {"number": "REAL", "category": "TEXT", "flag": "INTEGER", "date": "TEXT", "set": "TEXT"}


def make(seed: int, trees: int, enterprises: int, manual: bool = False) -> tuple[list[Tree], list[dict[str, Any]]]:
    draw = random.Random(seed)
    return (
        [parse(any_tree(draw, manual), SCHEMA, reachable=False) for _ in range(trees)],
        [any_enterprise(draw) for _ in range(enterprises)],
    )


def as_columns(rows: list[dict[str, Any]]) -> Columns:
    return Columns(len(rows), {name: encode(kind.type, [row[name] for row in rows]) for name, kind in SCHEMA.items()})


def by_columns(trees: list[Tree], columns: Columns, workers: int = 1) -> list[list[Outcome]]:
    found: list[list[Outcome]] = []
    counted: Counter[Outcome] = Counter()
    for masks in compile_columns(trees).run(columns, workers):
        counted.update(masks.counts())
        found += [[OUTCOMES[verdict] for verdict in row] for row in masks.outcomes()]
    assert +counted == Counter(outcome for row in found for outcome in row)
    return found


def by_sql(trees: list[Tree], rows: list[dict[str, Any]]) -> list[list[int | None]]:
    base = sqlite3.connect(":memory:")
    base.create_function("strpos", 2, lambda text, part: None if text is None else text.find(part) + 1)
    fields = ", ".join(f'"{name}" {SQL_TYPES[kind.type]}' for name, kind in SCHEMA.items())
    base.execute(f"CREATE TABLE e (i INTEGER, {fields})")
    stored = [
        [set_text(value) if isinstance(value, frozenset) else value for value in (row[name] for name in SCHEMA)]
        for row in rows
    ]
    marks = ", ".join("?" * (len(SCHEMA) + 1))
    base.executemany(f"INSERT INTO e VALUES ({marks})", [[i, *row] for i, row in enumerate(stored)])
    answers = []
    for tree in trees:
        sql = compile_sql(tree)
        answers.append([row[0] for row in base.execute(f"SELECT {sql.text} FROM e ORDER BY i", sql.parameters)])
    base.close()
    return [list(row) for row in zip(*answers, strict=True)]


@pytest.mark.parametrize("seed", range(4))
def test_all_compilers_agree(seed: int) -> None:
    trees, rows = make(seed, trees=120, enterprises=203)
    closures = [compile_closure(tree) for tree in trees]
    direct = [[decide(row) for decide in closures] for row in rows]
    traces = [compile_trace(tree) for tree in trees]
    assert [[trace(row)[0] for trace in traces] for row in rows] == direct
    assert by_columns(trees, as_columns(rows)) == direct
    words = {Outcome.MATCH: 1, Outcome.NOT_MATCH: 0, Outcome.NEED_INFO: None}
    assert by_sql(trees, rows) == [[words[outcome] for outcome in row] for row in direct]
    assert min(Counter(outcome for row in direct for outcome in row).values()) > 1000


@pytest.mark.parametrize("workers", [1, 2])
def test_manual_leaves_agree_across_chunks(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_module, "CHUNK", 64)
    trees, rows = make(99, trees=60, enterprises=700, manual=True)
    direct = [[decide(row) for decide in map(compile_closure, trees)] for row in rows]
    assert by_columns(trees, as_columns(rows), workers) == direct
    assert Counter(outcome for row in direct for outcome in row)[Outcome.MANUAL] > 100


def test_a_fact_without_a_column_is_unknown_for_all() -> None:
    trees, rows = make(5, trees=60, enterprises=40, manual=True)
    for row in rows:
        row["s1"] = row["n1"] = None
    columns = as_columns(rows)
    bare = Columns(columns.size, {name: column for name, column in columns.by_name.items() if name not in ("s1", "n1")})
    assert by_columns(trees, bare) == [[decide(row) for decide in map(compile_closure, trees)] for row in rows]


def test_no_enterprises_at_all() -> None:
    trees, _ = make(1, trees=3, enterprises=0)
    assert by_columns(trees, Columns(0, {})) == []


def test_what_is_named_decides_and_flipping_it_turns_the_outcome() -> None:
    trees, rows = make(21, trees=150, enterprises=60, manual=True)
    seen: Counter[Outcome] = Counter()
    for tree in trees:
        explain, combine, trace = Explainer(tree, SCHEMA), compile_combine(tree), compile_trace(tree)
        for row in rows:
            outcome, verdicts = trace(row)
            why = explain.of(verdicts, row)
            named = {leaf.index for leaf in why.deciding()}
            assert len(why.trace({})) == len(tree.leaves) and why.reasons()
            seen[outcome] += 1
            alone = [verdict if index in named else _undecided(verdict) for index, verdict in enumerate(verdicts)]
            if outcome in (Outcome.MATCH, Outcome.NOT_MATCH):
                assert OUTCOMES[combine(alone)] is outcome
            if outcome is Outcome.NOT_MATCH:
                flipped = [YES if index in named else verdict for index, verdict in enumerate(verdicts)]
                assert OUTCOMES[combine(flipped)] is not outcome
            if outcome is Outcome.NEED_INFO:
                settled = {
                    combine([end if i in named and v == ASK else v for i, v in enumerate(verdicts)])
                    for end in (NO, YES)
                }
                assert ASK not in settled
                assert why.missing() == list(
                    dict.fromkeys(leaf.fact for leaf in why.deciding() if isinstance(leaf, Leaf))
                )
    assert len(seen) == 4


def _undecided(verdict: int) -> int:
    return verdict if verdict == MANUAL else ASK


def leaf(fact: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"fact": fact, "op": op, "value": value}


def outcome_of(raw: dict[str, Any], facts: dict[str, Any]) -> Outcome:
    return compile_closure(parse(raw, SCHEMA, reachable=False))(facts)


@pytest.mark.parametrize(
    ("raw", "facts", "outcome"),
    [
        (leaf("n1", ">", 1), {}, "need_info"),
        ({"none": [leaf("n1", ">", 1)]}, {}, "need_info"),
        ({"none": [leaf("n1", "exists")]}, {}, "match"),
        ({"all": [leaf("n1", ">", 1), leaf("f1", "==", True)]}, {"f1": False}, "not_match"),
        ({"any": [leaf("n1", ">", 1), leaf("f1", "==", True)]}, {"f1": True}, "match"),
        (leaf("n1", "==", 0), {"n1": 0}, "match"),
        ({"manual": "一事一议"}, {}, "manual"),
        ({"all": [{"manual": "x"}, leaf("f1", "==", True)]}, {}, "need_info"),
        ({"all": [{"manual": "x"}, leaf("f1", "==", True)]}, {"f1": True}, "manual"),
        ({"all": [{"manual": "x"}, leaf("f1", "==", True)]}, {"f1": False}, "not_match"),
        ({"any": [{"manual": "x"}, leaf("f1", "==", True)]}, {"f1": True}, "match"),
        ({"none": [{"manual": "x"}]}, {}, "manual"),
        ({"any": [{"manual": "x"}, {"all": [leaf("n1", ">", 1), leaf("f1", "==", True)]}]}, {"f1": False}, "manual"),
    ],
)
def test_edge_cases(raw: dict[str, Any], facts: dict[str, Any], outcome: str) -> None:
    assert outcome_of(raw, facts) == outcome


@pytest.mark.parametrize("op", ["==", "in", ">", ">=", "<", "<=", "between", "contains", "prefix_in", "exists"])
def test_not_applicable_answers_every_positive_question_with_no(op: str) -> None:
    name = {"contains": "s1", "prefix_in": "c1"}.get(op, "n1")
    value: Any = {"in": [1], "between": [0, 1], "contains": "LG", "prefix_in": ["30"], "exists": True}.get(op, 1)
    asked = leaf(name, op, value)
    assert outcome_of(asked, {name: NOT_APPLICABLE}) is Outcome.NOT_MATCH
    assert outcome_of({"none": [asked]}, {name: NOT_APPLICABLE}) is Outcome.MATCH

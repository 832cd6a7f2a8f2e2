"""The SQL that Athena is given, run by DuckDB over Parquet and plain tables: as the closures decide, NULL or not."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from chalicelib.adapters.memory import MemoryBlobs
from chalicelib.errors import BadInput
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import compile_closure
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.sql import (
    SQL_TYPES,
    compile_sql,
    literal,
    literal_sql,
    quoted,
    select_all,
    select_counts,
    set_text,
    table_definition,
)
from chalicelib.policies.tree import Outcome, Tree
from jobs.province.files import Source, name_of, put_source
from jobs.province.parquet import write_day, write_shard
from jobs.province.shards import Shard, pack_shard
from tests.unit.policies.random_trees import SCHEMA, any_enterprise, any_tree

WORDS = {Outcome.MATCH: True, Outcome.NOT_MATCH: False, Outcome.NEED_INFO: None, Outcome.MANUAL: None}


def database(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    base = duckdb.connect(config={"threads": 1})
    fields = ", ".join(f"{quoted(name)} {SQL_TYPES[kind.type]}" for name, kind in SCHEMA.items())
    base.execute(f'CREATE TABLE "enterprises" (uscc VARCHAR, {fields})')
    stored = [[f"{place:018}", *(_stored(row[name]) for name in SCHEMA)] for place, row in enumerate(rows)]
    base.executemany(f'INSERT INTO "enterprises" VALUES ({", ".join("?" * (len(SCHEMA) + 1))})', stored)
    return base


def _stored(value: Any) -> Any:
    return set_text(value) if isinstance(value, frozenset) else value


def trees_of(seed: int, count: int) -> dict[str, Tree]:
    draw = random.Random(seed)
    return {f"P{n}": parse(any_tree(draw, manual=True), SCHEMA, reachable=False) for n in range(count)}


def test_random_trees_and_enterprises_as_the_closures_decide() -> None:
    trees, draw = trees_of(11, 60), random.Random(12)
    rows = [any_enterprise(draw) for _ in range(120)]
    decided = [[compile_closure(tree)(row) for tree in trees.values()] for row in rows]
    with database(rows) as base:
        found = sorted(base.sql(select_all(trees, "enterprises")).fetchall())
        assert [list(row[1:]) for row in found] == [[WORDS[outcome] for outcome in row] for row in decided]
        counts = base.sql(select_counts(trees, "enterprises")).fetchall()[0]
        marked = compile_sql(trees["P0"])
        again = base.execute(f'SELECT {marked.text} FROM "enterprises" ORDER BY uscc', marked.parameters).fetchall()
    assert [value for (value,) in again] == [row[1] for row in found]
    expected = [Counter(WORDS[outcome] for outcome in column) for column in zip(*decided, strict=True)]
    assert list(counts) == [each[word] for each in expected for word in (True, False, None)]
    assert min(sum(each[word] for each in expected) for word in (True, False, None)) > 300


def test_a_fact_without_a_column_is_unknown_for_all() -> None:
    trees, draw = trees_of(13, 40), random.Random(14)
    rows = [any_enterprise(draw) | {"s1": None, "n1": None} for _ in range(40)]
    left = set(SCHEMA) - {"s1", "n1"}
    with database(rows) as base:
        base.execute('ALTER TABLE "enterprises" DROP COLUMN s1')
        base.execute('ALTER TABLE "enterprises" DROP COLUMN n1')
        found = sorted(base.sql(select_all(trees, "enterprises", left)).fetchall())
    decided = [[WORDS[compile_closure(tree)(row)] for tree in trees.values()] for row in rows]
    assert [list(row[1:]) for row in found] == decided


def test_no_value_leaves_its_quotes() -> None:
    nasty = """' OR 1=1 --"\\''"""
    tree = parse({"fact": "c1", "op": "==", "value": nasty}, {'c"1': FactDef("category"), "c1": FactDef("category")})
    rows = [dict.fromkeys(SCHEMA) | {"c1": value} for value in (nasty, "x", None)]
    with database(rows) as base:
        found = sorted(base.sql(select_all({"P' \"1": tree}, "enterprises")).fetchall())
    assert [row[1] for row in found] == [True, False, None]
    assert quoted('a"b') == '"a""b"' and literal("a'b") == "'a''b'"


@pytest.mark.parametrize(
    ("value", "written"), [(1500, "1500"), (0.055, "0.055E0"), (1e-07, "1e-07"), (True, "TRUE"), (-3.5, "-3.5E0")]
)
def test_numbers_are_whole_or_double_and_never_decimal(value: Any, written: str) -> None:
    assert literal(value) == written
    kind = {int: "INTEGER", float: "DOUBLE", bool: "BOOLEAN"}[type(value)]
    assert duckdb.sql(f"SELECT typeof({written}), {written}").fetchall() == [(kind, value)]


SHEETS: list[dict[str, Any]] = [
    {"revenue": 12.5, "industry_code": "3073", "above_scale_this_year": True},
    {"revenue": 99, "established_on": "2015-03-31", "valid_quals": frozenset({"SRDI", "HNTE"})},
    {"valid_quals": frozenset(), "above_scale_this_year": False, "established_on": "0001-01-01"},
]


def shard() -> Shard:
    names = sorted({name for sheet in SHEETS for name in sheet})
    columns = {name: encode(FACTS[name].type, [sheet.get(name) for sheet in SHEETS]) for name in names}
    return Shard(np.array([b"91360323MA00000001", b"91360323MA00000002", b"9136"], "S18"), Columns(3, columns))


def test_parquet_holds_the_columns_and_answers_as_the_closures(tmp_path: Path) -> None:
    write_shard(shard(), tmp_path / "00000.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["00000.parquet"]
    policies: dict[str, dict[str, Any]] = {
        "big": {"fact": "revenue", "op": ">=", "value": 20},
        "old": {"fact": "established_on", "op": "<", "value": "2016-01-01"},
        "hnte": {"none": [{"fact": "valid_quals", "op": "contains", "value": "HNTE"}]},
        "chain": {"any": [{"fact": "industry_code", "op": "prefix_in", "value": ["30"]}, {"manual": "一事一议"}]},
        "grown": {"fact": "above_scale_this_year", "op": "==", "value": True},
        "asked": {"fact": "tax_credit", "op": "exists"},
    }
    trees = {name: parse(raw, FACTS) for name, raw in policies.items()}
    with duckdb.connect() as base:
        base.execute(f"CREATE VIEW \"enterprises\" AS FROM '{tmp_path}/*.parquet'")
        found = base.sql(select_all(trees, "enterprises")).fetchall()
        kinds = dict(base.sql('SELECT column_name, column_type FROM (DESCRIBE "enterprises")').fetchall())
        texts = base.sql('SELECT "established_on", "valid_quals" FROM "enterprises"').fetchall()
    decided = [[WORDS[compile_closure(tree)(sheet)] for tree in trees.values()] for sheet in SHEETS]
    assert [list(row[1:]) for row in found] == decided
    assert texts == [(None, None), ("2015-03-31", "|HNTE|SRDI|"), ("0001-01-01", "|")]
    assert kinds == {"uscc": "VARCHAR"} | {name: SQL_TYPES[each.type] for name, each in FACTS.items()}


def test_a_day_is_written_when_all_its_shards_are_there(tmp_path: Path) -> None:
    blobs, day = MemoryBlobs(), date(2026, 11, 23).isoformat()
    put_source(blobs, day, Source("x", "2026-11-22T18:00:00+00:00", 2, 3))
    with pytest.raises(BadInput, match="一片也没有"):
        write_day(blobs, day, tmp_path, lambda done, of: None)
    blobs.put(name_of(day, "columns", 0), pack_shard(shard()))
    with pytest.raises(BadInput, match="还没有写完"):
        write_day(blobs, day, tmp_path, lambda done, of: None)
    blobs.put(name_of(day, "columns", 1), pack_shard(Shard(np.empty(0, "S18"), Columns(0, {}))))
    written = write_day(blobs, day, tmp_path / "out", lambda done, of: None)
    assert (written.files, written.enterprises) == (2, 3)
    with duckdb.connect() as base:
        assert base.sql(f"SELECT count(*) FROM '{tmp_path}/out/*.parquet'").fetchall() == [(3,)]


def test_the_table_is_told_to_athena_with_every_fact() -> None:
    text = table_definition(FACTS, "enterprises", "s3://bucket/province/parquet/")
    assert all(f"`{name}` " in text for name in FACTS) and "STORED AS PARQUET" in text
    assert text.endswith("LOCATION 's3://bucket/province/parquet/'")
    assert literal_sql(parse({"manual": "一事一议"}, FACTS)) == "CAST(NULL AS BOOLEAN)"

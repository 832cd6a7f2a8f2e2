"""A day's columns → Parquet, one file a shard, for the SQL of ``policies.sql`` in Athena. Needs numpy and duckdb: for a
machine of the operators, never in Lambda.

Every fact of the dictionary is a column, so that a condition never names one that is not there. NULL is unknown, or
does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.errors import BadInput
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.columns import Codes, Numbers
from chalicelib.policies.dictionary import FactType
from chalicelib.policies.sql import SQL_TYPES, quoted, select, set_text
from chalicelib.ports import Blobs
from jobs.province.files import complete, name_of, numbers_of
from jobs.province.shards import Shard, unpack_shard

_DATE = "strftime(DATE '0001-01-01' + CAST({} - 1 AS INTEGER), '%Y-%m-%d')"
"""A proleptic day number as ISO text."""


@dataclass(frozen=True, slots=True)
class Written:
    files: int
    enterprises: int


def write_day(blobs: Blobs, day: str, out: Path, step: Callable[[int, int], None]) -> Written:
    """``{out}/{shard}.parquet``. Raises BadInput where there are no columns, not all, or no duckdb."""
    numbers = numbers_of(blobs, day)
    if not numbers or not complete(blobs, day):
        raise BadInput(f"{day} 的企业列{'还没有写完' if numbers else '一片也没有'}。请先运行 province columns。")
    out.mkdir(parents=True, exist_ok=True)
    enterprises = 0
    for done, number in enumerate(numbers):
        step(done, len(numbers))
        shard = unpack_shard(blobs.get(name_of(day, "columns", number)) or b"")
        write_shard(shard, out / f"{number:05}.parquet")
        enterprises += shard.columns.size
    step(len(numbers), len(numbers))
    return Written(len(numbers), enterprises)


def write_shard(shard: Shard, path: Path) -> None:
    """All of it or nothing: it gets its name when it is whole."""
    try:
        import duckdb
    except ModuleNotFoundError:
        raise BadInput("这里没有装 duckdb。请运行 pip install duckdb，再写 Parquet。") from None
    arrays: dict[str, Any] = {"uscc": shard.usccs.astype(str)}
    lists: dict[str, list[Any]] = {}
    parts = [quoted("uscc")]
    for place, (name, definition) in enumerate(FACTS.items()):
        column = shard.columns.by_name.get(name)
        parts.append(f"{_expression(f'c{place}', column, definition.type)} AS {quoted(name)}")
        if isinstance(column, Codes):
            lists[f"c{place}"] = [set_text(value) if isinstance(value, frozenset) else value for value in column.values]
        if column is not None:
            arrays[f"c{place}"] = column.codes if isinstance(column, Codes) else np.asarray(column.values)
    half = path.with_suffix(".half")
    with duckdb.connect(config={"threads": 1}) as base:
        base.register("shard", arrays)
        rows = base.sql(select(parts, "shard"), params=lists or None)
        rows.write_parquet(str(half), compression="zstd")
    half.replace(path)


def _expression(name: str, column: Numbers | Codes | None, kind: FactType) -> str:
    if column is None:
        return f"CAST(NULL AS {SQL_TYPES[kind]})"
    if isinstance(column, Codes):
        return f"CAST(list_extract(${name}, {name} + 1) AS {SQL_TYPES[kind]})"
    value = _DATE.format(name) if kind == "date" else name
    return f"CASE WHEN isnan({name}) THEN NULL ELSE {value} END"

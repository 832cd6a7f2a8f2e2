"""Puts the pieces of a shard together, fact by fact, whatever each piece knows of. For batch code: needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.columns import Codes, Columns, Numbers, code_type
from jobs.province.shards import USCC_BYTES, Shard

Column = Numbers | Codes


def merged(pieces: Sequence[Shard]) -> Shard:
    """All rows, in the order of codes; the same bytes whatever the order of pieces. Raises ValueError for a code that
    comes twice."""
    usccs = np.concatenate([piece.usccs for piece in pieces] or [np.empty(0, f"S{USCC_BYTES}")])
    order = np.argsort(usccs, kind="stable")
    usccs = usccs[order]
    if len(usccs) > 1 and bool((usccs[1:] == usccs[:-1]).any()):
        raise ValueError("an enterprise comes twice")
    names = sorted({name for piece in pieces for name in piece.columns.by_name})
    return Shard(usccs, Columns(len(usccs), {name: _merged(name, pieces, order) for name in names}))


def _merged(name: str, pieces: Sequence[Shard], order: NDArray[np.intp]) -> Column:
    columns = [(piece.columns.by_name.get(name), piece.columns.size) for piece in pieces]
    known = [column for column, _ in columns if column is not None]
    if isinstance(known[0], Numbers):
        parts = [column.values if isinstance(column, Numbers) else np.full(size, np.nan) for column, size in columns]
        return Numbers(np.concatenate(parts)[order])
    values = _values([column for column in known if isinstance(column, Codes)])
    places = {value: place for place, value in enumerate(values)}
    kind = code_type(len(values))
    codes = [_codes(column, places, kind, size) for column, size in columns]
    return Codes(np.concatenate(codes)[order], values)


def _values(columns: Sequence[Codes]) -> list[Any]:
    found = {value for column in columns for value in column.values}
    return sorted(found, key=sorted if any(isinstance(value, frozenset) for value in found) else None)


def _codes(
    column: Column | None, places: dict[Any, int], kind: type[np.signedinteger[Any]], size: int
) -> NDArray[np.signedinteger[Any]]:
    """In the new list of values; the last place of the table is what code −1 finds."""
    if not isinstance(column, Codes):
        return np.full(size, -1, kind)
    table = np.array([*(places[value] for value in column.values), -1], kind)
    return table.take(column.codes, mode="wrap")

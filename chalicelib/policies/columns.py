"""Facts as numpy columns (列), and a leaf asked of a whole column. For batch code: numpy is not in requirements.txt.

A column holds one fact of many enterprises: numbers (and dates, as day numbers) as float64 with NaN for unknown, all
else as small codes into a sorted list of values with −1 for unknown. A comparison with NaN or −1 is never true, so one
comparison gives what *must* hold, and what *may* hold is that or unknown. ``program`` puts whole policies together.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.dictionary import FactType
from chalicelib.policies.tree import Leaf

Bits = NDArray[np.uint8]
Bools = NDArray[np.bool_]
_MANY_RUNS = 6

# ---------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class Numbers:
    """float64, NaN where unknown. A date is its proleptic day number."""

    values: NDArray[np.float64]

    def part(self, rows: slice) -> Numbers:
        return Numbers(self.values[rows])

    def known(self, rows: slice) -> Bools:
        part = self.values[rows]
        return np.equal(part, part)

    def test(self, leaf: Leaf, rows: slice) -> Bools:
        part = self.values[rows]
        if leaf.op in _COMPARE:
            return _COMPARE[leaf.op](part, _number(leaf.value))
        listed = [_number(value) for value in _listed(leaf.value)]
        if leaf.op == "between":
            return _both(np.greater_equal(part, listed[0]), np.less_equal(part, listed[1]))
        if len(listed) > _MANY_RUNS:
            return np.isin(part, listed)
        return _either([np.equal(part, value) for value in listed])


@dataclass(frozen=True, slots=True)
class Codes:
    """Places in ``values`` (sorted, distinct), −1 where unknown; int8, int16 or int32 as the list needs."""

    codes: NDArray[np.signedinteger[Any]]
    values: Sequence[Any]

    def part(self, rows: slice) -> Codes:
        return Codes(self.codes[rows], self.values)

    def known(self, rows: slice) -> Bools:
        known: Bools = np.greater_equal(self.codes[rows], 0)
        return known

    def test(self, leaf: Leaf, rows: slice) -> Bools:
        part = self.codes[rows]
        runs = list(_runs(leaf, self.values))
        if len(runs) > _MANY_RUNS:
            return _table(runs, len(self.values)).take(part, mode="wrap")
        return _either([_inside(part, low, high) for low, high in runs]) if runs else np.zeros(len(part), np.bool_)


@dataclass(frozen=True, slots=True)
class Columns:
    """``size`` enterprises; a fact without a column is unknown for all of them."""

    size: int
    by_name: Mapping[str, Numbers | Codes]

    def part(self, rows: slice) -> Columns:
        """The enterprises in ``rows``, not copied."""
        by_name = {name: column.part(rows) for name, column in self.by_name.items()}
        return Columns(len(range(self.size)[rows]), by_name)


def encode(kind: FactType, values: Sequence[Any]) -> Numbers | Codes:
    """Checked values (None is unknown) of one fact to a column."""
    if kind == "number":
        return Numbers(np.array(values, dtype=np.float64))
    if kind == "date":
        days = {text: np.nan if text is None else date.fromisoformat(text).toordinal() for text in set(values)}
        return Numbers(np.fromiter(map(days.__getitem__, values), np.float64, len(values)))
    distinct = sorted((value for value in set(values) if value is not None), key=sorted if kind == "set" else None)
    places: dict[Any, int] = {value: place for place, value in enumerate(distinct)}
    places[None] = -1
    return Codes(np.fromiter(map(places.__getitem__, values), code_type(len(distinct)), len(values)), distinct)


def decode(kind: FactType, column: Numbers | Codes) -> list[Any]:
    """The values that ``encode`` was given; a whole number comes back as float."""
    if isinstance(column, Codes):
        listed = (*column.values, None)
        return [listed[code] for code in column.codes.tolist()]
    known = [None if value != value else value for value in column.values.tolist()]
    if kind != "date":
        return known
    days = {day: None if day is None else date.fromordinal(int(day)).isoformat() for day in set(known)}
    return [days[day] for day in known]


def code_type(count: int) -> type[np.signedinteger[Any]]:
    """The smallest that holds places in a list of ``count`` values."""
    return next(kind for kind in (np.int8, np.int16, np.int32) if count <= np.iinfo(kind).max)


def _number(value: Any) -> float:
    return float(date.fromisoformat(value).toordinal()) if isinstance(value, str) else float(value)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else sorted(value)


def _runs(leaf: Leaf, values: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Stretches [low, high) of the sorted ``values`` for which the leaf holds."""
    if leaf.op == "contains":
        yield from ((place, place + 1) for place, tags in enumerate(values) if leaf.value in tags)
    elif leaf.op == "prefix_in":
        for prefix in _shortest(_listed(leaf.value)):
            low = bisect_left(values, prefix)
            high = bisect_right(values, prefix, lo=low, key=itemgetter(slice(len(prefix))))
            if low < high:
                yield low, high
    else:
        for wanted in _listed(leaf.value) if leaf.op == "in" else (leaf.value,):
            low = bisect_left(values, wanted)
            if low < len(values) and values[low] == wanted:
                yield low, low + 1


def _shortest(prefixes: Sequence[str]) -> list[str]:
    return [
        prefix for prefix in prefixes if not any(prefix != other and prefix.startswith(other) for other in prefixes)
    ]


def _inside(codes: NDArray[Any], low: int, high: int) -> Bools:
    if high - low == 1:
        return _COMPARE["=="](codes, low)
    return _both(np.greater_equal(codes, low), np.less(codes, high))


def _both(one: Bools, other: Bools) -> Bools:
    return np.logical_and(one, other, out=one)


def _table(runs: list[tuple[int, int]], size: int) -> Bools:
    """Looked up by code; the extra last place is false and is what code −1 finds."""
    table = np.zeros(size + 1, np.bool_)
    for low, high in runs:
        table[low:high] = True
    return table


def _either(tests: list[Bools]) -> Bools:
    return reduce(lambda one, other: np.logical_or(one, other, out=one), tests)


_COMPARE: dict[str, Callable[[Any, float], Bools]] = {
    "==": np.equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}

# ---------------------------------------------------------------- kept

_ABOUT = "columns.json"


def save_columns(columns: Columns, folder: Path) -> None:
    """One array file a fact, and a list of them written last: a folder without it is not one of ours."""
    folder.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {"size": columns.size, "facts": {}}
    for number, (name, column) in enumerate(columns.by_name.items()):
        file = f"{number:04}.npy"
        np.save(folder / file, column.values if isinstance(column, Numbers) else column.codes)
        about["facts"][name] = {"file": file} | ({"values": _written(column)} if isinstance(column, Codes) else {})
    (folder / _ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def load_columns(folder: Path) -> Columns:
    """What ``save_columns`` wrote, mapped: a column is read from disk when it is first asked. Raises OSError."""
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    by_name: dict[str, Numbers | Codes] = {}
    for name, entry in about["facts"].items():
        values = np.load(folder / entry["file"], mmap_mode="r")
        listed = entry.get("values")
        by_name[name] = Numbers(values) if listed is None else Codes(values, [_read(value) for value in listed])
    return Columns(about["size"], by_name)


def _written(column: Codes) -> list[Any]:
    return [sorted(value) if isinstance(value, frozenset) else value for value in column.values]


def _read(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else value

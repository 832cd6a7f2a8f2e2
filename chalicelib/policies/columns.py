"""Trees → numpy columns: the compiler for a province. Imported by batch code only (numpy is not in requirements.txt).

A column holds one fact of many enterprises: numbers (and dates, as day numbers) as float64 with NaN for unknown, all
else as small codes into a sorted list of values with −1 for unknown. A comparison with NaN or −1 is never true, so one
comparison gives what *must* hold, and what *may* hold is that or unknown. Each distinct leaf of all policies is
computed once a chunk, packed to bits, and the groups are ANDs and ORs of must and may side by side.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.dictionary import FactType
from chalicelib.policies.tree import OUTCOMES, Group, Leaf, ManualLeaf, Node, Outcome, Tree

Bits = NDArray[np.uint8]
CHUNK = 65536
"""Rows a chunk: long enough that numpy's call costs vanish, short enough that a chunk's bits stay in the cache."""
_MANY_RUNS = 6

# --------------------------------------------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class Numbers:
    """float64, NaN where unknown. A date is its proleptic day number."""

    values: NDArray[np.float64]

    def known(self, rows: slice) -> NDArray[np.bool_]:
        part = self.values[rows]
        return np.equal(part, part)

    def test(self, leaf: Leaf, rows: slice) -> NDArray[np.bool_]:
        part = self.values[rows]
        if leaf.op in _COMPARE:
            return _COMPARE[leaf.op](part, _number(leaf.value))  # type: ignore[no-any-return]
        listed = [_number(value) for value in _listed(leaf.value)]
        if leaf.op == "between":
            return np.greater_equal(part, listed[0]) & np.less_equal(part, listed[1])
        if len(listed) > _MANY_RUNS:
            return np.isin(part, listed)
        return _either([np.equal(part, value) for value in listed])


@dataclass(frozen=True, slots=True)
class Codes:
    """Places in ``values`` (sorted, distinct), −1 where unknown; int8, int16 or int32 as the list needs."""

    codes: NDArray[np.signedinteger[Any]]
    values: Sequence[Any]

    def known(self, rows: slice) -> NDArray[np.bool_]:
        return np.greater_equal(self.codes[rows], 0)

    def test(self, leaf: Leaf, rows: slice) -> NDArray[np.bool_]:
        part = self.codes[rows]
        runs = list(_runs(leaf, self.values))
        if len(runs) > _MANY_RUNS:
            return _table(runs, len(self.values))[part]
        return _either([_inside(part, low, high) for low, high in runs]) if runs else np.zeros(len(part), np.bool_)


@dataclass(frozen=True, slots=True)
class Columns:
    """``size`` enterprises; a fact without a column is unknown for all of them."""

    size: int
    by_name: Mapping[str, Numbers | Codes]


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
    return Codes(np.fromiter(map(places.__getitem__, values), _code_type(len(distinct)), len(values)), distinct)


def _code_type(count: int) -> type[np.signedinteger[Any]]:
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
            high = bisect_right(values, prefix, lo=low, key=lambda value, width=len(prefix): value[:width])
            if low < high:
                yield low, high
    else:
        for wanted in _listed(leaf.value) if leaf.op == "in" else (leaf.value,):
            low = bisect_left(values, wanted)
            if low < len(values) and values[low] == wanted:
                yield low, low + 1


def _shortest(prefixes: Sequence[str]) -> list[str]:
    return [prefix for prefix in prefixes if not any(prefix != other and prefix.startswith(other) for other in prefixes)]


def _inside(codes: NDArray[Any], low: int, high: int) -> NDArray[np.bool_]:
    if high - low == 1:
        return np.equal(codes, low)
    return np.greater_equal(codes, low) & np.less(codes, high)


def _table(runs: list[tuple[int, int]], size: int) -> NDArray[np.bool_]:
    """Looked up by code; the extra last place is false and is what code −1 finds."""
    table = np.zeros(size + 1, np.bool_)
    for low, high in runs:
        table[low:high] = True
    return table


def _either(tests: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return reduce(lambda one, other: np.logical_or(one, other, out=one), tests)


_COMPARE: dict[str, Callable[[Any, float], Any]] = {
    "==": np.equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}

# --------------------------------------------------------------------------------------------------------------- program


@dataclass(frozen=True, slots=True)
class _Literal:
    """A distinct leaf, as it stands or negated: one row of bits a chunk."""

    leaf: Leaf | None
    """None for a question of discretion: never must, always may."""
    row: int


@dataclass(frozen=True, slots=True)
class Masks:
    """Outcome of one chunk. ``pairs[p, 0]`` is what must match policy p, ``pairs[p, 1]`` what may; bit i of byte k is
    enterprise ``8 * k + i``. ``asks[p]``, where policy p has a question of discretion, tells need_info from manual."""

    size: int
    pairs: Bits
    asks: Mapping[int, Bits]

    def counts(self) -> dict[Outcome, int]:
        """Pairs (enterprise, policy) by outcome."""
        must, may = (int(np.bitwise_count(self.pairs[:, side]).sum(dtype=np.int64)) for side in (0, 1))
        asked = sum(int(np.bitwise_count(bits).sum(dtype=np.int64)) for bits in self.asks.values())
        with_manual = list(self.asks)
        open_there = np.bitwise_count(self.pairs[with_manual, 0] ^ self.pairs[with_manual, 1]).sum(dtype=np.int64)
        manual = int(open_there) - asked
        total = self.size * len(self.pairs)
        found = (total - may, must, manual, may - must - manual)
        return dict(zip(OUTCOMES, found, strict=True))

    def outcomes(self) -> NDArray[np.uint8]:
        """Verdicts (tree.NO, YES, MANUAL, ASK), one row an enterprise, one column a policy."""
        must, may = (self._unpacked(self.pairs[:, side]) for side in (0, 1))
        verdicts = must + 3 * (may - must)
        for policy, bits in self.asks.items():
            asked = self._unpacked(bits[None, :])[0]
            verdicts[policy] -= (verdicts[policy] == 3) & (asked == 0)
        return np.ascontiguousarray(verdicts.T)

    def _unpacked(self, bits: Bits) -> NDArray[np.uint8]:
        return np.unpackbits(bits, axis=1, count=self.size, bitorder="little")


class Program:
    """All policies compiled together; made by ``compile_columns``, used on any number of Columns, by many threads."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        self._trees = trees
        self._literals: dict[Any, _Literal] = {}
        for tree in trees:
            for leaf in tree.leaves:
                self._literals.setdefault(_literal_key(leaf), self._literal(leaf))
        self._policies = [self._plan(tree.root) for tree in trees]
        self._manual = [
            place for place, tree in enumerate(trees) if any(isinstance(leaf, ManualLeaf) for leaf in tree.leaves)
        ]

    def _literal(self, leaf: Leaf | ManualLeaf) -> _Literal:
        return _Literal(leaf if isinstance(leaf, Leaf) else None, len(self._literals))

    def run(self, columns: Columns, workers: int = 1) -> Iterator[Masks]:
        """Masks of each chunk, in order. Bounded memory: a consumer may drop one before it takes the next."""
        starts = range(0, columns.size, CHUNK)
        if workers == 1:
            yield from (self.chunk(columns, start) for start in starts)
            return
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(lambda start: self.chunk(columns, start), starts)

    def chunk(self, columns: Columns, start: int) -> Masks:
        """The masks of at most CHUNK enterprises from ``start`` on."""
        stop = min(start + CHUNK, columns.size)
        rows = self._leaf_bits(columns, slice(start, stop))
        width = rows.shape[2]
        pairs = np.empty((len(self._policies), 2, width), np.uint8)
        scratch: list[Bits] = []
        for plan, out in zip(self._policies, pairs, strict=True):
            _run(plan, rows, out, scratch, 0)
        tail = (stop - start) % 8
        if tail:
            pairs[:, :, -1] &= (1 << tail) - 1
        asks = {place: self._asked(self._trees[place].root, rows)[1] & pairs[place, 1] for place in self._manual}
        return Masks(stop - start, pairs, asks)

    def _leaf_bits(self, columns: Columns, rows: slice) -> Bits:
        """[literal, must or may, byte] for one chunk."""
        width = (rows.stop - rows.start + 7) // 8
        bits = np.empty((len(self._literals), 2, width), np.uint8)
        unknown: dict[str, Bits] = {}
        done: dict[Any, Bits] = {}
        for literal in self._literals.values():
            here = bits[literal.row]
            leaf = literal.leaf
            if leaf is None or leaf.fact not in columns.by_name:
                here[0], here[1] = _absent(leaf)
                continue
            column = columns.by_name[leaf.fact]
            if leaf.fact not in unknown:
                unknown[leaf.fact] = ~_pack(column.known(rows))
            missing = unknown[leaf.fact]
            if leaf.op == "exists":
                here[:] = missing if leaf.negated else ~missing
                continue
            must = done.get(leaf.question)
            if must is None:
                must = done[leaf.question] = _pack(column.test(leaf, rows))
            if leaf.negated:
                np.invert(must, out=here[1])
                np.bitwise_or(must, missing, out=here[0])
                np.invert(here[0], out=here[0])
            else:
                here[0] = must
                np.bitwise_or(must, missing, out=here[1])
        return bits

    def _plan(self, node: Node) -> _Plan:
        if not isinstance(node, Group):
            return _Plan(np.bitwise_and, (self._literals[_literal_key(node)].row,), ())
        combine = np.bitwise_and if node.kind == "all" else np.bitwise_or
        rows = tuple(self._literals[_literal_key(child)].row for child in node.children if not isinstance(child, Group))
        groups = tuple(self._plan(child) for child in node.children if isinstance(child, Group))
        return _Plan(combine, rows, groups)

    def _asked(self, node: Node, rows: Bits) -> tuple[Bits, Bits]:
        """([must, may], ask): where a missing fact, not only discretion, keeps the node open."""
        if not isinstance(node, Group):
            pair = rows[self._literals[_literal_key(node)].row]
            return pair, np.zeros_like(pair[0]) if isinstance(node, ManualLeaf) else pair[0] ^ pair[1]
        parts = [self._asked(child, rows) for child in node.children]
        combine = np.bitwise_and if node.kind == "all" else np.bitwise_or
        pair = reduce(combine, (part[0] for part in parts))
        ask = reduce(np.bitwise_or, (part[1] for part in parts))
        return pair, ask & ~pair[0] & pair[1]


@dataclass(frozen=True, slots=True)
class _Plan:
    combine: Any
    rows: tuple[int, ...]
    groups: tuple[_Plan, ...]


def compile_columns(trees: Sequence[Tree]) -> Program:
    """All trees as one program; leaves that several policies share are computed once."""
    return Program(trees)


def _literal_key(leaf: Leaf | ManualLeaf) -> Any:
    return (leaf.question, leaf.negated) if isinstance(leaf, Leaf) else None


def _absent(leaf: Leaf | None) -> tuple[int, int]:
    """(must, may) bytes where the whole fact is unknown."""
    if leaf is None or leaf.op != "exists":
        return 0, 255
    return (255, 255) if leaf.negated else (0, 0)


def _pack(test: NDArray[np.bool_]) -> Bits:
    return np.packbits(test, bitorder="little")


def _run(plan: _Plan, rows: Bits, out: Bits, scratch: list[Bits], depth: int) -> None:
    combine, filled = plan.combine, False
    for group in plan.groups:
        if not filled:
            _run(group, rows, out, scratch, depth)
            filled = True
            continue
        if len(scratch) == depth:
            scratch.append(np.empty_like(out))
        _run(group, rows, scratch[depth], scratch, depth + 1)
        combine(out, scratch[depth], out=out)
    leaves = plan.rows
    if not filled:
        if len(leaves) == 1:
            out[:] = rows[leaves[0]]
            return
        combine(rows[leaves[0]], rows[leaves[1]], out=out)
        leaves = leaves[2:]
    for row in leaves:
        combine(out, rows[row], out=out)

"""Trees → numpy columns: the compiler for a province. Imported by batch code only (numpy is not in requirements.txt).

A column holds one fact of many enterprises: numbers (and dates, as day numbers) as float64 with NaN for unknown, all
else as small codes into a sorted list of values with −1 for unknown. A comparison with NaN or −1 is never true, so one
comparison gives what *must* hold, and what *may* hold is that or unknown. Each distinct leaf of all policies is
computed once a chunk, packed to bits, and the groups are ANDs and ORs of must and may side by side.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from math import prod
from mmap import mmap
from multiprocessing import get_context
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.dictionary import FactType
from chalicelib.policies.tree import OUTCOMES, Group, Leaf, ManualLeaf, Node, Outcome, Tree

Bits = NDArray[np.uint8]
Bools = NDArray[np.bool_]
CHUNK = 131072
"""Rows a chunk: long enough that numpy's call costs vanish, short enough that a chunk's bits stay in the cache."""
_MANY_RUNS = 6
_WORTH_FORKING = 8
"""Chunks; with fewer, starting processes takes longer than the work."""

# ---------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class Numbers:
    """float64, NaN where unknown. A date is its proleptic day number."""

    values: NDArray[np.float64]

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

# ---------------------------------------------------------------- program


@dataclass(slots=True)
class _Question:
    """A distinct comparison, and the rows of bits of those who ask it plainly and negated (None: nobody does)."""

    leaf: Leaf
    plain: int | None = None
    negated: int | None = None


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
        self._rows: dict[Any, int] = {}
        self._questions: dict[str, dict[Any, _Question]] = {}
        for leaf in (leaf for tree in trees for leaf in tree.leaves):
            self._place(leaf)
        self._policies = [self._plan(tree.root) for tree in trees]
        self._depth = max((plan.depth for plan in self._policies), default=0)
        self._manual = [
            place for place, tree in enumerate(trees) if any(isinstance(leaf, ManualLeaf) for leaf in tree.leaves)
        ]

    def _place(self, leaf: Leaf | ManualLeaf) -> None:
        """Give each distinct leaf its row; questions are kept by fact, so a column is read while it is in the cache."""
        row = self._rows.setdefault(_key(leaf), len(self._rows))
        if isinstance(leaf, Leaf):
            question = self._questions.setdefault(leaf.fact, {}).setdefault(leaf.question, _Question(leaf))
            if leaf.negated:
                question.negated = row
            else:
                question.plain = row

    def run(self, columns: Columns, workers: int = 1) -> Iterator[Masks]:
        """Masks chunk by chunk, in order. With one worker a consumer may drop one before it takes the next.

        More workers are forked processes (threads would queue for the interpreter): they read the columns where they
        are and write their bits into memory shared with the parent, 2 bits a pair.
        """
        spans = [slice(start, min(start + CHUNK, columns.size)) for start in range(0, columns.size, CHUNK)]
        if workers == 1 or len(spans) < _WORTH_FORKING:
            workspace = _Workspace()
            yield from (self.chunk(columns, rows, workspace) for rows in spans)
            return
        shape = (len(self._policies), 2, (CHUNK + 7) // 8)
        shared = mmap(-1, max(1, len(spans) * prod(shape)))
        outs = np.frombuffer(shared, np.uint8, len(spans) * prod(shape)).reshape(len(spans), *shape)
        with get_context("fork").Pool(workers, _adopt, (self, columns, outs)) as pool:
            for number, (size, asks) in enumerate(pool.imap(_adopted_chunk, enumerate(spans))):
                yield Masks(size, outs[number, :, :, : (size + 7) // 8], asks)

    def chunk(self, columns: Columns, rows: slice, space: _Workspace | None = None, out: Bits | None = None) -> Masks:
        """The masks of the enterprises in ``rows``, written to ``out`` where that is given."""
        size, space = rows.stop - rows.start, space or _Workspace()
        bits = self._leaf_bits(columns, rows, space)
        width = bits.shape[2]
        pairs = np.empty((len(self._policies), 2, width), np.uint8) if out is None else out[:, :, :width]
        scratch = space.groups(self._depth, width)
        for plan, pair in zip(self._policies, pairs, strict=True):
            _run(plan, bits, pair, scratch)
        if size % 8:
            pairs[:, :, -1] &= (1 << size % 8) - 1
        asks = {place: self._asked(self._trees[place].root, bits)[1] & pairs[place, 1] for place in self._manual}
        return Masks(size, pairs, asks)

    def _leaf_bits(self, columns: Columns, rows: slice, space: _Workspace) -> Bits:
        """[leaf, must or may, byte] for one chunk."""
        width = (rows.stop - rows.start + 7) // 8
        bits = space.leaves(len(self._rows), width)
        if _DISCRETION in self._rows:
            bits[self._rows[_DISCRETION]] = ((0,), (255,))
        for fact, questions in self._questions.items():
            column = columns.by_name.get(fact)
            unknown = np.full(width, 255, np.uint8) if column is None else ~_pack(column.known(rows))
            for question in questions.values():
                if question.leaf.op == "exists":
                    _fill(bits, question, ~unknown, np.zeros_like(unknown))
                else:
                    must = np.zeros_like(unknown) if column is None else _pack(column.test(question.leaf, rows))
                    _fill(bits, question, must, unknown)
        return bits

    def _plan(self, node: Node) -> _Plan:
        if not isinstance(node, Group):
            return _Plan(np.bitwise_and, (self._rows[_key(node)],), ())
        combine = np.bitwise_and if node.kind == "all" else np.bitwise_or
        rows = tuple(self._rows[_key(child)] for child in node.children if not isinstance(child, Group))
        groups = tuple(self._plan(child) for child in node.children if isinstance(child, Group))
        return _Plan(combine, rows, groups)

    def _asked(self, node: Node, rows: Bits) -> tuple[Bits, Bits]:
        """([must, may], ask): where a missing fact, not only discretion, keeps the node open."""
        if not isinstance(node, Group):
            pair = rows[self._rows[_key(node)]]
            return pair, np.zeros_like(pair[0]) if isinstance(node, ManualLeaf) else pair[0] ^ pair[1]
        parts = [self._asked(child, rows) for child in node.children]
        combine = np.bitwise_and if node.kind == "all" else np.bitwise_or
        pair = reduce(combine, (part[0] for part in parts))
        ask = reduce(np.bitwise_or, (part[1] for part in parts))
        return pair, ask & ~pair[0] & pair[1]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A group: its leaves' rows, and its groups. A single leaf is a group of one."""

    combine: Any
    rows: tuple[int, ...]
    groups: tuple[_Plan, ...]

    @property
    def depth(self) -> int:
        return 1 + max((group.depth for group in self.groups), default=0)


class _Workspace:
    """Arrays that one chunk after the other reuses: fresh pages cost as much as the arithmetic."""

    def __init__(self) -> None:
        self._leaves = self._groups = np.empty((0, 2, 0), np.uint8)

    def leaves(self, count: int, width: int) -> Bits:
        self._leaves = self._fitting(self._leaves, count, width)
        return self._leaves

    def groups(self, count: int, width: int) -> Bits:
        self._groups = self._fitting(self._groups, count, width)
        return self._groups

    @staticmethod
    def _fitting(space: Bits, count: int, width: int) -> Bits:
        return space if space.shape == (count, 2, width) else np.empty((count, 2, width), np.uint8)


_adopted: list[Any] = []


def _adopt(program: Program, columns: Columns, outs: Bits) -> None:
    """In a forked worker: what the parent had in memory, not copied."""
    _adopted[:] = (program, columns, outs, _Workspace())


def _adopted_chunk(task: tuple[int, slice]) -> tuple[int, Mapping[int, Bits]]:
    number, rows = task
    program, columns, outs, workspace = _adopted
    masks = program.chunk(columns, rows, workspace, outs[number])
    return masks.size, masks.asks


def compile_columns(trees: Sequence[Tree]) -> Program:
    """All trees as one program; leaves that several policies share are computed once."""
    return Program(trees)


_DISCRETION = "manual"


def _key(leaf: Leaf | ManualLeaf) -> Any:
    return (leaf.question, leaf.negated) if isinstance(leaf, Leaf) else _DISCRETION


def _fill(bits: Bits, question: _Question, must: Bits, unknown: Bits) -> None:
    """Write what must and what may hold, for the question and for its negation."""
    if question.plain is not None:
        here = bits[question.plain]
        here[0] = must
        np.bitwise_or(must, unknown, out=here[1])
    if question.negated is not None:
        here = bits[question.negated]
        np.invert(must, out=here[1])
        np.bitwise_or(must, unknown, out=here[0])
        np.invert(here[0], out=here[0])


def _pack(test: NDArray[np.bool_]) -> Bits:
    return np.packbits(test, bitorder="little")


def _run(plan: _Plan, bits: Bits, out: Bits, scratch: Bits) -> None:
    """Combine ``plan`` into ``out``; ``scratch`` holds one row a level still below."""
    combine = plan.combine
    first, *others = plan.groups or (None,)
    if first:
        _run(first, bits, out, scratch)
        rows = plan.rows
    elif len(plan.rows) == 1:
        out[:] = bits[plan.rows[0]]
        return
    else:
        combine(bits[plan.rows[0]], bits[plan.rows[1]], out=out)
        rows = plan.rows[2:]
    for row in rows:
        combine(out, bits[row], out=out)
    for group in others:
        if group:
            _run(group, bits, scratch[0], scratch[1:])
            combine(out, scratch[0], out=out)

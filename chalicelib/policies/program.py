"""Trees → one program over columns: the compiler for a province. For batch code: numpy is not in requirements.txt.

Each distinct leaf of all policies is answered once a chunk of enterprises and packed to bits, what *must* hold beside
what *may*; the groups are ANDs and ORs of both side by side. Given ``KeptBits``, leaves are not even asked again: the
answers lie on disk since the last run, and only a leaf that no run has asked before costs a look at its column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from mmap import mmap
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.columns import Bits, Columns
from chalicelib.policies.kept import KeptBits
from chalicelib.policies.tree import ASK, MANUAL, OUTCOMES, Group, Leaf, ManualLeaf, Node, Op, Outcome, Tree

CHUNK = 65536
"""Rows a chunk: long enough that numpy's call costs vanish, short enough that a column's part stays in the cache."""
_WORTH_FORKING = 16
"""Chunks; with fewer, starting processes takes longer than the work."""


@dataclass(slots=True)
class _Question:
    """A distinct comparison, and the rows of bits of those who ask it plainly and negated (None: nobody does)."""

    leaf: Leaf
    plain: int | None = None
    negated: int | None = None

    def asked_from(self, first: int) -> bool:
        """Whether one of its rows is ``first`` or after."""
        return max(-1 if row is None else row for row in (self.plain, self.negated)) >= first


@dataclass(frozen=True, slots=True)
class Masks:
    """Outcome of one chunk. ``pairs[p, 0]`` is what must match policy p, ``pairs[p, 1]`` what may; bit i of byte k is
    enterprise ``8 * k + i``. ``asks[p]``, where policy p has a question of discretion, tells need_info from manual."""

    size: int
    pairs: Bits
    asks: Mapping[int, Bits]

    def counts(self) -> dict[Outcome, int]:
        """Pairs (enterprise, policy) by outcome."""
        must, may = (_count(self.pairs[:, side]) for side in (0, 1))
        asked = sum(_count(bits) for bits in self.asks.values())
        with_manual = list(self.asks)
        manual = _count(self.pairs[with_manual, 0] ^ self.pairs[with_manual, 1]) - asked
        total = self.size * len(self.pairs)
        found = (total - may, must, manual, may - must - manual)
        return dict(zip(OUTCOMES, found, strict=True))

    def outcomes(self) -> NDArray[np.uint8]:
        """Verdicts (tree.NO, YES, MANUAL, ASK), one row an enterprise, one column a policy."""
        verdicts = _verdicts(self.pairs, self.size)
        for policy, bits in self.asks.items():
            asked = np.unpackbits(bits, count=self.size, bitorder="little")
            verdicts[policy] -= (verdicts[policy] == ASK) & (asked == 0)
        return np.ascontiguousarray(verdicts.T)


class Program:
    """All policies compiled together; made by ``compile_columns``, used on any number of Columns, by many threads."""

    def __init__(self, trees: Sequence[Tree], kept: KeptBits | None = None) -> None:
        self._trees = trees
        self._kept = kept
        self._rows: dict[str, int] = {key: row for row, key in enumerate(kept.keys if kept else ())}
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
            asked, negated = _positive(leaf)
            question = self._questions.setdefault(leaf.fact, {}).setdefault(asked.question, _Question(asked))
            if negated:
                question.negated = row
            else:
                question.plain = row

    # ------------------------------------------------------------------------------------------------------------ runs

    def run(self, columns: Columns, workers: int = 1) -> Iterator[Masks]:
        """Masks chunk by chunk, in order. With one worker a consumer may drop one before it takes the next.

        More workers are forked processes (threads would queue for the interpreter): they read the columns where they
        are and write their bits into memory shared with the parent, 2 bits a pair.
        """
        spans = spans_of(columns)
        if workers == 1 or len(spans) < _WORTH_FORKING:
            space = Workspace()
            yield from (self.chunk(columns, rows, space) for rows in spans)
        else:
            shape = (len(self._policies), 2, _width(CHUNK))
            shared = mmap(-1, max(1, len(spans) * prod(shape)))
            outs = np.frombuffer(shared, np.uint8, len(spans) * prod(shape)).reshape(len(spans), *shape)
            with get_context("fork").Pool(workers, _adopt, (self, columns, outs)) as pool:
                for number, (size, asks) in enumerate(pool.imap(_adopted_chunk, spans)):
                    yield Masks(size, outs[number, :, :, : _width(size)], asks)
        self._keep()

    def count(self, columns: Columns, workers: int = 1) -> Counter[Outcome]:
        """Pairs by outcome, without holding any of them: memory for one chunk a worker, whatever the province."""
        spans = spans_of(columns)
        total: Counter[Outcome] = Counter()
        if workers == 1 or len(spans) < _WORTH_FORKING:
            for masks in self.run(columns):
                total.update(masks.counts())
            return total
        with get_context("fork").Pool(workers, _adopt, (self, columns, None)) as pool:
            for counts in pool.imap_unordered(_adopted_count, spans):
                total.update(counts)
        self._keep()
        return total

    def chunk(self, columns: Columns, rows: slice, space: Workspace | None = None, out: Bits | None = None) -> Masks:
        """The masks of the enterprises in ``rows``, written to ``out`` where that is given."""
        space = space or Workspace()
        return self.combine(self.leaf_bits(columns, rows, space), rows.stop - rows.start, space, out)

    def combine(self, bits: Bits, size: int, space: Workspace, out: Bits | None = None) -> Masks:
        """The masks of ``size`` enterprises from the bits of every leaf."""
        width = bits.shape[2]
        pairs = np.empty((len(self._policies), 2, width), np.uint8) if out is None else out[:, :, :width]
        scratch = space.groups(self._depth, width)
        for plan, pair in zip(self._policies, pairs, strict=True):
            _run(plan, bits, pair, scratch)
        if size < 8 * width:
            pairs &= np.packbits(np.arange(8 * width) < size, bitorder="little")
        asks = {place: self._asked(self._trees[place].root, bits)[1] & pairs[place, 1] for place in self._manual}
        return Masks(size, pairs, asks)

    def leaf_verdicts(self, policy: int, bits: Bits, size: int) -> NDArray[np.uint8]:
        """One row a leaf of the policy, one column an enterprise, from the bits of every leaf."""
        leaves = self._trees[policy].leaves
        verdicts = _verdicts(bits[[self._rows[_key(leaf)] for leaf in leaves]], size)
        verdicts[[place for place, leaf in enumerate(leaves) if isinstance(leaf, ManualLeaf)]] = MANUAL
        return verdicts

    # ------------------------------------------------------------------------------------------------------ the leaves

    def leaf_bits(self, columns: Columns, rows: slice, space: Workspace) -> Bits:
        """[leaf, must or may, byte] for one chunk, from what is kept as far as that goes."""
        width, count = _width(rows.stop - rows.start), len(self._rows)
        if self._kept is None:
            return self._answer(columns, rows, 0, space.leaves(count, width))
        kept = self._kept.chunk(rows.start // CHUNK, width)
        if len(kept) >= count:
            return kept
        fresh = self._answer(columns, rows, len(kept), np.empty((count - len(kept), 2, width), np.uint8))
        return self._kept.append(rows.start // CHUNK, kept, fresh)

    def _answer(self, columns: Columns, rows: slice, first: int, bits: Bits) -> Bits:
        """Fill ``bits`` with the rows from ``first`` on, by asking the columns."""
        width = bits.shape[2]
        if self._rows.get(_DISCRETION, -1) >= first:
            bits[self._rows[_DISCRETION] - first] = ((0,), (255,))
        for fact, questions in self._questions.items():
            asked = [question for question in questions.values() if question.asked_from(first)]
            column = columns.by_name.get(fact) if asked else None
            unknown = np.full(width, 255, np.uint8) if column is None else ~_pack(column.known(rows), width)
            for question in asked:
                if question.leaf.op == "exists":
                    must, open_ = ~unknown, np.zeros_like(unknown)
                else:
                    must = np.zeros_like(unknown) if column is None else _pack(column.test(question.leaf, rows), width)
                    open_ = unknown
                _fill(bits, first, question, must, open_)
        return bits

    def _keep(self) -> None:
        if self._kept is not None:
            self._kept.save(tuple(self._rows))

    # ------------------------------------------------------------------------------------------------------ the groups

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


def compile_columns(trees: Sequence[Tree], kept: KeptBits | None = None) -> Program:
    """All trees as one program; leaves that several policies share are computed once.

    ``kept`` belongs to one set of enterprises: only give it to a program that runs on the columns it was opened for.
    """
    return Program(trees, kept)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A group: its leaves' rows, and its groups. A single leaf is a group of one."""

    combine: Any
    rows: tuple[int, ...]
    groups: tuple[_Plan, ...]

    @property
    def depth(self) -> int:
        return 1 + max((group.depth for group in self.groups), default=0)


class Workspace:
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


# ---------------------------------------------------------------- workers

_adopted: list[Any] = []


def _adopt(program: Program, columns: Columns, outs: Bits | None) -> None:
    """In a forked worker: what the parent had in memory, not copied."""
    own = np.empty((1, len(program._policies), 2, _width(CHUNK)), np.uint8)
    _adopted[:] = (program, columns, own if outs is None else outs, Workspace())


def _adopted_masks(rows: slice) -> Masks:
    program, columns, outs, space = _adopted
    masks: Masks = program.chunk(columns, rows, space, outs[rows.start // CHUNK % len(outs)])
    return masks


def _adopted_chunk(rows: slice) -> tuple[int, Mapping[int, Bits]]:
    masks = _adopted_masks(rows)
    return masks.size, masks.asks


def _adopted_count(rows: slice) -> dict[Outcome, int]:
    return _adopted_masks(rows).counts()


def spans_of(columns: Columns) -> list[slice]:
    """The chunks of the enterprises."""
    return [slice(start, min(start + CHUNK, columns.size)) for start in range(0, columns.size, CHUNK)]


# ---------------------------------------------------------------- leaves and bits

_DISCRETION = "manual"
_TURNED: dict[Op, Op] = {"<": ">=", "<=": ">"}


def _positive(leaf: Leaf) -> tuple[Leaf, bool]:
    """The leaf as a question asked plainly or negated. Of a column, which knows no 不适用, < is not >=."""
    if leaf.op in _TURNED:
        return Leaf(leaf.fact, _TURNED[leaf.op], leaf.value, False, leaf.path, leaf.index), not leaf.negated
    return leaf, leaf.negated


def _key(leaf: Leaf | ManualLeaf) -> str:
    """Equal for leaves with equal answers, also in another process: what is kept is found by it."""
    if isinstance(leaf, ManualLeaf):
        return _DISCRETION
    asked, negated = _positive(leaf)
    value = sorted(asked.value) if isinstance(asked.value, frozenset) else asked.value
    return f"{'not ' if negated else ''}{asked.fact!r} {asked.op} {value!r}"


def _fill(bits: Bits, first: int, question: _Question, must: Bits, unknown: Bits) -> None:
    """Write what must and what may hold, for the question and for its negation."""
    if question.plain is not None and question.plain >= first:
        here = bits[question.plain - first]
        here[0] = must
        np.bitwise_or(must, unknown, out=here[1])
    if question.negated is not None and question.negated >= first:
        here = bits[question.negated - first]
        np.invert(must, out=here[1])
        np.bitwise_or(must, unknown, out=here[0])
        np.invert(here[0], out=here[0])


def _width(size: int) -> int:
    """Bytes for ``size`` bits, in whole words of 64: what counts them takes eight bytes at a time."""
    return (size + 63) // 64 * 8


def _pack(test: NDArray[np.bool_], width: int) -> Bits:
    packed = np.packbits(test, bitorder="little")
    return packed if len(packed) == width else np.pad(packed, (0, width - len(packed)))


def _count(bits: Bits) -> int:
    words = bits.view(np.uint64)
    return int(np.bitwise_count(words).sum(dtype=np.int64))


def _verdicts(pairs: Bits, size: int) -> NDArray[np.uint8]:
    """[must, may] → NO, YES or ASK."""
    must, may = (np.unpackbits(pairs[:, side], axis=1, count=size, bitorder="little") for side in (0, 1))
    return must + ASK * (may - must)


def _run(plan: _Plan, bits: Bits, out: Bits, scratch: Bits) -> None:
    """Combine ``plan`` into ``out``; ``scratch`` holds one row a level still below."""
    combine: Callable[..., Bits] = plan.combine
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

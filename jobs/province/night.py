"""One night of a province: a message for each shard, each worked off by itself, and what is new handed on in batches.

Every step may be repeated: a shard whose news are written is not matched again, and who has news is only asked to be
matched in detail (``policies.rematch``), with reasons, consent, digest and the platform's limits as for one county.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.columns import Bits
from chalicelib.policies.nights import ShardResult
from chalicelib.policies.program import Workspace, compile_columns, spans_of
from chalicelib.policies.tree import Tree
from chalicelib.ports import Blobs, JsonObject
from chalicelib.queue_fields import field
from jobs.province.files import name_of
from jobs.province.shards import (
    Matches,
    News,
    pack_matches,
    pack_news,
    unpack_matches,
    unpack_news,
    unpack_shard,
)

log = logging.getLogger(__name__)

BATCH = 200
"""Enterprises handed on together: few enough that what breaks off in the middle is soon done again."""

HandOn = Callable[[Collection[str]], None]


class Night:
    """Works off messages with the policies of this night, by their ids. ``hand_on`` gets codes, BATCH at a time.

    ``open_ended`` are ids of policies for which the columns do not hold all that is asked: for these it counts who may
    match. They are handed on all the same, and decided there.
    """

    def __init__(
        self,
        blobs: Blobs,
        policies: Sequence[tuple[str, Tree]],
        hand_on: HandOn,
        open_ended: Collection[str] = (),
    ) -> None:
        self._blobs = blobs
        self._ids = tuple(policy for policy, _ in policies)
        self._side = np.array([int(policy in open_ended) for policy in self._ids], np.intp)
        self._program = compile_columns([tree for _, tree in policies])
        self._space = Workspace()
        self._hand_on = hand_on

    def work_off(self, message: JsonObject) -> ShardResult:
        """``{"shard", "day", "before"}``: match a shard, keep what matches, hand on what is new, and keep that.

        Raises LookupError without its columns.
        """
        day, number = field(message, "day", str), field(message, "shard", int)
        kept = self._blobs.get(name_of(day, "news", number))
        if kept is not None:
            news = unpack_news(kept)
            return _result(unpack_matches(self._kept_matches(day, number)), news, self._tell(news))
        matches = self._matched(day, number)
        news = self._news(matches, message.get("before"), number)
        self._blobs.put(name_of(day, "matches", number), pack_matches(matches))
        told = self._tell(news)
        # Last, and only then is the shard done: whoever breaks off before does all of it again.
        self._blobs.put(name_of(day, "news", number), pack_news(news))
        log.info("shard matched", extra={"shard": number, "news": len(news.rows)})
        return _result(matches, news, told)

    def _kept_matches(self, day: str, number: int) -> bytes:
        data = self._blobs.get(name_of(day, "matches", number))
        if data is None:
            raise LookupError(f"no matches of shard {number} for {day}, though it has news")
        return data

    def _matched(self, day: str, number: int) -> Matches:
        data = self._blobs.get(name_of(day, "columns", number))
        if data is None:
            raise LookupError(f"no columns of shard {number} for {day}")
        shard = unpack_shard(data)
        bits = np.empty((len(self._ids), (shard.columns.size + 7) // 8), np.uint8)
        for span in spans_of(shard.columns):  # a span begins at a whole byte
            masks = self._program.chunk(shard.columns, span, self._space)
            first, size = span.start // 8, (masks.size + 7) // 8
            bits[:, first : first + size] = masks.pairs[np.arange(len(self._ids)), self._side, :size]
        return Matches(shard.usccs, self._ids, bits)

    def _news(self, now: Matches, before: Any, number: int) -> News:
        data = self._blobs.get(name_of(str(before), "matches", number)) if before else None
        old = unpack_matches(data) if data else None
        if old is None or not len(old.usccs):
            none = np.empty(0, np.int32)
            return News(now.policies, now.usccs[:0], none, none)
        beside = _Beside(now, old)
        fresh = [beside.fresh(place) for place in range(len(now.policies))]
        which = np.repeat(np.arange(len(fresh), dtype=np.int32), [len(rows) for rows in fresh])
        rows = np.concatenate(fresh) if fresh else np.empty(0, np.int64)
        told, rows_told = np.unique(rows, return_inverse=True)
        return News(now.policies, now.usccs[told], rows_told.astype(np.int32), which)

    def _tell(self, news: News) -> int:
        codes = [uscc.decode() for uscc in news.usccs.tolist()]
        for start in range(0, len(codes), BATCH):
            self._hand_on(codes[start : start + BATCH])
        return len(codes)


def _result(matches: Matches, news: News, told: int) -> ShardResult:
    pairs = int(np.bitwise_count(matches.bits).sum(dtype=np.int64))
    return ShardResult(enterprises=len(matches.usccs), matches=pairs, news=len(news.rows), told=told)


class _Beside:
    """Two nights of a shard, laid side by side once for all policies."""

    def __init__(self, now: Matches, old: Matches) -> None:
        self._now, self._old = now, old
        self._places = {policy: place for place, policy in enumerate(old.policies)}
        same = len(now.usccs) == len(old.usccs) and np.array_equal(now.usccs, old.usccs)
        self._found = None if same else np.searchsorted(old.usccs, now.usccs).clip(max=len(old.usccs) - 1)

    def fresh(self, place: int) -> NDArray[np.int64]:
        """Rows that match the policy now and did not before; of a policy that is new, all that match."""
        bits, before = self._now.bits[place], self._places.get(self._now.policies[place])
        return _ones(bits if before is None else bits & ~self._before(before))

    def _before(self, place: int) -> Bits:
        """The old night's bits of a policy in the order of this night's enterprises."""
        bits: Bits = self._old.bits[place]
        if self._found is None:
            return bits
        was = np.unpackbits(bits, count=len(self._old.usccs), bitorder="little")
        here = was[self._found] & (self._old.usccs[self._found] == self._now.usccs)
        return np.packbits(here, bitorder="little")


def _ones(bits: Bits) -> NDArray[np.int64]:
    """Their places, ascending: most bytes of a difference hold none, and only the others are looked into."""
    some = np.flatnonzero(bits)
    ones = np.unpackbits(bits[some], bitorder="little").reshape(-1, 8)
    places: NDArray[np.int64] = (some[:, None] * 8 + np.arange(8))[ones == 1]
    return places

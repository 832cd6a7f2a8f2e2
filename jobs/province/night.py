"""One night of a province: a message for each shard, each worked off by itself, and what is new handed on in batches.

Every step may be repeated: a shard whose news are written is not matched again, and who has news is only asked to be
matched in detail (``policies.rematch``), with reasons, consent, digest and the platform's limits as for one county.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.columns import Bits
from chalicelib.policies.program import Workspace, compile_columns, spans_of
from chalicelib.policies.tree import Tree
from chalicelib.ports import Blobs, JsonObject, Queue
from jobs.province.shards import (
    Matches,
    News,
    name_of,
    numbers_of,
    pack_matches,
    pack_news,
    unpack_matches,
    unpack_news,
    unpack_shard,
)

log = logging.getLogger(__name__)

QUEUE = "matching-shards"
BATCH = 200
"""Enterprises handed on together: few enough that what breaks off in the middle is soon done again."""

HandOn = Callable[[Collection[str]], None]


@dataclass(frozen=True, slots=True)
class Done:
    """What one shard came to. ``news`` are pairs newly matching; 0 on a first night, which is only remembered."""

    enterprises: int
    matches: int
    news: int
    told: int
    found: bool = False
    """Somebody had done it before."""


def plan(blobs: Blobs, day: str, before: str | None) -> list[JsonObject]:
    """The messages of a night: one a shard. ``before`` is the night to compare with, None for the first one."""
    return [{"shard": number, "day": day, "before": before} for number in numbers_of(blobs, day)]


def fan_out(queue: Queue, messages: Sequence[JsonObject]) -> None:
    queue.send(QUEUE, list(messages))


class Night:
    """Works off messages with the policies of this night, by their ids. ``hand_on`` gets codes, BATCH at a time."""

    def __init__(self, blobs: Blobs, policies: Sequence[tuple[str, Tree]], hand_on: HandOn) -> None:
        self._blobs = blobs
        self._ids = tuple(policy for policy, _ in policies)
        self._program = compile_columns([tree for _, tree in policies])
        self._space = Workspace()
        self._hand_on = hand_on

    def work_off(self, message: JsonObject) -> Done:
        """Match a shard, keep what matches, write what is new, hand it on. Raises LookupError without its columns."""
        day, number = str(message["day"]), int(message["shard"])
        kept = self._blobs.get(name_of(day, "news", number))
        if kept is not None:
            news = unpack_news(kept)
            return Done(0, 0, len(news.rows), self._tell(news), found=True)
        matches = self._matched(day, number)
        news = self._news(matches, message.get("before"), number)
        self._blobs.put(name_of(day, "matches", number), pack_matches(matches))
        told = self._tell(news)
        # Last, and only then is the shard done: whoever breaks off before does all of it again.
        self._blobs.put(name_of(day, "news", number), pack_news(news))
        done = Done(len(matches.usccs), int(np.bitwise_count(matches.bits).sum(dtype=np.int64)), len(news.rows), told)
        log.info("shard matched", extra={"shard": number, "news": done.news})
        return done

    def _matched(self, day: str, number: int) -> Matches:
        data = self._blobs.get(name_of(day, "columns", number))
        if data is None:
            raise LookupError(f"no columns of shard {number} for {day}")
        shard = unpack_shard(data)
        bits = np.empty((len(self._ids), (shard.columns.size + 7) // 8), np.uint8)
        for span in spans_of(shard.columns):  # a span begins at a whole byte
            masks = self._program.chunk(shard.columns, span, self._space)
            first, size = span.start // 8, (masks.size + 7) // 8
            bits[:, first : first + size] = masks.pairs[:, 0, :size]
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

"""A province's night by shards says what the closures say: repeated, broken off, while enterprises come and go."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import numpy as np
import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue
from chalicelib.policies.closures import compile_closure
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.tree import Outcome, Tree
from chalicelib.queue_names import MATCHING_SHARDS
from jobs.province import night as nights
from jobs.province.files import name_of, numbers_of, shard_of
from jobs.province.night import Night
from jobs.province.shards import Shard, pack_shard, unpack_news, unpack_shard

SCHEMA = {"revenue": FactDef("number"), "town": FactDef("category"), "tags": FactDef("set")}
POLICIES: list[tuple[str, Tree]] = [
    ("big", parse({"fact": "revenue", "op": ">=", "value": 1000}, SCHEMA)),
    ("north", parse({"fact": "town", "op": "not_in", "value": ["南"]}, SCHEMA)),
    ("tech", parse({"all": [{"fact": "tags", "op": "contains", "value": "高新"}]}, SCHEMA)),
]
Facts = dict[str, object]
FIRST: dict[str, Facts] = {
    f"9136{n:014}": {
        "revenue": n * 10.0 if n % 7 else None,
        "town": "南北"[n % 2],
        "tags": frozenset({"高新"} if n % 3 else ()),
    }
    for n in range(150)
}
SECOND: dict[str, Facts] = {
    **{
        uscc: facts | {"revenue": 5000.0} if n % 20 == 0 else facts
        for n, (uscc, facts) in enumerate(FIRST.items())
        if n != 30
    },
    "91359" + "0" * 13: {"revenue": 2000.0, "town": "北", "tags": frozenset()},
    "91370" + "0" * 13: {"revenue": None, "town": None, "tags": None},
}
SHARDS = 3


def write(blobs: MemoryBlobs, day: str, enterprises: dict[str, Facts]) -> None:
    for number in range(SHARDS):
        here = sorted(uscc for uscc in enterprises if shard_of(uscc, SHARDS) == number)
        columns = {name: encode(SCHEMA[name].type, [enterprises[uscc][name] for uscc in here]) for name in SCHEMA}
        shard = Shard(np.array([uscc.encode() for uscc in here]), Columns(len(here), columns))
        blobs.put(name_of(day, "columns", number), pack_shard(shard))


def matching(enterprises: dict[str, Facts]) -> set[tuple[str, str]]:
    return {
        (uscc, policy)
        for policy, tree in POLICIES
        for uscc, facts in enterprises.items()
        if compile_closure(tree)(facts) is Outcome.MATCH
    }


def messages_of(blobs: MemoryBlobs, day: str, before: str | None) -> list[dict[str, object]]:
    return [{"shard": number, "day": day, "before": before} for number in numbers_of(blobs, day)]


class World:
    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.queue = MemoryQueue(FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))
        self.told: list[Collection[str]] = []
        write(self.blobs, "d1", FIRST)
        write(self.blobs, "d2", SECOND)

    def night(self, day: str, before: str | None, policies: list[tuple[str, Tree]] = POLICIES) -> set[tuple[str, str]]:
        self.queue.send(MATCHING_SHARDS, messages_of(self.blobs, day, before))
        worker = Night(self.blobs, policies, self.told.append)
        while messages := self.queue.receive(MATCHING_SHARDS):
            for message in messages:
                worker.work_off(message.body)
                self.queue.ack(MATCHING_SHARDS, message.receipt)
        found = set()
        for number in range(SHARDS):
            news = unpack_news(self.blobs.get(name_of(day, "news", number)) or b"")
            found |= {(news.usccs[r].decode(), news.policies[p]) for r, p in zip(news.rows, news.which, strict=True)}
        return found


def test_the_second_night_finds_what_the_closures_find() -> None:
    world = World()
    assert world.night("d1", None) == set() and world.told == []
    news = matching(SECOND) - matching(FIRST)
    assert news and world.night("d2", "d1") == news
    assert sorted(uscc for batch in world.told for uscc in batch) == sorted({uscc for uscc, _ in news})


def test_a_new_policy_is_news_for_all_it_fits() -> None:
    world = World()
    world.night("d1", None, POLICIES[:1])
    found = world.night("d2", "d1")
    assert {pair for pair in found if pair[1] != "big"} == {pair for pair in matching(SECOND) if pair[1] != "big"}


def test_a_shard_done_twice_is_matched_once_and_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "BATCH", 2)
    world = World()
    world.night("d1", None)
    first = world.night("d2", "d1")
    told = [list(batch) for batch in world.told]
    assert all(len(batch) <= 2 for batch in told)
    world.blobs.delete(name_of("d2", "columns", 0))  # not needed again
    worker = Night(world.blobs, POLICIES, world.told.append)
    again = [worker.work_off({"shard": number, "day": "d2", "before": "d1"}) for number in range(SHARDS)]
    assert sum(done.news for done in again) == len(first)
    assert sum(done.matches for done in again) == len(matching(SECOND))
    assert sorted(map(list, world.told[len(told) :])) == sorted(told)


def test_who_breaks_off_while_telling_does_it_again() -> None:
    world = World()
    world.night("d1", None)

    def breaks(codes: Collection[str]) -> None:
        raise RuntimeError("killed")

    message = next(m for m in messages_of(world.blobs, "d2", "d1") if _has_news(world, m))
    with pytest.raises(RuntimeError):
        Night(world.blobs, POLICIES, breaks).work_off(message)
    done = Night(world.blobs, POLICIES, world.told.append).work_off(message)
    assert done.told == sum(len(batch) for batch in world.told) > 0


def _has_news(world: World, message: dict[str, object]) -> bool:
    news = matching(SECOND) - matching(FIRST)
    return any(shard_of(uscc, SHARDS) == message["shard"] for uscc, _ in news)


def test_a_shard_comes_back_as_it_was_and_one_without_columns_is_an_error() -> None:
    world = World()
    data = world.blobs.get(name_of("d1", "columns", 1))
    assert data is not None and pack_shard(unpack_shard(data)) == data
    with pytest.raises(LookupError, match="shard 9"):
        Night(world.blobs, POLICIES, world.told.append).work_off({"shard": 9, "day": "d1", "before": None})

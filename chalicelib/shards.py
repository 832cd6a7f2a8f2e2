"""Spreads a list that grows with the county over a fixed number of partitions."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from chalicelib.ports import Conflict

if TYPE_CHECKING:
    from chalicelib.ports import Index, Record, Store

SHARDS = 8


def shard(key: str) -> int:
    """The partition, 0 to SHARDS − 1, that a row with this id belongs to; the same for ever."""
    return sha256(key.encode()).digest()[0] % SHARDS


def place(name: str, pk: str) -> str:
    """Partition of an index under which a list called ``name`` holds the row with this partition key."""
    return f"{name}#{shard(pk)}"


def listed(store: Store, index: Index, name: str, *, end: str | None = None) -> Iterator[Record]:
    """The rows of such a list in the order of their sort keys, to ``end`` included: SHARDS queries a page."""
    parts = [one_list(store, index, f"{name}#{number}", end) for number in range(SHARDS)]
    return heapq.merge(*parts, key=lambda record: _key(record, index)[1])


def spread(store: Store, index: Index, name: str) -> int:
    """Bring a list that an earlier version kept in one partition into the places of this one; returns how many rows.

    A row that changes in this moment is written by who changes it, to its new place.
    """
    moved = 0
    for old in list(one_list(store, index, name)):
        row = store.get(old.pk, old.sk)
        if row is None or _key(row, index)[0] != name:
            continue
        there = (place(name, row.pk), _key(row, index)[1])
        try:
            new = replace(row, gsi1=there) if index == "gsi1" else replace(row, gsi2=there)
            store.put(new, if_version=row.version)
        except Conflict:
            continue
        moved += 1
    return moved


def _key(record: Record, index: Index) -> tuple[str, str]:
    return (record.gsi1 if index == "gsi1" else record.gsi2) or ("", "")


def one_list(store: Store, index: Index, pk: str, end: str | None = None) -> Iterator[Record]:
    """The rows of one partition of an index, in order."""
    page: str | None = None
    while True:
        found = store.query_index(index, pk, end=end, page=page)
        yield from found.records
        if (page := found.next) is None:
            return

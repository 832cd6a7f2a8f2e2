"""Cases with events that were kept but cannot have happened (单独存放的事件), found without looking at all cases."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.ports import Delete, Put, Record, Store, Write
from chalicelib.shards import listed, place

LIST = "cases-aside"


def mark(no: str, count: int, before: int) -> list[Write]:
    """The write that puts the case on the list, or takes it off; none where nothing changed."""
    if bool(count) == bool(before):
        return []
    return [Put(Record(_key(no), "row", {}, gsi1=(place(LIST, _key(no)), no)))] if count else [Delete(_key(no), "row")]


def numbers(store: Store) -> Iterator[str]:
    """Numbers of the cases on the list, in order."""
    return (row.pk.removeprefix("caseaside#") for row in listed(store, "gsi1", LIST))


def _key(no: str) -> str:
    return f"caseaside#{no}"

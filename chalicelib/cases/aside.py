"""Cases with events that were kept but cannot have happened (单独存放的事件), found without looking at all cases."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.ports import Delete, Put, Record, Store, Write

_LIST = "cases-aside"
"""One list: an operator works it off."""


def mark(no: str, count: int, before: int) -> list[Write]:
    """The write that puts the case on the list, or takes it off; none where nothing changed."""
    if bool(count) == bool(before):
        return []
    return [Put(Record(_key(no), "row", {}, gsi1=(_LIST, no)))] if count else [Delete(_key(no), "row")]


def numbers(store: Store) -> Iterator[str]:
    """Numbers of the cases on the list, in order."""
    page: str | None = None
    while True:
        found = store.query_index("gsi1", _LIST, page=page)
        yield from (row.pk.removeprefix("caseaside#") for row in found.records)
        if (page := found.next) is None:
            return


def _key(no: str) -> str:
    return f"caseaside#{no}"

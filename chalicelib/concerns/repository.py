"""Rows of concerns (诉求) on the Store port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.concerns.model import Concern, ConcernState
from chalicelib.ports import Conflict, Index, Put, Record, Store, Write
from chalicelib.shards import SHARDS, shard
from chalicelib.times import stamp


@dataclass(frozen=True, slots=True)
class Kept:
    """A concern with the version of its row to write over."""

    concern: Concern
    version: int


class ConcernRepository:
    """Rows ``concern#{id}``; listed by state over shards, and by their asker."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def number(self, day: str) -> int:
        """The next number of a day (YYYYMMDD); a number whose concern was not kept stays unused."""
        return self._store.add(f"concern#{day}", "count", {"n": 1})["n"]

    def create(self, concern: Concern, once: str, still: Sequence[Write] = ()) -> Concern:
        """Keep a new concern, or return the one that the same message made before. Raises Conflict where ``still`` does
        not hold."""
        marker = Record(f"concernkey#{once}", "row", {"id": concern.id})
        try:
            self._store.transact([Put(marker, if_absent=True), Put(record(concern), if_absent=True), *still])
        except Conflict:
            held = self._store.get(marker.pk, "row")
            kept = self.find(str(held.body["id"])) if held else None
            if kept is None:
                raise
            return kept.concern
        return concern

    def find(self, concern_id: str) -> Kept | None:
        row = self._store.get(_key(concern_id), "row")
        return Kept(Concern.model_validate(row.body), row.version) if row else None

    def made_by(self, once: str) -> Concern | None:
        held = self._store.get(f"concernkey#{once}", "row")
        kept = self.find(str(held.body["id"])) if held else None
        return kept.concern if kept else None

    def save(self, concern: Concern, version: int) -> None:
        """Raises Conflict when somebody else wrote in between."""
        self._store.transact([write(concern, version)])

    def listed(self, state: ConcernState) -> Iterator[Concern]:
        for number in range(SHARDS):
            yield from self._index("gsi1", f"concerns-{state}#{number}")

    def of_person(self, openid: str, limit: int) -> list[Concern]:
        """The latest first, at most ``limit``."""
        page = self._store.query_index("gsi2", _person(openid), limit=limit, reverse=True)
        return [Concern.model_validate(row.body) for row in page.records]

    def all_of_person(self, openid: str) -> Sequence[Concern]:
        return list(self._index("gsi2", _person(openid)))

    def _index(self, index: Index, pk: str) -> Iterator[Concern]:
        page: str | None = None
        while True:
            found = self._store.query_index(index, pk, page=page)
            yield from (Concern.model_validate(row.body) for row in found.records)
            if (page := found.next) is None:
                return


def write(concern: Concern, version: int) -> Write:
    """The write over a known version, for a transaction with the notices that tell of it."""
    return Put(record(concern), if_version=version)


def record(concern: Concern) -> Record:
    return Record(
        _key(concern.id),
        "row",
        concern.model_dump(mode="json"),
        gsi1=(f"concerns-{concern.state}#{shard(concern.id)}", f"{concern.due.isoformat()}#{concern.id}"),
        gsi2=(_person(concern.openid), stamp(concern.opened_at)) if concern.openid else None,
    )


def _key(concern_id: str) -> str:
    return f"concern#{concern_id}"


def _person(openid: str) -> str:
    return f"concernsof#{sha256(openid.encode()).hexdigest()[:24]}"

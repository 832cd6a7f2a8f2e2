"""Rows of drafts (草稿) on the Store port: each gone by itself when its time is over (facts §6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.forms.draft import Draft
from chalicelib.ports import Conflict, Index, Put, Record, Store
from chalicelib.shards import SHARDS, shard
from chalicelib.times import stamp

GRACE = timedelta(days=2)
"""An expired draft can be told of so long; then its row is gone."""
_OPEN = "drafts-open"


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft with the version of its row to write over."""

    draft: Draft
    version: int


class DraftRepository:
    """Rows ``draft#{id}``; the open ones listed by the day they expire over shards, all of them by their person."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, draft: Draft) -> Draft:
        """Keep a new draft, or return the one that is there under its id: the same message began it before."""
        try:
            self._store.transact([Put(_record(draft), if_absent=True)])
        except Conflict:
            held = self.find(draft.id)
            if held is None:
                raise
            return held.draft
        return draft

    def find(self, draft_id: str) -> Kept | None:
        row = self._store.get(_key(draft_id), "row")
        return Kept(Draft.model_validate(row.body), row.version) if row else None

    def save(self, draft: Draft, version: int) -> None:
        """Raises Conflict when somebody else wrote in between."""
        self._store.transact([Put(_record(draft), if_version=version)])

    def delete(self, draft_id: str) -> None:
        self._store.delete(_key(draft_id), "row")

    def of_person(self, openid: str) -> Iterator[Draft]:
        """The latest begun first."""
        return self._index("gsi1", _person(openid), reverse=True)

    def expiring(self, until: datetime) -> Iterator[Draft]:
        """Open drafts that expire up to ``until``."""
        for number in range(SHARDS):
            for draft in self._index("gsi2", f"{_OPEN}#{number}"):
                if draft.expires_at > until:
                    break
                yield draft

    def every_open(self) -> Iterator[Draft]:
        for number in range(SHARDS):
            yield from self._index("gsi2", f"{_OPEN}#{number}")

    def _index(self, index: Index, pk: str, *, reverse: bool = False) -> Iterator[Draft]:
        page: str | None = None
        while True:
            found = self._store.query_index(index, pk, page=page, reverse=reverse)
            yield from (Draft.model_validate(row.body) for row in found.records)
            if (page := found.next) is None:
                return


def _record(draft: Draft) -> Record:
    waits = (f"{_OPEN}#{shard(draft.id)}", f"{stamp(draft.expires_at)}#{draft.id}") if draft.is_open else None
    return Record(
        _key(draft.id),
        "row",
        draft.model_dump(mode="json"),
        gsi1=(_person(draft.owner), f"{stamp(draft.started_at)}#{draft.id}"),
        gsi2=waits,
        expires_at=int((draft.expires_at + GRACE).timestamp()),
    )


def _key(draft_id: str) -> str:
    return f"draft#{draft_id}"


def _person(openid: str) -> str:
    return f"draftsof#{sha256(openid.encode()).hexdigest()[:24]}"

"""Rows of cases (办件) on the Store port: one row a case, one row an event, one row that a lookup finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chalicelib.cases import aside
from chalicelib.cases.model import Case, CaseEvent, CaseHead, CaseState
from chalicelib.ports import Delete, Index, Put, Record, Store, Write
from chalicelib.shards import SHARDS, listed, one_list, place, shard
from chalicelib.times import from_stamp, stamp

_MOST = 100


@dataclass(frozen=True, slots=True)
class Filed:
    """A case with what only its rows know: the version to write over, and what it was filed under.

    ``lookup`` is the digest of number and phone digits (``model.lookup_key``), or None: no lookup by phone. ``aside``
    counts its events that were kept but not applied.
    """

    case: Case
    version: int
    lookup: str | None
    due: date | None
    state: CaseState | None
    aside: int = 0


def case_key(no: str) -> str:
    return f"case#{no}"


def enterprise_key(uscc: str) -> str:
    return f"enterprise#{uscc}"


def due_list(day: date) -> str:
    return f"cases-due#{day.isoformat()}"


def owner_key(no: str, uscc: str) -> tuple[str, str]:
    return f"caseof#{uscc}", no


def resting_key(number: int) -> str:
    return f"cases-resting#{number}"


def lookup_pk(key: str) -> str:
    return f"caselookup#{key}"


def event_sk(event: CaseEvent) -> str:
    return f"event#{stamp(event.at)}#{event.id}"


class CaseRepository:
    """Reads and writes whole cases. Raises Conflict where somebody else wrote in between."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, no: str) -> Filed | None:
        head: Record | None = None
        events = []
        for record in self._partition(case_key(no)):
            if record.sk == "row":
                head = record
            else:
                events.append(CaseEvent.model_validate(record.body))
        return _filed(head, events) if head else None

    def belongs(self, no: str, uscc: str) -> bool:
        """Whether this is the enterprise's case: one read that finds nothing for another's and for none alike."""
        return self._store.get(*owner_key(no, uscc)) is not None

    def no_for(self, lookup: str) -> str | None:
        """The case number that this digest opens; the same one read whether there is such a case or not."""
        record = self._store.get(lookup_pk(lookup), "row")
        return str(record.body["no"]) if record else None

    def of_enterprise(self, uscc: str, since: datetime | None = None) -> Iterator[str]:
        """Numbers of the enterprise's cases, the latest changed first; ``since`` leaves out those untouched since."""
        start = f"case#{stamp(since)}" if since else "case#"
        for record in self._index("gsi1", enterprise_key(uscc), start, "case#~", reverse=True):
            yield record.pk.removeprefix("case#")

    def due_on(self, day: date) -> Iterator[str]:
        for record in listed(self._store, "gsi2", due_list(day)):
            yield record.pk.removeprefix("case#")

    def due_in_one_list(self, day: date) -> Iterator[str]:
        """As they were listed up to layout 3 (``jobs/upgrade.py``); writing such a case files it anew."""
        for record in one_list(self._store, "gsi2", due_list(day)):
            yield record.pk.removeprefix("case#")

    def resting(self, until: datetime) -> Iterator[str]:
        """Numbers of cases with no deadline ahead that nothing has happened to since before ``until``."""
        for number in range(SHARDS):
            for record in self._index("gsi2", resting_key(number), end=stamp(until)):
                yield record.pk.removeprefix("case#")

    def with_aside(self) -> Iterator[str]:
        return aside.numbers(self._store)

    def erase(self, filed: Filed, also: Sequence[Write] = ()) -> None:
        """Remove the case with all that was filed of it; its own row last, so that a cut-short call goes on. ``also``
        goes with that row."""
        no = filed.case.no
        events = [Delete(case_key(no), event_sk(event)) for event in filed.case.events]
        for start in range(0, len(events), _MOST):
            self._store.transact(events[start : start + _MOST])
        writes: list[Write] = [Delete(case_key(no), "row", if_version=filed.version)]
        if filed.lookup:
            writes.append(Delete(lookup_pk(filed.lookup), "row"))
        if filed.case.head.uscc:
            writes.append(Delete(*owner_key(no, filed.case.head.uscc)))
        writes += [*aside.mark(no, 0, filed.aside), *also]
        self._store.transact(writes)

    def commit(self, writes: Sequence[Write]) -> None:
        self._store.transact(writes)

    def refile(self, filed: Filed, also: Sequence[Write] = ()) -> None:
        """Write the case's own rows as this version keeps them, changing nothing of the case (``jobs/upgrade.py``)."""
        no, uscc = filed.case.no, filed.case.head.uscc
        owner: list[Write] = [Put(Record(*owner_key(no, uscc), {}))] if uscc else []
        self._store.transact([Put(_row(filed), if_version=filed.version), *owner, *also])

    @staticmethod
    def writes(filed: Filed, new: Sequence[CaseEvent], replaced: Sequence[CaseEvent], old: Filed | None) -> list[Write]:
        """The case and the events that changed, over ``old``; a transaction may hold those of several cases."""
        writes: list[Write] = [
            Put(_row(filed), if_absent=old is None, if_version=old.version if old else None),
            *(Put(Record(case_key(filed.case.no), event_sk(event), event.model_dump(mode="json"))) for event in new),
        ]
        written = {event_sk(event) for event in new}
        writes += [Delete(case_key(filed.case.no), sk) for sk in {event_sk(e) for e in replaced} - written]
        if filed.lookup and (old is None or old.lookup != filed.lookup):
            writes.append(Put(Record(lookup_pk(filed.lookup), "row", {"no": filed.case.no})))
        if old and old.lookup and old.lookup != filed.lookup:
            writes.append(Delete(lookup_pk(old.lookup), "row"))
        marked = aside.mark(filed.case.no, filed.aside, old.aside if old else 0)
        return [*writes, *_owner_writes(filed, old), *marked]

    def _partition(self, pk: str) -> Iterator[Record]:
        page: str | None = None
        while True:
            found = self._store.query(pk, page=page)
            yield from found.records
            if (page := found.next) is None:
                return

    def _index(
        self, index: Index, pk: str, start: str | None = None, end: str | None = None, *, reverse: bool = False
    ) -> Iterator[Record]:
        page: str | None = None
        while True:
            found = self._store.query_index(index, pk, start=start, end=end, page=page, reverse=reverse)
            yield from found.records
            if (page := found.next) is None:
                return


def _owner_writes(filed: Filed, old: Filed | None) -> list[Write]:
    no, uscc, before = filed.case.no, filed.case.head.uscc, old.case.head.uscc if old else None
    if uscc == before:
        return []
    added: list[Write] = [Put(Record(*owner_key(no, uscc), {}))] if uscc else []
    return [*added, Delete(*owner_key(no, before))] if before else added


def _row(filed: Filed) -> Record:
    case = filed.case
    return Record(
        pk=case_key(case.no),
        sk="row",
        body={
            "head": case.head.model_dump(mode="json"),
            "updated": stamp(case.updated),
            "lookup": filed.lookup,
            "due": filed.due.isoformat() if filed.due else None,
            "state": filed.state,
            "aside": filed.aside,
        },
        gsi1=(enterprise_key(case.head.uscc), f"case#{stamp(case.updated)}") if case.head.uscc else None,
        gsi2=_filed_under(filed),
    )


def _filed_under(filed: Filed) -> tuple[str, str]:
    """By the day it is due; without one, by when it last changed."""
    no = filed.case.no
    if filed.due:
        return place(due_list(filed.due), case_key(no)), no
    return resting_key(shard(no)), f"{stamp(filed.case.updated)}#{no}"


def _filed(row: Record, events: Sequence[CaseEvent]) -> Filed:
    body = row.body
    return Filed(
        case=Case(
            head=CaseHead.model_validate(body["head"]),
            events=tuple(sorted(events, key=lambda event: (event.at, event.id))),
            updated=from_stamp(body["updated"]),
        ),
        version=row.version,
        lookup=body["lookup"],
        due=date.fromisoformat(body["due"]) if body["due"] else None,
        state=CaseState(body["state"]) if body["state"] else None,
        aside=body.get("aside", 0),
    )

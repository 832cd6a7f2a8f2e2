"""The ledger of notices (推送台账): every notice is a row before anything else knows of it.

Rows: ``notice#{id}``/``row`` (gsi1 by urgency, state and shard, then ``wake_at``; gsi2 the inbox of an enterprise);
``person#{openid}``/``notice#{stamp}#{id}``, a pointer, by which a withdrawal and a receipt without id find the notices
of a person; ``digest#{uscc}``/``{date}``, taken in the same transaction as the day's digest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from pydantic import ValidationError

from chalicelib.notices.kinds import Priority
from chalicelib.notices.model import Notice, NoticeState, UnreadableNotice
from chalicelib.ports import MAX_TRANSACT, Conflict, Delete, Put, Record, Store, Write
from chalicelib.shards import SHARDS, shard
from chalicelib.times import stamp

log = logging.getLogger(__name__)

ROW = "row"
_TRIES = 8
KEEP = timedelta(days=1096)
"""推送记录: three years (domain facts §6.4), and longer than a policy's year, so that nothing is told twice."""

POINTER_KEEP = timedelta(days=90)
_URGENT, _OTHERS = "urgent", "notices"


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice as read, with the version a change must be based on."""

    notice: Notice
    version: int


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def record_of(notice: Notice) -> Record:
    return Record(
        pk=f"notice#{notice.id}",
        sk=ROW,
        body=notice.model_dump(mode="json"),
        gsi1=(f"{_listed(notice.priority)}#{notice.state}#{shard(notice.id)}", f"{stamp(notice.wake_at)}#{notice.id}"),
        gsi2=(f"inbox#{notice.uscc}", f"{stamp(notice.created_at)}#{notice.id}") if notice.uscc else None,
        expires_at=_epoch(notice.created_at + KEEP),
    )


def _listed(priority: Priority) -> str:
    """What is urgent has partitions of its own, so that a sweep finds it behind any number of digests."""
    return _URGENT if priority is Priority.URGENT else _OTHERS


def _pointer(notice: Notice) -> Record:
    return Record(
        pk=f"person#{notice.openid}",
        sk=f"notice#{stamp(notice.created_at)}#{notice.id}",
        body={"notice": notice.id},
        expires_at=_epoch(notice.created_at + POINTER_KEEP),
    )


def digest_claim(uscc: str, on: date) -> Put:
    """Taken by whoever writes the enterprise's digest of that day; nobody else can take it."""
    record = Record(pk=f"digest#{uscc}", sk=on.isoformat(), body={"on": on.isoformat()})
    return Put(record, if_absent=True)


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------------------------------------------------- placing

    def place(self, notices: Sequence[Notice], together: Sequence[Write] = ()) -> bool:
        """Write new notices and the rows that stand or fall with them, all or nothing.

        False when one of them is there already: a run before this one, or beside it, was first.
        Raises ValueError above MAX_TRANSACT writes (two for a notice).
        """
        writes: list[Write] = list(together)
        for notice in notices:
            writes.append(Put(record_of(notice), if_absent=True))
            writes.append(Put(_pointer(notice)))
        if len(writes) > MAX_TRANSACT:
            raise ValueError(f"{len(notices)} notices with {len(together)} rows do not fit into one transaction")
        try:
            self._store.transact(writes)
        except Conflict:
            return False
        return True

    def has(self, notice_id: str) -> bool:
        return self._store.get(f"notice#{notice_id}", ROW) is not None

    def digest_taken(self, uscc: str, on: date) -> bool:
        return self._store.get(f"digest#{uscc}", on.isoformat()) is not None

    # ------------------------------------------------------------------------------------------------------- changes

    def get(self, notice_id: str) -> Entry | None:
        record = self._store.get(f"notice#{notice_id}", ROW)
        return _entry(record) if record else None

    def get_many(self, notice_ids: Sequence[str]) -> list[Entry]:
        """Those of them that there are and can be read, in one call; at most MAX_GET, each named once."""
        records = self._store.get_many([(f"notice#{notice_id}", ROW) for notice_id in notice_ids])
        return [entry for record in records if record for entry in _readable(record)]

    def write(self, entry: Entry, notice: Notice, together: Sequence[Write] = ()) -> Entry:
        """Put the changed notice over the version it was read at. Raises Conflict when somebody was first."""
        put = Put(record_of(notice), if_version=entry.version)
        if together:
            self._store.transact([put, *together])
        else:
            self._store.put(put.record, if_version=put.if_version)
        return Entry(notice, entry.version + 1)

    def write_all(self, changes: Sequence[tuple[Entry, Notice]], together: Sequence[Write] = ()) -> list[Entry]:
        """``write`` of several notices in one transaction: all, or Conflict and none."""
        puts = [Put(record_of(notice), if_version=entry.version) for entry, notice in changes]
        if puts:
            self._store.transact([*puts, *together])
        return [Entry(notice, entry.version + 1) for entry, notice in changes]

    def anonymise(self, notice: Notice) -> None:
        """Put a pseudonym for the openid and take the pointer away. The id stays, and with it "told once"."""
        pseudonym = sha256(notice.openid.encode()).hexdigest()[:24]
        for _ in range(_TRIES):
            entry = self.get(notice.id)
            if entry is None:
                return
            pointer = _pointer(entry.notice)
            hidden = entry.notice.model_copy(update={"openid": pseudonym})
            try:
                self.write(entry, hidden, [Delete(pointer.pk, pointer.sk)])
            except Conflict:
                continue
            return
        raise Conflict([(f"notice#{notice.id}", ROW)])

    # ------------------------------------------------------------------------------------------------------- reading

    def woken(self, state: NoticeState, until: datetime, limit: int) -> list[str]:
        """Ids of notices in this state whose ``wake_at`` has come, what is urgent first, at most ``limit`` from each
        partition's oldest."""
        end = stamp(until) + "#~"
        return [_id(r) for pk in _partitions(state) for r in self._index(pk, limit, end=end)]

    def in_state(self, state: NoticeState, limit: int) -> list[Notice]:
        """Newest first."""
        found = [r for pk in _partitions(state) for r in self._index(pk, limit, reverse=True)]
        found.sort(key=lambda r: r.gsi1[1] if r.gsi1 else "", reverse=True)
        return [entry.notice for record in found[:limit] for entry in _readable(record)]

    def between(self, state: NoticeState, start: datetime, end: datetime) -> Iterator[Notice]:
        """Notices in this state by ``wake_at``, which is the moment of the last change for what is finished."""
        for pk in _partitions(state):
            page: str | None = None
            while True:
                got = self._store.query_index("gsi1", pk, start=stamp(start), end=stamp(end), page=page)
                yield from (entry.notice for record in got.records for entry in _readable(record))
                page = got.next
                if page is None:
                    break

    def inbox(self, uscc: str, limit: int) -> Iterator[Notice]:
        """An enterprise's notices, newest first, at most ``limit`` rows read."""
        rows = self._index(f"inbox#{uscc}", limit, reverse=True, index="gsi2")
        return (entry.notice for record in rows for entry in _readable(record))

    def of_person(self, openid: str, limit: int) -> list[Entry]:
        """The person's notices that can be read, newest first."""
        records = (self._store.get(f"notice#{id_}", ROW) for id_ in self._pointed(openid, limit))
        return [entry for record in records if record for entry in _readable(record)]

    def _pointed(self, openid: str, limit: int) -> list[str]:
        found: list[str] = []
        page: str | None = None
        while len(found) < limit:
            got = self._store.query(
                f"person#{openid}", prefix="notice#", limit=limit - len(found), page=page, reverse=True
            )
            found += [str(r.body["notice"]) for r in got.records]
            page = got.next
            if page is None:
                break
        return found

    def _index(
        self, pk: str, limit: int, *, end: str | None = None, reverse: bool = False, index: str = "gsi1"
    ) -> list[Record]:
        found: list[Record] = []
        page: str | None = None
        while len(found) < limit:
            got = self._store.query_index(
                "gsi2" if index == "gsi2" else "gsi1",
                pk,
                end=end,
                limit=limit - len(found),
                page=page,
                reverse=reverse,
            )
            found += got.records
            page = got.next
            if page is None:
                break
        return found


def _readable(record: Record) -> Iterator[Entry]:
    """The row, unless it cannot be read (another release's, or changed by hand): that is reported and passed over, for
    it must not hide the others."""
    try:
        yield _entry(record)
    except UnreadableNotice as error:
        log.error("alarm: %s", error)


def _partitions(state: NoticeState) -> list[str]:
    return [f"{name}#{state}#{number}" for name in (_URGENT, _OTHERS) for number in range(SHARDS)]


def _entry(record: Record) -> Entry:
    try:
        return Entry(Notice.model_validate(record.body), record.version)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "?"
        raise UnreadableNotice(
            f"通知 {_id(record)} 的记录读不出（{where}：{first['type']}）：可能是别的版本写的，"
            "请核对正在运行的版本，或请开发人员修复这一行。"
        ) from None


def _id(record: Record) -> str:
    return record.pk.removeprefix("notice#")

"""Store, Queue and Blobs in memory: the twins that unit tests use, held to the same contract as the real ones."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from chalicelib.adapters import names, rows
from chalicelib.adapters.messages import check_delay, check_receive, decode_message, encode_messages
from chalicelib.ports import Clock, Conflict, Delete, Index, JsonObject, Message, Page, Put, Record, Write

_SortKey = tuple[str, ...]


class _Sorted:
    """Rows by partition, each partition's keys kept in order."""

    def __init__(self) -> None:
        self._parts: dict[str, list[_SortKey]] = {}

    def insert(self, partition: str, key: _SortKey) -> None:
        insort(self._parts.setdefault(partition, []), key)

    def remove(self, partition: str, key: _SortKey) -> None:
        keys = self._parts[partition]
        del keys[bisect_left(keys, key)]

    def keys(self, partition: str) -> list[_SortKey]:
        return self._parts.get(partition, [])


class MemoryStore:
    """Bodies are kept as JSON text, so a caller's later changes never reach the store."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._rows: dict[rows.Key, tuple[Record, str]] = {}
        self._order = {"pk": _Sorted(), "gsi1": _Sorted(), "gsi2": _Sorted()}

    def get(self, pk: str, sk: str) -> Record | None:
        rows.check_key(pk, sk)
        with self._lock:
            return self._live((pk, sk))

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        rows.check_keys(keys)
        with self._lock:
            return [self._live(key) for key in keys]

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        [version] = self._apply([Put(record, if_absent, if_version)])
        return replace(record, version=version)

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        self._apply([Delete(pk, sk, if_version)])

    def transact(self, writes: Sequence[Write]) -> None:
        self._apply(writes)

    def add(
        self,
        pk: str,
        sk: str,
        counts: Mapping[str, int],
        *,
        at_most: Mapping[str, int] | None = None,
        expires_at: int | None = None,
    ) -> dict[str, int]:
        rows.check_add(pk, sk, counts)
        with self._lock:
            old = self._live((pk, sk))
            totals = rows.added(old.body if old else {}, counts, at_most or {})
            if totals is None:
                raise Conflict([(pk, sk)])
            kept = old.expires_at if old and expires_at is None else expires_at
            self._replace(Record(pk, sk, dict(totals), old.version + 1 if old else 1, expires_at=kept))
            return totals

    def query(
        self,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        asked = rows.span(prefix=prefix, start=start, end=end, limit=limit, page=page, reverse=reverse, key_length=1)
        return self._select("pk", pk, asked)

    def query_index(
        self,
        index: Index,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        asked = rows.span(prefix=prefix, start=start, end=end, limit=limit, page=page, reverse=reverse, key_length=3)
        return self._select(index, pk, asked)

    def _apply(self, writes: Sequence[Write]) -> list[int]:
        rows.check_writes(writes)
        with self._lock:
            live = [self._live(rows.key_of(write)) for write in writes]
            versions = [None if record is None else record.version for record in live]
            refused = [rows.key_of(w) for w, version in zip(writes, versions, strict=True) if rows.refuses(w, version)]
            if refused:
                raise Conflict(refused)
            return [self._carry_out(write, version or 0) for write, version in zip(writes, versions, strict=True)]

    def _carry_out(self, write: Write, version: int) -> int:
        if isinstance(write, Put):
            self._replace(replace(write.record, version=version + 1))
            return version + 1
        if isinstance(write, Delete):
            self._drop((write.pk, write.sk))
        return 0

    def _live(self, key: rows.Key) -> Record | None:
        held = self._rows.get(key)
        if held is None or not rows.is_live(held[0].expires_at, self._clock.now()):
            return None
        return replace(held[0], body=rows.decode_body(held[1]))

    def _replace(self, record: Record) -> None:
        rows.check_body(record.body)
        self._drop((record.pk, record.sk))
        self._rows[record.pk, record.sk] = (replace(record, body={}), rows.encode_body(record.body))
        for name, partition, key in _places(record):
            self._order[name].insert(partition, key)

    def _drop(self, key: rows.Key) -> None:
        held = self._rows.pop(key, None)
        for name, partition, place in _places(held[0]) if held else ():
            self._order[name].remove(partition, place)

    def _select(self, name: str, partition: str, asked: rows.Span) -> Page:
        with self._lock:
            found: list[Record] = []
            last: _SortKey = ()
            for place in self._candidates(name, partition, asked):
                record = self._live((partition, place[0]) if name == "pk" else (place[1], place[2]))
                if record is None:
                    continue
                if len(found) == asked.limit:
                    return Page(found, rows.make_token(last))
                found.append(record)
                last = place
            return Page(found)

    def _candidates(self, name: str, partition: str, asked: rows.Span) -> list[_SortKey]:
        keys = [key for key in self._order[name].keys(partition) if asked.holds(key[0])]
        if asked.reverse:
            keys.reverse()
            return [key for key in keys if asked.after is None or key < asked.after]
        return [key for key in keys if asked.after is None or key > asked.after]


def _places(record: Record) -> list[tuple[str, str, _SortKey]]:
    """Where a row stands: (order, partition, key) in the table and in each index it takes part in."""
    places: list[tuple[str, str, _SortKey]] = [("pk", record.pk, (record.sk,))]
    for name, key in (("gsi1", record.gsi1), ("gsi2", record.gsi2)):
        if key is not None:
            places.append((name, key[0], (key[1], record.pk, record.sk)))
    return places


@dataclass
class _Held:
    id: str
    text: str
    visible_at: float
    attempts: int = 0
    receipt: str = ""


class MemoryQueue:
    """Messages in lists; a message received more than ``max_receives`` times becomes a dead letter."""

    def __init__(self, clock: Clock, max_receives: int = 5) -> None:
        self._clock = clock
        self._max_receives = max_receives
        self._lock = threading.RLock()
        self._waiting: dict[str, list[_Held]] = {}
        self._dead: dict[str, list[_Held]] = {}

    def send(self, queue: str, bodies: Sequence[JsonObject], *, delay_seconds: int = 0) -> None:
        texts = encode_messages(bodies, delay_seconds)
        with self._lock:
            visible_at = self._now() + delay_seconds
            self._waiting.setdefault(queue, []).extend(_Held(uuid4().hex, text, visible_at) for text in texts)

    def receive(self, queue: str, *, limit: int = 10, visibility_seconds: int = 60) -> list[Message]:
        check_receive(limit, visibility_seconds)
        with self._lock:
            now = self._now()
            self._bury(queue, now)
            taken = [held for held in self._waiting.get(queue, []) if held.visible_at <= now][:limit]
            for held in taken:
                held.attempts += 1
                held.receipt = uuid4().hex
                held.visible_at = now + visibility_seconds
            return [_message(held) for held in taken]

    def ack(self, queue: str, *receipts: str) -> None:
        with self._lock:
            for receipt in receipts:
                if held := self._of(queue, receipt):
                    self._waiting[queue].remove(held)

    def release(self, queue: str, receipt: str, *, delay_seconds: int = 0) -> None:
        check_delay(delay_seconds)
        with self._lock:
            held = self._of(queue, receipt)
            if held is not None:
                held.receipt, held.visible_at = "", self._now() + delay_seconds

    def depth(self, queue: str) -> int:
        with self._lock:
            return len(self._waiting.get(queue, []))

    def dead(self, queue: str, *, limit: int = 10) -> list[Message]:
        with self._lock:
            return [_message(replace(held, receipt="")) for held in self._dead.get(queue, [])[:limit]]

    def redrive(self, queue: str) -> int:
        with self._lock:
            back = self._dead.pop(queue, [])
            now = self._now()
            self._waiting.setdefault(queue, []).extend(_Held(held.id, held.text, now) for held in back)
            return len(back)

    def _bury(self, queue: str, now: float) -> None:
        waiting = self._waiting.get(queue, [])
        spent = [held for held in waiting if held.visible_at <= now and held.attempts >= self._max_receives]
        if spent:
            self._dead.setdefault(queue, []).extend(spent)
            self._waiting[queue] = [held for held in waiting if held not in spent]

    def _of(self, queue: str, receipt: str) -> _Held | None:
        return next((held for held in self._waiting.get(queue, []) if receipt and held.receipt == receipt), None)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _message(held: _Held) -> Message:
    return Message(held.id, decode_message(held.text), held.receipt, held.attempts)


class MemoryBlobs:
    """Files in a dictionary."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self._files[names.checked(name)] = bytes(data)

    def get(self, name: str) -> bytes | None:
        return self._files.get(names.checked(name))

    def list(self, prefix: str) -> list[str]:
        return sorted(name for name in self._files if name.startswith(prefix))

    def delete(self, name: str) -> None:
        self._files.pop(names.checked(name), None)

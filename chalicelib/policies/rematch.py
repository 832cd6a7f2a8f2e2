"""即时匹配: what has changed and is to be matched again soon, kept and put into a queue.

A changed enterprise is a row ``rematch#{shard}``/``uscc#{code}``: however often it changes, it is one row until it is
worked off. One message a shard is on its way at a time; row ``wake`` says so. A published policy is a message of its
own, which walks over all enterprises in batches. Who consumes them is ``jobs/rematch.py``; what gets lost between a
write and its message, because a process died there, is found by the daily reconcile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile

from chalicelib.enterprises.repository import MEMBER, enterprise_key, rows_of
from chalicelib.ports import Conflict, JsonObject, Queue, Record, Store
from chalicelib.queue_names import MATCHING
from chalicelib.shards import SHARDS, shard

SETTLES_SECONDS = 30
"""Several changes of one enterprise in a row, as when an office reports, are looked at together."""

MANY = 2_000
"""More changed enterprises than this are walked over like everybody else, without a row for each."""

_WAKE = "wake"
_CHANGED = "uscc#"
_OF_MANY = "many"
_LATER = "later#"
_WAKE_LIFE = timedelta(minutes=10)
"""After which a message that was never sent, for its sender died, is sent by the next change."""
_LATER_LIFE = timedelta(days=3)
_ROW_LIFE = timedelta(days=2)
"""By then the daily reconcile has looked at everybody."""


class Rematch:
    """``queue`` is asked for when there is something to send: most processes change nothing."""

    def __init__(self, store: Store, queue: Callable[[], Queue]) -> None:
        self._store = store
        self._queue = queue

    # ------------------------------------------------------------------------------------------------------- asking

    def enterprises(self, usccs: Collection[str], now: datetime, *, of_many: bool = False) -> None:
        """The facts of these have changed. Asking twice is asking once; where nobody is bound, nobody is to be told.

        ``of_many``: they are some of very many, as in a province's night, and hold up nobody else's notices.
        """
        if len(usccs) > MANY:
            return self.everyone()
        bound = [uscc for uscc in usccs if self._has_member(uscc)]
        for uscc in bound:
            self._store.put(_row(shard(uscc), f"{_CHANGED}{uscc}", now + _ROW_LIFE, of_many))
        for number in sorted({shard(uscc) for uscc in bound}):
            self._wake(number, now)
        return None

    def policies(self, ids: Collection[str]) -> None:
        """These have come into force, or changed."""
        if ids:
            self._send({"policies": sorted(ids), "after": ""}, SETTLES_SECONDS)

    def everyone(self) -> None:
        """So much has changed that all are matched again."""
        self._send({"policies": [], "after": ""}, SETTLES_SECONDS)

    def later(self, usccs: Collection[str], day: date) -> None:
        """These have more to be told than one day's digest holds: to be matched again on ``day``."""
        until = datetime.combine(day, time(), UTC) + _LATER_LIFE
        for uscc in usccs:
            self._store.put(_row(shard(uscc), f"{_LATER}{day}#{uscc}", until, of_many=True))

    def the_days(self) -> None:
        """It is morning: whoever was put off until today, or was left by quiet hours, is matched again."""
        for number in range(SHARDS):
            self._send({"shard": number, "later": True}, SETTLES_SECONDS)
            self._send({"shard": number}, SETTLES_SECONDS)

    # --------------------------------------------------------------------------------------------------- working off

    def put_off(self, number: int, today: date, limit: int) -> list[Record]:
        """Up to ``limit`` of a shard that were put off until today or before."""
        rows = rows_of(self._store, _key(number), _LATER)
        return list(islice(takewhile(lambda row: row.sk < f"{_LATER}{today}#~", rows), limit))

    def taken(self, number: int, limit: int) -> list[Record]:
        """Up to ``limit`` changed enterprises of a shard. What changes from now on sends a message again."""
        self._store.delete(_key(number), _WAKE)
        return list(islice(rows_of(self._store, _key(number), _CHANGED), limit))

    def done(self, row: Record) -> None:
        """This one was looked at; one that changed meanwhile stays."""
        try:
            self._store.delete(row.pk, row.sk, if_version=row.version)
        except Conflict:
            return  # its change has a message of its own

    def go_on(self, body: JsonObject) -> None:
        """The next batch of a shard or a walk."""
        self._send(body, 0)

    def _has_member(self, uscc: str) -> bool:
        return next(rows_of(self._store, enterprise_key(uscc), MEMBER, 1), None) is not None

    def _wake(self, number: int, now: datetime) -> None:
        try:
            self._store.put(_row(number, _WAKE, now + _WAKE_LIFE), if_absent=True)
        except Conflict:
            return  # a message is on its way, and whoever gets it reads the rows after this one was written
        self._send({"shard": number}, SETTLES_SECONDS)

    def _send(self, body: JsonObject, delay_seconds: int) -> None:
        self._queue().send(MATCHING, [body], delay_seconds=delay_seconds)


class Gathered:
    """What a long pass has changed, asked for once at its end; past MANY only that it was much."""

    def __init__(self, rematch: Rematch) -> None:
        self._rematch = rematch
        self._codes: set[str] = set()

    def add(self, usccs: Collection[str]) -> None:
        if len(self._codes) <= MANY:
            self._codes.update(usccs)

    def ask(self, now: datetime) -> None:
        self._rematch.enterprises(self._codes, now)


def is_of_many(row: Record) -> bool:
    """Whether a row that was taken is one of very many."""
    return bool(row.body.get(_OF_MANY))


def code_of(row: Record) -> str:
    """The credit code of a row that was taken."""
    return row.sk.rpartition("#")[2]


def _row(number: int, sk: str, until: datetime, of_many: bool = False) -> Record:
    return Record(_key(number), sk, {_OF_MANY: True} if of_many else {}, expires_at=int(until.timestamp()))


def _key(number: int) -> str:
    return f"rematch#{number}"

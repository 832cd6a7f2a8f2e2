"""Every message is processed once and answered the same, however often the platform delivers it.

The platform waits 5 s and delivers up to three times (about 0, 5 and 10 s). The first delivery takes the key with a
conditional write; a later one waits for its answer and gets the stored reply. When the process that took it died, the
next delivery takes over after LEASE: at 8 s, inside the second delivery's own 5 s window.

An answer that is not there after PATIENCE is *late*: from then on every delivery is acknowledged without one, and the
answer goes out once as a custom message (客服消息). Row ``inbound#{key}``/``row``, by ``state``:

    processing → done                     answered on a delivery
    processing → late → owed → sent       acknowledged; answered by custom message
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from chalicelib.dialogue.model import Session
from chalicelib.ports import Conflict, JsonObject, Put, Record, Store

LEASE = timedelta(seconds=8)
LATE_LEASE = timedelta(seconds=30)
"""How long late work may still go on (the gateway ends a function after 29 s) before it is done again by another."""
KEEP = timedelta(hours=24)
SESSION_KEEP = timedelta(days=7)
PATIENCE = 4.0
"""Seconds from the arrival of a delivery to our answer: the platform hangs up after 5."""
POLL_SECONDS, LONGEST_POLL_SECONDS = 0.05, 0.4
"""Between two looks at a message that another delivery has: each is a write that fails, so they grow rarer (×1.5: 15 in
PATIENCE, not 80)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """This caller processes the message; ``version`` is of the row it holds, written ``at`` (epoch seconds).
    ``late``: it was acknowledged, so the answer is owed."""

    key: str
    version: int
    at: float
    late: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The message was processed; ``reply`` is what to say on this delivery, None where nothing is to be said."""

    reply: JsonObject | None


@dataclass(frozen=True, slots=True)
class Owed:
    """A late answer that this caller, and nobody else, sends as a custom message."""

    key: str
    version: int
    openid: str
    reply: JsonObject


@dataclass(frozen=True, slots=True)
class Overdue:
    """A late message whose process died: this caller processes it again from the document ``push``."""

    taken: Taken
    push: str


class Ahead(Protocol):
    """A row that nearly every answer needs besides the session."""

    @property
    def key(self) -> tuple[str, str]: ...

    def read_ahead(self, row: Record | None, /) -> None:
        """Called with it, on the thread that makes the answer."""
        ...


class SessionChanged(Exception):
    """Another message of this person was answered meanwhile: answer this one again, on the session it left."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as it was read; ``version`` of its row, None where there was none."""

    session: Session
    version: int | None


Busy = Literal["busy"]
Delivery = Taken | Answered | Busy


class Inbox:
    """The rows ``inbound#{key}`` and ``person#{openid}/session``."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        pause: Callable[[float], None] = time.sleep,
        ahead: Ahead | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._pause = pause
        self._ahead = ahead

    def take(self, key: str) -> Delivery:
        """Take the message, or wait up to PATIENCE for the answer of the delivery that has it."""
        give_up = self._clock() + timedelta(seconds=PATIENCE)
        wait = POLL_SECONDS
        while True:
            found = self._try(key)
            left = (give_up - self._clock()).total_seconds()
            if found != "busy" or left <= 0:
                return found
            self._pause(min(wait, left))
            wait = min(wait * 1.5, LONGEST_POLL_SECONDS)

    def session(self, openid: str) -> Kept:
        """What is remembered of this person's conversation; empty for a new one."""
        key = (f"person#{openid}", "session")
        if self._ahead is None:
            row = self._store.get(*key)
        else:
            row, beside = self._store.get_many([key, self._ahead.key])
            self._ahead.read_ahead(beside)
        return Kept(Session.model_validate(row.body), row.version) if row else Kept(Session(), None)

    def done(self, taken: Taken, reply: JsonObject | None, openid: str, kept: Kept | None) -> JsonObject | None:
        """Store reply and session together; ``kept`` is the new session over the version it was made from. Returns the
        reply to give on this delivery: another delivery's, where that was faster; none, where the answer is late by now
        and goes out as a custom message. Raises SessionChanged, and stores nothing, when the session is a newer one."""
        try:
            self._finish(taken, reply, openid, kept)
        except Conflict:
            return self._overtaken(taken, reply, openid, kept)
        return None if taken.late else reply

    def settled(self, taken: Taken) -> Answered | None:
        """After a ``done`` that a busy store refused: what was stored all the same, None where nothing was."""
        row = self._store.get(f"inbound#{taken.key}", "row")
        if row is None or row.version == taken.version or row.body["state"] in ("processing", "late"):
            return None
        return _said(row)

    def late(self, key: str, push: str) -> Answered:
        """Acknowledge without an answer, whoever is processing the message: it goes out as a custom message. Our word
        ends the platform's deliveries, and who has the message may be dead: ``push`` is the document, should it have to
        be processed again. Returns what to say: the answer, if it came in this very moment."""
        while True:
            row = self._store.get(f"inbound#{key}", "row")
            if row is None or row.body["state"] != "processing":
                return _said(row)
            mark = self._row(key, {"state": "late", "at": row.body["at"], "push": push})
            with suppress(Conflict):  # answered or taken over meanwhile: look again
                self._store.put(mark, if_version=row.version)
                return Answered(None)

    # ------------------------------------------------------------------------------------------------ late answers

    def claim(self, key: str) -> Owed | Overdue | Busy | None:
        """What is to be done about a late message: send its answer (this marks it sent, so that nobody can twice),
        process it again, look again later ("busy"), or nothing."""
        row = self._store.get(f"inbound#{key}", "row")
        if row is None or row.body["state"] in ("done", "sent"):
            return None
        try:
            if row.body["state"] == "owed":
                sent = self._store.put(self._row(key, {**row.body, "state": "sent"}), if_version=row.version)
                return Owed(key, sent.version, row.body["openid"], row.body["reply"])
            if not self._lapsed(row.body["at"], LATE_LEASE):
                return "busy"
            if row.body["state"] == "processing":  # never acknowledged: the platform delivers it again
                return None
            at = self._clock().timestamp()
            held = self._store.put(self._row(key, {**row.body, "at": at}), if_version=row.version)
        except Conflict:
            return "busy"
        return Overdue(Taken(key, held.version, at, late=True), row.body["push"])

    def unsent(self, owed: Owed) -> None:
        """The platform certainly did not take it: it is owed again."""
        body = {"state": "owed", "reply": owed.reply, "openid": owed.openid, "at": self._clock().timestamp()}
        self._store.put(self._row(owed.key, body), if_version=owed.version)

    # ----------------------------------------------------------------------------------------------------- one row

    def _try(self, key: str) -> Delivery:
        at = self._clock().timestamp()
        mine = self._row(key, {"state": "processing", "at": at})
        try:
            return Taken(key, self._store.put(mine, if_absent=True).version, at)
        except Conflict:
            row = self._store.get(mine.pk, mine.sk)
        if row is None:
            return "busy"
        if row.body["state"] != "processing":
            return _said(row)
        if not self._lapsed(row.body["at"], LEASE):
            return "busy"
        try:
            return Taken(key, self._store.put(mine, if_version=row.version).version, at)
        except Conflict:
            return "busy"

    def _overtaken(self, taken: Taken, reply: JsonObject | None, openid: str, kept: Kept | None) -> JsonObject | None:
        """A row changed while we worked: the session; or the message's, which is late now, or was taken over."""
        row = self._store.get(f"inbound#{taken.key}", "row")
        if row is None:
            return None
        if row.version == taken.version and row.body["at"] == taken.at:
            raise SessionChanged
        if row.body["state"] == "late" and row.body["at"] == taken.at:
            with suppress(Conflict):  # late beyond its lease: whoever works on it now has the word
                self._finish(replace(taken, version=row.version, late=True), reply, openid, kept)
            return None
        return row.body["reply"] if row.body["state"] == "done" else None

    def _finish(self, taken: Taken, reply: JsonObject | None, openid: str, kept: Kept | None) -> None:
        owed = taken.late and reply is not None
        body = {"state": "owed" if owed else "done", "reply": reply, "at": taken.at}
        row = self._row(taken.key, {**body, "openid": openid} if owed else body)
        writes = [Put(row, if_version=taken.version)]
        if kept is not None:
            writes.append(_session_row(openid, kept, self._clock()))
        self._store.transact(writes)

    def _row(self, key: str, body: JsonObject) -> Record:
        return Record(f"inbound#{key}", "row", body, expires_at=int((self._clock() + KEEP).timestamp()))

    def _lapsed(self, at: float, lease: timedelta) -> bool:
        return self._clock().timestamp() - at >= lease.total_seconds()


def _said(row: Record | None) -> Answered:
    """What a delivery says of a message that is not being processed for it."""
    return Answered(row.body["reply"] if row is not None and row.body["state"] == "done" else None)


def _session_row(openid: str, kept: Kept, now: datetime) -> Put:
    expires = int((now + SESSION_KEEP).timestamp())
    body = kept.session.model_dump(mode="json")
    row = Record(f"person#{openid}", "session", body, expires_at=expires)
    return Put(row, if_absent=kept.version is None, if_version=kept.version)

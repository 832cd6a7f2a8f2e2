"""Every message is processed once and answered the same, however often the platform delivers it.

The platform waits 5 s and delivers up to three times (about 0, 5 and 10 s). The first delivery takes the key with a
conditional write; a later one waits for its answer and gets the stored reply. When the process that took it died, the
next delivery takes over after LEASE: at 8 s, inside the second delivery's own 5 s window.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from chalicelib.dialogue.model import Session
from chalicelib.ports import Conflict, JsonObject, Put, Record, Store

LEASE = timedelta(seconds=8)
KEEP = timedelta(hours=24)
SESSION_KEEP = timedelta(days=7)
WAIT_SECONDS = 4.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Taken:
    """This delivery processes the message; ``version`` is of the row it holds."""

    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The message was processed; ``reply`` is what was said, None where nothing was to be said."""

    reply: JsonObject | None


Delivery = Taken | Answered | Literal["busy"]


class Inbox:
    """The rows ``inbound#{key}`` and ``person#{openid}/session``."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._clock = clock
        self._pause = pause

    def take(self, key: str) -> Delivery:
        """Take the message, or wait up to WAIT_SECONDS for the answer of the delivery that has it."""
        give_up = self._clock() + timedelta(seconds=WAIT_SECONDS)
        while True:
            found = self._try(key)
            if found != "busy" or self._clock() >= give_up:
                return found
            self._pause(POLL_SECONDS)

    def session(self, openid: str) -> Session:
        """What is remembered of this person's conversation; empty for a new one."""
        row = self._store.get(f"person#{openid}", "session")
        return Session.model_validate(row.body) if row else Session()

    def done(self, taken: Taken, reply: JsonObject | None, openid: str, session: Session | None) -> JsonObject | None:
        """Store reply and session together. Returns the reply to give: another delivery's, where that was faster."""
        now = self._clock()
        body: JsonObject = {"state": "done", "reply": reply, "at": now.timestamp()}
        row = Record(f"inbound#{taken.key}", "row", body, expires_at=int((now + KEEP).timestamp()))
        writes = [Put(row, if_version=taken.version)]
        if session is not None:
            writes.append(_session_row(openid, session, now))
        try:
            self._store.transact(writes)
        except Conflict:
            winner = self._try(taken.key)
            return winner.reply if isinstance(winner, Answered) else reply
        return reply

    def _try(self, key: str) -> Delivery:
        now = self._clock()
        mine = Record(
            f"inbound#{key}",
            "row",
            {"state": "processing", "at": now.timestamp()},
            expires_at=int((now + KEEP).timestamp()),
        )
        try:
            return Taken(key, self._store.put(mine, if_absent=True).version)
        except Conflict:
            row = self._store.get(mine.pk, mine.sk)
        if row is None:
            return "busy"
        if row.body["state"] == "done":
            return Answered(row.body["reply"])
        if now.timestamp() - row.body["at"] < LEASE.total_seconds():
            return "busy"
        try:
            return Taken(key, self._store.put(mine, if_version=row.version).version)
        except Conflict:
            return "busy"


def _session_row(openid: str, session: Session, now: datetime) -> Put:
    expires = int((now + SESSION_KEEP).timestamp())
    return Put(Record(f"person#{openid}", "session", session.model_dump(mode="json"), expires_at=expires))

"""A lock after wrong tries: five, then 30 minutes' rest for that person (domain facts §6.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.errors import Refusal
from chalicelib.ports import Conflict, Delete, Store

BIND = "bind"
LOOKUP = "lookup"
JOIN = "join"


class LockedOut(Refusal):
    """The text is the sentence to show."""


def tries_key(kind: str, openid: str) -> str:
    """Under a pseudonym, so that it need not be deleted when the person leaves: who comes back a minute later, or has
    their data deleted, gets no new tries. The row ends by itself."""
    return f"tries#{kind}#{sha256(openid.encode()).hexdigest()[:24]}"


class Lockout:
    """Counts the wrong tries of one kind by person.

    The count runs out ``minutes`` after the latest miss. Callers that must not be out-guessed by parallel requests call
    ``miss`` before they look at the answer, and write ``cleared`` when it was right: the limit then holds whatever the
    race.
    """

    def __init__(self, store: Store, kind: str, limit: int = 5, minutes: int = 30) -> None:
        self._store = store
        self._kind = kind
        self._limit = limit
        self._life = timedelta(minutes=minutes)
        self._sentence = f"试错次数太多，请 {minutes} 分钟后再试，或拨 12345。"

    def check(self, openid: str, now: datetime) -> None:
        """Raises LockedOut while the person must wait."""
        row = self._store.get(tries_key(self._kind, openid), "row")
        expired = row is None or (row.expires_at is not None and row.expires_at <= now.timestamp())
        if row is not None and not expired and row.body["misses"] >= self._limit:
            raise LockedOut(self._sentence)

    def miss(self, openid: str, now: datetime, message: str = "") -> None:
        """Count one wrong try, atomically. Raises LockedOut, counting nothing, when the limit is used up.

        ``message`` names what the person said: answered again, it is the same try and counts no more.
        """
        counts = {"misses": 1, **({_try(message): 1} if message else {})}
        limits = {"misses": self._limit, **dict.fromkeys(counts.keys() - {"misses"}, 1)}
        key, expires = tries_key(self._kind, openid), int((now + self._life).timestamp())
        try:
            self._store.add(key, "row", counts, at_most=limits, expires_at=expires)
        except Conflict:
            row = self._store.get(key, "row") if message else None
            if row is None or _try(message) not in row.body:
                raise LockedOut(self._sentence) from None

    def forgive(self, openid: str) -> None:
        """Take back the try that turned out right, and only that: who holds one right answer must not get endless
        tries at others by giving it in between."""
        row = self._store.get(tries_key(self._kind, openid), "row")
        if row is not None and row.body["misses"] > 0:
            self._store.add(tries_key(self._kind, openid), "row", {"misses": -1}, expires_at=row.expires_at)

    def cleared(self, openid: str) -> Delete:
        """The person got it right: the write that forgets the misses, to go with what they got."""
        return Delete(tries_key(self._kind, openid), "row")


def _try(message: str) -> str:
    """The counter of one message, under a pseudonym: the key of an event holds the openid."""
    return f"by_{sha256(message.encode()).hexdigest()[:16]}"

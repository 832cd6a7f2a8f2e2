"""How often one person, and one address, may send forms, and ask for things that are not theirs.

People behind one address are many (a works' network, a mobile gateway), so its limits are wide. Whom a count belongs to
is kept as a keyed hash, for minutes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from chalicelib.ports import Conflict, Store


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``person`` and ``address`` within ``seconds``."""

    name: str
    seconds: int
    person: int
    address: int


FORMS = Limit("forms", 60, 30, 600)
"""Forms sent (POST)."""
MISSES = Limit("misses", 600, 20, 400)
"""Keys that were not theirs, or nobody's."""


class TooOften(Exception):
    """The limit is used up; nothing was counted."""


class PageLimits:
    """Counts in rows ``pagerate#{limit}#{keyed hash}``/``{window}``, which end by themselves."""

    def __init__(self, store: Store, secret: str) -> None:
        self._store = store
        self._secret = secret.encode()

    def count(self, limit: Limit, openid: str, address: str, now: datetime) -> None:
        """One more. Raises TooOften."""
        window, ends = self._window(limit, now)
        for key, most in self._keys(limit, openid, address):
            try:
                self._store.add(key, window, {"n": 1}, at_most={"n": most}, expires_at=ends)
            except Conflict:
                raise TooOften from None

    def check(self, limit: Limit, openid: str, address: str, now: datetime) -> None:
        """Raises TooOften where the next one would be one too many."""
        window, _ = self._window(limit, now)
        for key, most in self._keys(limit, openid, address):
            row = self._store.get(key, window)
            if row is not None and row.body["n"] >= most:
                raise TooOften

    def _window(self, limit: Limit, now: datetime) -> tuple[str, int]:
        number = int(now.timestamp()) // limit.seconds
        return f"{number:012}", (number + 2) * limit.seconds

    def _keys(self, limit: Limit, openid: str, address: str) -> list[tuple[str, int]]:
        whose = (("person", openid, limit.person), ("address", address, limit.address))
        return [(f"pagerate#{limit.name}#{self._hash(f'{kind} {who}')}", most) for kind, who, most in whose if who]

    def _hash(self, who: str) -> str:
        return hmac.new(self._secret, f"pagerate\n{who}".encode(), sha256).hexdigest()[:24]

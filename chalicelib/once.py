"""What a message asks for is done once, however often the message is answered (一条消息只办一次).

A message is answered again when its process died before the answer was stored, or when another message of the same
person was faster. A write that must not happen twice takes a mark along in its own transaction: row
``once#{hash of message and act}``/``row`` with what came of it, which is what a further answer gets to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.ports import Conflict, JsonObject, Put, Record, Store, Write

REMEMBERED = timedelta(days=2)
"""Longer than any delivery of a message, or any late answer to it, can come again."""

Work = Callable[[], tuple[JsonObject, Sequence[Write]]]
"""Decides what is to be done: the result to remember, and the writes that do it."""


class Once:
    """``message`` names what was said or happened, ``act`` what is done for it. Where the message is "" (a page, an
    operator) there is nothing to remember, and the work is simply done."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def do(self, message: str, act: str, now: datetime, work: Work) -> JsonObject:
        """The result of the work, done now or before. Raises what ``work`` raises, and Conflict from its writes."""
        earlier = self.result(message, act)
        if earlier is not None:
            return earlier
        result, writes = work()
        wanted = [*writes, *mark(message, act, result, now)]
        try:
            if wanted:
                self._store.transact(wanted)
        except Conflict:
            earlier = self.result(message, act)  # another delivery of the same message was faster
            if earlier is None:
                raise
            return earlier
        return result

    def result(self, message: str, act: str) -> JsonObject | None:
        """What came of it, None while it is not done."""
        row = self._store.get(_key(message, act), "row") if message else None
        return row.body if row else None


def mark(message: str, act: str, result: JsonObject, now: datetime) -> list[Write]:
    """The write that says it is done, to go with the writes that do it; none without a message."""
    if not message:
        return []
    expires = int((now + REMEMBERED).timestamp())
    return [Put(Record(_key(message, act), "row", result, expires_at=expires), if_absent=True)]


def _key(message: str, act: str) -> str:
    """A pseudonym: the key of an event holds the openid."""
    return f"once#{sha256(f'{act} {message}'.encode()).hexdigest()[:24]}"

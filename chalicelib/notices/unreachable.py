"""People the platform says cannot be reached (not following, unknown, blocked), until they come back.

Only a mark: a platform answer must never delete bindings, because one wrong field of ours (``touser`` misspelt) gets
the answer "invalid openid" (40003) for everybody. Row: ``person#{openid}``/``channel#unreachable``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.ports import Record, Store

UNREACHABLE = "channel#unreachable"
TRY_AGAIN_AFTER = timedelta(days=30)


class Unreachable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def mark(self, openid: str, now: datetime) -> None:
        expires = int((now + TRY_AGAIN_AFTER).timestamp())
        self._store.put(Record(f"person#{openid}", UNREACHABLE, {"since": now.isoformat()}, expires_at=expires))

    def holds(self, openid: str) -> bool:
        return self._store.get(f"person#{openid}", UNREACHABLE) is not None

    def clear(self, openid: str) -> None:
        """They followed again, or said something."""
        self._store.delete(f"person#{openid}", UNREACHABLE)

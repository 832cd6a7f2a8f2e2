"""How often a partner may call: counters of one row a minute, by one atomic addition a call; and how many of its calls
are worked on at a time.

The row ``partnerrate#{partner}``/``{minute}`` holds the minute's count and one count a second. A flood is refused from
memory until its second or minute is over, so that it costs the store, and with it everybody else, one try a second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from math import ceil

from chalicelib.partners.model import Partner
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.ports import Conflict, Store, Throttled

log = logging.getLogger(__name__)

_MINUTE = "minute"
_SECONDS = 60
_KEPT_SECONDS = 300
AT_ONCE = 2
"""Calls of one partner that a process works on at a time: a second's calls may all come in its first moment."""
_PATIENCE = 10.0
"""Seconds that a call waits for those before it: far more than a second's calls take."""


class RateLimit:
    """Safe for many threads and processes; what it remembers is only a shortcut."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._closed: dict[tuple[str, str], float] = {}

    def check(self, partner_id: str, key_id: str, now: datetime) -> None:
        """Raises Refused(TOO_MANY) without asking the store while this key is known to be over its limit.

        By key, not by partner: only who holds a key of the partner's can tell from this that there is such a partner.
        """
        closed_until = self._closed.get((partner_id, key_id), 0.0)
        if now.timestamp() < closed_until:
            raise _refused(closed_until, now)

    def take(self, partner: Partner, key_id: str, now: datetime) -> None:
        """Count a call. Raises Refused(TOO_MANY) when it is one too many; it is not counted then."""
        minute, second = divmod(int(now.timestamp()), _SECONDS)
        limits = {_MINUTE: partner.per_minute, f"s{second:02}": partner.per_second}
        pk, sk = f"partnerrate#{partner.id}", str(minute)
        expires = (minute + 1) * _SECONDS + _KEPT_SECONDS
        try:
            self._store.add(pk, sk, dict.fromkeys(limits, 1), at_most=limits, expires_at=expires)
        except Conflict:
            record = self._store.get(pk, sk)
            full = record is not None and record.body.get(_MINUTE, 0) >= partner.per_minute
            closed_until = float((minute + 1) * _SECONDS if full else minute * _SECONDS + second + 1)
            self._closed[partner.id, key_id] = closed_until
            log.warning("partner over its limit", extra={"partner_id": partner.id, "key_id": key_id})
            raise _refused(closed_until, now) from None


class Turns:
    """A partner's calls wait for each other, not for another partner's. In Lambda a process has one call anyway."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = _PATIENCE) -> None:
        self._at_once, self._patience = at_once, patience
        self._guard = threading.Lock()
        self._turns: dict[str, threading.Semaphore] = {}

    @contextmanager
    def one(self, partner: Partner) -> Iterator[None]:
        """For a call whose signature was checked: nobody else can hold a partner's turns. Raises Throttled."""
        with self._guard:
            turns = self._turns.setdefault(partner.id, threading.Semaphore(self._at_once))
        if not turns.acquire(timeout=self._patience):
            raise Throttled("too many calls of one partner at a time")
        try:
            yield
        finally:
            turns.release()


def _refused(until: float, now: datetime) -> Refused:
    return Refused(Reason.TOO_MANY, retry_after=max(1, ceil(until - now.timestamp())))

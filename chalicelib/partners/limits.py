"""How often a partner may call: counters of one row a minute, by one atomic addition a call.

The row ``partnerrate#{partner}``/``{minute}`` holds the minute's count and one count a second. A flood is refused from
memory until its second or minute is over, so that it costs the store, and with it everybody else, one try a second.
"""

from __future__ import annotations

import logging
from datetime import datetime
from math import ceil

from chalicelib.partners.model import Partner
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.ports import Conflict, Store

log = logging.getLogger(__name__)

_MINUTE = "minute"
_SECONDS = 60
_KEPT_SECONDS = 300


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


def _refused(until: float, now: datetime) -> Refused:
    return Refused(Reason.TOO_MANY, retry_after=max(1, ceil(until - now.timestamp())))

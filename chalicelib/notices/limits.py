"""How much may be sent: a rate per second, a number per day, a number per person and day.

Never by counting rows: GOV.UK Notify's daily limit fell back to ``COUNT(*)`` in 2020 and took the service down. The
second and the day are atomic counters, taken in blocks so that most sends cost no round trip; the person's count is
written together with the row of what is sent.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.notices.kinds import Priority
from chalicelib.ports import Conflict, Put, Record, Store
from chalicelib.times import at_local, local_date

SENT = "channel#sent"
"""Sort key of a person's row ``{"day", "n"}``."""
_SENT = "sent"
_BLOCKS_A_SECOND = 20
_BLOCKS_A_DAY = 1000
_SHARE = {Priority.URGENT: 1.0, Priority.NORMAL: 0.8, Priority.BULK: 0.6}
"""How far into each second's tokens a priority may reach: a fifth is left for what is urgent, and another for the few
when a digest goes to the whole county."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No token left; try again after so many seconds."""

    retry_after: int
    cause: str


class SendLimits:
    """Platform: 5–20 a second is ample for a county, 100,000 template messages a day (模板消息接口).

    ``per_person`` a day is our own courtesy: WeChat answers 43117 when one person gets too many.
    """

    def __init__(self, store: Store, per_second: int = 20, per_day: int = 100_000, per_person: int = 20) -> None:
        self.per_person = per_person
        size = max(1, per_second // _BLOCKS_A_SECOND)
        self._second = {
            priority: _Blocks(store, "limit#second", max(1, int(per_second * share)), size, timedelta(minutes=5))
            for priority, share in _SHARE.items()
        }
        self._day = _Blocks(store, "limit#day", per_day, max(1, per_day // _BLOCKS_A_DAY), timedelta(days=3))

    def take(self, now: datetime, priority: Priority) -> Refusal | None:
        """Take one token of the second and of the day, or say when to come back. One not used is lost, no harm."""
        # The second first: it is the one refused often, and must not eat the day's tokens while a backlog waits.
        if not self._second[priority].take(str(int(now.timestamp())), now):
            return Refusal(1, "发送速度已达上限")
        if not self._day.take(str(local_date(now)), now):
            return Refusal(_until_tomorrow(now), "今日发送总量已达上限")
        return None

    def take_some(self, wanted: int, now: datetime, priority: Priority) -> int:
        """Up to ``wanted`` tokens, for as many sends; how many there were. Those not used are lost, no harm."""
        got = self._second[priority].take(str(int(now.timestamp())), now, wanted)
        return self._day.take(str(local_date(now)), now, got) if got else 0

    def person(self, openid: str, row: Record | None, now: datetime) -> Put | Refusal:
        """The write that counts one more for this person, over ``row`` as read; or when to come back.

        It conflicts when another notice for them was counted meanwhile: read and ask again.
        """
        day = str(local_date(now))
        sent = int(row.body["n"]) if row and row.body["day"] == day else 0
        if sent >= self.per_person:
            return Refusal(_until_tomorrow(now), "此人今日通知已达上限")
        expires = int((now + timedelta(days=2)).timestamp())
        counted = Record(f"person#{openid}", SENT, {"day": day, "n": sent + 1}, expires_at=expires)
        return Put(counted, if_version=row.version) if row else Put(counted, if_absent=True)


class _Blocks:
    """Tokens of one counter. A process takes ``size`` at once and keeps them for the period they were taken in."""

    def __init__(self, store: Store, pk: str, at_most: int, size: int, life: timedelta) -> None:
        self._store = store
        self._pk = pk
        self._at_most = at_most
        self._size = size
        self._life = life
        self._lock = threading.Lock()
        self._period = ""
        self._left = 0

    def take(self, period: str, now: datetime, wanted: int = 1) -> int:
        """How many of those ``wanted`` there were."""
        with self._lock:
            if self._period != period:
                self._period, self._left = period, 0
            if self._left < wanted:
                block = max(self._size, wanted - self._left)
                tries = dict.fromkeys((block, max(1, wanted // 2), 1))
                self._left += next((got for count in tries if (got := self._add(period, count, now))), 0)
            got = min(wanted, self._left)
            self._left -= got
            return got

    def _add(self, period: str, count: int, now: datetime) -> int:
        expires = int((now + self._life).timestamp())
        try:
            self._store.add(self._pk, period, {_SENT: count}, at_most={_SENT: self._at_most}, expires_at=expires)
        except Conflict:
            return 0
        return count


def _until_tomorrow(now: datetime) -> int:
    return int((at_local(local_date(now) + timedelta(days=1)) - now).total_seconds()) + 1

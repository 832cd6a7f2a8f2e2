"""How much may be sent: a rate per second and a number per day, by atomic counters.

Never by counting rows: GOV.UK Notify's daily limit fell back to ``COUNT(*)`` in 2020 and took the service down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.ports import Conflict, Store
from chalicelib.times import at_local, local_date

_SENT = "sent"


@dataclass(frozen=True, slots=True)
class Refusal:
    """No token left; try again after so many seconds."""

    retry_after: int
    cause: str


@dataclass(frozen=True, slots=True)
class SendLimits:
    """Platform: 5–20 a second is ample for a county, 100,000 template messages a day (模板消息接口).

    ``per_person`` a day is our own courtesy: WeChat answers 43117 when one person gets too many.
    """

    store: Store
    per_second: int = 20
    per_day: int = 100_000
    per_person: int = 20

    def take(self, openid: str, now: datetime, *, urgent: bool) -> Refusal | None:
        """Take one token of each limit, or say when to come back. A token taken and not used is lost, no harm."""
        # A fifth of each second is kept for the urgent, so that a huge digest cannot hold up a loan alert.
        rate = self.per_second if urgent else max(1, self.per_second * 4 // 5)
        # The second first: it is the one refused often, and must not eat the day's tokens while a backlog waits.
        if not self._add("limit#second", str(int(now.timestamp())), rate, timedelta(minutes=5), now):
            return Refusal(1, "发送速度已达上限")
        if not self._add(f"limit#person#{openid}", str(local_date(now)), self.per_person, timedelta(days=2), now):
            return Refusal(self._until_tomorrow(now), "此人今日通知已达上限")
        if not self._add("limit#day", str(local_date(now)), self.per_day, timedelta(days=3), now):
            return Refusal(self._until_tomorrow(now), "今日发送总量已达上限")
        return None

    def _add(self, pk: str, sk: str, at_most: int, life: timedelta, now: datetime) -> bool:
        expires = int((now + life).timestamp())
        try:
            self.store.add(pk, sk, {_SENT: 1}, at_most={_SENT: at_most}, expires_at=expires)
        except Conflict:
            return False
        return True

    @staticmethod
    def _until_tomorrow(now: datetime) -> int:
        return int((at_local(local_date(now) + timedelta(days=1)) - now).total_seconds()) + 1

"""Quiet hours (静默时段): nothing is pushed between 21:00 and 08:00 in China unless the county chooses otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from chalicelib.times import at_local, local


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` (included) to ``end`` (not included) on the wall clock in China; may pass midnight.

    A service without quiet hours holds None instead. Equal ends mean no quiet hours at all.
    """

    start: time = time(21, 0)
    end: time = time(8, 0)

    @classmethod
    def parse(cls, text: str) -> QuietHours | None:
        """Reads "21:00-08:00"; "off" or "" is None. Raises ValueError naming the text."""
        if text.strip().lower() in {"", "off"}:
            return None
        start, _, end = text.partition("-")
        try:
            hours = cls(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
        except ValueError:
            raise ValueError(f"quiet hours must look like 21:00-08:00 or off, not {text!r}") from None
        return hours

    def covers(self, now: datetime) -> bool:
        clock = local(now).time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def next_allowed(self, now: datetime) -> datetime:
        """``now`` itself outside quiet hours, else the end of them."""
        if not self.covers(now):
            return now
        today = at_local(local(now).date(), self.end)
        return today if today > now else today + timedelta(days=1)


def next_allowed(quiet: QuietHours | None, now: datetime) -> datetime:
    return quiet.next_allowed(now) if quiet else now

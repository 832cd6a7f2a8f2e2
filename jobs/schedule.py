"""When jobs run, on the wall clock in China: for the scheduler of the embedded run and for EventBridge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from chalicelib.times import at_local, local

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many minutes, counted from the full hour; ``minutes`` divides 60."""

    minutes: int

    def next_after(self, at: datetime) -> datetime:
        """The first moment after ``at``."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        step = timedelta(minutes=self.minutes)
        return hour + ((at - hour) // step + 1) * step

    @property
    def cron(self) -> str:
        """Five fields: minute hour day month weekday, Asia/Shanghai."""
        return "* * * * *" if self.minutes == 1 else f"*/{self.minutes} * * * *"

    @property
    def eventbridge(self) -> str:
        """A schedule expression of EventBridge rules, which knows only UTC."""
        return f"rate({self.minutes} minute{'' if self.minutes == 1 else 's'})"

    def __str__(self) -> str:
        return f"每 {self.minutes} 分钟" if self.minutes > 1 else "每分钟"


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at a wall-clock time. ``workdays``: the job itself rests on days off, which no cron knows of."""

    at: time
    workdays: bool = False

    def next_after(self, at: datetime) -> datetime:
        today = at_local(local(at).date(), self.at)
        return today if today > at else today + _DAY

    @property
    def cron(self) -> str:
        return f"{self.at.minute} {self.at.hour} * * *"

    @property
    def eventbridge(self) -> str:
        utc = (self.at.hour - 8) % 24  # Asia/Shanghai is UTC+8 all year
        return f"cron({self.at.minute} {utc} * * ? *)"

    def __str__(self) -> str:
        return f"{'工作日' if self.workdays else '每天'} {self.at:%H:%M}"


Schedule = Every | Daily

"""Time at the edges: UTC inside, Asia/Shanghai (UTC+8, no summer time) for people."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(at: datetime) -> datetime:
    """The same instant on a wall clock in China."""
    return at.astimezone(SHANGHAI)


def local_date(at: datetime) -> date:
    return local(at).date()


def at_local(day: date, clock: time = time(0, 0)) -> datetime:
    """The instant (UTC) of a wall-clock time in China."""
    return datetime.combine(day, clock, SHANGHAI).astimezone(UTC)


def stamp(at: datetime) -> str:
    """Sortable UTC text with microseconds, for sort keys: 2026-11-22T07:02:00.000000Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def from_stamp(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def short_date(day: date) -> str:
    """11-22 as people write it in a chat; the year only stands where it is not obvious."""
    return day.strftime("%m-%d")


def chinese_time(at: datetime) -> str:
    """11月22日 15:02"""
    there = local(at)
    return f"{there.month}月{there.day}日 {there:%H:%M}"

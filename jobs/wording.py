"""Phrases that several jobs share."""

from __future__ import annotations

from datetime import date, datetime

from chalicelib.times import local

NO_END = date(2099, 12, 31)
"""How Chinese registers write 长期 where a field must be a date; the platform refuses an empty one."""


def field_time(at: datetime) -> str:
    """For a template field of type time: 2026年11月22日 15:02."""
    there = local(at)
    return f"{there.year}年{there.month}月{there.day}日 {there:%H:%M}"


def field_deadline(day: date | None) -> str:
    """The end of a day, for a template field of type time."""
    end = day or NO_END
    return f"{end.year}年{end.month}月{end.day}日 23:59"


def chinese_date(day: date, today: date) -> str:
    """12月31日; with its year where that is another one."""
    short = f"{day.month}月{day.day}日"
    return short if day.year == today.year else f"{day.year}年{short}"

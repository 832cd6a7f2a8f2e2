"""Open now (现在开门吗): weekly hours, lunch breaks, holidays and make-up working days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib import times
from chalicelib.points.model import ServicePoint, Shift

IsWorkday = Callable[[date], bool]
"""Whether offices work on this day in China: False on a holiday, True on a make-up Saturday."""

_WEEK = "一二三四五六日"
_LOOK_AHEAD = 30


@dataclass(frozen=True, slots=True)
class Opening:
    """``is_open`` is None when the hours are not known; ``text`` is the sentence to show."""

    is_open: bool | None
    text: str


def opening(point: ServicePoint, at: datetime, is_workday: IsWorkday) -> Opening:
    """Whether ``point`` is open at the instant ``at``, and until when, or when it opens next."""
    if not point.hours:
        return Opening(None, "开放时间还没登记，去之前请先打 12345 问一下")
    there = times.local(at)
    today = _shifts(point, there.date(), is_workday)
    for shift in today:
        if shift.opens <= there.time() < shift.closes:
            return Opening(True, f"现在开门，{shift.closes:%H:%M} 关")
        if there.time() < shift.opens:
            word = "午休" if shift is not today[0] else "还没开门"
            return Opening(False, f"现在{word}，{shift.opens:%H:%M} 开")
    return Opening(False, _next_day(point, there.date(), is_workday))


def hours_text(point: ServicePoint) -> str:
    """周一至周五 09:00-12:00、13:30-17:00, or an empty text when not known."""
    by_days: dict[tuple[int, ...], list[str]] = {}
    for shift in point.hours:
        by_days.setdefault(shift.days, []).append(f"{shift.opens:%H:%M}-{shift.closes:%H:%M}")
    return "；".join(f"{_days_text(days)} {'、'.join(spans)}" for days, spans in by_days.items())


def _shifts(point: ServicePoint, day: date, is_workday: IsWorkday) -> list[Shift]:
    """The shifts of one day in order: none on a holiday; a make-up working day at the weekend keeps Friday's."""
    weekday = day.isoweekday()
    if is_workday(day):
        wanted = min(weekday, 5)
    elif weekday > 5:
        wanted = weekday
    else:
        return []
    return sorted((s for s in point.hours if wanted in s.days), key=lambda s: s.opens)


def _next_day(point: ServicePoint, today: date, is_workday: IsWorkday) -> str:
    for ahead in range(1, _LOOK_AHEAD):
        day = today + timedelta(days=ahead)
        shifts = _shifts(point, day, is_workday)
        if shifts:
            name = "明天" if ahead == 1 else f"{day.month}月{day.day}日（周{_WEEK[day.weekday()]}）"
            return f"现在没开门，{name} {shifts[0].opens:%H:%M} 开"
    return "现在没开门，近期没有开放时间，请先打 12345 问一下"


def _days_text(days: tuple[int, ...]) -> str:
    in_a_row = len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1))
    if in_a_row:
        return f"周{_WEEK[days[0] - 1]}至周{_WEEK[days[-1] - 1]}"
    return "、".join(f"周{_WEEK[day - 1]}" for day in days)

"""Days as people say them (口语日期): 2026年11月23日, 下周一, 大后天, 上个月15号, 三天后, 年底. 农历 is refused."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from chalicelib.forms.problems import ValueProblem

EXAMPLE = "2026年11月23日"

_LUNAR = re.compile(r"农历|阴历|旧历|腊月|正月|冬月|初[一二三四五六七八九十]|廿|闰")
_ROUGH = re.compile(r"左右|前后|大概|大约|差不多|月初|年初|中旬|上旬|下旬|这几天|过几天|几号|哪天")
_NUMERALS = "零一二三四五六七八九"
_N = rf"[0-9{_NUMERALS}十廿两]+"
_DAYS = {
    "今天": 0,
    "今日": 0,
    "今朝": 0,
    "当天": 0,
    "明天": 1,
    "明日": 1,
    "后天": 2,
    "大后天": 3,
    "昨天": -1,
    "昨日": -1,
}
_DAYS |= {"前天": -2, "大前天": -3, "明朝": 1, "现在": 0, "今儿": 0, "明儿": 1}
_YEARS = {"今年": 0, "本年": 0, "明年": 1, "来年": 1, "去年": -1, "前年": -2, "后年": 2}
_MONTHS = {"上上个月": -2, "上个月": -1, "上月": -1, "本月": 0, "这个月": 0, "这月": 0, "当月": 0}
_MONTHS |= {"下个月": 1, "下月": 1, "下下个月": 2}
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "": 0, "下": 1, "下下": 2}
_WEEKDAYS = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}

_YEAR = rf"(?:(?P<year>[0-9{_NUMERALS}]{{4}}|[0-9]{{2}})年|(?P<said_year>{'|'.join(_YEARS)})的?)"
_DATE = re.compile(rf"{_YEAR}?(?P<month>{_N})月份?(?:(?P<day>{_N})[日号]?|(?P<last>底))?")
_ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?")
_SOLID = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})")
_SAID_MONTH = re.compile(
    rf"(?P<said>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})?的?(?:(?P<day>{_N})[日号]|(?P<last>底|月底))?"
)
_WEEK = re.compile(r"(?P<week>上上|上|这|本|下下|下|)个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_AWAY = re.compile(
    rf"(?P<half>半)?(?P<n>{_N})?个?(?P<unit>天|日|周|星期|礼拜|月|年)(?P<more>半)?(?P<way>以后|之后|后|以前|之前|前)"
)
_YEAR_END = re.compile(rf"(?P<said>{'|'.join(_YEARS)})?年?底")

Prefer = Callable[[date], bool]
"""Whether a day will do for the question; decides the year that somebody left out."""


def read(text: str, on: date, *, month_only: bool = False, prefer: Prefer = lambda day: True) -> date:
    """The day meant, said on ``on``. ``month_only``: the month is asked, its first day stands for it.

    Raises ValueProblem: not understood, no such day, 农历, or not exact to the day.
    """
    word = re.sub(r"[\s,，。]+", "", unicodedata.normalize("NFKC", text)).replace("〇", "零")
    if _LUNAR.search(word):
        raise ValueProblem(f"请按公历写，例如 {EXAMPLE}。")
    if _ROUGH.search(word):
        raise ValueProblem(f"请说准是哪一天，例如 {EXAMPLE}。")
    for reader in (_relative, _weekday, _away, _year_end):
        if (found := reader(word, on)) is not None:
            return found.replace(day=1) if month_only else found
    return _written(word, on, month_only, prefer)


def shown(day: date, *, month_only: bool = False) -> str:
    return f"{day.year}年{day.month}月" if month_only else f"{day.year}年{day.month}月{day.day}日"


def add_months(day: date, months: int) -> date:
    """The same day of a later month, its last where it has no such day (民法典第二百零二条: 没有对应日的，月末日)."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _relative(word: str, on: date) -> date | None:
    return on + timedelta(_DAYS[word]) if word in _DAYS else None


def _weekday(word: str, on: date) -> date | None:
    found = _WEEK.fullmatch(word)
    if found is None:
        return None
    monday = on - timedelta(on.weekday())
    return monday + timedelta(weeks=_WEEKS[found["week"]], days=_WEEKDAYS[found["day"]])


def _away(word: str, on: date) -> date | None:
    found = _AWAY.fullmatch(word)
    if found is None or bool(found["n"]) == bool(found["half"]):
        return None
    sign = -1 if found["way"].endswith("前") else 1
    count, unit = (_whole(found["n"]) if found["n"] else 0), found["unit"]
    if found["half"] or found["more"]:
        return _halves(on, sign, count, unit)
    if unit in ("月", "年"):
        return add_months(on, sign * count * (12 if unit == "年" else 1))
    return on + timedelta(days=sign * count * (1 if unit in "天日" else 7))


def _halves(on: date, sign: int, count: int, unit: str) -> date | None:
    """半年后 and 一年半后 are whole months; half a month is fifteen days (民法典第二百零一条以下按日)."""
    if unit == "年":
        return add_months(on, sign * (count * 12 + 6))
    return add_months(on, sign * count) + timedelta(days=sign * 15) if unit == "月" else None


def _year_end(word: str, on: date) -> date | None:
    found = _YEAR_END.fullmatch(word)
    return date(on.year + _YEARS.get(found["said"] or "今年", 0), 12, 31) if found else None


def _written(word: str, on: date, month_only: bool, prefer: Prefer) -> date:
    found = _ISO.fullmatch(word) or _SOLID.fullmatch(word)
    if found:
        return _day(int(found["year"]), int(found["month"]), found["day"], month_only)
    if found := _DATE.fullmatch(word):
        year = _year(found, on)
        day = "底" if found["last"] else found["day"]
        if year is not None:
            return _day(year, _whole(found["month"]), day, month_only)
        return _nearest(on, _whole(found["month"]), day, month_only, prefer)
    found = _SAID_MONTH.fullmatch(word)
    if found and found.group():
        first = add_months(on.replace(day=1), _MONTHS.get(found["said"] or "本月", 0))
        return _day(first.year, first.month, "底" if found["last"] else found["day"], month_only)
    raise ValueProblem(f"没有看懂这个日期，请这样写：{EXAMPLE}。")


def _year(found: re.Match[str], on: date) -> int | None:
    if found["said_year"]:
        return on.year + _YEARS[found["said_year"]]
    text = found["year"]
    if text is None:
        return None
    digits = "".join(each if each.isdigit() and each.isascii() else str(_NUMERALS.index(each)) for each in text)
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _nearest(on: date, month: int, day: str | None, month_only: bool, prefer: Prefer) -> date:
    """The year was left out: this one, unless only the next or the last will do."""
    for year in (on.year, on.year + 1, on.year - 1):
        try:
            made = _day(year, month, day, month_only)
        except ValueProblem:
            if year == on.year and not (month == 2 and day):
                raise
            continue
        if prefer(made):
            return made
    return _day(on.year, month, day, month_only)


def _day(year: int, month: int, day: str | None, month_only: bool) -> date:
    if day is None and not month_only:
        raise ValueProblem(f"请说到哪一天，例如 {EXAMPLE}。")
    try:
        if month_only:
            return date(year, month, 1)
        if day == "底":
            return date(year, month, monthrange(year, month)[1])
        return date(year, month, _whole(day or ""))
    except ValueError:
        raise ValueProblem(f"没有这一天，请核对，例如 {EXAMPLE}。") from None


def _whole(text: str) -> int:
    """十一 → 11, 二十三 → 23, 廿 does not come here, 15 → 15; 0 for what is none (no such day)."""
    if text.isascii():
        return int(text)
    text = text.replace("两", "二")
    tens, mark, ones = text.partition("十")
    if not mark:
        return int("".join(str(_NUMERALS.index(each)) if each in _NUMERALS else each for each in text))
    high = _whole(tens) if tens else 1
    return high * 10 + (_whole(ones) if ones else 0)

"""Field values of template and subscription messages: what the platform takes, by the type in the field's name.

``thing1`` is a *thing*, ``amount3`` an *amount*. Since the type rules are enforced (errcode 47003) only on real
accounts and not on test accounts, nothing is sent that has not passed ``check``. Limits: the platform's template and
subscription message documents; where those are silent, what is known to pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

ELLIPSIS = "…"
NOTHING = "无"
"""Stands in for an empty text, since the platform refuses empty values."""

_EMOJI = re.compile("[\U0001f000-\U0001ffff\ufe0f\u20e3]")
"""The platform has taken them out of values since 2023-05-04, and refuses what is empty then. Signs that are text, such
as ★ and ①, stay."""

_KEY = re.compile(r"([a-z_]+?)[0-9]*")
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_YEAR_DAY = (
    r"(?P<day>[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}([-/.])[0-9]{1,2}\2[0-9]{1,2}"
    r"|[0-9]{1,2}月[0-9]{1,2}日|[0-9]{1,2}-[0-9]{1,2})"
)
_CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_TIME = re.compile(rf"(?:{_YEAR_DAY} )?{_CLOCK}")
_DATE = re.compile(rf"{_YEAR_DAY}(?: {_CLOCK})?")


class Unfit(Exception):
    """The value cannot be made to fit without changing what it says. ``key`` names the field; the text is Chinese and
    tells an operator what is wrong; it does not repeat the value."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        self.problem = problem
        super().__init__(f"字段 {key}：{problem}")


@dataclass(frozen=True, slots=True)
class _Type:
    """``problem`` tells in Chinese what is wrong with a clean, non-empty value. ``cut`` is the number of characters
    that a longer one may be cut to, None where a cut value would say something else. ``noise`` may be left out without
    changing what the value says: 23,418.59 元 is 23418.59元."""

    problem: Callable[[str], str | None]
    cut: int | None = None
    ellipsis: str = ELLIPSIS
    nothing: str = NOTHING
    noise: str = ""


def check(key: str, value: str) -> str | None:
    """What the platform would refuse in this value, in Chinese; None when it is fine."""
    kind, bare = _type(key), value.strip()
    if kind is not None and bare and (bare != value or _clean(value) != value):
        return "不能有换行、首尾空格、控制字符或表情"
    return _problem(kind, value)


def fit(key: str, value: str) -> str:
    """The value as it can be sent: control characters, line breaks and emoji out, free text cut with "…", an empty free
    text as "无". The result passes ``check``. Raises Unfit for what must not be cut or guessed: numbers, amounts,
    times, words of a list, and text in a field that takes no Chinese."""
    kind = _type(key)
    clean = _clean(value).strip()
    if kind is not None and kind.noise:
        clean = "".join(char for char in clean if char not in kind.noise)
    problem = _problem(kind, clean)
    if problem is not None and kind is not None and kind.cut is not None:
        clean = _cut(clean or kind.nothing, kind.cut, kind.ellipsis)
        problem = _problem(kind, clean)
    if problem is not None:
        raise Unfit(key, problem)
    return clean


def width(value: str) -> int:
    """Characters as the platform is safely assumed to count them: UTF-16 units, so that a rare Han character is 2."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _problem(kind: _Type | None, clean: str) -> str | None:
    """What is wrong with a value that ``_clean`` and ``strip`` leave as it is."""
    if kind is None:
        return "不认识的字段类型，请核对模板字段名"
    return kind.problem(clean) if clean.strip() else "内容为空"


@lru_cache(maxsize=256)
def _type(key: str) -> _Type | None:
    match = _KEY.fullmatch(key)
    return _TYPES.get(match[1]) if match else None


def _clean(value: str) -> str:
    """One line: line breaks and tabs become one space, emoji and other control, format and unassigned characters go."""
    if value.isprintable() and not _EMOJI.search(value):
        return value
    one_line = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", _EMOJI.sub("", value))
    return "".join(char for char in one_line if unicodedata.category(char)[0] != "C")


def _cut(value: str, limit: int, ellipsis: str) -> str:
    if width(value) <= limit:
        return value
    end, room = 0, limit - width(ellipsis)
    while (room := room - width(value[end])) >= 0:
        end += 1
    while end and unicodedata.category(value[end])[0] == "M":  # a mark goes with the letter before it
        end -= 1
    return value[:end].rstrip() + ellipsis


def _at_most(limit: int, also: Callable[[str], str | None] = lambda _: None) -> Callable[[str], str | None]:
    return lambda value: f"超过 {limit} 个字符" if width(value) > limit else also(value)


def _form(pattern: re.Pattern[str] | str, problem: str) -> Callable[[str], str | None]:
    form = re.compile(pattern)
    return lambda value: None if form.fullmatch(value) else problem


def _range(part: re.Pattern[str], problem: str) -> Callable[[str], str | None]:
    """One point, or two joined by ``~``. A day must be one of the calendar."""

    def judge(value: str) -> str | None:
        points = [part.fullmatch(point.strip()) for point in value.split("~")]
        return None if len(points) <= 2 and all(point and _exists(point["day"]) for point in points) else problem

    return judge


def _exists(day: str | None) -> bool:
    """Whether the calendar has this day; one that names no year is taken to be in a leap year."""
    if day is None:
        return True
    try:
        date(*[2000, *map(int, re.findall("[0-9]+", day))][-3:])
    except ValueError:
        return False
    return True


def _name(value: str) -> str | None:
    """Up to 10 with any Chinese in it, up to 20 without."""
    limit = 20 if value.isascii() else 10
    return f"超过 {limit} 个字符" if width(value) > limit else None


_NO_CHINESE = _form(r"[\x20-\x7e]+", "只能是数字、字母和英文符号")

_TYPES: dict[str, _Type] = {
    "thing": _Type(_at_most(20), cut=20),
    "short_thing": _Type(_at_most(5), cut=5),
    "phrase": _Type(_form(f"{_HAN}{{1,5}}", "只能是 1 到 5 个汉字")),
    "const": _Type(_at_most(20)),
    "enum": _Type(_at_most(20)),
    "character_string": _Type(_at_most(32, _NO_CHINESE), cut=32, ellipsis="...", nothing="-"),
    "number": _Type(_form(r"-?(?=.{1,32}\Z)[0-9]+(\.[0-9]+)?", "只能是 32 位以内的数字"), noise=", "),
    "letter": _Type(_form(r"[A-Za-z]{1,32}", "只能是 32 个以内的字母")),
    "symbol": _Type(_form(r"[^\w\s]{1,5}", "只能是 5 个以内的符号")),
    "time": _Type(_range(_TIME, "时间要写成 15:01 或 2019年10月1日 15:01")),
    "date": _Type(_range(_DATE, "日期要写成 2019年10月1日 或 2019-10-01")),
    "amount": _Type(
        _form(r"[¥￥$€£]?(?=[0-9.]{1,11}元?\Z)[0-9]{1,10}(\.[0-9]+)?元?", "金额要写成 ¥100.00 或 100.00元"),
        noise=", ",
    ),
    "phone_number": _Type(_form(r"[0-9+\-() ]{1,17}", "电话最多 17 位数字和符号")),
    "car_number": _Type(_at_most(8, _form(f"{_HAN}?[A-Z0-9]+{_HAN}?", "车牌要写成 赣J12345")), noise=" ·"),
    "name": _Type(_name, cut=10),
}

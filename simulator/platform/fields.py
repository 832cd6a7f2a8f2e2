"""What a typed field of a template may hold (参数值限制说明). The key is the type and a number: ``thing1``.

Source: the tables of the template-message and subscription-notice documents; ``short_thing`` is not documented and
taken as 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from simulator.config import Template
from simulator.platform.errors import ApiError

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_EMOJI = re.compile("[\U0001f000-\U0001ffff\ufe0f\u20e3]")
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_FULL_DATES = "|".join(
    [r"\d{4}年\d{1,2}月\d{1,2}日", *(rf"\d{{4}}{sep}\d{{1,2}}{sep}\d{{1,2}}" for sep in ("-", "/", r"\."))]
)
_SHORT_DATES = r"\d{1,2}月\d{1,2}日|\d{1,2}[-/.]\d{1,2}"
_DATE = rf"(?P<day>{_FULL_DATES}|{_SHORT_DATES})"
_AMOUNT = re.compile(r"[¥￥$€£]?-?\d{1,10}(,\d{3})*(\.\d+)?元?")
_NAME_HAN = re.compile(rf"[{_HAN}·]")


def _longest(limit: int) -> Callable[[str], bool]:
    return lambda value: len(value) <= limit


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _range(point: str) -> Callable[[str], bool]:
    """One point in time, or two joined by ``~``; its day is one of the calendar."""
    form = re.compile(point, re.ASCII)

    def fits(value: str) -> bool:
        found = [form.fullmatch(part.strip(" ")) for part in value.split("~")]
        return len(found) <= 2 and all(each and _exists(each["day"]) for each in found)

    return fits


def _exists(day: str | None) -> bool:
    """Whether there is this day, in a leap year when it names none."""
    if day is None:
        return True
    try:
        date(*[2000, *map(int, re.findall(r"\d+", day))][-3:])
    except ValueError:
        return False
    return True


def _name(value: str) -> bool:
    return len(value) <= (10 if _NAME_HAN.search(value) else 20)


RULES: dict[str, Callable[[str], bool]] = {
    "thing": _longest(20),
    "short_thing": _longest(5),
    "phrase": _matches(rf"[{_HAN}]{{1,5}}"),
    "const": _longest(20),
    "enum": _longest(20),
    "character_string": _matches(r"[\x20-\x7e]{1,32}"),
    "number": _matches(r"(?=.{1,32}$)-?\d+(\.\d+)?"),
    "letter": _matches(r"[A-Za-z]{1,32}"),
    "symbol": _matches(rf"[^\w\s{_HAN}]{{1,5}}"),
    "time": _range(rf"(?:{_DATE} )?{_CLOCK}"),
    "date": _range(rf"{_DATE}(?: {_CLOCK})?"),
    "amount": lambda value: _AMOUNT.fullmatch(value) is not None,
    "phone_number": _matches(r"[0-9+\-() ]{1,17}"),
    "car_number": _matches(rf"[{_HAN}A-Z0-9]{{1,8}}"),
    "name": _name,
}


def check(data: Any, template: Template) -> dict[str, str]:
    """The values by key, without the emoji that the platform takes out (公告 2023-05-04). 47003 names the field that is
    empty, missing, too long or not of its type."""
    if not isinstance(data, dict) or not data:
        raise ApiError(47003, "data is emtpy")
    values = {key: _EMOJI.sub("", value) for key, value in plain(data).items()}
    for key in template.fields:
        if not values.get(key, "").strip():
            raise ApiError(47003, f"data.{key}.value is emtpy")
    for key, value in values.items():
        if not _fits(key, value, template):
            raise ApiError(47003, f"data.{key}.value invalid")
    return values


def plain(data: dict[str, Any]) -> dict[str, str]:
    """The values by key, unchecked, as the test account (测试号) takes them."""
    return {key: str(entry.get("value", "") if isinstance(entry, dict) else "") for key, entry in data.items()}


def _fits(key: str, value: str, template: Template) -> bool:
    rule = RULES.get(key.rstrip("0123456789"))
    if rule is None or not value.strip() or _CONTROL.search(value):
        return False
    choices = template.choices.get(key)
    return rule(value) and (choices is None or value in choices)

"""Sums of money as people write them: 36万, 三万块, 3.5万元, 800 元."""

from __future__ import annotations

import re
from decimal import Decimal

from chalicelib import money

_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_SUM = re.compile(r"(?P<number>\d+(?:,\d{3})*(?:\.\d+)?|[零一二两三四五六七八九十百千]+)\s*(?P<unit>万元?|亿元?|元|块)")
_UNITS = {"万": 10_000, "亿": 100_000_000}


def amount(text: str) -> int | None:
    """The first sum in a normalised text, in 分; None when there is none. A bare number is no sum."""
    found = _SUM.search(text)
    if found is None:
        return None
    number = found["number"]
    value = Decimal(number.replace(",", "")) if number[0].isdigit() else Decimal(_spoken(number))
    return money.yuan(value * _UNITS.get(found["unit"][0], 1))


def _spoken(number: str) -> int:
    """三十六 → 36, 两千五百 → 2500, 十五 → 15."""
    total = digit = 0
    for character in number:
        if character in _TENS:
            total += (digit or 1) * _TENS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit

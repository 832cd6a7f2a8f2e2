"""居民身份证号 (GB 11643-1999): form, date of birth and check character, checked here and nowhere else.

Libraries that also judge the place or the year of birth refuse numbers that were issued; these rules do not.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_FORM = re.compile(r"[1-9]\d{16}[0-9X]", re.ASCII)
_IGNORED = re.compile(r"[\s\-\u200b-\u200f\ufeff]")


def normalise(text: str) -> str:
    """Half-width, upper case, no spaces or hyphens. Judges nothing."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_character(body: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064 MOD 11-2). Raises ValueError on anything but 17 digits."""
    if not re.fullmatch(r"[0-9]{17}", body):
        raise ValueError("a body is 17 digits")
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK[total % 11]


def problem(number: str) -> str | None:
    """What is wrong with a normalised number, in words that do not repeat it; None when it is right."""
    if not _FORM.fullmatch(number):
        return "身份证号应为 18 位数字，最后一位可以是 X。请核对身份证"
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return "身份证号里的出生日期不存在。请核对身份证"
    if number[-1] != check_character(number[:-1]):
        return "身份证号的最后一位不对。请核对身份证"
    return None


def is_valid(number: str) -> bool:
    return problem(number) is None

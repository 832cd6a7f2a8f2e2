"""Finds a case number (办件编号) and a phone's last four digits in what someone typed."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_NUMBER = re.compile(r"(?<!\d)36(?:[ -]?\d){17}(?!\d)", re.ASCII)
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?(\d{4})(?!\d)", re.ASCII)
_NAMED = re.compile(r"(?:尾号|后四位|后4位|末四位|手机)\D{0,6}(\d{4})(?!\d)", re.ASCII)
_FOUR = re.compile(r"(?<!\d)(\d{4})(?![\d年])", re.ASCII)


def find_case_no(text: str) -> str | None:
    """The first 19-digit case number: place (6, from 36), date (8), serial (5); spaces and hyphens inside are fine.

    A number whose middle is no date is none: an identity number with something behind it must not pass for one.
    """
    for found in _NUMBER.finditer(unicodedata.normalize("NFKC", text)):
        digits = re.sub(r"\D", "", found.group())
        if _is_date(digits[6:14]):
            return digits
    return None


def find_phone4(text: str) -> str | None:
    """The last four digits of a phone: of a whole mobile number, after 尾号 and the like, or standing alone.

    None when several different fours stand alone: better ask than try a wrong one.
    """
    plain = _NUMBER.sub(" ", unicodedata.normalize("NFKC", text))
    for pattern in (_MOBILE, _NAMED, _FOUR):
        found = set(pattern.findall(plain))
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _is_date(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 2000
    except ValueError:
        return False

"""Telephone numbers in mainland China: mobiles are 11 digits from 13 to 19; landlines here have the area code 0799."""

from __future__ import annotations

import re
import unicodedata

AREA_CODE = "0799"
"""萍乡市区号."""

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_LANDLINE = re.compile(r"(0\d{2,3})-?(\d{7,8})", re.ASCII)
_IGNORED = re.compile(r"[\s\-\u2010-\u2015\u2212\u200b-\u200f\ufeff()]")


def normalise(text: str) -> str:
    """Half-width digits alone, without +86; a landline keeps one hyphen after a known area code."""
    digits = _IGNORED.sub("", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+86|0086|86(?=1\d{10}$))", "", digits)
    if digits.startswith(AREA_CODE):
        return f"{AREA_CODE}-{digits[len(AREA_CODE) :]}"
    return digits


def is_mobile(number: str) -> bool:
    """手机号, normalised: 1, then 3 to 9, then nine digits."""
    return _MOBILE.fullmatch(number) is not None


def is_landline(number: str) -> bool:
    """座机 with its area code: 0799-7551234."""
    return _LANDLINE.fullmatch(number) is not None

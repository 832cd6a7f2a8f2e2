"""统一社会信用代码 (GB 32100-2015): 18 characters, the last of which checks the other 17.

Positions 3-8 name the registration authority, not the place of business; never infer a region from them. A few codes
that were issued long ago fail the check: a failure means 请核对 (please compare), never fraud.
"""

from __future__ import annotations

import re
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters, no I O S V Z; a character's value is its index (GB 32100-2015 table 2)."""

LENGTH = 18
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(LENGTH - 1))
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_IGNORED = re.compile(r"[\s\-\u2010-\u2015\u2212\u200b-\u200f\ufeff]")
_LOOK_ALIKE = {"O": "0", "I": "1", "S": "5", "Z": "2", "V": "U 或 Y"}


def normalise(text: str) -> str:
    """What a person typed, in the standard's form: half-width, upper case, no spaces or hyphens. Judges nothing."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_character(body: str) -> str:
    """The 18th character for the first 17 (GB 32100-2015 §4.3). Raises ValueError on a foreign character or length."""
    if len(body) != LENGTH - 1 or any(character not in _VALUES for character in body):
        raise ValueError("a body is 17 characters of the code's alphabet")
    total = sum(_VALUES[character] * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def inner_check_character(body: str) -> str:
    """The 9th character of an organisation code 主体标识码 for its first 8 (GB 11714); here letters count from A=10."""
    if not re.fullmatch(r"[0-9A-Z]{8}", body):
        raise ValueError("an organisation code body is 8 digits or capital letters")
    total = sum(int(character, 36) * weight for character, weight in zip(body, _INNER_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def problem(code: str) -> str | None:
    """The sentence that says what is wrong with a normalised code and what to do; None when it is right."""
    form = form_problem(code)
    if form:
        return form
    expected = check_character(code[:-1])
    if code[-1] != expected:
        return f"校验位不对（应为 {expected}，写的是 {code[-1]}）。请核对营业执照"
    return None


def form_problem(code: str) -> str | None:
    """Length and alphabet only: what even a code that an operator vouches for must satisfy."""
    if not code:
        return "没有填写统一社会信用代码。请按营业执照填写 18 位"
    if len(code) != LENGTH:
        return f"应为 18 位，写的是 {len(code)} 位。请核对营业执照"
    for position, character in enumerate(code, start=1):
        if character not in _VALUES:
            hint = f"，可能是 {_LOOK_ALIKE[character]}" if character in _LOOK_ALIKE else ""
            return f"第 {position} 位不会是“{character}”{hint}。请核对营业执照"
    return None


def is_valid(code: str) -> bool:
    """Whether a normalised code has the right form and check character."""
    return problem(code) is None

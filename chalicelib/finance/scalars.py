"""Single values as rows of loans and projects bring them: amounts in 分, credit codes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from chalicelib import money
from chalicelib.enterprises import uscc

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(万元|元)", re.ASCII)


def _as_fen(value: object) -> object:
    """Integer 分, or words that say their unit: "2000万元", "39030.99元". A bare decimal is refused: which unit?"""
    if isinstance(value, float):
        raise ValueError("金额写成整数分，或带单位，例如 2000万元、39030.99元")
    if not isinstance(value, str) or value.strip().isdigit():
        return value
    found = _AMOUNT.fullmatch(value.strip().replace(",", ""))
    if not found:
        raise ValueError(f"金额“{value}”看不懂；写成整数分，或带单位，例如 2000万元、39030.99元")
    fen = Decimal(found[1]) * (money.FEN_PER_WAN if found[2] == "万元" else money.FEN_PER_YUAN)
    if fen != fen.to_integral_value():
        raise ValueError(f"金额“{value}”不能比 1 分还细")
    return int(fen)


def _checked_uscc(value: str) -> str:
    code = uscc.normalise(value)
    if problem := uscc.problem(code):
        raise ValueError(problem)
    return code


Fen = Annotated[int, BeforeValidator(_as_fen), Field(ge=0)]
Uscc = Annotated[str, AfterValidator(_checked_uscc)]

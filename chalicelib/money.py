"""Money is integer 分. Rounding is half up to the 分, as the treasury does (facts: 39,030.99 × 0.6 → 23,418.59)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000


def to_fen(amount: Decimal) -> int:
    """Decimal 分 to integer 分, half up."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def yuan(text: str | int | Decimal) -> int:
    """元 to 分: yuan("39030.99") == 3903099."""
    return to_fen(Decimal(text) * FEN_PER_YUAN)


def wan(text: str | int | Decimal) -> int:
    """万元 to 分: wan(1000) == 1_000_000_000."""
    return to_fen(Decimal(text) * FEN_PER_WAN)


def times(fen: int, rate: Decimal | str) -> int:
    """分 × rate, half up. Never hand a float here: Decimal("0.015"), not 0.015."""
    return to_fen(Decimal(fen) * Decimal(rate))


def show(fen: int) -> str:
    """For people: 23,418.59 元; 万元 where it is whole: 10 万元."""
    if fen and fen % FEN_PER_WAN == 0:
        return f"{fen // FEN_PER_WAN:,} 万元"
    if fen % FEN_PER_YUAN == 0:
        return f"{fen // FEN_PER_YUAN:,} 元"
    sign, whole = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{whole // FEN_PER_YUAN:,}.{whole % FEN_PER_YUAN:02d} 元"

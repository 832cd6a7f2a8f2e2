"""诉讼费: what a plaintiff prepays in a property case (财产案件受理费)."""

from __future__ import annotations

from decimal import Decimal

from chalicelib import money

BASE_FEN = money.yuan(50)
PREPAY_DAYS = 7
"""Calendar days after the notice in which the fee must be prepaid; otherwise the case counts as withdrawn."""

_STEPS = (
    (money.wan(1), "0.025"),
    (money.wan(10), "0.02"),
    (money.wan(20), "0.015"),
    (money.wan(50), "0.01"),
    (money.wan(100), "0.009"),
    (money.wan(200), "0.008"),
    (money.wan(500), "0.007"),
    (money.wan(1000), "0.006"),
    (money.wan(2000), "0.005"),
)
"""(above this amount in 分, rate of the part above), 国务院令第481号 第十三条."""


def acceptance_fee(claim_fen: int, *, halved: bool = False) -> int:
    """分 to prepay for a claim of ``claim_fen`` 分; ``halved`` for 简易程序, mediation or withdrawal (第十五、十六条).

    50 元 up to 10,000 元, then progressive by bands; the last 分 is rounded half up. Raises ValueError below zero.
    """
    if claim_fen < 0:
        raise ValueError("诉讼标的金额不能小于 0")
    fee = Decimal(BASE_FEN)
    for (floor, rate), ceiling in zip(_STEPS, [step[0] for step in _STEPS[1:]] + [None], strict=True):
        part = (claim_fen if ceiling is None else min(claim_fen, ceiling)) - floor
        if part <= 0:
            break
        fee += part * Decimal(rate)
    return money.to_fen(fee / 2 if halved else fee)

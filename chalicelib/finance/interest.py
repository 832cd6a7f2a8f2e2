"""贴息 interest subsidies: principal × yearly rate × days ÷ basis, in 分, rounded half up once at the end.

The basis is part of the scheme or the contract, never assumed: over a whole year 365 days on basis 360 come to more
than the yearly rate (facts §5.2: 1000 万 at 1.5 % is 150,000.00 元 on 365 and 152,083.33 元 on 360).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from chalicelib import money
from chalicelib.finance.life import LoanLife
from chalicelib.finance.model import LoanState
from chalicelib.times import local_date

Basis = Literal[360, 365]


@dataclass(frozen=True, slots=True)
class Owed:
    """A principal (分) owed over a number of days."""

    principal: int
    days: int


def subsidy(principal: int, rate: Decimal | str, days: int, basis: Basis) -> int:
    """The subsidy in 分 for one unchanging principal; ``rate`` is yearly, Decimal("0.015") for 1.5 %."""
    return subsidy_over([Owed(principal, days)], rate, basis)


def subsidy_over(owed: Iterable[Owed], rate: Decimal | str, basis: Basis, cap: int | None = None) -> int:
    """The subsidy in 分 for a principal that changed: drawn in parts, repaid in parts. ``cap``: 分, at most."""
    fen_days = sum(part.principal * part.days for part in owed)
    amount = money.to_fen(Decimal(fen_days) * Decimal(rate) / basis)
    return amount if cap is None else min(amount, cap)


def owed_between(life: LoanLife, first: date, last: date) -> list[Owed]:
    """What a loan owed from ``first`` up to, not including, ``last`` (算头不算尾), in days of equal balance.

    Money counts from the day it is paid out to the day before it is repaid. Raises ValueError when ``last`` is before
    ``first``.
    """
    if last < first:
        raise ValueError("the period ends before it begins")
    changes = [(local_date(step.at), _change(step.state, step.amount or 0)) for step in life.steps]
    balance = sum(change for day, change in changes if day <= first)
    owed, since = [], first
    for day in [*sorted({day for day, change in changes if change and first < day < last}), last]:
        owed.append(Owed(balance, (day - since).days))
        balance += sum(change for when, change in changes if when == day)
        since = day
    return [part for part in owed if part.principal and part.days]


def _change(state: LoanState, amount: int) -> int:
    return {LoanState.PAID_OUT: amount, LoanState.REPAID: -amount}.get(state, 0)

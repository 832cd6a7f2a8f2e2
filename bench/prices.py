"""What a unit costs (单价), as far as ``prices.csv`` says, each price with where and when it was read.

Prices are not ours to state: a row without a price is 单价未填, and every one that is there is to be checked on the
page of its region before anybody relies on it. Free tiers and lower prices of large amounts are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

FILE = Path(__file__).with_name("prices.csv")
UNFILLED = "单价未填"


class PriceProblem(ValueError):
    """Which row of the file is wrong, and what about it."""


@dataclass(frozen=True, slots=True)
class Price:
    """``amount`` of ``currency`` for ``per`` units; None: nobody has filled it in."""

    service: str
    region: str
    unit: str
    amount: Decimal | None
    currency: str
    per: int
    source_url: str
    read_on: str
    note: str

    def of(self, units: float) -> Decimal | None:
        return None if self.amount is None else self.amount * Decimal(str(units)) / self.per


def read(path: Path = FILE) -> list[Price]:
    """All rows. Raises PriceProblem: a price needs its source and the day on which it was read."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_price(row, number) for number, row in enumerate(csv.DictReader(file), 2)]


def _price(row: dict[str, str], number: int) -> Price:
    try:
        amount = Decimal(row["price"]) if row["price"] else None
        per = int(row["per"])
    except (InvalidOperation, KeyError, ValueError):
        raise PriceProblem(f"row {number}: price and per are numbers") from None
    if per < 1 or (amount is not None and (amount < 0 or not row["source_url"] or not row["read_on"])):
        raise PriceProblem(f"row {number}: a price needs source_url and read_on, and is not below zero")
    rest = {name: row[name] for name in ("service", "region", "unit", "currency", "source_url", "read_on", "note")}
    return Price(amount=amount, per=per, **rest)


def cost(units: Mapping[str, float], prices: list[Price], region: str) -> str:
    """``USD 12.34``, and which units of it have no price; UNFILLED where none has."""
    here = {each.unit: each for each in prices if each.region == region}
    parts = {unit: here[unit].of(amount) if unit in here else None for unit, amount in units.items() if amount}
    known = [part for part in parts.values() if part is not None]
    open_units = [unit for unit, part in parts.items() if part is None]
    if not known:
        return UNFILLED
    currency = next(each.currency for each in here.values())
    total = f"{currency} {sum(known, Decimal()):,.2f}"
    return total if not open_units else f"{total} + {UNFILLED}: {', '.join(open_units)}"


def regions(prices: list[Price]) -> list[str]:
    return list(dict.fromkeys(each.region for each in prices))

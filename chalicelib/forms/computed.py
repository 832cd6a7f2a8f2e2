"""Fields that follow from others (自动计算): totals, last days, size, the refund that the rule of a policy gives.

A rule is a function of the answers; nothing here knows a rate or a sum that is not in an answer or a dated parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chalicelib import money
from chalicelib.forms.dates import add_months
from chalicelib.forms.model import Compiled
from chalicelib.forms.wanted import Values, wanted
from chalicelib.policies import size


@dataclass(frozen=True, slots=True)
class Rule:
    """``inputs`` are fields; ``make`` gets their values in that order and the day, and gives the canonical text, or
    None where there is none."""

    inputs: tuple[str, ...]
    make: Callable[[tuple[str, ...], date], str | None]


def compute(compiled: Compiled, values: Values, on: date) -> dict[str, str]:
    """Canonical texts of the wanted computed fields whose inputs are there; a computed field may rest on another."""
    found: dict[str, str] = {}
    for name in wanted(compiled, values):
        rule = RULES.get(compiled.fields[name].computed)
        known = {**values, **found}
        if rule is None or any(each not in known for each in rule.inputs):
            continue
        made = rule.make(tuple(known[each] for each in rule.inputs), on)
        if made is not None:
            found[name] = made
    return found


def _times(values: tuple[str, ...], on: date) -> str:
    """分 × a number, half up to the 分."""
    return str(money.times(int(values[0]), Decimal(values[1])))


def _today(values: tuple[str, ...], on: date) -> str:
    return on.isoformat()


def _months_later(values: tuple[str, ...], on: date) -> str:
    """The last day of a term: 2026-12-01 and 12 months → 2027-11-30."""
    start = date.fromisoformat(values[0])
    end = add_months(start, int(Decimal(values[1])))
    return date.fromordinal(end.toordinal() - 1).isoformat()


def _born(values: tuple[str, ...], on: date) -> str:
    number = values[0]
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _sex(values: tuple[str, ...], on: date) -> str:
    """GB 11643-1999: the 17th digit is odd for men."""
    return "男" if int(values[0][16]) % 2 else "女"


def _size(values: tuple[str, ...], on: date) -> str | None:
    """国统字〔2017〕213号 by industry, people, revenue and assets."""
    industry, people, revenue, assets = values
    row = size.trade(industry)
    if row is None:
        return None
    wan = [float(Decimal(each) / money.FEN_PER_WAN) for each in (revenue, assets)]
    found = size.tier(row, float(people), *wan)
    return f"{found}型" if found else None


RULES: Mapping[str, Rule] = {
    "today": Rule((), _today),
    "entrust_end": Rule(("entrust_from", "entrust_months"), _months_later),
    "birth_of_principal": Rule(("principal_id",), _born),
    "sex_of_principal": Rule(("principal_id",), _sex),
    "enterprise_size": Rule(("industry", "employees", "revenue", "assets"), _size),
}
"""By the name that a field carries in ``computed``."""

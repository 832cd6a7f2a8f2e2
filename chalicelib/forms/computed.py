"""Fields that follow from others (自动计算): totals, last days, size, the refund that the rule of a policy gives.

A rule is a function of the answers; nothing here knows a rate or a sum that is not in an answer or a dated parameter
of a policy in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from chalicelib import money
from chalicelib.forms.amounts import written
from chalicelib.forms.dates import add_months
from chalicelib.forms.model import Compiled
from chalicelib.forms.wanted import Values, wanted
from chalicelib.policies import size
from chalicelib.policies.model import Policy

Inputs = tuple[str, ...]
"""Canonical texts, in the order that the rule names its fields."""

DISPATCH = "7263"
"""劳务派遣服务 (GB/T 4754-2017): has to apply for 稳岗返还 by itself (赣人社字〔2025〕115号)."""
NOTICE_DAYS = APPLY_DAYS = 20
"""市场主体登记管理条例第三十三条: 公示期 20 日, 公示期满 20 日内申请."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``inputs`` are fields; ``make`` gets their values, the day and the form's policy, and gives the canonical text,
    or None where there is none."""

    inputs: tuple[str, ...]
    make: Callable[[Inputs, date, Policy | None], str | None]


def compute(compiled: Compiled, values: Values, on: date) -> dict[str, str]:
    """Canonical texts of the wanted computed fields whose inputs are there and that ``values`` does not settle; a
    computed field may rest on another, and may bring one that rests on it."""
    found: dict[str, str] = {}
    while True:
        known = {**values, **found}
        open_ones = [name for name in wanted(compiled, known) if name not in values]
        new = {name: made for name in open_ones if (made := _made(compiled, name, known, on)) is not None}
        if all(found.get(name) == made for name, made in new.items()):
            return {name: made for name, made in found.items() if name in new}
        found |= new


def _made(compiled: Compiled, name: str, known: Values, on: date) -> str | None:
    rule = RULES.get(compiled.fields[name].computed)
    if rule is None or any(each not in known for each in rule.inputs):
        return None
    return rule.make(tuple(known[each] for each in rule.inputs), on, compiled.policy)


# ---------------------------------------------------------------------------------------------------- sums and shares


def _times(values: Inputs, on: date, policy: Policy | None) -> str:
    """分 × a number, half up to the 分."""
    return str(money.times(int(values[0]), Decimal(values[1])))


def _share(values: Inputs, on: date, policy: Policy | None) -> str:
    """分 × per cent."""
    return str(money.times(int(values[0]), Decimal(values[1]) / 100))


def _ratio(values: Inputs, on: date, policy: Policy | None) -> str | None:
    """The first as per cent of the second, to two places; nothing of nothing is none."""
    part, whole = (Decimal(each) for each in values)
    if whole == 0:
        return None
    return written((part * 100 / whole).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def _gap(values: Inputs, on: date, policy: Policy | None) -> str:
    return written(max(Decimal(values[0]) - Decimal(values[1]), Decimal(0)))


def _insured_after(values: Inputs, on: date, policy: Policy | None) -> str:
    return written(Decimal(values[0]) + (1 if values[1] == "增员" else -1))


def _capital_change(values: Inputs, on: date, policy: Policy | None) -> str:
    before, after = (int(each) for each in values)
    return "增资" if after > before else "减资" if after < before else "不变"


def _refund(values: Inputs, on: date, policy: Policy | None) -> str | None:
    """P01: 上年实缴失业保险费 × 返还比例, by the rate of the day asked about; none once the policy has run out."""
    premium, tier = values
    if policy is None or not policy.in_force(on):
        return None
    rate = policy.parameters.get("rate_large" if tier == "大型" else "rate_small")
    return str(money.times(int(premium), rate.on(on))) if rate else None


# ------------------------------------------------------------------------------------------------------------- days


def _today(values: Inputs, on: date, policy: Policy | None) -> str:
    return on.isoformat()


def _last_day(values: Inputs, on: date, policy: Policy | None) -> str:
    """The last day of a term: 2026-12-01 and 12 months → 2027-11-30."""
    end = add_months(date.fromisoformat(values[0]), int(Decimal(values[1])))
    return (end - timedelta(days=1)).isoformat()


def _days_since(values: Inputs, on: date, policy: Policy | None) -> str:
    return str((on - date.fromisoformat(values[0])).days)


def _days_until(values: Inputs, on: date, policy: Policy | None) -> str:
    return str(max((date.fromisoformat(values[0]) - on).days, 0))


def _notice_end(values: Inputs, on: date, policy: Policy | None) -> str:
    """The day of the notice does not count (民法典第二百零一条)."""
    return (date.fromisoformat(values[0]) + timedelta(days=NOTICE_DAYS)).isoformat()


def _apply_by(values: Inputs, on: date, policy: Policy | None) -> str:
    return (date.fromisoformat(values[0]) + timedelta(days=APPLY_DAYS)).isoformat()


# ------------------------------------------------------------------------------------------------ people, enterprises


def _born(values: Inputs, on: date, policy: Policy | None) -> str:
    number = values[0]
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _sex(values: Inputs, on: date, policy: Policy | None) -> str:
    """GB 11643-1999: the 17th digit is odd for men."""
    return "男" if int(values[0][16]) % 2 else "女"


def _same(values: Inputs, on: date, policy: Policy | None) -> str:
    return values[0]


def _is_dispatch(values: Inputs, on: date, policy: Policy | None) -> str:
    return "是" if values[0] == DISPATCH else "否"


def _size(values: Inputs, on: date, policy: Policy | None) -> str | None:
    """国统字〔2017〕213号 by industry, people, revenue and assets."""
    industry, people, revenue, assets = values
    row = size.trade(industry)
    if row is None:
        return None
    wan = [float(Decimal(each) / money.FEN_PER_WAN) for each in (revenue, assets)]
    found = size.tier(row, float(people), *wan)
    return f"{found}型" if found else None


RULES: Mapping[str, Rule] = {
    "account_name": Rule(("company_name",), _same),
    "apply_by": Rule(("closing_until",), _apply_by),
    "birth_of_operator": Rule(("operator_id",), _born),
    "birth_of_principal": Rule(("principal_id",), _born),
    "birth_of_worker": Rule(("worker_id",), _born),
    "capital_change": Rule(("reg_capital_now", "changed_capital"), _capital_change),
    "contract_end": Rule(("hired_on", "contract_months"), _last_day),
    "days_since_hire": Rule(("hired_on",), _days_since),
    "days_since_notice": Rule(("reduction_notice_on",), _days_since),
    "days_since_resolution": Rule(("resolution_on",), _days_since),
    "enterprise_size": Rule(("industry", "employees", "revenue", "assets"), _size),
    "entrust_end": Rule(("entrust_from", "entrust_months"), _last_day),
    "equipment_total": Rule(("equipment_price", "equipment_count"), _times),
    "health_gap": Rule(("food_workers", "food_health_certs"), _gap),
    "insured_after": Rule(("insured_now", "staff_change"), _insured_after),
    "is_dispatch": Rule(("industry",), _is_dispatch),
    "layoff_rate": Rule(("layoff_claimants", "insured_avg"), _ratio),
    "notice_end": Rule(("closing_from",), _notice_end),
    "refund_estimate": Rule(("unemp_premium", "enterprise_size"), _refund),
    "repair_wait": Rule(("flag_until_min",), _days_until),
    "sex_of_operator": Rule(("operator_id",), _sex),
    "sex_of_principal": Rule(("principal_id",), _sex),
    "sex_of_worker": Rule(("worker_id",), _sex),
    "share_of_capital": Rule(("reg_capital", "main_share"), _share),
    "today": Rule((), _today),
}
"""By the name that a field carries in ``computed``."""

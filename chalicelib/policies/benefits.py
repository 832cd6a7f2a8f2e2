"""Benefit formulas (补贴标准) as data, and what they come to in integer 分, half up, with the calculation shown.

Unknown inputs never give a guess: the amount is None with 「待核定」 and the names of what is missing, or a range where
only the case is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import ConfigDict, Field

from chalicelib import money
from chalicelib.policies.dictionary import Schema, label
from chalicelib.policies.tree import NO, NOT_APPLICABLE, YES, Verdict
from chalicelib.shape import Shape

Condition = dict[str, Any]
Decide = Callable[[Condition], Verdict]
"""The verdict of a condition for the enterprise at hand."""


class _Formula(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Param(_Formula):
    """A dated parameter of the policy, by name."""

    param: str = Field(title="参数")


Figure = Decimal | Param


class Fixed(_Formula):
    """A sum (元)."""

    kind: Literal["fixed"] = Field(title="计算方式")
    amount: Figure = Field(title="金额（元）")


class PerHead(_Formula):
    """A sum (元) a head, up to ``cap`` 元."""

    kind: Literal["per_head"] = Field(title="计算方式")
    fact: str = Field(title="人数取自")
    amount: Figure = Field(title="每人金额（元）")
    cap: Figure | None = Field(default=None, title="上限（元）")


class Rate(_Formula):
    """A share of a fact, the fact counted up to ``base_cap`` 元 and the result up to ``cap`` 元."""

    kind: Literal["rate"] = Field(title="计算方式")
    fact: str = Field(title="基数取自")
    rate: Figure = Field(title="比例")
    base_cap: Figure | None = Field(default=None, title="基数上限（元）")
    cap: Figure | None = Field(default=None, title="上限（元）")
    period: Literal["", "年", "月"] = Field(default="", title="每")


class PerDay(_Formula):
    """Interest subsidy by days: principal × yearly rate × days ÷ basis (360 or 365, as the contract says)."""

    kind: Literal["per_day"] = Field(title="计算方式")
    fact: str = Field(title="本金取自")
    rate: Figure = Field(title="年利率")
    days: int = Field(ge=1, title="天数")
    basis: Literal[360, 365] = Field(title="每年天数")
    base_cap: Figure | None = Field(default=None, title="本金上限（元）")


class Step(_Formula):
    at_least: Decimal = Field(title="不低于")
    amount: Figure = Field(title="金额（元）")


class Tier(_Formula):
    """The highest step that the fact reaches; none reached is nothing."""

    kind: Literal["tier"] = Field(title="计算方式")
    fact: str = Field(title="档次取自")
    steps: tuple[Step, ...] = Field(min_length=1, title="档次")


class Words(_Formula):
    """A benefit that is no sum of money, or one that the law computes elsewhere."""

    kind: Literal["words"] = Field(title="计算方式")
    text: str = Field(min_length=1, title="内容")


class Case(_Formula):
    when: Condition = Field(title="条件")
    benefit: Benefit = Field(title="标准")


class Cases(_Formula):
    """The first case whose condition holds, otherwise ``otherwise``."""

    kind: Literal["cases"] = Field(title="计算方式")
    cases: tuple[Case, ...] = Field(min_length=1, title="情形")
    otherwise: Benefit | None = Field(default=None, title="其他情形")


Benefit = Annotated[Fixed | PerHead | Rate | PerDay | Tier | Words | Cases, Field(discriminator="kind")]
Case.model_rebuild()
Cases.model_rebuild()


@dataclass(frozen=True, slots=True)
class Amount:
    """What it comes to. ``fen`` None: 待核定 (then ``missing``, and ``low``/``high`` where only the case is open) or,
    with nothing missing, no sum of money at all. ``calculation`` is shown to people."""

    fen: int | None
    calculation: str
    period: str = ""
    missing: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None

    @property
    def text(self) -> str:
        """12 万元/年 · 待核定 · words."""
        if self.fen is not None:
            return money.show(self.fen) + (f"/{self.period}" if self.period else "")
        if self.low is not None and self.high is not None:
            return f"{money.show(self.low)} 至 {money.show(self.high)}（待核定）"
        return "待核定" if self.missing else self.calculation

    def scaled(self, factor: Decimal, why: str) -> Amount:
        """Another rule takes a share of it."""
        if self.fen is None:
            return self
        return replace(self, fen=money.times(self.fen, factor), calculation=f"{self.calculation}；{why} × {factor}")


class Inputs(NamedTuple):
    """What a formula may look at."""

    values: Mapping[str, Any]
    schema: Schema
    decide: Decide
    parameter: Callable[[str], Any]

    def figure(self, figure: Figure) -> Decimal:
        return figure if isinstance(figure, Decimal) else Decimal(str(self.parameter(figure.param)))

    def fen(self, fact: str) -> Decimal | None:
        """A sum of money among the facts, exact, in 分."""
        value = self.number(fact)
        return None if value is None else value * _FEN.get(self.schema[fact].unit, 100)

    def number(self, fact: str) -> Decimal | None:
        value = self.values.get(fact)
        if value is NOT_APPLICABLE:
            return Decimal(0)
        return None if value is None else Decimal(str(value))


_FEN = {"分": 1, "元": 100, "万元": money.FEN_PER_WAN}


def evaluate(benefit: Benefit, inputs: Inputs) -> Amount:
    """The amount for one enterprise."""
    return _EVALUATE[benefit.kind](benefit, inputs)


def facts_of(benefit: Benefit) -> list[tuple[str, str]]:
    """(path, fact) of every fact a formula reads."""
    if isinstance(benefit, Cases):
        inner = [(f"cases[{n}].benefit.", case.benefit) for n, case in enumerate(benefit.cases)]
        inner += [("otherwise.", benefit.otherwise)] if benefit.otherwise else []
        return [(prefix + path, fact) for prefix, part in inner for path, fact in facts_of(part)]
    return [("fact", benefit.fact)] if isinstance(benefit, PerHead | Rate | PerDay | Tier) else []


def _unknown(fact: str, inputs: Inputs) -> Amount:
    return Amount(None, f"待核定：还缺{label(inputs.schema, fact)}", missing=(fact,))


def _fixed(benefit: Any, inputs: Inputs) -> Amount:
    fen = money.yuan(inputs.figure(benefit.amount))
    return Amount(fen, money.show(fen))


def _per_head(benefit: Any, inputs: Inputs) -> Amount:
    heads = inputs.number(benefit.fact)
    if heads is None:
        return _unknown(benefit.fact, inputs)
    each = money.yuan(inputs.figure(benefit.amount))
    said = f"{money.show(each)} × {heads:f} 人"
    return _capped(money.times(each, heads), said, benefit.cap, inputs)


def _rate(benefit: Any, inputs: Inputs) -> Amount:
    base = inputs.fen(benefit.fact)
    if base is None:
        return _unknown(benefit.fact, inputs)
    base, said = _base(base, benefit.base_cap, inputs)
    rate = inputs.figure(benefit.rate)
    found = _capped(money.to_fen(base * rate), f"{said} × {_percent(rate)}", benefit.cap, inputs)
    return replace(found, period=benefit.period)


def _per_day(benefit: Any, inputs: Inputs) -> Amount:
    base = inputs.fen(benefit.fact)
    if base is None:
        return _unknown(benefit.fact, inputs)
    base, said = _base(base, benefit.base_cap, inputs)
    rate = inputs.figure(benefit.rate)
    fen = money.to_fen(base * rate * benefit.days / benefit.basis)
    return _capped(fen, f"{said} × {_percent(rate)} × {benefit.days} 天 ÷ {benefit.basis}", None, inputs)


def _tier(benefit: Any, inputs: Inputs) -> Amount:
    value = inputs.number(benefit.fact)
    if value is None:
        return _unknown(benefit.fact, inputs)
    reached = [step for step in benefit.steps if value >= step.at_least]
    best = max(reached, key=lambda step: step.at_least, default=None)
    fen = money.yuan(inputs.figure(best.amount)) if best else 0
    said = f"达到 {best.at_least:f} 档" if best else "未达到最低档"
    return Amount(fen, f"{label(inputs.schema, benefit.fact)} {value:f}，{said}：{money.show(fen)}")


def _words(benefit: Any, inputs: Inputs) -> Amount:
    return Amount(None, benefit.text)


def _cases(benefit: Any, inputs: Inputs) -> Amount:
    open_ones: list[Benefit | None] = []
    for case in benefit.cases:
        verdict = inputs.decide(case.when)
        if verdict == NO:
            continue
        open_ones.append(case.benefit)
        if verdict == YES:
            break
    else:
        open_ones.append(benefit.otherwise)
    if len(open_ones) == 1:
        return evaluate(open_ones[0], inputs) if open_ones[0] else Amount(0, "不属于可享受的情形")
    return _between([evaluate(part, inputs) if part else Amount(0, "") for part in open_ones])


def _between(amounts: list[Amount]) -> Amount:
    """Only which case it is stays open."""
    known = [amount.fen for amount in amounts if amount.fen is not None]
    missing = tuple(dict.fromkeys(name for amount in amounts for name in amount.missing))
    if len(known) < len(amounts):
        return Amount(None, "待核定：适用情形还不确定", missing=missing or ("",))
    low, high = min(known), max(known)
    if low == high:
        return amounts[0]
    return Amount(None, "待核定：适用情形还不确定", missing=missing, low=low, high=high)


def _base(base: Decimal, cap: Figure | None, inputs: Inputs) -> tuple[Decimal, str]:
    limit = None if cap is None else Decimal(money.yuan(inputs.figure(cap)))
    if limit is not None and base > limit:
        return limit, f"{money.show(money.to_fen(limit))}（上限）"
    return base, money.show(money.to_fen(base))


def _capped(fen: int, said: str, cap: Figure | None, inputs: Inputs) -> Amount:
    calculation = f"{said} = {money.show(fen)}"
    limit = None if cap is None else money.yuan(inputs.figure(cap))
    if limit is not None and fen > limit:
        return Amount(limit, f"{calculation}，按上限 {money.show(limit)}")
    return Amount(fen, calculation)


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"


_EVALUATE: dict[str, Callable[[Any, Inputs], Amount]] = {
    "fixed": _fixed,
    "per_head": _per_head,
    "rate": _rate,
    "per_day": _per_day,
    "tier": _tier,
    "words": _words,
    "cases": _cases,
}

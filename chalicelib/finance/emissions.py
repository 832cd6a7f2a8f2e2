"""碳排放核算: an enterprise's CO₂ of a year from its energy, by emission factors that are dated and never built in.

A factor belongs to a span of days and names its source (电网因子 changes every year); a year is reckoned with the
factor that holds on its last day. What has no factor, or was not reported, is said to be missing, never taken for 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from chalicelib.errors import Refusal
from chalicelib.finance.model import YearFigures
from chalicelib.ports import Put, Record, Store
from chalicelib.shape import Shape

Energy = Literal["电", "天然气", "煤"]
UNITS: dict[Energy, str] = {"电": "千瓦时", "天然气": "立方米", "煤": "吨"}
_TENTH = Decimal("0.1")
_PK = "emissionfactors"


class FactorError(Refusal):
    """The text is the sentence to show to an operator."""


class EmissionFactor(Shape):
    """排放因子: tonnes of CO₂ for one unit of ``energy`` (UNITS), from ``valid_from`` to ``valid_to`` (None: until
    another begins)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    energy: Energy = Field(title="能源")
    factor: Decimal = Field(gt=0, le=10, title="排放因子（吨二氧化碳/单位）")
    valid_from: date = Field(title="启用日期")
    valid_to: date | None = Field(default=None, title="停用日期")
    source: str = Field(min_length=4, max_length=200, title="来源")

    @model_validator(mode="after")
    def _in_order(self) -> EmissionFactor:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("停用日期不能早于启用日期")
        return self

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Emission:
    """One year. ``tonnes`` None when anything is missing; ``parts`` by energy; ``missing`` in Chinese."""

    year: int
    tonnes: Decimal | None
    parts: tuple[tuple[Energy, Decimal, EmissionFactor], ...]
    missing: tuple[str, ...]
    reported: Decimal | None

    @property
    def differs(self) -> bool:
        """The enterprise reported another figure, beyond rounding to a tenth of a tonne."""
        return self.tonnes is not None and self.reported is not None and abs(self.tonnes - self.reported) > _TENTH


def reckon(figures: YearFigures, factors: Sequence[EmissionFactor]) -> Emission:
    """CO₂ of one year, half up to a tenth of a tonne."""
    used: tuple[tuple[Energy, Decimal | int | None], ...] = (
        ("电", figures.power_kwh),
        ("天然气", figures.gas_m3),
        ("煤", figures.coal_t),
    )
    parts: list[tuple[Energy, Decimal, EmissionFactor]] = []
    missing: list[str] = []
    for energy, amount in used:
        if amount is None:
            missing.append(f"{energy}用量没有填报")
            continue
        factor = _factor(energy, date(figures.year, 12, 31), factors)
        if factor is None and amount:
            missing.append(f"{figures.year} 年的{energy}排放因子没有登记")
        elif factor is not None:
            parts.append((energy, Decimal(amount) * factor.factor, factor))
    whole = sum((tonnes for _, tonnes, _ in parts), Decimal(0)).quantize(_TENTH, rounding=ROUND_HALF_UP)
    return Emission(figures.year, None if missing else whole, tuple(parts), tuple(missing), figures.co2_t)


def reduction(base: Emission, now: Emission) -> Decimal | None:
    """减碳率, percent against the base year, one decimal; None where either year is not known or the base is 0."""
    if base.tonnes is None or now.tonnes is None or not base.tonnes:
        return None
    return ((base.tonnes - now.tonnes) * 100 / base.tonnes).quantize(_TENTH, rounding=ROUND_HALF_UP)


class FactorService:
    """Rows ``emissionfactors`` / ``{energy}#{valid_from}``: a dozen a decade."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, factors: Iterable[EmissionFactor]) -> int:
        """Keep them all or none; returns how many are new or changed. Raises FactorError where two would overlap."""
        new = list(factors)
        kept = {(each.energy, each.valid_from): each for each in self.all()}
        merged = {**kept, **{(each.energy, each.valid_from): each for each in new}}
        _check_spans(merged.values())
        changed = [each for each in new if kept.get((each.energy, each.valid_from)) != each]
        if changed:
            self._store.transact([Put(_row(each)) for each in changed])
        return len(changed)

    def all(self) -> Iterator[EmissionFactor]:
        """By energy, the oldest first."""
        for record in self._store.query(_PK, limit=1000).records:
            yield EmissionFactor.model_validate(record.body)


def _factor(energy: Energy, day: date, factors: Sequence[EmissionFactor]) -> EmissionFactor | None:
    """The factor of that day: among those that began, the latest that has not ended."""
    holding = [each for each in factors if each.energy == energy and each.holds_on(day)]
    return max(holding, key=lambda each: each.valid_from, default=None)


def _check_spans(factors: Iterable[EmissionFactor]) -> None:
    ordered = sorted(factors, key=lambda each: (each.energy, each.valid_from))
    for one, after in pairwise(ordered):
        if one.energy == after.energy and one.valid_to is not None and one.valid_to >= after.valid_from:
            raise FactorError(
                f"{one.energy}的两个因子在 {after.valid_from} 到 {one.valid_to} 之间重叠，请改停用日期后再导入。"
            )


def _row(factor: EmissionFactor) -> Record:
    return Record(_PK, f"{factor.energy}#{factor.valid_from}", factor.model_dump(mode="json"))

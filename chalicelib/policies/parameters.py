"""Dated parameters (参数): a figure of a rule with its dates and its source, newest that has begun stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ConfigDict, Field, field_validator

from chalicelib.shape import Shape


class DatedValue(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)

    start: date = Field(title="自")
    value: Decimal = Field(title="值")
    source: str = Field(min_length=1, title="依据")


class Parameter(Shape):
    """Values by date; the one with the latest start not after the day asked about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(min_length=1, title="名称")
    values: tuple[DatedValue, ...] = Field(min_length=1, title="各期的值")

    @field_validator("values")
    @classmethod
    def _in_order(cls, values: tuple[DatedValue, ...]) -> tuple[DatedValue, ...]:
        starts = [value.start for value in values]
        if len(set(starts)) < len(starts):
            raise ValueError("同一天有两个值")
        return tuple(sorted(values, key=lambda value: value.start))

    def on(self, day: date | None) -> Decimal:
        """The value on ``day``; before the first start, the first; None asks for the newest."""
        begun = [dated.value for dated in self.values if day is None or dated.start <= day]
        return begun[-1] if begun else self.values[0].value


def resolve(raw: Any, parameters: Mapping[str, Parameter], on: date | None) -> Any:
    """``{"param": "name"}`` anywhere in a condition replaced by its value on the day. Raises ValueError."""
    if isinstance(raw, dict):
        if set(raw) == {"param"}:
            if raw["param"] not in parameters:
                raise ValueError(f"没有参数“{raw['param']}”")
            return float(parameters[raw["param"]].on(on))
        return {key: resolve(value, parameters, on) for key, value in raw.items()}
    return [resolve(value, parameters, on) for value in raw] if isinstance(raw, list) else raw

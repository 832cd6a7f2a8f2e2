"""碳排放核算: by the factor of the year, with its source; what is missing is said and never taken for nothing.

The factors here are round numbers made for the arithmetic, not official ones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.finance.emissions import EmissionFactor, FactorError, FactorService, reckon, reduction
from chalicelib.finance.model import YearFigures

SOURCE = "测试用的整数，不是官方因子"


def factor(energy: str, value: str, start: str = "2020-01-01", end: str | None = None) -> EmissionFactor:
    row: dict[str, Any] = {"energy": energy, "factor": value, "valid_from": start, "valid_to": end, "source": SOURCE}
    return EmissionFactor.model_validate(row)


ALL = [
    factor("电", "0.001", "2020-01-01", "2024-12-31"),
    factor("电", "0.0005", "2025-01-01"),
    factor("天然气", "0.002"),
    factor("煤", "2"),
]


def year(number: int = 2024, **more: Any) -> YearFigures:
    return YearFigures(year=number, **{"power_kwh": 1000, "gas_m3": 500, "coal_t": Decimal(3), **more})


def test_each_year_by_the_factor_of_its_last_day() -> None:
    assert reckon(year(2024), ALL).tonnes == Decimal("8.0")
    assert reckon(year(2025), ALL).tonnes == Decimal("7.5")
    assert reduction(reckon(year(2024), ALL), reckon(year(2025), ALL)) == Decimal("6.3")
    assert next(part[2].valid_from for part in reckon(year(2025), ALL).parts) == date(2025, 1, 1)


def test_what_is_missing_is_named_and_makes_the_sum_unknown() -> None:
    found = reckon(year(gas_m3=None), ALL[:3])
    assert found.tonnes is None
    assert found.missing == ("天然气用量没有填报", "2024 年的煤排放因子没有登记")
    assert reduction(found, reckon(year(2025), ALL)) is None
    assert reckon(year(coal_t=Decimal(0)), ALL[:3]).tonnes == Decimal("2.0")


def test_a_reported_figure_that_differs_is_seen() -> None:
    assert not reckon(year(co2_t=Decimal("8.05")), ALL).differs
    assert reckon(year(co2_t=Decimal("9")), ALL).differs


def test_factors_are_kept_whole_and_never_overlap() -> None:
    service = FactorService(MemoryStore(FixedClock(datetime(2026, 11, 23, tzinfo=UTC))))
    assert service.save(ALL) == 4 and service.save(ALL) == 0
    with pytest.raises(FactorError, match="重叠"):
        service.save([factor("煤", "2.1", "2024-01-01", "2026-12-31"), factor("煤", "2.2", "2026-01-01")])
    assert len(list(service.all())) == 4
    with pytest.raises(ValueError, match="早于"):
        factor("电", "1", "2024-01-01", "2023-01-01")
    with pytest.raises(ValueError, match="greater than"):
        factor("电", "0")


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6))
def test_the_sum_is_the_sum_of_its_parts(power: int, gas: int, coal: int) -> None:
    found = reckon(year(power_kwh=power, gas_m3=gas, coal_t=Decimal(coal)), ALL)
    assert found.tonnes is not None
    assert abs(found.tonnes - sum(tonnes for _, tonnes, _ in found.parts)) <= Decimal("0.05")

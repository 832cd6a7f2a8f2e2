"""国统字〔2017〕213号: the test vectors of the facts, and unknown never 微."""

from __future__ import annotations

import pytest

from chalicelib.policies.size import TABLE, Size, needs, tier, trade


@pytest.mark.parametrize(
    ("people", "revenue", "size"),
    [
        (350, 19000, "中"),
        (1200, 35000, "中"),
        (1000, 40000, "大"),
        (299, 39999, "小"),
        (15, 5000, "微"),
        (20, 300, "小"),
        (500, 1999, "小"),
        (25, 299, "微"),
        (0, 0, "微"),
        (1000, 39999.99, "中"),
    ],
)
def test_industry(people: int, revenue: float, size: Size) -> None:
    assert tier("工业", people, revenue, None) == size


def test_real_estate_and_leasing_look_at_assets() -> None:
    assert tier("房地产开发经营", None, 20000, 4000) == "小"
    assert tier("租赁和商务服务业", 150, None, 7999) == "小"


@pytest.mark.parametrize(("people", "revenue"), [(None, 5000), (15, None), (None, None)])
def test_a_missing_indicator_is_no_size(people: int | None, revenue: float | None) -> None:
    assert tier("工业", people, revenue, 100) is None


@pytest.mark.parametrize("row", TABLE)
def test_each_limit_is_met_by_equality_and_missed_below(row: str) -> None:
    limits = TABLE[row]
    for place, size in enumerate(("大", "中", "小")):
        exact = {name: values[place] for name, values in limits.items()}
        assert tier(row, exact.get("X"), exact.get("Y"), exact.get("Z")) == size
        for name in exact:
            below = exact | {name: exact[name] - 0.01}
            assert tier(row, below.get("X"), below.get("Y"), below.get("Z")) != size
    assert len(needs(row)) == len(limits)


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("3073", "工业"),
        ("0610", "工业"),
        ("4875", "建筑业"),
        ("5164", "批发业"),
        ("5431", "交通运输业"),
        ("5810", "交通运输业"),
        ("5310", None),
        ("6210", "餐饮业"),
        ("7010", "房地产开发经营"),
        ("7020", "物业管理"),
        ("7263", "租赁和商务服务业"),
        ("7861", "其他未列明行业"),
        ("6620", None),
    ],
)
def test_row_of_the_table(code: str, row: str | None) -> None:
    assert trade(code) == row

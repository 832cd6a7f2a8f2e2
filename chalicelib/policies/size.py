"""大中小微划型: 《统计上大中小微型企业划分办法（2017）》国统字〔2017〕213号.

A tier is held only if *all* its lower limits are met; otherwise one tier down. A missing indicator gives no tier:
unknown is never 微.
"""

from __future__ import annotations

from typing import Literal

Size = Literal["大", "中", "小", "微"]
TIERS: tuple[Size, Size, Size] = ("大", "中", "小")
SOURCE = "国统字〔2017〕213号"

Limits = tuple[float, float, float]

TABLE: dict[str, dict[str, Limits]] = {
    "农林牧渔": {"Y": (20000, 500, 50)},
    "工业": {"X": (1000, 300, 20), "Y": (40000, 2000, 300)},
    "建筑业": {"Y": (80000, 6000, 300), "Z": (80000, 5000, 300)},
    "批发业": {"X": (200, 20, 5), "Y": (40000, 5000, 1000)},
    "零售业": {"X": (300, 50, 10), "Y": (20000, 500, 100)},
    "交通运输业": {"X": (1000, 300, 20), "Y": (30000, 3000, 200)},
    "仓储业": {"X": (200, 100, 20), "Y": (30000, 1000, 100)},
    "邮政业": {"X": (1000, 300, 20), "Y": (30000, 2000, 100)},
    "住宿业": {"X": (300, 100, 10), "Y": (10000, 2000, 100)},
    "餐饮业": {"X": (300, 100, 10), "Y": (10000, 2000, 100)},
    "信息传输业": {"X": (2000, 100, 10), "Y": (100000, 1000, 100)},
    "软件和信息技术": {"X": (300, 100, 10), "Y": (10000, 1000, 50)},
    "房地产开发经营": {"Y": (200000, 1000, 100), "Z": (10000, 5000, 2000)},
    "物业管理": {"X": (1000, 300, 100), "Y": (5000, 1000, 500)},
    "租赁和商务服务业": {"X": (300, 100, 10), "Z": (120000, 8000, 100)},
    "其他未列明行业": {"X": (300, 100, 10)},
}
"""X 从业人员（人）, Y 营业收入（万元）, Z 资产总额（万元）; lower limits of 大, 中, 小."""

_CLASSES = {"7010": "房地产开发经营", "7020": "物业管理"}
_GROUPS = {"581": "交通运输业"}
_DIVISIONS: dict[str, str] = {
    **{f"{number:02}": "农林牧渔" for number in range(1, 5)},
    **{f"{number:02}": "工业" for number in range(6, 47)},
    **{f"{number}": "建筑业" for number in range(47, 51)},
    "51": "批发业",
    "52": "零售业",
    **{f"{number}": "交通运输业" for number in (54, 55, 56, 57)},
    "59": "仓储业",
    "60": "邮政业",
    "61": "住宿业",
    "62": "餐饮业",
    "63": "信息传输业",
    "64": "信息传输业",
    "65": "软件和信息技术",
    "71": "租赁和商务服务业",
    "72": "租赁和商务服务业",
    **{
        f"{number}": "其他未列明行业"
        for number in (70, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 84, 85, 86, 87, 88, 89, 90)
    },
}


def trade(industry_code: str) -> str | None:
    """Row of the table for a GB/T 4754-2017 code; None where the standard has none (finance, railways, education)."""
    return _CLASSES.get(industry_code) or _GROUPS.get(industry_code[:3]) or _DIVISIONS.get(industry_code[:2])


def tier(row: str, x: float | None, y: float | None, z: float | None) -> Size | None:
    """Tier of an enterprise with ``x`` people, ``y`` 万元 revenue, ``z`` 万元 assets; None where one is missing."""
    given = {"X": x, "Y": y, "Z": z}
    limits = TABLE[row]
    known = {name: value for name, value in given.items() if name in limits and value is not None}
    if len(known) < len(limits):
        return None
    for place, name in enumerate(TIERS):
        if all(value >= limits[indicator][place] for indicator, value in known.items()):
            return name
    return "微"


def needs(row: str) -> tuple[str, ...]:
    """Facts that the row looks at."""
    names = {"X": "employees_avg", "Y": "revenue", "Z": "assets"}
    return tuple(names[indicator] for indicator in TABLE[row])

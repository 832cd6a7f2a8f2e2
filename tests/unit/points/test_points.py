from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from chalicelib import times
from chalicelib.points.model import PointKind, ServicePoint, Shift
from chalicelib.points.opening import hours_text, opening
from chalicelib.points.service import PointService
from chalicelib.points.towns import TOWNS, town_in, town_name

ROWS = yaml.safe_load((Path(__file__).parents[3] / "data/points.yaml").read_text(encoding="utf-8"))


@dataclass
class Points:
    points: dict[str, ServicePoint]


@pytest.fixture(scope="module")
def service() -> PointService:
    return PointService(Points({row["id"]: ServicePoint.model_validate(row) for row in ROWS}))


def hall() -> ServicePoint:
    return ServicePoint.model_validate(next(row for row in ROWS if row["id"] == "PT01"))


def is_workday(day: date) -> bool:
    """National day off, the Saturday after is a make-up working day (2026)."""
    if date(2026, 10, 1) <= day <= date(2026, 10, 7):
        return False
    return day.isoweekday() < 6 or day == date(2026, 10, 10)


def at(text: str) -> datetime:
    day, clock = text.split()
    return times.at_local(date.fromisoformat(day), time.fromisoformat(clock))


def test_the_twelve_points_are_all_samples_until_verified() -> None:
    points = [ServicePoint.model_validate(row) for row in ROWS]
    assert [p.id for p in points] == [f"PT{n:02}" for n in range(1, 13)]
    assert all(p.is_sample for p in points)
    assert {code for p in points for code in p.serves} == set(TOWNS) - {"360323101"}


@pytest.mark.parametrize(
    ("when", "is_open", "text"),
    [
        ("2026-11-23 09:00", True, "现在开门，12:00 关"),
        ("2026-11-23 08:59", False, "现在还没开门，09:00 开"),
        ("2026-11-23 12:00", False, "现在午休，13:30 开"),
        ("2026-11-23 16:59", True, "现在开门，17:00 关"),
        ("2026-11-23 17:00", False, "现在没开门，明天 09:00 开"),
        ("2026-11-27 17:30", False, "现在没开门，11月30日（周一） 09:00 开"),
        ("2026-09-30 18:00", False, "现在没开门，10月8日（周四） 09:00 开"),
        ("2026-10-05 10:00", False, "现在没开门，10月8日（周四） 09:00 开"),
        ("2026-10-10 10:00", True, "现在开门，12:00 关"),
    ],
)
def test_open_now_knows_lunch_holidays_and_make_up_days(when: str, is_open: bool, text: str) -> None:
    result = opening(hall(), at(when), is_workday)
    assert (result.is_open, result.text) == (is_open, text)


def test_unknown_hours_are_said_to_be_unknown(service: PointService) -> None:
    result = opening(service.find("宣风邮政")[0], datetime(2026, 11, 23, tzinfo=UTC), is_workday)
    assert result.is_open is None
    assert "12345" in result.text


def test_hours_as_people_write_them() -> None:
    assert hours_text(hall()) == "周一至周五 09:00-12:00、13:30-17:00"
    weekend = hall().model_copy(update={"hours": (Shift(days=(6, 7), opens=time(9), closes=time(12)),)})
    assert hours_text(weekend) == "周六、周日 09:00-12:00"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("宣风邮政能办哪些", "PT03"),
        ("法院诉讼服务中心在哪", "PT09"),
        ("政务大厅几点上班", "PT01"),
        ("不动产在哪里办", "PT08"),
        ("办税厅", "PT11"),
        ("张家坊的便民中心", "PT07"),
        ("宣风那边有没有网点", "PT03"),
        ("工业园区服务点", "PT02"),
    ],
)
def test_find_by_what_is_said(service: PointService, text: str, first: str) -> None:
    assert service.find(text)[0].id == first


def test_find_nothing_in_small_talk(service: PointService) -> None:
    assert service.find("今天天气不错") == []


def test_points_of_an_item_the_local_one_first(service: PointService) -> None:
    assert [p.id for p in service.for_item("SX-02", "360323102")] == ["PT03", "PT01"]
    assert service.for_item("SX-02")[0].id == "PT01"
    assert [p.id for p in service.for_item("SX-19")] == ["PT08"]
    assert [p.id for p in service.for_item("B07")] == ["PT02", "PT10"]
    assert service.for_item("SX-40") == []


def test_nearest_is_sorted_and_leaves_out_what_has_no_place(service: PointService) -> None:
    near = service.nearest(27.69, 114.12)
    assert near[0].point.id == "PT03"
    assert near[0].metres == pytest.approx(1486, abs=5)
    assert [n.metres for n in near] == sorted(n.metres for n in near)
    assert "PT07" not in {n.point.id for n in service.nearest(27.69, 114.12, limit=99)}


def test_describe_names_what_it_takes_and_marks_the_sample(service: PointService) -> None:
    point = service.find("宣风邮政")[0]
    lines = service.describe(point, {"SX-02": "个体工商户设立登记"}, at("2026-11-23 10:00"), is_workday)
    assert lines[0] == "宣风镇邮政代办点（高效办成一件事）"
    assert "可办（代收代办，收件后转交部门）：个体工商户设立登记" in lines
    assert "示例数据" in lines[-1]


def test_towns() -> None:
    assert len(TOWNS) == 11
    assert town_in("我在芦溪开店") is None
    assert town_in("从上埠到宣风") == "360323103"
    assert town_name("360323204") == "万龙山乡"
    assert town_name("360323999") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"town": "360302101"}, "乡镇代码"),
        ({"lat": 27.0}, "纬度和经度"),
        ({"hours": [{"days": [1], "opens": "12:00", "closes": "09:00"}]}, "开门时间"),
    ],
)
def test_a_wrong_row_is_refused_in_chinese(change: dict[str, object], message: str) -> None:
    row = {"id": "PT99", "name": "试点", "kind": PointKind.POST, "prov": ["R"]} | change
    with pytest.raises(ValidationError, match=message):
        ServicePoint.model_validate(row)

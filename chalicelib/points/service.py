"""Finding a service point: by what is said, by where one stands, by what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Protocol

from chalicelib.points.model import PointKind, ServiceMode, ServicePoint
from chalicelib.points.opening import IsWorkday, hours_text, opening
from chalicelib.points.towns import town_in, without_town

EARTH_METRES = 6_371_000
NAMES_SHOWN = 8

_KIND_WORDS: dict[PointKind, tuple[str, ...]] = {
    PointKind.POST: ("邮政", "邮储", "邮局", "代办点"),
    PointKind.COUNTY_HALL: ("政务服务大厅", "政务大厅", "办事大厅", "县大厅", "政务中心"),
    PointKind.PARK: ("园区", "工业园"),
    PointKind.TOWN_CENTRE: ("便民", "乡政府", "镇政府"),
    PointKind.COURT: ("法院", "诉讼服务"),
    PointKind.BANK: ("银行网点", "农商行", "九江银行"),
    PointKind.INDUSTRY: ("产业一站式", "一站式服务中心"),
}
_SMALL_KINDS = (PointKind.POST, PointKind.TOWN_CENTRE, PointKind.BANK, PointKind.PARK)
"""Kinds that take some things only, so that one asks whether this is one of them."""
_MODES: Mapping[str, str] = {
    "": "",
    ServiceMode.ON_THE_SPOT: "（当场办）",
    ServiceMode.SELF_SERVICE: "（自助办）",
    ServiceMode.ASSISTED: "（帮办代办，收件后转交部门）",
    ServiceMode.HANDED_ON: "（代收代办，收件后转交部门）",
}
_NAME_WORDS = ("不动产", "税务", "办税")
_TOWN_WEIGHT, _KIND_WEIGHT = 2, 3


class HasPoints(Protocol):
    """The part of the catalogue that is needed here."""

    @property
    def points(self) -> Mapping[str, ServicePoint]: ...


@dataclass(frozen=True, slots=True)
class Near:
    """A point and how far it is in a straight line, in metres."""

    point: ServicePoint
    metres: int


class PointService:
    """服务点查询."""

    def __init__(self, catalogue: HasPoints) -> None:
        self._catalogue = catalogue

    def find(self, text: str) -> list[ServicePoint]:
        """Points that a simplified Chinese text speaks of, best first; empty when it speaks of none."""
        town = town_in(text)
        scored = [(_mentions(point, text, town), point) for point in self._catalogue.points.values()]
        return [point for score, point in sorted(scored, key=lambda one: (-one[0], one[1].id)) if score]

    def nearest(self, lat: float, lng: float, limit: int = 3, item_id: str | None = None) -> list[Near]:
        """The nearest points whose place is known; degrees in, nearest first. ``item_id``: only those that take it."""
        points = self.for_item(item_id) if item_id else self._catalogue.points.values()
        placed = [
            Near(point, _metres(lat, lng, point.lat, point.lng))
            for point in points
            if point.lat is not None and point.lng is not None
        ]
        return sorted(placed, key=lambda near: (near.metres, near.point.id))[:limit]

    def for_item(self, item_id: str, town: str | None = None) -> list[ServicePoint]:
        """Points that take an item or bundle: those of the town first, then those for the whole county.

        With no town, county-wide points come first, as nobody says that the asker lives near a local one.
        """
        takers = [p for p in self._catalogue.points.values() if item_id in p.items or item_id in p.bundles]
        if town is None:
            return sorted(takers, key=lambda p: p.is_local)
        near = [p for p in takers if not p.is_local or town in p.serves]
        return sorted(near, key=lambda p: (town not in p.serves, p.town != town))

    def town_in(self, text: str) -> str | None:
        """The code of the town named in the text, or None."""
        return town_in(text)

    def kind_in(self, text: str) -> str | None:
        """The kind of service point that a text names (邮政代办点 for 邮政), or None."""
        found = (kind for kind in _SMALL_KINDS if any(word in text for word in _KIND_WORDS[kind]))
        return next(found, None)

    def without_town(self, text: str) -> str:
        """The text without the town it names."""
        return without_town(text)

    def describe(self, point: ServicePoint, names: Mapping[str, str], at: datetime, is_workday: IsWorkday) -> list[str]:
        """Lines for a chat: name, open now, hours, address, phone, what it takes (``names`` by item id)."""
        lines = [point.name, opening(point, at, is_workday).text]
        hours = hours_text(point)
        for label, value in (("时间", hours), ("地址", point.address), ("电话", point.phone), ("", point.note)):
            if value:
                lines.append(f"{label}：{value}" if label else value)
        lines += _taken(point, names)
        lines.append("来源：公开报道整理" + ("（示例数据，去之前请先核实）" if point.is_sample else ""))
        return lines


def _taken(point: ServicePoint, names: Mapping[str, str]) -> list[str]:
    """What it takes, a line for each way of handling: 可办（当场办）：…, 可办（代收代办，不当场出结果）：…"""
    by_mode: dict[str, list[str]] = {}
    for one in (*point.bundles, *point.items):
        if one in names:
            by_mode.setdefault(point.mode_of(one), []).append(names[one])
    lines = []
    for mode, taken in by_mode.items():
        more = f"等 {len(taken)} 项" if len(taken) > NAMES_SHOWN else ""
        lines.append(f"可办{_MODES[mode]}：{'、'.join(taken[:NAMES_SHOWN])}{more}")
    return lines


def _mentions(point: ServicePoint, text: str, town: str | None) -> int:
    """How strongly the text speaks of the point; 0 is not at all. A local point needs its own town or its kind."""
    kind = _KIND_WEIGHT * any(word in text for word in _KIND_WORDS.get(point.kind, ()))
    name = _KIND_WEIGHT * any(word in text and word in point.name for word in _NAME_WORDS)
    if town is None:
        return kind + name
    if point.is_local:
        return _TOWN_WEIGHT + kind + name if town in point.serves else 0
    return kind + name


def _metres(lat: float, lng: float, to_lat: float, to_lng: float) -> int:
    """Great-circle distance (haversine)."""
    north, east = radians(to_lat - lat), radians(to_lng - lng)
    chord = sin(north / 2) ** 2 + cos(radians(lat)) * cos(radians(to_lat)) * sin(east / 2) ** 2
    return round(2 * EARTH_METRES * asin(sqrt(chord)))

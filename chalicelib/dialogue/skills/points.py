"""Service points (服务点): the nearest, by name, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.guidance.aliases import normalise
from chalicelib.points.model import ServicePoint
from chalicelib.points.service import Near

_HALL = "政务服务大厅"
"""Who names no place and speaks of the hall or a window means the county's."""


class Points(Skill):
    name = "points"

    def actions(self) -> Mapping[str, Action]:
        return {
            "ask": lambda turn, args: ask_where(),
            "point": lambda turn, args: self._show(args.get("id") or args.get("name", ""), turn.now),
            "nearest": lambda turn, args: self._nearest(turn),
            "item": lambda turn, args: self._for_item(args["item"], args.get("town"), turn.now),
        }

    def answer(self, turn: Turn) -> Reply:
        text, points = normalise(turn.text), self._desk.points()
        found = points.find(text) or (points.find(_HALL) if "大厅" in text or "窗口" in text else [])
        if not found:
            return ask_where()
        return self._one(found[0], turn.now) if len(found) == 1 else self._choose(found, "您问的是哪一个？")

    def _nearest(self, turn: Turn) -> Reply:
        """For a location that the person sent; it is used for this answer and not kept."""
        topic = self._desk.guide().name_of(turn.session.topic)
        near = self._near(turn, turn.session.topic if topic else None) or self._near(turn, None)
        if not near:
            return Reply(("还没有登记位置的服务点。", "县政务服务大厅可办全部事项，去之前可拨 12345 问清。"))
        nearest, opening = near[0], _opening(near[0].point, turn.session.topic, topic)
        lines = [
            f"{opening} {nearest.point.name}，约 {_distance(nearest.metres)}。",
            *self._lines(nearest.point, turn.now)[1:],
        ]
        return Reply(tuple(lines), _options([one.point for one in near[1:]]), footer="位置只用于这一次查询，不保存。")

    def _near(self, turn: Turn, guide_id: str | None) -> list[Near]:
        latitude, longitude = turn.incoming.latitude, turn.incoming.longitude
        if latitude is None or longitude is None:
            return []
        return self._desk.points().nearest(latitude, longitude, item_id=guide_id)

    def _for_item(self, item_id: str, town: str | None, now: datetime) -> Reply:
        found = self._desk.points().for_item(item_id, town)
        if not found:
            return Reply(("这件事的办理点还没有登记。", "县政务服务大厅可以办，去之前可拨 12345 问清。"))
        return self._one(found[0], now, found[1:3])

    def _show(self, point_id: str, now: datetime) -> Reply:
        point = self._desk.catalogue().points.get(point_id)
        return self._one(point, now) if point else ask_where()

    def _one(self, point: ServicePoint, now: datetime, others: list[ServicePoint] | None = None) -> Reply:
        return Reply(tuple(self._lines(point, now)), _options(others or []))

    def _lines(self, point: ServicePoint, now: datetime) -> list[str]:
        catalogue = self._desk.catalogue()
        names = {key: row.name for key, row in catalogue.items.items()}
        names |= {key: row.name for key, row in catalogue.bundles.items()}
        return self._desk.points().describe(point, names, now, self._desk.calendar.is_workday)

    @staticmethod
    def _choose(points: list[ServicePoint], question: str) -> Reply:
        return Reply((question,), _options(points[:3]))


def ask_where() -> Reply:
    return Reply(("您在哪个乡镇？", "也可以点“+”发送位置，我找最近的服务点。"), footer="县政务服务大厅可办全部事项。")


def _options(points: list[ServicePoint]) -> tuple[Option, ...]:
    return tuple(Option(label=point.name, action="points.point", args={"id": point.id}) for point in points)


def _opening(point: ServicePoint, guide_id: str | None, name: str | None) -> str:
    """For the guide last spoken of, where this point takes it."""
    takes = name is not None and guide_id in (*point.items, *point.bundles)
    return f"能办{name}的最近网点是" if takes else "离您最近的是"


def _distance(metres: int) -> str:
    return f"{metres} 米" if metres < 1000 else f"{metres / 1000:.1f} 公里"

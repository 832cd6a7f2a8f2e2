"""``/h5/points``: the service points (服务点), for anybody; and the points of one item on its own page."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import Visit
from chalicelib.points.model import PointKind, ServicePoint
from chalicelib.points.opening import hours_text, opening
from chalicelib.points.towns import town_name


@dataclass(frozen=True, slots=True)
class ShownPoint:
    """A point in words. ``taken`` are (id, name) of the guides for what it takes."""

    id: str
    name: str
    is_open: bool | None
    opening: str
    hours: str
    address: str
    phone: str
    note: str
    serves: str
    mode: str
    is_sample: bool
    taken: tuple[tuple[str, str], ...]


def show(visit: Visit) -> PageResponse:
    points = visit.services.catalogue().points.values()
    groups = [(kind.value, [_shown(visit, point) for point in points if point.kind is kind]) for kind in PointKind]
    return render.page(
        visit, "points.html", personal=False, title="服务点", groups=[(name, held) for name, held in groups if held]
    )


def shown_for(visit: Visit, guide_id: str) -> list[ShownPoint]:
    """Where an item or a bundle is taken."""
    return [_shown(visit, point) for point in visit.services.points().for_item(guide_id)]


def _shown(visit: Visit, point: ServicePoint) -> ShownPoint:
    catalogue, now = visit.services.catalogue(), opening(point, visit.now, visit.services.calendar.is_workday)
    names = {key: bundle.name for key, bundle in catalogue.bundles.items()}
    names |= {key: item.name for key, item in catalogue.items.items()}
    return ShownPoint(
        id=point.id,
        name=point.name,
        is_open=now.is_open,
        opening=now.text,
        hours=hours_text(point),
        address=point.address or "",
        phone=point.phone or "",
        note=point.note,
        serves="、".join(filter(None, map(town_name, point.serves))),
        mode=point.service_mode or "当场受理",
        is_sample=point.is_sample,
        taken=tuple((key, names[key]) for key in (*point.bundles, *point.items) if key in names),
    )

"""The repository's own guides, read once for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from chalicelib.guidance.model import Bundle, ServiceItem
from chalicelib.guidance.service import GuideService
from chalicelib.guidance.terms import Term
from chalicelib.points.model import ServicePoint
from chalicelib.points.service import PointService

ROOT = Path(__file__).parents[3]


@dataclass
class Content:
    items: dict[str, ServiceItem]
    bundles: dict[str, Bundle]
    points: dict[str, ServicePoint]


def rows(name: str) -> list[dict[str, object]]:
    loaded: list[dict[str, object]] = yaml.load(
        (ROOT / "data" / f"{name}.yaml").read_text(encoding="utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    return loaded


@cache
def content() -> Content:
    items = [ServiceItem.model_validate(row) for row in rows("items")]
    bundles = [Bundle.model_validate(row) for row in rows("bundles")]
    points = [ServicePoint.model_validate(row) for row in rows("points")]
    return Content({i.id: i for i in items}, {b.id: b for b in bundles}, {p.id: p for p in points})


@cache
def service() -> GuideService:
    terms = [Term.model_validate(row) for row in rows("terms")]
    return GuideService(content(), PointService(content()), terms)

"""What a bundle (一件事) saves, computed from the materials of its items."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.guidance.model import Bundle, Material, Necessity, ServiceItem, Unit

_ASIDE = re.compile(r"[（(][^）)]*[）)]|\s")
_SAME = (
    ("营业执照", ("营业执照信息", "营业执照正副本", "营业执照正、副本")),
    (
        "身份证明",
        ("经营者身份证", "法定代表人身份证", "法定代表人身份证明", "申请人身份证明", "身份证", "身份证/营业执照"),
    ),
)
_CANONICAL = {alias: name for name, aliases in _SAME for alias in aliases}


@dataclass(frozen=True, slots=True)
class Merged:
    """``before``: what the separate guides list together; ``after``: what the applicant still brings to one window,
    where departments share what they hold and the same paper is handed in once.

    ``days_before`` is the sum of the promised working days of the items; None when an item counts another way, or when
    the sum is below what the bundle promises: then it promises for steps too that are no item of ours.
    ``materials`` are the distinct ones, necessary first.
    """

    before: int
    after: int
    steps: int
    days_before: int | None
    materials: tuple[Material, ...]


def canonical(name: str) -> str:
    """One name for what is the same paper: the bracketed part goes, known twins fold."""
    bare = _ASIDE.sub("", name)
    return _CANONICAL.get(bare, bare)


def merge(bundle: Bundle, items: Mapping[str, ServiceItem]) -> Merged:
    """Merge over the first item of every unconditional step that is an item of ours.

    Conditional steps and materials count on neither side: whether they apply differs from one applicant to the next.
    Unknown item ids raise KeyError (content check names them).
    """
    chosen = [items[step.items[0]] for step in bundle.steps if step.items and not step.condition]
    listed = [m for item in chosen for m in item.materials if m.necessity is not Necessity.CONDITIONAL]
    distinct = _distinct(m for m in listed if m.brought)
    return Merged(len(listed), len(distinct), len(chosen), _days_apart(bundle, chosen), distinct)


def _distinct(materials: Iterable[Material]) -> tuple[Material, ...]:
    by_name: dict[str, Material] = {}
    for material in materials:
        by_name.setdefault(canonical(material.name), material)
    return tuple(sorted(by_name.values(), key=lambda m: m.necessity is not Necessity.NEEDED))


def _days_apart(bundle: Bundle, items: Iterable[ServiceItem]) -> int | None:
    days = _days(items)
    comparable = days is not None and (bundle.promised is None or bundle.promised.n <= days)
    return days if comparable else None


def _days(items: Iterable[ServiceItem]) -> int | None:
    total = 0
    for item in items:
        if item.promised.unit is Unit.CALENDAR_DAY:
            return None
        total += item.promised.n if item.promised.unit is Unit.WORKING_DAY else 0
    return total

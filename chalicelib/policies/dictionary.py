"""Fact dictionary (事实字典): what may be asked of an enterprise, its type, unit, wording and source.

The built-in one covers facts/domain.md §2.1 and what the sample policies need; ``policy match --schema`` replaces it
by names and types alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

FactType = Literal["number", "category", "flag", "date", "set"]
FACT_TYPES: tuple[FactType, ...] = get_args(FactType)

LARGEST_NUMBER = 2**53
"""Whole numbers up to here are exact in every compiler (Python, float64 columns, SQL doubles)."""


@dataclass(frozen=True, slots=True)
class FactDef:
    """``label`` is the Chinese name, ``question`` what to ask a person, ``source`` the office that knows it.

    ``ratio`` marks a number between 0 and 1 that people read as per cent. ``choices`` closes a category or a set.
    """

    type: FactType
    label: str = ""
    unit: str = ""
    question: str = ""
    source: str = ""
    choices: tuple[str, ...] = ()
    ratio: bool = False
    derived: bool = False


Schema = Mapping[str, FactDef]

TYPE_NAMES: dict[FactType, str] = {
    "number": "数字",
    "category": "文字",
    "flag": "true 或 false",
    "date": "日期（如 2026-11-22）",
    "set": "文字列表",
}


class SchemaProblem(ValueError):
    """The --schema file is not a dictionary of names and types."""


def plain_schema(raw: object) -> dict[str, FactDef]:
    """``{"name": "number|category|flag|date|set"}`` to a schema. Raises SchemaProblem naming each bad entry."""
    if not isinstance(raw, dict):
        raise SchemaProblem("事实字典应是一个 JSON 对象，形如 {“名称”: “number”}。")
    bad = [f"「{name}」：类型 {kind!r} 不认识" for name, kind in raw.items() if kind not in FACT_TYPES]
    if bad:
        raise SchemaProblem("；".join(bad) + f"。只能写 {'、'.join(FACT_TYPES)}。")
    return {str(name): FactDef(kind) for name, kind in raw.items()}


def label(schema: Schema, name: str) -> str:
    definition = schema.get(name)
    return definition.label if definition and definition.label else name


def is_number(value: object) -> bool:
    """A finite number that is exact everywhere; true and false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= LARGEST_NUMBER


def iso_date(value: object) -> str | None:
    """``2026-11-22`` (or a date, as YAML reads one) to its ten characters; None for anything else."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


def read_value(kind: FactType, value: Any) -> Any:
    """A fact's value in the one form the compilers take: float or int, str, bool, ISO text, frozenset.

    Raises ValueError in Chinese for a value of another type, so no compiler ever meets one: "9800" is not a number
    and 1 is not a flag.
    """
    reader = _READERS[kind]
    read = reader(value)
    if read is None:
        raise ValueError(f"应为{TYPE_NAMES[kind]}，写的是 {_shown(value)}")
    return read


def _shown(value: object) -> str:
    text = f"“{value}”" if isinstance(value, str) else repr(value)
    return text if len(text) <= 42 else text[:40] + "…"


def _tags(value: object) -> frozenset[str] | None:
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(tag, str) for tag in value):
        return None
    return frozenset(value)


_READERS: dict[FactType, Any] = {
    "number": lambda value: value if is_number(value) else None,
    "category": lambda value: value if isinstance(value, str) else None,
    "flag": lambda value: value if isinstance(value, bool) else None,
    "date": iso_date,
    "set": _tags,
}

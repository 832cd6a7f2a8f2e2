"""What does not fit into one cell of a workbook: a list gets a sheet of its own (附表), one row an entry; a small group
gets several columns (法定办结时限.数量). Deeper values stay JSON in their cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from chalicelib.content import wording
from chalicelib.content.cells import without_none
from chalicelib.content.kinds import KINDS, Kind
from chalicelib.content.problems import Place, Problem
from chalicelib.content.sources import RawRow

MAX_TITLE = 31
"""Characters that a sheet's name may have."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True, slots=True)
class PartSheet:
    """The sheet of one list of a kind: 事项-申请材料. ``owner``: the heading of its first column, 所属事项."""

    kind: Kind
    field: str
    model: type[BaseModel]

    @property
    def title(self) -> str:
        inner = self.kind.model.model_fields[self.field].title or self.field
        return _FORBIDDEN.sub("", f"{self.kind.title}-{inner}")[:MAX_TITLE]

    @property
    def owner(self) -> str:
        return f"所属{self.kind.title}"


@cache
def sheets(kind: Kind) -> dict[str, PartSheet]:
    """The lists of a kind, by field: ``tuple[Material, ...]``."""
    found = ((name, _entry(field.annotation)) for name, field in kind.model.model_fields.items())
    return {name: PartSheet(kind, name, model) for name, model in found if model is not None}


@cache
def groups(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The small groups of a row, by field: ``Limit``. One that may be all empty could not be told from none."""
    found = {name: without_none(field.annotation) for name, field in model.model_fields.items()}
    return {name: inner for name, inner in found.items() if _is_model(inner) and _has_required(inner)}


def named(sheet: str) -> PartSheet | None:
    """The part sheet of that name."""
    plain = sheet.strip()
    every = (part for kind in KINDS.values() for part in sheets(kind).values())
    return next((part for part in every if part.title == plain), None)


def _entry(annotation: Any) -> type[BaseModel] | None:
    plain = without_none(annotation)
    inner = get_args(plain)[0] if get_origin(plain) in (tuple, list) else None
    return inner if _is_model(inner) else None


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _has_required(model: type[BaseModel]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


@dataclass
class Entries:
    """Entries of part sheets, by the key of the row that they belong to, in the order of the sheet."""

    kind: Kind
    by_key: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, part: PartSheet, raw: RawRow, values: dict[str, Any]) -> Iterator[Problem]:
        """``values`` without the owner's column. Yields what is wrong with the entry."""
        key = str(raw.values.get(part.owner, ""))
        if not key:
            yield Problem(raw.place, f"没有填。请写它属于哪一个{self.kind.title}", part.owner)
            return
        self.places.setdefault(key, raw.place)
        self.by_key.setdefault(key, {}).setdefault(part.field, []).append(values)
        try:
            part.model.model_validate(values)
        except ValidationError as error:
            yield from (Problem(raw.place, text, column) for column, text in wording.explain(error, part.model))

    def give(self, raw: RawRow, key: str, titles: dict[str, str]) -> Iterator[Problem]:
        """Puts the entries of ``key`` into its row. Yields a list that is written in both places."""
        for name, entries in self.by_key.pop(key, {}).items():
            if {name, titles[name]} & raw.values.keys():
                sheet = sheets(self.kind)[name].title
                yield Problem(raw.place, f"这一格和“{sheet}”表都写了，请只留一处", titles[name])
            else:
                raw.values[titles[name]] = entries

    def left_over(self) -> Iterator[Problem]:
        """Entries of rows that are not there."""
        for key in self.by_key:
            yield Problem(
                self.places[key], f"“{self.kind.title}”表里没有 {key}。请核对，或删去", f"所属{self.kind.title}"
            )

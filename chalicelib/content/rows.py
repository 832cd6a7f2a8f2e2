"""Raw rows → validated rows, with every mistake told by file, row and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from chalicelib.content import cells, parts, wording
from chalicelib.content.kinds import Kind
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow, Source
from chalicelib.provenance import Provenanced

_TWICE = "这一列写了两次（名称和中文名各一次，或整格和分列各一次），请删去一列"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds what its kind asks for."""

    kind: Kind
    place: Place
    key: str
    value: BaseModel


@dataclass
class RowReader:
    """Validates sources one after the other; a key may come once over all of them."""

    places: dict[str, dict[str, Place]] = field(default_factory=dict)

    def read(self, source: Source) -> Iterator[Row | Problem]:
        """Rows and mistakes in the order of the file. Holds one row at a time, and the places of the keys."""
        seen = self.places.setdefault(source.kind.name, {})
        empty = True
        try:
            for raw in source.open():
                empty = False
                for found in [raw] if isinstance(raw, Problem) else validated(source.kind, raw):
                    yield found if isinstance(found, Problem) else _once(found, seen)
        except Broken as broken:
            yield broken.problem
            return
        if empty:
            yield Problem(source.place, f"没有一行{source.kind.title}。不需要这个文件时请删去它")


def _once(row: Row, seen: dict[str, Place]) -> Row | Problem:
    first = seen.setdefault(row.key, row.place)
    if first is row.place:
        return row
    title = column_titles(row.kind)[row.kind.key]
    return Problem(row.place, f"{row.key} 已经出现在 {first}，请删去一处", title)


def validated(kind: Kind, raw: RawRow) -> list[Row | Problem]:
    """The row, or all its mistakes."""
    values, problems = named(kind.model, raw)
    try:
        value = kind.model.model_validate(values)
    except ValidationError as error:
        bad = {problem.column for problem in problems}
        told = (Problem(raw.place, text, column) for column, text in wording.explain(error, kind.model))
        return [*problems, *(problem for problem in told if problem.column not in bad)]
    return [*problems] or [Row(kind, raw.place, kind.key_of(value), value)]


def named(model: type[BaseModel], raw: RawRow) -> tuple[dict[str, Any], list[Problem]]:
    """Values by field name; columns may carry the name or the Chinese title, a group's its path (法定办结时限.数量)."""
    names = headings(model)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for heading, given in raw.values.items():
        found = names.get(heading.strip())
        if found is None:
            problems.append(Problem(raw.place, "没有这一列。请核对列名，或删去", heading))
            continue
        into, inner = _place(model, found, values)
        if into is None or found[-1] in into:
            problems.append(Problem(raw.place, _TWICE, _title(model, found)))
            continue
        try:
            into[found[-1]] = _cell(inner, found[-1], given) if raw.text and isinstance(given, str) else given
        except cells.BadCell as bad:
            problems.append(Problem(raw.place, str(bad), _title(model, found)))
    return values, problems


def _place(
    model: type[BaseModel], path: tuple[str, ...], values: dict[str, Any]
) -> tuple[dict[str, Any] | None, type[BaseModel]]:
    """Where a column's value goes, and whose field it is; None where the group was written as a whole already."""
    if len(path) == 1:
        return values, model
    group = values.setdefault(path[0], {})
    return (group if isinstance(group, dict) else None), parts.groups(model)[path[0]]


def _title(model: type[BaseModel], path: tuple[str, ...]) -> str:
    return wording.column(model, path) or path[0]


def _cell(model: type[BaseModel], name: str, text: str) -> Any:
    if name == "prov" and issubclass(model, Provenanced):  # its own validator splits commas too
        return text.replace("；", ",").replace(";", ",")
    return cells.read(text, model_shapes(model)[name])


@cache
def headings(model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Path of the field by column heading: its name and its Chinese title, those of a group's parts behind a dot."""
    found: dict[str, tuple[str, ...]] = {}
    for name, known in model.model_fields.items():
        found |= {name: (name,), known.title or name: (name,)}
    for name, inner in parts.groups(model).items():
        for part in inner.model_fields:
            found |= {f"{name}.{part}": (name, part), _title(model, (name, part)): (name, part)}
    return found


@cache
def column_titles(kind: Kind) -> dict[str, str]:
    """Chinese title by field."""
    return {name: field.title or name for name, field in kind.model.model_fields.items()}


@cache
def model_shapes(model: type[BaseModel]) -> dict[str, cells.Shape]:
    return {name: cells.shape(field) for name, field in model.model_fields.items()}

"""Raw rows → validated rows, with every mistake told by file, row and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from chalicelib.content import cells, wording
from chalicelib.content.kinds import Kind
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow, Source


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
    values, problems = _named(kind, raw)
    try:
        value = kind.model.model_validate(values)
    except ValidationError as error:
        bad = {problem.column for problem in problems}
        told = (Problem(raw.place, text, column) for column, text in wording.explain(error, kind.model))
        return [*problems, *(problem for problem in told if problem.column not in bad)]
    return [*problems] or [Row(kind, raw.place, kind.key_of(value), value)]


def _named(kind: Kind, raw: RawRow) -> tuple[dict[str, Any], list[Problem]]:
    """Values by field name; columns may carry the name or the Chinese title."""
    names, titles = column_names(kind), column_titles(kind)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column, value in raw.values.items():
        name = names.get(column.strip())
        if name is None:
            problems.append(Problem(raw.place, "没有这一列。请核对列名，或删去", column))
        elif name in values:
            problems.append(Problem(raw.place, "这一列写了两次（名称和中文名各一次），请删去一列", titles[name]))
        else:
            try:
                values[name] = _cell(kind, name, value) if raw.text else value
            except cells.BadCell as bad:
                problems.append(Problem(raw.place, str(bad), titles[name]))
    return values, problems


def _cell(kind: Kind, name: str, text: str) -> Any:
    if name == "prov":  # its own validator splits commas too
        return text.replace("；", ",").replace(";", ",")
    return cells.read(text, shapes(kind)[name])


@cache
def column_names(kind: Kind) -> dict[str, str]:
    """Field by column heading: its name and its Chinese title."""
    fields = kind.model.model_fields
    return {name: name for name in fields} | {field.title: name for name, field in fields.items() if field.title}


@cache
def column_titles(kind: Kind) -> dict[str, str]:
    """Chinese title by field."""
    return {name: field.title or name for name, field in kind.model.model_fields.items()}


@cache
def shapes(kind: Kind) -> dict[str, cells.Shape]:
    return {name: cells.shape(field) for name, field in kind.model.model_fields.items()}

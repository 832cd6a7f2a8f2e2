"""Rows → a workbook that operators edit and ``content load`` takes back: a sheet a kind, one for each of its lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chalicelib.content import cells, column_help, parts, wording
from chalicelib.content.kinds import KINDS, Kind
from chalicelib.content.writers import body, columns
from chalicelib.errors import Refusal

MAX_CELL = 32_767
"""Characters that one cell of a workbook holds."""

_LONGEST_ERROR = 225
_LAST_ROW = 1_048_576
_WIDTHS: dict[cells.Shape, int] = {"list": 36, "json": 48, "text": 22, "flag": 8, "number": 12, "date": 12}

Rows = Iterable[BaseModel]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field at ``path`` in a row, two steps for a part of a group. The owner's has no path."""

    heading: str
    comment: str
    shape: cells.Shape = "text"
    path: tuple[str, ...] = ()
    field: FieldInfo | None = None

    def value(self, row: Mapping[str, Any]) -> str | int | float | None:
        found: Any = row
        for step in self.path:
            found = found.get(step) if isinstance(found, dict) else None
        return cells.write(found, self.shape)


def write_workbook(path: Path, rows: Mapping[str, Rows]) -> dict[str, int]:
    """One sheet a kind, named and headed in Chinese, header and first column frozen, with a comment on each heading and
    a drop-down list where only some values are good. Texts never become formulas. Returns how many rows each got."""
    from openpyxl import Workbook

    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook(write_only=True)
    try:
        counts = {name: _KindSheets(book, KINDS[name]).write(models) for name, models in rows.items()}
    except BaseException:
        for sheet in book.worksheets:
            sheet.close()
        raise
    if not any(counts.values()):
        raise Refusal("还没有内容可以导出。请先执行 content load")
    book.save(path)
    return {name: number for name, number in counts.items() if number}


class _KindSheets:
    """The sheet of one kind and those of its lists, each begun with its first row."""

    def __init__(self, book: Any, kind: Kind) -> None:
        self._book = book
        self._kind = kind
        self._begun: dict[str, Any] = {}

    def write(self, models: Rows) -> int:
        lists = parts.sheets(self._kind)
        count = 0
        for model in models:
            count += 1
            row, key = body(model), self._kind.key_of(model)
            kept = {name: row.pop(name) for name in lists if _has_entries(row.get(name))}
            self._append(self._kind.title, _kind_columns(self._kind), row, key)
            for name, entries in kept.items():
                for entry in entries:
                    self._append(lists[name].title, _part_columns(lists[name]), entry, key)
        return count

    def _append(self, title: str, wanted: tuple[Column, ...], row: Mapping[str, Any], key: str) -> None:
        sheet = self._begun.get(title)
        if sheet is None:
            sheet = self._begun[title] = _begin(self._book, title, wanted)
        sheet.append([_cell(sheet, _fitting(self._kind, key, one, row)) for one in wanted])


def _has_entries(found: object) -> bool:
    """A list known to be empty stays in its cell as [], since no row in a sheet of its own would be unknown."""
    return isinstance(found, list) and bool(found)


def _fitting(kind: Kind, key: str, column: Column, row: Mapping[str, Any]) -> str | int | float | None:
    value = column.value(row) if column.path else key
    if isinstance(value, str) and len(value) > MAX_CELL:
        raise Refusal(f"{kind.title} {key} 的「{column.heading}」太长，放不进一格。请导出为 YAML 文件夹")
    return value


@cache
def _kind_columns(kind: Kind) -> tuple[Column, ...]:
    lists = parts.sheets(kind)
    return tuple(
        Column(
            one.heading, f"{one.comment}\n一行一项写在“{lists[one.path[0]].title}”表里；没有就写 []", "json", one.path
        )
        if one.path[0] in lists
        else one
        for one in _columns(kind.model)
    )


@cache
def _part_columns(part: parts.PartSheet) -> tuple[Column, ...]:
    title = part.kind.model.model_fields[part.kind.key].title
    owner = Column(part.owner, f"{part.owner}（必填）\n填“{part.kind.title}”表里的{title}，一项一行，按先后排")
    return (owner, *_columns(part.model))


def _columns(model: type[BaseModel]) -> Iterator[Column]:
    inner = parts.groups(model)
    for name in columns(model):
        if name not in inner:
            yield _column(model, (name,), model.model_fields[name])
            continue
        for part, field in inner[name].model_fields.items():
            yield _column(model, (name, part), field)


def _column(model: type[BaseModel], path: tuple[str, ...], field: FieldInfo) -> Column:
    heading = wording.column(model, path) or path[0]
    return Column(heading, column_help.comment(heading, ".".join(path), field), cells.shape(field), path, field)


def _begin(book: Any, title: str, wanted: tuple[Column, ...]) -> Any:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    for number, column in enumerate(wanted, 1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = _WIDTHS[column.shape]
        if column.field is not None:
            _drop_down(sheet, letter, column.field)
    bold = Font(bold=True)
    sheet.append([_cell(sheet, one.heading, font=bold, comment=_comment(one.comment)) for one in wanted])
    return sheet


def _drop_down(sheet: Any, letter: str, field: FieldInfo) -> None:
    """A list of the values that are good, as far as it fits into the sheet."""
    from openpyxl.worksheet.datavalidation import DataValidation

    choices = column_help.choices(field)
    if choices is None or any("," in choice for choice in choices):
        return
    listed = ",".join(choices)
    if len(listed) > column_help.MAX_LIST - 2:
        return
    rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = "填写有误", f"只能填：{listed.replace(',', '、')}"[:_LONGEST_ERROR]
    rule.add(f"{letter}2:{letter}{_LAST_ROW}")
    sheet.data_validations.append(rule)


def _comment(text: str) -> Any:
    from openpyxl.comments import Comment

    return Comment(text, "溪心办", height=40 + 22 * text.count("\n") + len(text), width=360)


def _cell(sheet: Any, value: str | int | float | None, **style: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
    for name, setting in style.items():
        setattr(cell, name, setting)
    return cell

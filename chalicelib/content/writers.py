"""Rows → files that people edit and ``content load`` takes back: a folder of YAML, or a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chalicelib.content import cells, column_help
from chalicelib.content.documents import dump_yaml
from chalicelib.content.kinds import KINDS, Kind
from chalicelib.content.rows import column_titles, shapes
from chalicelib.errors import Refusal
from chalicelib.ports import JsonObject
from chalicelib.provenance import Provenanced

MAX_CELL = 32_767
"""Characters that one cell of a workbook holds."""

_LONGEST_ERROR = 225
_LAST_ROW = 1_048_576

_WIDTHS = {"list": 36, "json": 48, "text": 22, "flag": 8, "number": 12, "date": 12}

Rows = Iterable[BaseModel]


def write_folder(folder: Path, rows: Mapping[str, Rows]) -> dict[str, int]:
    """``{kind}.yaml`` for every kind that has rows; returns how many rows each got."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for name, models in rows.items():
        bodies = [body(row) for row in models]
        if bodies:
            (folder / f"{name}.yaml").write_text(dump_yaml(bodies), encoding="utf-8")
            counts[name] = len(bodies)
    return counts


def body(row: BaseModel) -> JsonObject:
    """The row in JSON form as somebody would write it by hand: its own fields first, without what is at its default."""
    given = row.model_dump(mode="json", exclude_defaults=True)
    return {name: given[name] for name in columns(type(row)) if name in given}


def columns(model: type[BaseModel]) -> list[str]:
    """Fields of a kind in the order of its file: its own, then where the row comes from."""
    return sorted(model.model_fields, key=lambda name: name in Provenanced.model_fields)


def write_workbook(path: Path, rows: Mapping[str, Rows]) -> dict[str, int]:
    """One sheet a kind, named and headed in Chinese, header and first column frozen, with a comment on each heading and
    a drop-down list where only some values are good. Texts never become formulas."""
    from openpyxl import Workbook

    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook(write_only=True)
    try:
        counts = {name: _write_sheet(book, KINDS[name], models) for name, models in rows.items()}
    except BaseException:
        for sheet in book.worksheets:
            sheet.close()
        raise
    if not any(counts.values()):
        raise Refusal("还没有内容可以导出。请先执行 content load")
    book.save(path)
    return {name: number for name, number in counts.items() if number}


def _write_sheet(book: Any, kind: Kind, models: Rows) -> int:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet: Any = None
    number = 0
    for row in models:
        if sheet is None:
            sheet = book.create_sheet(kind.title)
            sheet.freeze_panes = "B2"
            names, titles = columns(kind.model), column_titles(kind)
            for column, name in enumerate(names, 1):
                letter = get_column_letter(column)
                sheet.column_dimensions[letter].width = _WIDTHS[shapes(kind)[name]]
                _drop_down(sheet, letter, kind.model.model_fields[name])
            fields = kind.model.model_fields
            comments = {name: _comment(column_help.comment(name, fields[name])) for name in names}
            sheet.append([_cell(sheet, titles[name], font=Font(bold=True), comment=comments[name]) for name in names])
        sheet.append(_cells(sheet, kind, row))
        number += 1
    return number


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


def _cells(sheet: Any, kind: Kind, row: BaseModel) -> list[Any]:
    given = body(row)
    made = []
    for name in columns(kind.model):
        value = cells.write(given.get(name), shapes(kind)[name])
        if isinstance(value, str) and len(value) > MAX_CELL:
            title = column_titles(kind)[name]
            raise Refusal(f"{kind.title} {kind.key_of(row)} 的「{title}」太长，放不进一格。请导出为 YAML 文件夹")
        made.append(_cell(sheet, value))
    return made


def _cell(sheet: Any, value: str | int | float | None, **style: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
    for name, setting in style.items():
        setattr(cell, name, setting)
    return cell

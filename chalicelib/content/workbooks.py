"""XLSX workbooks, read row by row without trusting what the file says of its size."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from chalicelib.content import cells
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import Rows
from chalicelib.content.tables import table_rows

MAX_FILE_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 400_000_000
MAX_RATIO = 200
MAX_SHEETS = 64
MAX_COLUMNS = 500

_UNREADABLE = "不是能读的 Excel 文件（.xlsx），可能已损坏或加了密码。请用表格软件另存为 .xlsx 后再试"


def sheet_names(path: Path, place: Place) -> list[str]:
    """Visible and hidden sheets in order. Raises Broken for what is no workbook or is absurdly large."""
    _check_size(path, place)
    with _opened(path, place) as book:
        names: list[str] = list(book.sheetnames)
    if len(names) > MAX_SHEETS:
        raise Broken(Problem(place, f"工作表太多（{len(names)} 个），最多 {MAX_SHEETS} 个"))
    return names


def read_sheet(path: Path, place: Place) -> Rows:
    """Rows of the sheet ``place.sheet``; row 1 is the header."""
    with _opened(path, place) as book:
        yield from table_rows(_records(book[place.sheet], place), place, may_be_short=True)


def _records(sheet: Any, place: Place) -> Iterator[tuple[int, Sequence[str] | Problem]]:
    sheet.reset_dimensions()
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            here = replace(place, row=number)
            if len(row) > MAX_COLUMNS:
                raise Broken(Problem(here, f"列太多（{len(row)} 列），最多 {MAX_COLUMNS} 列"))
            yield number, _texts(row, here)
    except (ParseError, ValueError, KeyError, zipfile.BadZipFile):
        raise Broken(Problem(place, _UNREADABLE)) from None


def _texts(row: Sequence[Any], place: Place) -> list[str] | Problem:
    texts = []
    for number, value in enumerate(row, 1):
        try:
            texts.append(cells.cell_text(value))
        except cells.BadCell as bad:
            return Problem(place, str(bad), f"第 {number} 列")
    return texts


def _check_size(path: Path, place: Place) -> None:
    """A zip bomb shows in its directory: zipfile never unpacks more than that says."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Broken(Problem(place, f"文件太大，最多 {MAX_FILE_BYTES // 1_000_000} MB。请拆成几个文件，或改用 CSV"))
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError):
        raise Broken(Problem(place, _UNREADABLE)) from None
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > 1_000_000 and unpacked > MAX_RATIO * path.stat().st_size):
        raise Broken(Problem(place, "展开后大得不正常，没有读取。请核对文件来源，或改用 CSV"))


@contextmanager
def _opened(path: Path, place: Place) -> Iterator[Any]:
    """The workbook, read-only. Openpyxl warns of decorations that it skips; they do not matter here."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(path, read_only=True, data_only=True)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError):
            raise Broken(Problem(place, _UNREADABLE)) from None
        try:
            yield book
        finally:
            book.close()

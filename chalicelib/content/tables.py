"""CSV: UTF-8 (with or without BOM) or GB18030, read line by line, every damage named by its row."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow, Rows

_LONGEST_LINE = 4_000_000
_OPEN_QUOTE = "这一行的引号没有闭合，或者文件没有写完整。请核对引号，或重新导出文件"


def read_csv(path: Path, place: Place) -> Rows:
    """Rows of a CSV file; row 1 is the header."""
    yield from table_rows(_records(path, place), place)


def table_rows(
    records: Iterator[tuple[int, Sequence[str] | Problem]], place: Place, *, may_be_short: bool = False
) -> Rows:
    """Records of a table → rows by header. A bad row is a Problem; a bad header breaks the table off.

    ``may_be_short``: a workbook does not keep the empty cells at the end of a row; in a CSV they must be there.
    """
    header: list[str] | None = None
    for number, cells in records:
        here = replace(place, row=number)
        if isinstance(cells, Problem):
            yield cells
        elif not any(cell.strip() for cell in cells):
            continue
        elif header is None:
            header = _header(cells, here)
        else:
            yield _row(header, cells, here, may_be_short)


def _header(cells: Sequence[str], place: Place) -> list[str]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise Broken(Problem(place, f"表头里“{'、'.join(twice)}”出现了不止一次，请删去一列"))
    if "" in names:
        raise Broken(Problem(place, f"表头第 {names.index('') + 1} 列没有名称，请补上列名或删去这一列"))
    return names


def _row(header: list[str], cells: Sequence[str], place: Place, may_be_short: bool) -> RawRow | Problem:
    if len(cells) < len(header) and not may_be_short:
        return Problem(place, f"这一行只有 {len(cells)} 列，表头有 {len(header)} 列。请核对逗号，或重新导出文件")
    if any(cell.strip() for cell in cells[len(header) :]):
        return Problem(place, f"这一行有 {len(cells)} 列，表头只有 {len(header)} 列。内容里有逗号时请加引号")
    named = zip(header, cells, strict=False)
    return RawRow(place, {name: cell.strip() for name, cell in named if cell.strip()}, text=True)


def _records(path: Path, place: Place) -> Iterator[tuple[int, list[str] | Problem]]:
    encoding = find_encoding(path, place)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "expected after" in str(error):
                    text = '引号后面多了字。内容里的引号要写两遍（""），请核对'
                    yield number, Problem(replace(place, row=number), text)
                    continue
                raise Broken(Problem(replace(place, row=number), _OPEN_QUOTE)) from None
            if any("\0" in cell for cell in cells):
                yield number, Problem(replace(place, row=number), "有空字符（NUL），文件可能已损坏。请重新导出")
                continue
            yield number, cells


def find_encoding(path: Path, place: Place) -> str:
    """utf-8-sig or gb18030. Raises Broken naming the line that neither can read.

    The first line beyond ASCII decides: when it is UTF-8, a later line that is not is damage, not another encoding.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Broken(Problem(place, "文件是 UTF-16 编码，请另存为“CSV UTF-8”"))
    line, chinese = _first_bad_line(path, place, "utf-8")
    if line is None:
        return "utf-8-sig"
    if not chinese and _first_bad_line(path, place, "gb18030")[0] is None:
        return "gb18030"
    text = "这一行不是完整的 UTF-8 文字，文件可能没有写完整。请重新导出为“CSV UTF-8”"
    raise Broken(Problem(replace(place, row=line), text))


def _first_bad_line(path: Path, place: Place, encoding: str) -> tuple[int | None, bool]:
    """The first line that does not decode, None if all do, and whether a line before it was beyond ASCII.

    A line feed is never part of another character, neither in UTF-8 nor in GB18030.
    """
    chinese = False
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(_LONGEST_LINE):
            number += 1
            if len(raw) == _LONGEST_LINE:
                raise Broken(Problem(replace(place, row=number), "这一行太长，不像是表格。请核对文件"))
            try:
                raw.decode(encoding)
            except UnicodeDecodeError:
                return number, chinese
            chinese = chinese or not raw.isascii()
    return None, chinese

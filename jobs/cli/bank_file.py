"""A bank's list of its loans, read from CSV or XLSX; and the differences written beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow
from chalicelib.content.tables import read_csv
from chalicelib.content.workbooks import read_sheet, sheet_names
from chalicelib.errors import BadInput
from chalicelib.finance.reconcile import COLUMNS, BankLine, Difference, read_line

_SHOWN = 20
_LONGEST = 200_000


def read_bank_file(path: Path) -> list[BankLine]:
    """Every line. Raises BadInput with each mistake by row and column; a file with a mistake is not compared at all."""
    if not path.is_file():
        raise BadInput(f"没有找到文件 {path}，请核对路径。")
    lines: list[BankLine] = []
    problems: list[str] = []
    try:
        for row in _rows(path):
            if isinstance(row, Problem):
                problems.append(str(row))
                continue
            cells = {str(name): str(value) for name, value in row.values.items()}
            try:
                lines.append(read_line(cells))
            except ValueError as error:
                problems.append(f"{row.place} {error}")
    except Broken as broken:
        problems.append(str(broken.problem))
    if len(lines) > _LONGEST:
        problems.append(f"{path.name}：超过 {_LONGEST} 行，请分成几个文件")
    if problems:
        more = f"\n另有 {len(problems) - _SHOWN} 处没有列出。" if len(problems) > _SHOWN else ""
        raise BadInput(f"银行清单有 {len(problems)} 处错误，没有对账：\n" + "\n".join(problems[:_SHOWN]) + more)
    if not lines:
        raise BadInput(f"{path.name} 里没有一笔贷款。表头要有：{'、'.join(COLUMNS)}。")
    return lines


def write_differences(path: Path, found: list[Difference]) -> None:
    """CSV in UTF-8 with BOM, which spreadsheets in China open as it is."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("贷款编号", "项目", "我方", "银行"))
        rows.writerows(astuple(each) for each in found)


def _rows(path: Path) -> Iterator[RawRow | Problem]:
    place = Place(path.name)
    if path.suffix.lower() == ".xlsx":
        first, *more = sheet_names(path, place)
        if more:
            yield Problem(place, f"有 {len(more) + 1} 个工作表，请只留银行清单一个")
            return
        yield from read_sheet(path, Place(path.name, sheet=first))
    else:
        yield from read_csv(path, place)

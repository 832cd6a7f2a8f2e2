"""Files that officers hand in: CSV with a header, columns in any order, UTF-8 or GB 18030; mistakes named by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from chalicelib.errors import BadInput

_SHOWN = 20
Row = TypeVar("Row")


def read_rows(
    data: bytes, what: str, columns: Sequence[str], read: Callable[[int, Mapping[str, str]], Row]
) -> list[Row]:
    """Each row through ``read(line, cells)``, which raises ValueError("列：…"). Raises BadInput with all mistakes."""
    rows = csv.DictReader(io.StringIO(_text(data, what), newline=""))
    missing = [name for name in columns if name not in (rows.fieldnames or ())]
    if missing:
        raise BadInput(f"{what}缺列：{'、'.join(missing)}。要有 {'、'.join(columns)}。")
    found: list[Row] = []
    problems: list[str] = []
    for row in rows:
        cells = {key: (value or "").strip() for key, value in row.items() if key}
        try:
            found.append(read(rows.line_num, cells))
        except ValueError as error:
            problems.append(f"第 {rows.line_num} 行 {error}")
    refuse(what, problems)
    return found


def refuse(what: str, problems: Sequence[str]) -> None:
    """Raises BadInput when there are any: a file with a mistake in it is not taken in at all."""
    if problems:
        more = f"\n另有 {len(problems) - _SHOWN} 处没有列出。" if len(problems) > _SHOWN else ""
        head = f"{what}有 {len(problems)} 处错误，没有导入任何一行，请改正后再导入：\n"
        raise BadInput(head + "\n".join(problems[:_SHOWN]) + more)


def _text(data: bytes, what: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput(f"{what}的编码不认识。请另存为 UTF-8 的 CSV。")

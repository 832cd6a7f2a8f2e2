"""A file or a folder → its sources: which files are read, how, and what kind of rows each one holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from chalicelib.content import documents, kinds, parts, rows, tables, workbooks
from chalicelib.content.kinds import Kind
from chalicelib.content.parts import PartSheet
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow, Rows, Source
from chalicelib.errors import BadInput

_NOTES = frozenset({"说明", "填写说明", "readme"})

Reader = Callable[[Path, Place, Kind], Rows]

_READERS: dict[str, Reader] = {
    ".yaml": lambda path, place, kind: documents.read_yaml(path, place, kind.key),
    ".yml": lambda path, place, kind: documents.read_yaml(path, place, kind.key),
    ".json": lambda path, place, kind: documents.read_json(path, place, kind.key),
    ".jsonl": lambda path, place, kind: documents.read_json_lines(path, place, kind.key),
    ".csv": lambda path, place, kind: tables.read_csv(path, place),
}
EXTENSIONS = (*_READERS, ".xlsx")


def find(path: Path) -> Iterator[Source | Problem | str]:
    """Sources of ``path``; a Problem for a file that cannot be read, a sentence for one that was left alone.

    One file must be readable and name its kind. In a folder, files of other types or names are left alone, except
    those that nearly have the name of a kind. Raises BadInput when there is nothing of that name.
    """
    if path.is_file():
        yield from _of_file(path, path.name, alone=True)
    elif path.is_dir():
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            name = file.relative_to(path).as_posix()
            if not any(part.startswith((".", "~$")) for part in Path(name).parts):
                yield from _of_file(file, name, alone=False)
    else:
        raise BadInput(f"没有找到 {path}，请核对路径")


def _of_file(path: Path, name: str, *, alone: bool) -> Iterator[Source | Problem | str]:
    suffix, place = path.suffix.lower(), Place(name)
    if suffix == ".xlsx":
        yield from _of_workbook(path, place, alone=alone)
    elif suffix in _READERS:
        kind = kinds.named(path.stem)
        if kind is not None:
            yield Source(kind, place, partial(_READERS[suffix], path, place, kind))
        else:
            yield _unnamed(place, path.stem, alone=alone)
    elif alone or suffix == ".xls":
        yield Problem(place, f"不能读 {suffix or '没有扩展名的'} 文件，可用：{'、'.join(EXTENSIONS)}")
    else:
        yield f"{name}：不是内容文件"


def _unnamed(place: Place, stem: str, *, alone: bool) -> Problem | str:
    """A folder may hold other files; one that nearly has the right name was meant to be read."""
    near = kinds.nearly_named(stem)
    if near is not None:
        return Problem(place, f"文件名不认识。如果是{near.title}，请改名为 {near.name}{Path(place.file).suffix}")
    text = f"看不出是哪一类内容，文件名请用：{kinds.listed()}"
    return Problem(place, text) if alone else f"{place.file}：{text}"


def _of_workbook(path: Path, place: Place, *, alone: bool) -> Iterator[Source | Problem | str]:
    try:
        sheets = workbooks.sheet_names(path, place)
    except Broken as broken:
        yield broken.problem
        return
    lists = {sheet: part for sheet in sheets if (part := parts.named(sheet)) is not None}
    owned: set[str] = set()
    for sheet in (sheet for sheet in sheets if sheet not in lists):
        here = Place(place.file, sheet=sheet)
        kind = kinds.named(sheet) or (kinds.named(path.stem) if len(sheets) == len(lists) + 1 else None)
        if kind is not None:
            mine = {sheet: part for sheet, part in lists.items() if part.kind is kind}
            owned |= mine.keys()
            yield Source(kind, here, partial(_with_parts, path, here, kind, mine))
        elif sheet.strip().lower() in _NOTES:
            yield f"{here}：说明，不读取"
        else:
            yield Problem(here, f"看不出是哪一类内容，工作表名请用：{kinds.listed()}")
    for sheet in lists.keys() - owned:
        text = f"只有附表，没有“{lists[sheet].kind.title}”表。请一起放进来"
        yield Problem(Place(place.file, sheet=sheet), text)


def _with_parts(path: Path, place: Place, kind: Kind, lists: dict[str, PartSheet]) -> Rows:
    """Rows of a sheet with the entries of its part sheets (附表), which are held meanwhile."""
    if not lists:
        yield from workbooks.read_sheet(path, place)
        return
    entries = parts.Entries(kind)
    for sheet, part in lists.items():
        for raw in workbooks.read_sheet(path, replace(place, sheet=sheet)):
            yield from [raw] if isinstance(raw, Problem) else _entry(entries, part, raw)
    titles = rows.column_titles(kind)
    for raw in workbooks.read_sheet(path, place):
        if isinstance(raw, RawRow):
            key = raw.values.get(titles[kind.key]) or raw.values.get(kind.key) or ""
            yield from entries.give(raw, str(key), titles)
        yield raw
    yield from entries.left_over()


def _entry(entries: parts.Entries, part: PartSheet, raw: RawRow) -> Iterator[Problem]:
    own = {heading: value for heading, value in raw.values.items() if heading != part.owner}
    values, problems = rows.named(part.model, replace(raw, values=own))
    yield from problems
    if not problems:
        yield from entries.add(part, raw, values)

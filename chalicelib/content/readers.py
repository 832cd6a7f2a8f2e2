"""A file or a folder → its sources: which files are read, how, and what kind of rows each one holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from chalicelib.content import documents, kinds, tables, workbooks
from chalicelib.content.kinds import Kind
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import Rows, Source
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
    for sheet in sheets:
        here = Place(place.file, sheet=sheet)
        kind = kinds.named(sheet) or (kinds.named(path.stem) if len(sheets) == 1 else None)
        if kind is not None:
            yield Source(kind, here, partial(workbooks.read_sheet, path, here))
        elif sheet.strip().lower() in _NOTES:
            yield f"{here}：说明，不读取"
        else:
            yield Problem(here, f"看不出是哪一类内容，工作表名请用：{kinds.listed()}")

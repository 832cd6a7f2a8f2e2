"""A search index as one file (索引文件): written once with the content version, then memory-mapped and read in place.

Layout, little-endian: 8 bytes of magic, 8 bytes length of the header, the header as JSON, then the columns one after
the other, each at a multiple of 8. The header names every column with its element type and place, so that a reader maps
the file and casts: nothing is unpacked, and processes share the pages.
"""

from __future__ import annotations

import json
import mmap
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chalicelib.guidance.bm25 import Bm25, Columns
from chalicelib.guidance.search import Field, SearchIndex

MAGIC = b"XXBIDX01"
_COLUMNS = (("keys", "Q"), ("starts", "I"), ("numbers", "I"), ("weights", "f"))
_ALIGN = 8


class BadIndexFile(Exception):
    """The file is not an index of this version of the program, or it is cut off; build it again."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A mapped index. ``columns``: what else was written into it (the vectors of meaning), by name."""

    index: SearchIndex
    columns: Mapping[str, memoryview]
    header: Mapping[str, Any]


class _Texts(Sequence[str]):
    """Texts of a file, decoded when asked for."""

    def __init__(self, starts: memoryview, data: memoryview) -> None:
        self._starts = starts
        self._data = data

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        if place >= len(self):
            raise IndexError(place)
        return bytes(self._data[self._starts[place] : self._starts[place + 1]]).decode()


def write(out: BinaryIO, index: SearchIndex, version: str, more: Mapping[str, array[Any]] | None = None) -> None:
    """``version``: of the content it was made from. ``more``: columns of one's own, kept beside the index."""
    if sys.byteorder != "little":
        raise BadIndexFile("index files are little-endian; this machine is not")
    columns = dict(_columns(index)) | dict(more or {})
    places: dict[str, tuple[str, int, int]] = {}
    end = 0
    for name, column in columns.items():
        end += -end % _ALIGN
        places[name] = (column.typecode, end, len(column))
        end += len(column) * column.itemsize
    header: dict[str, Any] = {"version": version, "emphasis": index.emphasis, "columns": places}
    header["fields"] = [{"weight": field.weight, "size": field.texts.size} for field in index.fields]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGN)
    out.write(MAGIC + len(text).to_bytes(8, "little") + text)
    written = 0
    for name, column in columns.items():
        out.write(b"\0" * (places[name][1] - written))
        out.write(memoryview(column).cast("B"))
        written = places[name][1] + len(column) * column.itemsize


def open_file(path: Path) -> Opened:
    """Maps the file. Raises BadIndexFile; FileNotFoundError."""
    with path.open("rb") as file:
        try:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except ValueError:
            raise BadIndexFile(f"{path.name} is empty") from None
    return read(mapped)


def read(data: memoryview) -> Opened:
    """An index over bytes already in hand. Raises BadIndexFile."""
    if bytes(data[:8]) != MAGIC:
        raise BadIndexFile("not an index of this version")
    start = 16 + int.from_bytes(data[8:16], "little")
    try:
        header = json.loads(bytes(data[16:start]))
        columns = {name: _column(data, start, *place) for name, place in header["columns"].items()}
        return Opened(_index(header, columns), columns, header)
    except (ValueError, KeyError, TypeError) as error:
        raise BadIndexFile(f"cut off or damaged: {error}") from None


def _columns(index: SearchIndex) -> Iterator[tuple[str, array[Any]]]:
    """Every column of the index by the name it has in the file."""
    encoded = [id_.encode() for id_ in index.ids]
    ends = array("I", [0])
    for one in encoded:
        ends.append(ends[-1] + len(one))
    yield "ids.starts", ends
    yield "ids.data", array("B", b"".join(encoded))
    yield "priors", _array("f", index.priors)
    for number, field in enumerate(index.fields):
        for name, type_ in _COLUMNS:
            yield f"{number}.{name}", _array(type_, getattr(field.texts.columns, name))
        yield f"{number}.owners", _array("I", field.owners)


def _array(type_: str, values: Sequence[Any]) -> array[Any]:
    return values if isinstance(values, array) else array(type_, values)


def _column(data: memoryview, start: int, type_: str, place: int, length: int) -> memoryview:
    size = array(type_).itemsize
    part = data[start + place : start + place + length * size]
    if len(part) != length * size:
        raise ValueError("a column is missing")
    return part.cast(type_)  # type: ignore[call-overload, no-any-return]


def _index(header: Mapping[str, Any], columns: Mapping[str, memoryview]) -> SearchIndex:
    fields = []
    for number, field in enumerate(header["fields"]):
        parts = {name: columns[f"{number}.{name}"] for name, _ in _COLUMNS}
        texts = Bm25(Columns(**parts), field["size"])
        fields.append(Field(texts, columns[f"{number}.owners"], field["weight"]))
    ids = _Texts(columns["ids.starts"], columns["ids.data"])
    return SearchIndex(ids, fields, columns["priors"], header["emphasis"])

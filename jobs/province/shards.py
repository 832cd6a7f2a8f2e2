"""A shard of enterprises as one file of columns, and what a night found out about it. For batch code: needs numpy.

The files of a night are named in ``jobs/province/files.py``. An enterprise stays in its shard (``shard_of``) and stands
there in the order of its code, so that two nights can be laid side by side.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.policies.columns import Bits, Codes, Columns, Numbers

USCC_BYTES = 18
_ALIGN = 64


@dataclass(frozen=True, slots=True)
class Shard:
    """``usccs`` (bytes, ascending) name the rows of ``columns``."""

    usccs: NDArray[np.bytes_]
    columns: Columns


@dataclass(frozen=True, slots=True)
class Matches:
    """``bits[p]`` has one bit an enterprise for policy ``policies[p]``: it must match; little-endian bits."""

    usccs: NDArray[np.bytes_]
    policies: tuple[str, ...]
    bits: Bits


@dataclass(frozen=True, slots=True)
class News:
    """Pairs that match now and did not the night before: ``usccs[rows[i]]`` newly matches ``policies[which[i]]``."""

    policies: tuple[str, ...]
    usccs: NDArray[np.bytes_]
    rows: NDArray[np.int32]
    which: NDArray[np.int32]


def pack_shard(shard: Shard) -> bytes:
    facts: dict[str, Any] = {}
    arrays: list[NDArray[Any]] = [shard.usccs]
    for name, column in shard.columns.by_name.items():
        arrays.append(column.values if isinstance(column, Numbers) else column.codes)
        facts[name] = None if isinstance(column, Numbers) else [_plain(value) for value in column.values]
    return _pack({"facts": facts}, arrays)


def unpack_shard(data: bytes) -> Shard:
    """Columns over the file's own bytes: nothing is copied."""
    about, arrays = _unpack(data)
    columns: dict[str, Numbers | Codes] = {}
    for (name, values), array in zip(about["facts"].items(), arrays[1:], strict=True):
        columns[name] = Numbers(array) if values is None else Codes(array, [_as_listed(value) for value in values])
    return Shard(arrays[0], Columns(len(arrays[0]), columns))


def pack_matches(matches: Matches) -> bytes:
    return _pack({"policies": matches.policies}, [matches.usccs, matches.bits])


def unpack_matches(data: bytes) -> Matches:
    about, (usccs, bits) = _unpack(data)
    return Matches(usccs, tuple(about["policies"]), bits)


def pack_news(news: News) -> bytes:
    return _pack({"policies": news.policies}, [news.usccs, news.rows, news.which])


def unpack_news(data: bytes) -> News:
    about, (usccs, rows, which) = _unpack(data)
    return News(tuple(about["policies"]), usccs, rows, which)


def _pack(about: dict[str, Any], arrays: Sequence[NDArray[Any]]) -> bytes:
    """One line of JSON that says what follows, then the arrays, each at a multiple of 64 bytes."""
    described = [{"type": array.dtype.str, "shape": array.shape} for array in arrays]
    head = json.dumps({**about, "arrays": described}, ensure_ascii=False).encode() + b"\n"
    parts = [head, _padding(len(head))]
    for array in arrays:
        parts += [array.tobytes(), _padding(array.nbytes)]
    return b"".join(parts)


def _unpack(data: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    end = data.index(b"\n") + 1
    about = json.loads(data[:end])
    return about, list(_arrays(data, about["arrays"], end + len(_padding(end))))


def _arrays(data: bytes, described: list[dict[str, Any]], start: int) -> Iterator[NDArray[Any]]:
    for each in described:
        kind, shape = np.dtype(each["type"]), tuple(each["shape"])
        count = int(np.prod(shape))
        yield np.frombuffer(data, kind, count, start).reshape(shape)
        size = count * kind.itemsize
        start += size + len(_padding(size))


def _padding(size: int) -> bytes:
    return b"\0" * (-size % _ALIGN)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _as_listed(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else value

"""What a reader hands on: one file or sheet of one kind, and its rows one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.content.kinds import Kind
from chalicelib.content.problems import Place, Problem


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row before validation. A table's ``values`` are texts (``text`` True), a document's are what it holds."""

    place: Place
    values: dict[str, Any]
    text: bool = False


Rows = Iterator[RawRow | Problem]


@dataclass(frozen=True, slots=True)
class Source:
    """``open`` starts reading from the first row, as often as wanted; a Problem in between is a row that cannot be
    read. Raises Broken where reading cannot go on."""

    kind: Kind
    place: Place
    open: Callable[[], Rows]

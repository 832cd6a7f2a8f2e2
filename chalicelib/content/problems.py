"""What is wrong with a file: where, in the words of the person who keeps it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

MAX_KEPT = 2_000
MAX_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a file. ``unit``: 行 counts lines of a table (the header is 1), 条 entries of a document (from 1)."""

    file: str
    row: int | None = None
    unit: Literal["行", "条"] = "行"
    sheet: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        """企业.xlsx「企业」表 第 18 行 · items.yaml 第 3 条（SX-03）"""
        text = self.file + (f"「{self.sheet}」表" if self.sheet else "")
        if self.row is not None:
            text += f" 第 {self.row} {self.unit}"
        return text + (f"（{self.key}）" if self.key else "")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``column`` is the Chinese title of the field, with its path inside the cell if it is nested."""

    place: Place
    text: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.place}{f'「{self.column}」' if self.column else ''}：{self.text}"


class Broken(Exception):
    """A file cannot be read on from here; carries the Problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass
class Problems:
    """Collects mistakes; keeps the first MAX_KEPT and counts the rest, so that a hopeless file costs no memory."""

    kept: list[Problem] = field(default_factory=list)
    total: int = 0

    def add(self, problem: Problem) -> None:
        self.total += 1
        if len(self.kept) < MAX_KEPT:
            self.kept.append(problem)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: rows by kind, mistakes, and files of a folder that were not read (with the reason)."""

    counts: dict[str, int]
    problems: tuple[Problem, ...] = ()
    total_problems: int = 0
    unread: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.total_problems == 0

    def lines(self, at_most: int = MAX_SHOWN) -> Iterator[str]:
        """The mistakes for people, the first ``at_most`` of them, then how many more there are."""
        yield from (str(problem) for problem in self.problems[:at_most])
        if self.total_problems > at_most:
            yield f"……还有 {self.total_problems - at_most} 处，改好以上各处后再检查一次"

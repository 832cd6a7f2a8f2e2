"""JSON Lines → checked rows: policies and enterprises as files hand them in, each mistake with file, row and field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.errors import BadInput
from chalicelib.policies.conditions import examine
from chalicelib.policies.dictionary import FactDef, Schema, SchemaProblem, plain_schema, read_value
from chalicelib.policies.reach import unreachable
from chalicelib.policies.tree import Tree

MAX_SHOWN = 20
BLOCK_BYTES = 1 << 20
"""What is written about a block can be ten times as long, so a few under way take some tens of megabytes."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """``field`` is the path inside the row, empty for the whole row."""

    row: int
    field: str
    text: str


class FileProblems(BadInput):
    """A file that cannot be used. Its text names the file, and row and field of each mistake (the first of many)."""

    def __init__(self, file: Path, problems: Sequence[RowProblem]) -> None:
        self.file, self.problems = file, tuple(problems)
        lines = [_said(file, problem) for problem in self.problems[:MAX_SHOWN]]
        if len(self.problems) > MAX_SHOWN:
            lines.append(f"……另有 {len(self.problems) - MAX_SHOWN} 处。")
        super().__init__("\n".join([*lines, "请改正后重来；没有写出任何结果。"]))


def _said(file: Path, problem: RowProblem) -> str:
    place = f" 第 {problem.row} 行" if problem.row else ""
    return f"{file.name}{place}{f'「{problem.field}」' if problem.field else ''}：{problem.text}"


@dataclass(frozen=True, slots=True)
class NamedTree:
    id: str
    tree: Tree


def read_schema(path: Path) -> dict[str, FactDef]:
    """``{"name": "number|category|flag|date|set"}``. Raises FileProblems."""
    try:
        return plain_schema(_decode(_bytes(path)))
    except (ValueError, SchemaProblem) as error:
        raise FileProblems(path, [RowProblem(0, "", str(error))]) from error


def read_policies(path: Path, schema: Schema) -> tuple[list[NamedTree], list[str]]:
    """The policies of a file, and warnings about branches that can never decide. Raises FileProblems."""
    problems: list[RowProblem] = []
    policies: list[NamedTree] = []
    warnings: list[str] = []
    seen: dict[str, int] = {}
    for number, line in _lines(_bytes(path)):
        read = _policy(number, line, schema, seen)
        if isinstance(read, NamedTree):
            policies.append(read)
            warnings += [
                _said(path, RowProblem(number, f"condition.{at}", text)) for at, text in unreachable(read.tree)
            ]
        else:
            problems += read
    if problems:
        raise FileProblems(path, problems)
    if not policies:
        raise FileProblems(path, [RowProblem(0, "", "没有一条政策")])
    return policies, warnings


def _policy(number: int, line: bytes, schema: Schema, seen: dict[str, int]) -> NamedTree | list[RowProblem]:
    try:
        row = _object(line)
    except ValueError as error:
        return [RowProblem(number, "", str(error))]
    problems = [RowProblem(number, key, "不认识的字段") for key in sorted(set(row) - {"id", "condition"})]
    name = row.get("id")
    if not isinstance(name, str) or not name:
        problems.append(RowProblem(number, "id", "应为非空的文字"))
    elif name in seen:
        problems.append(RowProblem(number, "id", f"“{name}”与第 {seen[name]} 行重复"))
    else:
        seen[name] = number
    tree, faults = examine(row.get("condition"), schema)
    where = f"政策 {name}：" if isinstance(name, str) else ""
    problems += [
        RowProblem(number, f"condition.{fault.path}" if fault.path else "condition", f"{where}{fault.text}")
        for fault in faults
    ]
    return problems if problems or tree is None else NamedTree(str(name), tree)


# ---------------------------------------------------------------- enterprises


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of whole lines; ``first`` is the number of its first line, counted from 1."""

    first: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Rows:
    """A block read: credit codes and facts side by side, and the mistakes found (then the rest is not to be used)."""

    usccs: list[str]
    facts: list[dict[str, Any]]
    problems: list[RowProblem]
    unused: frozenset[str]


def blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """The file in stretches of about ``size`` bytes, cut at line ends. Raises FileProblems where it cannot be read."""
    first, rest = 1, b""
    try:
        with path.open("rb") as source:
            while data := source.read(size):
                head, newline, rest_now = data.rpartition(b"\n")
                if not newline:
                    rest += data
                    continue
                whole = rest + head + newline
                yield Block(first, whole.removeprefix(b"\xef\xbb\xbf") if first == 1 else whole)
                first, rest = first + whole.count(b"\n"), rest_now
    except OSError as error:
        raise FileProblems(path, [RowProblem(0, "", f"读不了（{error.strerror}）")]) from error
    if rest.strip():
        yield Block(first, rest.removeprefix(b"\xef\xbb\xbf") if first == 1 else rest)


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines with their ends, without a mark at the beginning. Raises FileProblems where it cannot be read."""
    try:
        with path.open("rb") as source:
            yield source.readline().removeprefix(b"\xef\xbb\xbf")
            yield from source
    except OSError as error:
        raise FileProblems(path, [RowProblem(0, "", f"读不了（{error.strerror}）")]) from error


def read_rows(block: Block, schema: Schema) -> Rows:
    """Every row of a block, its facts checked against the schema and in the form the compilers take."""
    usccs: list[str] = []
    facts: list[dict[str, Any]] = []
    numbers: list[int] = []
    problems: list[RowProblem] = []
    for number, line in _lines(block.data, block.first):
        try:
            row = _object(line)
            uscc, given = _enterprise(row)
        except _Fault as fault:
            problems.append(RowProblem(number, fault.field, str(fault)))
            continue
        except ValueError as error:
            problems.append(RowProblem(number, "", str(error)))
            continue
        usccs.append(uscc)
        facts.append(given)
        numbers.append(number)
    for name, definition in schema.items():
        problems += _check(name, definition, facts, numbers)
    unused = frozenset().union(*facts) - schema.keys() if facts else frozenset()
    return Rows(usccs, facts, sorted(problems, key=lambda problem: problem.row), unused)


class _Fault(ValueError):
    def __init__(self, field: str, text: str) -> None:
        self.field = field
        super().__init__(text)


def _enterprise(row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    uscc, facts = row.get("uscc"), row.get("facts")
    if not isinstance(uscc, str) or not uscc:
        raise _Fault("uscc", "应为非空的文字")
    if not isinstance(facts, dict):
        raise _Fault("facts", "应是一个对象，形如 {“名称”: 值}")
    return uscc, facts


_PLAIN: dict[str, frozenset[type]] = {
    "number": frozenset({int, float, type(None)}),
    "category": frozenset({str, type(None)}),
    "flag": frozenset({bool, type(None)}),
}


def _check(name: str, definition: FactDef, facts: list[dict[str, Any]], numbers: list[int]) -> list[RowProblem]:
    """Check one fact of all rows; dates and sets are replaced by the form the compilers take."""
    values = [given.get(name) for given in facts]
    if definition.type in _PLAIN and _PLAIN[definition.type].issuperset(map(type, values)):
        if definition.type != "number" or all(value is None or -(2**53) <= value <= 2**53 for value in values):
            return []
    known: dict[Any, Any] = {}
    problems = []
    for given, value, number in zip(facts, values, numbers, strict=True):
        if value is None:
            continue
        try:
            key = (type(value), tuple(value) if isinstance(value, list) else value)
            if key not in known:
                known[key] = read_value(definition.type, value)
            given[name] = known[key]
        except (ValueError, TypeError) as error:
            text = str(error) if isinstance(error, ValueError) else "不能是对象"
            problems.append(RowProblem(number, f"facts.{name}", text))
    return problems


# ---------------------------------------------------------------- lines


def _lines(data: bytes, first: int = 1) -> Iterable[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(data.split(b"\n"), first) if line.strip())


def _object(line: bytes) -> dict[str, Any]:
    row = _decode(line)
    if not isinstance(row, dict):
        raise ValueError("应是一个 JSON 对象")
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"不能写 {name}")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def _decode(data: bytes) -> Any:
    try:
        return _decoder.decode(data.decode())
    except json.JSONDecodeError as error:
        raise ValueError(f"不是完整的 JSON（第 {error.colno} 个字符处）") from error
    except UnicodeDecodeError as error:
        raise ValueError("不是 UTF-8 编码") from error
    except RecursionError as error:
        raise ValueError("嵌套太深") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise FileProblems(path, [RowProblem(0, "", f"读不了（{error.strerror}）")]) from error

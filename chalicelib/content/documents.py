"""YAML, JSON and JSON Lines: documents that are a list of rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow, Rows

MAX_DOCUMENT_BYTES = 100_000_000
MAX_DEPTH = 60
MAX_NODES = 5_000_000


def read_yaml(path: Path, place: Place, key: str) -> Rows:
    """Entries of a YAML list. References (& and *) may be used, within reason; a name may stand once in an entry."""
    import yaml

    loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader_class(_text(path, place))
    except yaml.YAMLError as error:
        raise Broken(_yaml_problem(error, place)) from None
    try:
        node = loader.get_single_node()
        if node is None:
            raise Broken(Problem(place, "文件是空的"))
        _measured(node, place, {})
        entries = loader.construct_document(node)
    except (yaml.YAMLError, ValueError) as error:
        raise Broken(_yaml_problem(error, place)) from None
    except RecursionError:
        raise Broken(Problem(place, f"嵌套太深，最多 {MAX_DEPTH} 层")) from None
    finally:
        loader.dispose()
    yield from _entries(entries, place, key)


def read_json(path: Path, place: Place, key: str) -> Rows:
    """Elements of a JSON list."""
    yield from _entries(_parse(_text(path, place), place), place, key)


def read_json_lines(path: Path, place: Place, key: str) -> Rows:
    """One JSON object a line; a bad line is a Problem and the next one is read."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            here = replace(place, row=number)
            if not raw.strip():
                continue
            try:
                entry = _parse(_decoded(raw.strip(), here), here)
            except Broken as broken:
                yield broken.problem
                continue
            yield _entry(entry, here, key)


def _entries(entries: Any, place: Place, key: str) -> Rows:
    if not isinstance(entries, list):
        raise Broken(Problem(place, "最外层应是一个列表，每一条一项"))
    for number, entry in enumerate(entries, 1):
        yield _entry(entry, replace(place, row=number, unit="条"), key)


def _entry(entry: Any, place: Place, key: str) -> RawRow | Problem:
    if not isinstance(entry, dict):
        return Problem(place, "应是一组“名称: 值”")
    name = entry.get(key)
    named = replace(place, key=str(name)[:40]) if isinstance(name, str | int) else place
    odd = [name for name in entry if not isinstance(name, str)]
    return Problem(named, f"名称 {odd[0]!r} 应是文字") if odd else RawRow(named, entry)


def _text(path: Path, place: Place) -> str:
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise Broken(
            Problem(place, f"文件太大，最多 {MAX_DOCUMENT_BYTES // 1_000_000} MB。请拆开，或改用 CSV 或 JSON Lines")
        )
    return _decoded(path.read_bytes(), place)


def _decoded(raw: bytes, place: Place) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + (place.row or 1)
        raise Broken(Problem(replace(place, row=line), "不是 UTF-8 文字。请另存为 UTF-8")) from None


def _parse(text: str, place: Place) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        line = error.lineno + (place.row or 1) - 1
        raise Broken(
            Problem(replace(place, row=line), f"不是完整的 JSON（第 {error.colno} 个字附近）。请核对括号、逗号和引号")
        ) from None
    except ValueError as error:
        raise Broken(Problem(place, str(error))) from None
    except RecursionError:
        raise Broken(Problem(place, "嵌套太深")) from None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{twin}”在同一条里写了两次，请删去一个")
    return made


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} 不是确定的数字，请改为数字或 null")


@dataclass(frozen=True, slots=True)
class _Extent:
    """What a node amounts to with its references written out."""

    nodes: int
    height: int


_OPEN = _Extent(0, 0)


def _measured(node: Any, place: Place, known: dict[int, _Extent], depth: int = 0) -> _Extent:
    """Raises Broken, naming the line, for bottomless nesting, repeated names, and references (*) that stand for
    themselves or for more than anybody would write: a few lines could otherwise become gigabytes."""
    found = known.get(id(node))
    if found is _OPEN:
        raise Broken(_at(node, place, "引用（*）指回了自己，请改正"))
    if found is None:
        if depth > MAX_DEPTH:
            raise Broken(_at(node, place, f"嵌套太深，最多 {MAX_DEPTH} 层"))
        known[id(node)] = _OPEN
        parts = [_measured(part, place, known, depth + 1) for part in _parts(node, place)]
        found = _Extent(1 + sum(part.nodes for part in parts), 1 + max((part.height for part in parts), default=0))
        known[id(node)] = found
    if found.nodes > MAX_NODES or depth + found.height > MAX_DEPTH + 1:
        raise Broken(_at(node, place, "嵌套太深或引用（*）展开后太大，请把内容写简单些"))
    return found


def _parts(node: Any, place: Place) -> list[Any]:
    """Members of a list; names and values of a mapping, each name once."""
    if not isinstance(node.value, list):
        return []
    names: set[str] = set()
    parts: list[Any] = []
    for member in node.value:
        if not isinstance(member, tuple):
            parts.append(member)
            continue
        if str(member[0].value) in names:
            raise Broken(_at(member[0], place, f"“{member[0].value}”在同一条里写了两次，请删去一个"))
        names.add(str(member[0].value))
        parts.extend(member)
    return parts


def _at(node: Any, place: Place, text: str) -> Problem:
    return Problem(replace(place, row=node.start_mark.line + 1), text)


def _yaml_problem(error: Exception, place: Place) -> Problem:
    mark = getattr(error, "problem_mark", None)
    here = replace(place, row=mark.line + 1) if mark else place
    return Problem(here, "YAML 写法不对，常见的是缩进不齐、冒号后少空格或引号没有闭合。请核对这一行和上一行")


def dump_yaml(rows: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> str:
    """A list of rows as people edit it: Chinese as it is, names in their order."""
    import yaml

    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(list(rows), Dumper=dumper, allow_unicode=True, sort_keys=False, width=110))

"""One cell of a table ↔ the value of a field: lists are split by ；, nested values are JSON, dates come as people write
them."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Shape = Literal["list", "json", "flag", "number", "date", "text"]

MAX_SAFE_DIGITS = 15
_YES = {"是", "true", "yes", "y", "1", "√", "有"}
_NO = {"否", "false", "no", "n", "0", "×", "无"}
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\s*日)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d{1,3}([,，]\d{3})+(\.\d+)?")
_WHOLE = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_UNIONS = (typing.Union, types.UnionType)
_SPLIT = re.compile(r"[；;]")


class BadCell(ValueError):
    """The text says in Chinese what is wrong with the cell."""


def shape(field: FieldInfo) -> Shape:
    """How a field is written into one cell."""
    return _shape(field.annotation)


def _shape(annotation: Any) -> Shape:
    plain = without_none(annotation)
    if get_origin(plain) in _UNIONS:
        return "json" if {_shape(part) for part in get_args(plain)} == {"json"} else "text"
    if get_origin(plain) is Literal:
        return "number" if all(type(choice) is int for choice in get_args(plain)) else "text"
    origin = get_origin(plain) or plain
    if not isinstance(origin, type):
        return "text"
    if issubclass(origin, BaseModel | Mapping):
        return "json"
    if issubclass(origin, Sequence | Set) and not issubclass(origin, str | bytes):
        parts = [_shape(part) for part in get_args(plain) if part is not Ellipsis]
        return "json" if "json" in parts or "list" in parts else "list"
    if issubclass(origin, bool):
        return "flag"
    if issubclass(origin, date):
        return "date"
    if issubclass(origin, int | float | Decimal) and not issubclass(origin, Enum):
        return "number"
    return "text"


def without_none(annotation: Any) -> Any:
    """The annotation without Annotated and Optional; a union of several types stays what it is."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in _UNIONS:
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return without_none(parts[0]) if len(parts) == 1 else annotation
    return annotation


def cell_text(value: object) -> str:
    """A cell of a workbook as text: 3073.0 → 3073, a date as ISO. Raises BadCell for a number that lost digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        if abs(value) >= 10**MAX_SAFE_DIGITS:
            raise BadCell("表格软件把它当成了数字，后几位已经丢失。请把这一列设为“文本”后重新填写")
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def read(text: str, how: Shape) -> Any:
    """The value for pydantic to judge. ``text`` is not empty. Raises BadCell."""
    text = text.strip()
    if how in ("text", "number") and _ROUNDED.fullmatch(text):
        raise BadCell("表格软件把它当成了数字，后几位已经丢失。请把这一列设为“文本”后重新填写")
    if how == "json" or (how == "list" and text.startswith("[")):
        return _json(text)
    if how == "list":
        return _words(text)
    if how == "flag":
        return _flag(text)
    if how == "date":
        return iso_date(text)
    return _number(text) if how == "number" else text


def _words(text: str) -> list[str]:
    return [] if text.startswith("[") else [part.strip() for part in _SPLIT.split(text) if part.strip()]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadCell("这一格应写成 JSON，形如 [{…}] 或 {…}，请核对括号和引号") from None


def _number(text: str) -> Any:
    """1,234 without its separators; what is no plain number stays text, for its field to judge (2000万元)."""
    if _NUMBER.fullmatch(text):
        text = text.replace(",", "").replace("，", "")
    return int(text) if _WHOLE.fullmatch(text) else text


def _flag(text: str) -> Any:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise BadCell(f"应填“是”或“否”，写的是“{text[:20]}”")


def iso_date(text: str) -> str:
    """2026/11/2, 2026.11.2, 2026年11月2日 and 20261102 → 2026-11-02, with a time of day behind it if there is one."""
    if re.fullmatch(r"\d{8}", text):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    found = _DATE.fullmatch(text)
    if not found:
        return text
    year, month, day, rest = found.groups()
    return f"{year}-{int(month):02}-{int(day):02}{rest}"


def write(value: Any, how: Shape) -> str | int | float | None:
    """The cell for a value in JSON form (``model_dump(mode="json")``); ``read`` gives the same value back.

    An empty list is written as [], since it says more than an empty cell: known to be none, not unknown.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if how == "list" and isinstance(value, list) and _split_gives(value):
        return "；".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float) and how == "number":
        return value
    return str(value)


def _split_gives(words: list[Any]) -> bool:
    """Whether the words can stand in a cell as they are, split by ；."""
    return bool(words) and all(isinstance(word, str) for word in words) and _words("；".join(words)) == words

"""Pydantic's errors in the words of the people who keep the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

_PRIVATE = ("手机", "姓名", "账号", "身份证", "联系")
"""Titles whose values are never repeated in a message."""

_TEXTS: dict[str, str] = {
    "missing": "没有填。请补上",
    "extra_forbidden": "没有这一列。请核对列名，或删去",
    "none_required": "应为空",
    "string_type": "应是文字，写的是{input}。如果是编号，请加引号或把这一列设为文本",
    "string_too_short": "至少要 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "int_type": "应是整数，写的是{input}",
    "int_parsing": "应是整数，写的是{input}",
    "int_from_float": "应是整数，写的是{input}",
    "int_parsing_size": "数字太大",
    "float_type": "应是数字，写的是{input}",
    "float_parsing": "应是数字，写的是{input}",
    "finite_number": "应是一个确定的数字",
    "bool_type": "应填“是”或“否”（true 或 false）",
    "bool_parsing": "应填“是”或“否”（true 或 false），写的是{input}",
    "date_type": "应是日期，如 2026-11-22，写的是{input}",
    "date_parsing": "应是日期，如 2026-11-22，写的是{input}",
    "date_from_datetime_parsing": "应是日期，如 2026-11-22，写的是{input}",
    "date_from_datetime_inexact": "应是日期，不带钟点，如 2026-11-22",
    "time_type": "应是时刻，如 09:00，写的是{input}。YAML 里请加引号",
    "time_parsing": "应是时刻，如 09:00，写的是{input}",
    "datetime_type": "应是时间，如 2026-11-22 09:00，写的是{input}",
    "datetime_parsing": "应是时间，如 2026-11-22 09:00，写的是{input}",
    "datetime_from_date_parsing": "应是时间，如 2026-11-22 09:00，写的是{input}",
    "timezone_aware": "时间要带时区，如 2026-11-22T09:00+08:00",
    "decimal_type": "应是数字，写的是{input}",
    "decimal_parsing": "应是数字，写的是{input}",
    "decimal_max_places": "小数最多 {decimal_places} 位",
    "enum": "只能填 {expected}，写的是{input}",
    "literal_error": "只能填 {expected}，写的是{input}",
    "greater_than": "应大于 {gt}，写的是{input}",
    "greater_than_equal": "应不小于 {ge}，写的是{input}",
    "less_than": "应小于 {lt}，写的是{input}",
    "less_than_equal": "应不大于 {le}，写的是{input}",
    "multiple_of": "应是 {multiple_of} 的倍数，写的是{input}",
    "too_short": "至少要 {min_length} 项，只有 {actual_length} 项",
    "too_long": "最多 {max_length} 项，有 {actual_length} 项",
    "tuple_type": "应是列表。表格里用“；”隔开",
    "list_type": "应是列表。表格里用“；”隔开",
    "set_type": "应是列表。表格里用“；”隔开",
    "frozen_set_type": "应是列表。表格里用“；”隔开",
    "dict_type": "应是一组“名称: 值”",
    "mapping_type": "应是一组“名称: 值”",
    "model_type": "应是一组“名称: 值”",
    "model_attributes_type": "应是一组“名称: 值”",
    "union_tag_not_found": "缺少说明种类的一项",
    "union_tag_invalid": "种类不认识，写的是{input}",
}
PATTERNS = {
    r"SX-\d{2,6}": "应是 SX- 加 2 至 6 位数字，如 SX-01",
    r"B\d{2,4}": "应是 B 加 2 至 4 位数字，如 B01",
    r"PT\d{2,6}": "应是 PT 加 2 至 6 位数字，如 PT01",
    r"MC\d{2,4}": "应是 MC 加 2 至 4 位数字，如 MC01",
    r"P\d{2,4}": "应是 P 加 2 至 4 位数字，如 P01",
    r"P\d{2,4}(-\d{1,2})?": "应是 P 加 2 至 4 位数字，分项再加 - 和序号，如 P01、P05-2",
    r"(SX-\d{2,6})?": "应是 SX- 加 2 至 6 位数字，如 SX-01；不属于事项的空着",
    r"(P\d{2,4}(-\d{1,2})?)?": "应是 P 加 2 至 4 位数字，如 P01；不属于政策的空着",
    r"FM-\d{2,4}": "应是 FM- 加 2 至 4 位数字，如 FM-01",
    r"[a-z][a-z0-9_]{1,40}": "应是小写英文字母开头，2 至 41 个小写字母、数字或下划线，如 legal_rep",
    r"([a-z_]+(:[^:]+)?)?": "应写列名（如 name）、fact:数据名、contact:角色.mobile 或 record:清单.列名",
    r"[a-z][a-z0-9_]*": "应是小写英文字母、数字和下划线",
    r"[0-9A-Z]{12,36}": "应是 12 至 36 位数字或大写字母",
    r"\d{9}": "应是 9 位数字，如 360323101",
    r"\d{4}": "应是 4 位数字，如 3073",
    r"[A-Za-z0-9][A-Za-z0-9-]{3,39}": "应是 4 至 40 位字母、数字或短横线",
}
"""By pattern without its anchors; a test finds the patterns that are missing here."""

_WRONG_TYPE = "内容的类型不对，请核对写法"


def explain(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[str | None, str]]:
    """(column, sentence) of each mistake; the several tries of a union become one."""
    grouped: dict[str | None, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        grouped.setdefault(column(model, detail["loc"]), []).append(detail)
    for name, details in grouped.items():
        sentences = list(dict.fromkeys(sentence(detail, name or "") for detail in details))
        yield name, sentences[0] if len(sentences) == 1 else _joined(details, sentences)


def _joined(details: list[ErrorDetails], sentences: list[str]) -> str:
    """Several mistakes of one column: all of them, unless they are only a union's tries of its types."""
    same_place = len({detail["loc"] for detail in details}) == 1
    return "；".join(sentences) if same_place else _WRONG_TYPE


def sentence(detail: ErrorDetails, name: str = "") -> str:
    """One error as a Chinese sentence without the place."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", detail["msg"]))
    if kind == "string_pattern_mismatch":
        rule = PATTERNS.get(context["pattern"].strip("^$"), f"写法不对，应符合 {context['pattern']}")
        return f"{rule}，写的是{_shown(detail, name)}"
    text = _TEXTS.get(kind)
    if text is None:
        return f"填写有误（{kind}）"
    return text.format(**(context | {"input": _shown(detail, name), "expected": _choices(context)}))


def _choices(context: Mapping[str, Any]) -> str:
    return str(context.get("expected", "")).replace(" or ", "、").replace(", ", "、").replace("'", "")


def _shown(detail: ErrorDetails, name: str) -> str:
    """The value that was given, short; personal ones are not repeated."""
    if any(word in name for word in _PRIVATE):
        return "的内容不对"
    text = str(detail["input"])
    return f"“{text[:30]}{'…' if len(text) > 30 else ''}”"


def column(model: type[BaseModel], place: tuple[int | str, ...]) -> str | None:
    """Titles along the path: ("legal", "n") → 法定办结时限.数量, ("materials", 2, "name") → 申请材料.第 3 项.材料名称.

    Names of union branches and validators, which pydantic puts into the path, are left out.
    """
    words: list[str] = []
    at: type[BaseModel] | None = model
    free = False  # inside a dictionary any name is the operator's own
    for step in place:
        if isinstance(step, int):
            words.append(f"第 {step + 1} 项")
        elif at is not None and step in at.model_fields:
            field = at.model_fields[step]
            words.append(field.title or step)
            at, free = _inner_model(field.annotation), _is_dict(field.annotation)
        elif free or (at is model and not words):
            words.append(step)
            free = False
    return ".".join(words) or None


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner_model(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)


def _is_dict(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_is_dict(part) for part in get_args(annotation))

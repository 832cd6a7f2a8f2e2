"""What a column of a workbook means and takes (填写说明): for the comment on its header and for its drop-down list."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chalicelib.content import cells
from chalicelib.content.wording import PATTERNS

MAX_LIST = 255
"""Characters of a drop-down list that is written into the sheet."""

_HOW: dict[cells.Shape, str] = {
    "list": "多项用“；”隔开，例：甲；乙",
    "json": "一格 JSON，形如 [{…}] 或 {…}",
    "flag": "填“是”或“否”",
    "number": "填数字，例：20",
    "date": "填日期，例：2026-11-22",
    "text": "填文字",
}
_MEANINGS = {
    "prov": "每一行内容从哪里来：S 公开报道，F加数字 公开网页，G 一般规定，G? 不确定，R 示例数据。例：G；R",
    "source_url": "来源网页的网址",
    "source_note": "来源的补充说明",
    "verified_at": "与官方页面核对的日期；没有核对的按示例数据显示",
    "verified_by": "谁核对的",
    "valid_from": "从哪天起有效；空着是一直有效",
    "valid_to": "到哪天为止有效；空着是一直有效",
}


def choices(field: FieldInfo) -> list[str] | None:
    """The only values that a cell of this column may hold; None where there is no short list of them."""
    plain = cells.without_none(field.annotation)
    if plain is bool:
        return ["是", "否"]
    if isinstance(plain, type) and issubclass(plain, Enum):
        return [str(member.value) for member in plain]
    if get_origin(plain) is Literal:
        return [str(choice) for choice in get_args(plain)]
    return None


def comment(heading: str, name: str, field: FieldInfo) -> str:
    """法定办结时限（必填）… what it means, how it is written, an example, and the parts of a nested value."""
    lines = [f"{heading}（{'必填' if field.is_required() else '可不填'}，列名也可写 {name}）"]
    meaning = field.description or _MEANINGS.get(name.rpartition(".")[2])
    if meaning:
        lines.append(meaning)
    listed = choices(field)
    rule = next((PATTERNS[found] for found in _patterns(field) if found in PATTERNS), None)
    lines.append(f"只能填：{'、'.join(listed)}" if listed else rule or _HOW[cells.shape(field)])
    model = _model_in(field.annotation)
    if model is not None:
        parts = (f"{part} {inner.title}" for part, inner in model.model_fields.items())
        lines.append(f"每项：{'，'.join(parts)}")
    return "\n".join(lines)


def _patterns(field: FieldInfo) -> list[str]:
    """Patterns on the field itself or on the type it is annotated with."""
    found = [getattr(one, "pattern", None) for one in field.metadata]
    return [pattern.strip("^$") for pattern in found if isinstance(pattern, str)]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)

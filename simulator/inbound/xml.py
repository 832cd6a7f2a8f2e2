"""XML as the platform writes it: text in CDATA, numbers bare."""

from __future__ import annotations

from typing import Any


def render(fields: dict[str, Any]) -> str:
    """``<xml>…</xml>``. A dict nests, a list repeats its element."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: dict[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, entry) for entry in value)
    if isinstance(value, dict):
        return f"<{name}>{_inner(value)}</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}><![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"

"""Fields of queue messages. What is wrong with one is told by its name: the dead letter itself holds the rest."""

from __future__ import annotations

import json
from datetime import date
from typing import TypeVar

from chalicelib.ports import JsonObject

Kind = TypeVar("Kind", int, str, list[str])


class PoisonedMessage(Exception):
    """A message that can never be worked off. The text names its field, never the value."""


def read_body(text: str) -> JsonObject | None:
    """The JSON object; None where it is none. Anybody with the console may have written it, a million brackets even."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def field(body: JsonObject, name: str, kind: type[Kind]) -> Kind:
    """The field of this type. Raises PoisonedMessage."""
    if name not in body:
        raise PoisonedMessage(f"the message has no field {name!r}, only {', '.join(sorted(body)) or 'nothing'}")
    value = body[name]
    plain: type = list if kind not in (int, str) else kind  # a list's parts are looked at below
    fits = isinstance(value, plain) and not isinstance(value, bool)
    if not fits or (plain is list and not all(isinstance(each, str) for each in value)):
        raise PoisonedMessage(f"field {name!r} is {type(value).__name__}, not {plain.__name__}")
    found: Kind = value
    return found


def day_field(body: JsonObject, name: str) -> str:
    """The field as ``2026-11-23``. Raises PoisonedMessage."""
    text = field(body, name, str)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise PoisonedMessage(f"field {name!r} is no day like 2026-11-23") from None

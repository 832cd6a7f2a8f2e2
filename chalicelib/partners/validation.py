"""One entry of a call → a checked model, or what is wrong with it in the words of content files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chalicelib.content import wording
from chalicelib.ports import JsonObject

YEARS = range(1990, 2101)
"""Years that dates may lie in: others are slips, and some of them cannot be counted from."""

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of our clock an event may have taken place."""

_LIST_TITLE = "办理过程"
_MAX_TEXT = 120
_MAX_FIELD = 40

Model = TypeVar("Model", bound=BaseModel)


class BadEntry(Exception):
    """Nothing of the entry is kept. ``mistakes``: (Chinese title of the column or None, sentence)."""

    def __init__(self, *mistakes: tuple[str | None, str]) -> None:
        self.mistakes = [(title[:_MAX_FIELD] if title else None, text[:_MAX_TEXT]) for title, text in mistakes]
        super().__init__(f"{len(mistakes)} mistakes")


def validated(model: type[Model], given: JsonObject, now: datetime) -> Model:
    """Raises BadEntry with every mistake."""
    if not isinstance(given.get("events", []), list | None):
        raise BadEntry((_LIST_TITLE, "应是列表"))
    try:
        value = model.model_validate(given)
    except ValidationError as error:
        raise BadEntry(*wording.explain(error, model)) from None
    if far := list(_far_off(value.model_dump(), (), now)):
        raise BadEntry(*((wording.column(model, path), text) for path, text in far))
    return value


def _far_off(value: Any, path: tuple[int | str, ...], now: datetime) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Dates that no office can mean, with where they stand."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _far_off(inner, (*path, name), now)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _far_off(inner, (*path, place), now)
    elif isinstance(value, date) and value.year not in YEARS:
        yield path, _out_of_range()
    elif isinstance(value, datetime) and value > now + CLOCK_SKEW:
        yield path, "还没有到这个时间。请核对发生时间和时区"


def _out_of_range() -> str:
    return f"日期应在 {YEARS.start} 年至 {YEARS.stop - 1} 年之间，请核对"

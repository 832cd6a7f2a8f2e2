from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from chalicelib.content import cells
from chalicelib.content.kinds import KINDS


class Colour(Enum):
    RED = "红"


class Inner(BaseModel):
    a: int = 0


class Sample2(BaseModel):
    b: int = 0


class Sample(BaseModel):
    text: str
    maybe: str | None = None
    pattern: Annotated[str, Field(pattern="x")] | None = None
    whole: int | None = None
    amount: Decimal | None = None
    ok: bool = False
    day: date | None = None
    at: datetime | None = None
    words: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    maybe_words: tuple[str, ...] | None = None
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()
    table: dict[str, Inner] = {}
    colour: Colour = Colour.RED
    choice: Literal["甲", "乙"] = "甲"
    year: Literal[2011, 2017] = 2017
    union: bool | int | str | None = None
    models: Annotated[Inner | Sample2, Field()] | None = None


def test_shape_of_every_sort_of_field() -> None:
    assert {name: cells.shape(field) for name, field in Sample.model_fields.items()} == {
        "text": "text",
        "maybe": "text",
        "pattern": "text",
        "whole": "number",
        "amount": "number",
        "ok": "flag",
        "day": "date",
        "at": "date",
        "words": "list",
        "maybe_words": "list",
        "inner": "json",
        "many": "json",
        "table": "json",
        "colour": "text",
        "choice": "text",
        "year": "number",
        "union": "text",
        "models": "json",
    }


@pytest.mark.parametrize(
    ("text", "how", "value"),
    [
        ("甲；乙; 丙；", "list", ["甲", "乙", "丙"]),
        ("甲", "list", ["甲"]),
        ('["甲；乙"]', "list", ["甲；乙"]),
        ('{"n": 1}', "json", {"n": 1}),
        ("是", "flag", True),
        ("FALSE", "flag", False),
        ("1,234.50", "number", "1234.50"),
        ("12,34", "number", "12,34"),
        ("2017", "number", 2017),
        ("1,234", "number", 1234),
        ("2000万元", "number", "2000万元"),
        ("2026/1/2", "date", "2026-01-02"),
        ("2026年11月2日", "date", "2026-11-02"),
        ("20261102", "date", "2026-11-02"),
        ("2026.11.2 09:30", "date", "2026-11-02 09:30"),
        ("昨天", "date", "昨天"),
        (" 宣风镇 ", "text", "宣风镇"),
    ],
)
def test_read(text: str, how: cells.Shape, value: Any) -> None:
    assert cells.read(text, how) == value


@pytest.mark.parametrize(
    ("text", "how", "word"),
    [("也许", "flag", "“是”或“否”"), ("[{", "json", "JSON"), ("3.60323E+18", "text", "文本")],
)
def test_bad_cells(text: str, how: cells.Shape, word: str) -> None:
    with pytest.raises(cells.BadCell, match=word):
        cells.read(text, how)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (3073, "3073"),
        (3073.0, "3073"),
        (0.46, "0.46"),
        (True, "是"),
        (datetime.fromisoformat("2026-11-22"), "2026-11-22"),
        (datetime.fromisoformat("2026-11-22 09:30"), "2026-11-22 09:30:00"),
        (date(2026, 11, 22), "2026-11-22"),
        (time(9, 0), "09:00:00"),
        ("字", "字"),
    ],
)
def test_cells_of_a_workbook(value: object, text: str) -> None:
    assert cells.cell_text(value) == text


def test_a_number_that_lost_digits_is_refused() -> None:
    with pytest.raises(cells.BadCell, match="文本"):
        cells.cell_text(3603232026112200123)


@given(st.lists(st.text(max_size=8), max_size=4))
def test_lists_come_back_as_they_were(words: list[str]) -> None:
    written = cells.write(words, "list")
    assert (cells.read(str(written), "list") if written is not None else []) == words


def test_every_field_of_every_kind_has_a_chinese_title_of_its_own() -> None:
    for kind in KINDS.values():
        titles = [field.title for field in kind.model.model_fields.values()]
        assert all(titles), kind.name
        assert len(set(titles)) == len(titles), kind.name
        assert not set(titles) & set(kind.model.model_fields), kind.name

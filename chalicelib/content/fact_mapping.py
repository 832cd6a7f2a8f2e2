"""Which column of an import means what (导入对照表): column → fact or profile field, unit, source, date.

A mapping file is YAML::

    uscc: 社会信用代码                # the column of the credit code; by default 统一社会信用代码 or uscc
    defaults: {source: 税务, as_of: 2025-12-31}
    columns:
      企业名称: name
      营业收入（元）: {fact: revenue, unit: 元, basis: 申报口径}

Without one, columns carry the name or the Chinese label of a fact, or the title of a profile field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field, ValidationError, field_validator

from chalicelib.content import cells
from chalicelib.enterprises.model import Enterprise, FactSource
from chalicelib.errors import BadInput
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.dictionary import FactDef, read_value
from chalicelib.policies.facts import accepts_unit
from chalicelib.ports import JsonObject
from chalicelib.shape import Shape

PROFILE = frozenset(
    "name name_used entity_kind ent_type ownership reg_status established_on town_code industry_code"
    " industry_std_year main_products".split()
)
"""Fields of the profile that an import may set; the rest are facts."""
_KEYS = ("统一社会信用代码", "uscc", "社会信用代码", "信用代码")
_PART = ConfigDict(extra="forbid", frozen=True)
_MOST_MEANINGS = 20_000
_SPLIT = re.compile(r"[；;、]")


class Origin(Shape):
    """Where the values of a column come from. ``valid_days`` is how long they hold from ``as_of`` on."""

    model_config = _PART

    unit: str | None = Field(default=None, title="单位")
    source: FactSource | None = Field(default=None, title="来源部门")
    as_of: date | None = Field(default=None, title="数据日期")
    valid_days: int | None = Field(default=None, ge=1, title="有效天数")
    basis: str | None = Field(default=None, title="口径")


class Column(Origin):
    """One column: the fact or profile field that it holds, and what differs from the defaults."""

    fact: str = Field(title="事实")

    @field_validator("fact")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in FACTS and value not in PROFILE:
            raise ValueError(f"事实字典里没有“{value}”")
        return value


class Mapped(Shape):
    """A mapping file. ``as_of_column`` names a column with the date of each row."""

    model_config = _PART

    uscc: str | None = Field(default=None, title="信用代码列")
    as_of_column: str | None = Field(default=None, title="数据日期列")
    defaults: Origin = Field(default_factory=Origin, title="默认值")
    columns: dict[str, Column] = Field(min_length=1, title="各列")

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """``从业人数: employees_avg`` for ``{fact: employees_avg}``."""
        if not isinstance(value, dict):
            return value
        return {name: {"fact": column} if isinstance(column, str) else column for name, column in value.items()}


class BadCell(ValueError):
    """``column`` cannot be used; the text says why."""

    def __init__(self, column: str, text: str) -> None:
        self.column = column
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What one row says: the credit code as written, profile fields, facts in the form in which a Fact is stored."""

    uscc: str
    profile: dict[str, Any]
    facts: dict[str, JsonObject]


class Columns:
    """A mapping fitted to the columns of one file."""

    def __init__(self, mapped: Mapped | None = None) -> None:
        self._mapped = mapped
        self._known: dict[str, Column | None] = {}
        self._meanings: dict[tuple[str, str], Any] = {}

    def read(self, values: Mapping[str, Any]) -> RowFacts:
        """Raises BadCell for the first cell that cannot be used."""
        key = self._key(values)
        as_of = self._as_of(values)
        profile: dict[str, Any] = {}
        facts: dict[str, JsonObject] = {}
        for name, cell in values.items():
            column = self._column(name)
            if column is None or cell in (None, "") or name == key:
                continue
            if column.fact in PROFILE:
                profile[column.fact] = self._meaning(name, column, cell)
            else:
                since, until = _span(as_of or column.as_of, column.valid_days)
                facts[column.fact] = {
                    "value": self._meaning(name, column, cell),
                    "unit": column.unit,
                    "source": column.source and column.source.value,
                    "as_of": since,
                    "valid_until": until,
                    "basis": column.basis,
                }
        return RowFacts(str(values[key]), profile, facts)

    def _key(self, values: Mapping[str, Any]) -> str:
        wanted = [self._mapped.uscc] if self._mapped and self._mapped.uscc else _KEYS
        for name in wanted:
            if values.get(name):
                return name
        raise BadCell(wanted[0], "没有填统一社会信用代码")

    def _as_of(self, values: Mapping[str, Any]) -> date | None:
        name = self._mapped.as_of_column if self._mapped else None
        if name is None or not values.get(name):
            return None
        try:
            return _day(str(values[name]))
        except ValueError:
            raise BadCell(name, "应是日期，如 2026-11-22") from None

    def _column(self, name: str) -> Column | None:
        if name not in self._known:
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Column | None:
        """With a mapping, what it does not name is left alone; without one, every column must say what it is."""
        if self._mapped:
            own = self._mapped.columns.get(name)
            defaults = self._mapped.defaults.model_dump(exclude_none=True)
            return own and Column.model_validate(defaults | own.model_dump(exclude_none=True))
        if name in _KEYS:
            return None
        fact = _NAMES.get(name)
        if fact is None:
            raise BadInput(f"不认识“{name}”这一列。请用 --mapping 写明它是什么，或删去这一列。")
        return Column(fact=fact)

    def _meaning(self, name: str, column: Column, cell: Any) -> Any:
        """What a cell says. Most columns say the same few things over and over, which are then read once."""
        if not isinstance(cell, str):
            return _read(name, column, cell)
        key = (name, cell)
        if key not in self._meanings:
            if len(self._meanings) >= _MOST_MEANINGS:
                self._meanings.clear()
            self._meanings[key] = _read(name, column, cell)
        return self._meanings[key]


@lru_cache(maxsize=4096)
def _span(since: date | None, days: int | None) -> tuple[str | None, str | None]:
    """From when until when a figure holds, as it is stored."""
    if since is None:
        return None, None
    return since.isoformat(), (since + timedelta(days=days)).isoformat() if days else None


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    return date.fromisoformat(cells.iso_date(text))


def read_mapping(path: Path) -> Mapped:
    """Raises BadInput naming the file and the field."""
    try:
        mapped = Mapped.model_validate(yaml.safe_load(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path.name} 读不了，应是 UTF-8 的 YAML 文件：{type(error).__name__}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "全文"
        raise BadInput(f"{path.name}「{where}」：{first['msg'].removeprefix('Value error, ')}") from None
    if mapped.as_of_column is None and mapped.defaults.as_of is None:
        undated = [name for name, column in mapped.columns.items() if column.valid_days and column.as_of is None]
        if undated or mapped.defaults.valid_days:
            raise BadInput(f"{path.name}「{'、'.join(undated) or 'defaults'}」：写了 valid_days 就要有 as_of 数据日期")
    for name, column in mapped.columns.items():
        unit = column.unit or mapped.defaults.unit
        if unit and column.fact in FACTS and not accepts_unit(FACTS[column.fact], unit):
            wanted = FACTS[column.fact].unit or "%"
            raise BadInput(f"{path.name}「columns.{name}.unit」：{column.fact} 的单位应为“{wanted}”，写的是“{unit}”")
    return mapped


def _read(name: str, column: Column, cell: Any) -> Any:
    if column.fact in PROFILE:
        return _profile(name, column.fact, cell)
    return _value(name, cell, FACTS[column.fact], column.unit)


def _value(name: str, cell: Any, definition: FactDef, unit: str | None) -> Any:
    try:
        value = _typed(cell.strip(), definition) if isinstance(cell, str) else cell
        if (
            definition.ratio
            and unit is None
            and isinstance(value, int | float)
            and not isinstance(value, bool)
            and value > 1
        ):
            raise ValueError(f"应是 0 到 1 的比例；百分数请写 {value:g}%，或在对照表写单位 %")
        read = read_value(definition.type, value)
    except ValueError as error:
        raise BadCell(name, str(error)) from None
    chosen = read if isinstance(read, frozenset) else {read} if definition.type == "category" else frozenset()
    if definition.choices and not chosen <= set(definition.choices):
        raise BadCell(name, f"只能是 {'、'.join(definition.choices)}")
    return sorted(read) if isinstance(read, frozenset) else read


def _typed(text: str, definition: FactDef) -> Any:
    """A cell's text as the type of the fact; what does not fit stays text, to be refused as such."""
    if definition.type == "set":
        return [] if text in ("无", "[]") else [part.strip() for part in _SPLIT.split(text) if part.strip()]
    if definition.type == "date":
        return cells.iso_date(text)
    if definition.type == "flag":
        return cells.read(text, "flag")
    return _number(text, definition) if definition.type == "number" else text


def _number(text: str, definition: FactDef) -> Any:
    plain = text.replace(",", "").replace("，", "")
    share = definition.ratio and plain.endswith(("%", "％"))
    try:
        number = float(plain[:-1] if share else plain)
    except ValueError:
        return text
    if share:
        return round(number / 100, 10)
    return int(number) if number == int(number) else number


def _profile(name: str, field: str, cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    try:
        return cells.read(cell, _shape(field))
    except cells.BadCell as bad:
        raise BadCell(name, str(bad)) from None


@cache
def _shape(field: str) -> cells.Shape:
    return cells.shape(Enterprise.model_fields[field])


def _names() -> dict[str, str]:
    """Fact or field by its name and its Chinese label; profile fields first."""
    labels: Iterable[tuple[str, str]] = ((name, definition.label) for name, definition in FACTS.items())
    found = {key: name for name, label in labels for key in (name, label)}
    for name in PROFILE:
        found |= {name: name, str(Enterprise.model_fields[name].title): name}
    return found


_NAMES = _names()

"""What a row of an import makes of an enterprise (并入规则), on profiles as they are stored.

A first import of a million rows would spend most of its time on making a million models of what it has checked cell by
cell. So an enterprise is made and changed here as JSON; what the model says of a profile field is asked of the model,
once for each value that comes again and again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.content.fact_mapping import RowFacts
from chalicelib.enterprises.model import Enterprise, FactSource
from chalicelib.enterprises.repository import EnterpriseRow
from chalicelib.ports import JsonObject
from chalicelib.times import local_date

_MOST_VALUES = 20_000
_UNLIKE = frozenset({"name", "name_used"})
"""Fields that hardly two enterprises share a value of, and that take any text."""
_STAND_IN = {"uscc": "91360323MAXX00015C", "name": "甲", "prov": ["F"]}


class Merge:
    """The rules of one import: an older figure never replaces a newer one, what the enterprise says of itself never
    replaces what an office states, and an office's word replaces its own."""

    def __init__(self, by: str, now: datetime, file: str) -> None:
        made = {
            "prov": ["F"],
            "source_note": f"部门数据导入：{file}",
            "verified_at": local_date(now),
            "verified_by": by,
        }
        row = EnterpriseRow(enterprise=Enterprise.model_validate(_STAND_IN | made), saved_at=now)
        body = row.model_dump(mode="json")
        self._fresh: JsonObject = body["enterprise"]
        self._saved_at: str = body["saved_at"]
        self._checked: dict[tuple[str, type, Any], Any] = {}

    def body(self, enterprise: JsonObject) -> JsonObject:
        """An EnterpriseRow of it."""
        return {"enterprise": enterprise, "saved_at": self._saved_at}

    def made(self, code: str, row: RowFacts) -> JsonObject:
        """A new enterprise, its code checked already. Raises ValidationError."""
        return {**self._fresh, **self._profile(row), "uscc": code, "facts": row.facts}

    def merged(self, held: JsonObject, row: RowFacts) -> JsonObject:
        """``held`` itself where the row says nothing new. Raises ValidationError."""
        known = held["facts"]
        facts = {name: fact for name, fact in row.facts.items() if _is_news(known.get(name), fact)}
        new = {name: value for name, value in self._profile(row).items() if held.get(name) != value}
        if not facts and not new:
            return held
        return {**held, **new, "facts": {**known, **facts}}

    def _profile(self, row: RowFacts) -> JsonObject:
        return {field: self._stored(field, value) for field, value in row.profile.items()}

    def _stored(self, field: str, value: Any) -> Any:
        """A value of a profile field as the model stores it. Raises ValidationError."""
        if field in _UNLIKE and isinstance(value, str) and value:
            return value
        if not isinstance(value, str | int):
            return _validated(field, value)
        key = (field, type(value), value)
        if key not in self._checked:
            if len(self._checked) >= _MOST_VALUES:
                self._checked.clear()
            self._checked[key] = _validated(field, value)
        return self._checked[key]


def _validated(field: str, value: Any) -> Any:
    made = Enterprise.model_validate(_STAND_IN | {field: value})
    return made.model_dump(mode="json", include={field})[field]


def _is_news(held: JsonObject | None, fact: JsonObject) -> bool:
    own = fact["source"] == FactSource.SELF
    if held is None or (held["source"] == FactSource.SELF and not own):
        return True
    if held["as_of"] and fact["as_of"] and fact["as_of"] < held["as_of"]:
        return False
    # In Python False == 0 and 1 == True, but to a policy they are not the same; nor is 1 written as 1.0.
    return held != fact or type(held["value"]) is not type(fact["value"])

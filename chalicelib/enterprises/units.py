"""Units (经办单位): banks and departments whose people 溪小办 reminds of their own work.

A unit has a credit code like everybody, and its people bind to it in WeChat by the same one-time codes, in the roles
经办 and 负责人; so a reminder to a unit is a notice to the people bound to that code, with all that holds for notices.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ConfigDict, Field

from chalicelib.errors import Refusal
from chalicelib.ports import Conflict, Put, Record, Store
from chalicelib.shape import Shape

_LIST = "units"
"""One list: a county has some dozens of banks and departments."""


class UnitError(Refusal):
    """The text is the sentence to show to an operator."""


class Unit(Shape):
    """``name`` as loans, cases and policies write it; ``uscc`` the code its people bind to."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=2, max_length=40, title="单位名称")
    uscc: str = Field(title="统一社会信用代码")


class UnitService:
    """Units by name and by code. Rows ``unit#{name}``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, unit: Unit) -> bool:
        """Enter a unit, or correct its code; True when that changed anything. Two names may share one code.

        Raises UnitError when somebody else is changing it at the same moment.
        """
        old = self._store.get(_key(unit.name), "row")
        body = unit.model_dump(mode="json")
        if old and old.body == body:
            return False
        record = Record(_key(unit.name), "row", body, gsi1=(_LIST, unit.name))
        try:
            self._store.transact([Put(record, if_absent=old is None, if_version=old.version if old else None)])
        except Conflict:
            raise UnitError(f"单位“{unit.name}”刚刚有人改过，请再执行一次。") from None
        return True

    def named(self, name: str) -> Unit | None:
        row = self._store.get(_key(name), "row")
        return Unit.model_validate(row.body) if row else None

    def all(self) -> Iterator[Unit]:
        page: str | None = None
        while True:
            found = self._store.query_index("gsi1", _LIST, page=page)
            yield from (Unit.model_validate(record.body) for record in found.records)
            if (page := found.next) is None:
                return

    def is_unit(self, uscc: str) -> bool:
        """Whether people of a unit bind to this code."""
        return any(unit.uscc == uscc for unit in self.all())


def _key(name: str) -> str:
    return f"unit#{name}"

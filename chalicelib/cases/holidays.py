"""Years of holidays (放假安排) that operators loaded after the State Council's notice, beside the package's own."""

from __future__ import annotations

from datetime import date, datetime

from chalicelib.cases.workdays import HolidayYear
from chalicelib.errors import BadInput
from chalicelib.ports import Conflict, Record, Store
from chalicelib.times import local_date

_PK = "holidays"


class HolidayService:
    """Rows ``holidays``/``{year}``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[HolidayYear]:
        return [HolidayYear.model_validate(row.body) for row in self._store.query(_PK).records]

    def get(self, year: int) -> HolidayYear | None:
        row = self._store.get(_PK, str(year))
        return HolidayYear.model_validate(row.body) if row else None

    def save(self, plan: HolidayYear) -> bool:
        """True when that changed anything. Raises BadInput for a plan that nobody checked: deadlines rest on it."""
        if plan.is_sample:
            raise BadInput(f"{plan.year} 年放假安排没有核对过。请按国务院办公厅通知填写来源标注、核对日期和核对人")
        old = self._store.get(_PK, str(plan.year))
        body = plan.model_dump(mode="json")
        if old and old.body == body:
            return False
        record = Record(_PK, str(plan.year), body)
        try:
            self._store.put(record, if_absent=old is None, if_version=old.version if old else None)
        except Conflict:
            raise BadInput(f"{plan.year} 年放假安排刚刚有人改过，请再导入一次") from None
        return True


def days_touched(year: int, now: datetime) -> tuple[int, int]:
    """(days back, days ahead) of today between which a case may be filed under a day counted over this year.

    A limit may end some weeks into the next year; what was due on an estimate and is past is looked at again too.
    """
    today = local_date(now)
    first, last = date(year, 1, 1), date(year + 1, 3, 31)
    return max(31, (today - first).days), max(0, (last - today).days)

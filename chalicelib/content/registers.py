"""Where rows that are kept one by one go: each register kind's own service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from chalicelib.ports import Store


@dataclass(frozen=True, slots=True)
class Register:
    """``has`` (id) tells whether the row is known; ``save`` (row, now) keeps it and tells whether that changed
    anything; ``every`` reads all rows as they were loaded, None where a row cannot be given back (办件 keeps the phone
    digits only as a digest)."""

    has: Callable[[str], bool]
    save: Callable[[Any, datetime], bool]
    every: Callable[[], Iterator[BaseModel]] | None = None


def enterprises(store: Store) -> Register:
    from chalicelib.enterprises.service import EnterpriseService

    service = EnterpriseService(store)
    return Register(lambda key: service.get(key) is not None, service.report, service.all)


def cases(store: Store) -> Register:
    from chalicelib.cases.holidays import HolidayService
    from chalicelib.cases.service import CaseService
    from chalicelib.cases.workdays import WorkCalendar

    service = CaseService(store, WorkCalendar(HolidayService(store).all()))
    return Register(lambda key: service.get(key) is not None, service.save_row)


def loans(store: Store) -> Register:
    from chalicelib.finance.service import LoanService

    service = LoanService(store)
    return Register(lambda key: service.get(key) is not None, service.save_row)


def projects(store: Store) -> Register:
    from chalicelib.finance.library import ProjectService

    service = ProjectService(store)
    return Register(lambda key: service.get(key) is not None, lambda row, now: service.save_row(row), service.all)


def holidays(store: Store) -> Register:
    """A year that is new or changed moves the cases whose last day it counts (「暂按周一至周五估算」)."""
    from chalicelib.cases.holidays import HolidayService, days_touched
    from chalicelib.cases.service import CaseService
    from chalicelib.cases.workdays import HolidayYear, WorkCalendar

    service = HolidayService(store)

    def save(row: HolidayYear, now: datetime) -> bool:
        changed = service.save(row)
        back, ahead = days_touched(row.year, now)
        moved = CaseService(store, WorkCalendar(service.all())).settle(now, back, ahead)
        return changed or moved > 0

    return Register(lambda key: service.get(int(key)) is not None, save, lambda: iter(service.all()))


def routes(store: Store) -> Register:
    from chalicelib.concerns.routes import RouteService

    service = RouteService(store)
    return Register(lambda key: service.get(key) is not None, lambda row, now: service.save_row(row), service.all)


REGISTERS: Mapping[str, Callable[[Store], Register]] = {
    "enterprises": enterprises,
    "cases": cases,
    "loans": loans,
    "projects": projects,
    "routes": routes,
    "holidays": holidays,
}

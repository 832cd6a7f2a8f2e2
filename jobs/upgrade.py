"""升级: brings the rows that an earlier version left to the shape that this one reads.

``serve`` does it when it starts, ``python -m jobs upgrade`` anywhere else. What is new in a layout is derived from what
was there, so a run that was cut short is simply run again; the layout is noted only at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.bootstrap import Application
from chalicelib.cases import aside, ratings, tolerance
from chalicelib.dialogue import tickets
from chalicelib.ports import Index, Record
from chalicelib.shards import spread
from chalicelib.times import local_date

LAYOUT = 4
"""1: the first. 2: whose a case or a loan is has a row of its own, and a loan a summary for lists and reports. 3: a
case that was accepted with papers late (容缺) is found by its enterprise as well. 4: no list of cases, ratings or
tickets lies in one partition any more."""

_BACK = timedelta(days=400)
"""How far back lists by month are brought along: no stage has been in service for as long."""
_KEY = ("layout", "row")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """``before`` the layout that was found; how many cases and loans were brought along."""

    before: int
    cases: int = 0
    loans: int = 0

    @property
    def was_needed(self) -> bool:
        return self.before < LAYOUT


def layout(application: Application) -> int:
    """The layout of the stage's rows; a stage from before layouts were noted is of the first."""
    row = application.store.get(*_KEY)
    return int(row.body["layout"]) if row else 1


def _lists(today: date) -> Iterator[tuple[Index, str]]:
    """Lists that were one partition each up to layout 3, but for those by due date, which ``refile`` takes along."""
    yield "gsi1", aside.LIST
    yield "gsi2", ratings.OPEN
    yield from (("gsi1", tickets.state_list(state)) for state in tickets.STATES)
    for month in sorted({f"{today - timedelta(days=back):%Y-%m}" for back in range(_BACK.days)}):
        yield "gsi1", ratings.month_list(month)
        yield "gsi1", tolerance.tolerated_list(month)


def upgrade(application: Application) -> Upgraded:
    """Safe while the stage serves: each case and loan is written over the version that was read."""
    before = layout(application)
    if before >= LAYOUT:
        return Upgraded(before)
    now = application.clock.now()
    for index, name in _lists(local_date(now)):
        spread(application.store, index, name)
    firms = [enterprise.uscc for enterprise in application.enterprises.all()]
    cases = application.cases.refile(now, firms)
    loans = application.loans.refile(now, firms)
    application.store.put(Record(*_KEY, {"layout": LAYOUT}))
    return Upgraded(before, cases, loans)

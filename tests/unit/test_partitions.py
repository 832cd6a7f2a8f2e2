"""No partition grows with the county (热分区): a list over all cases, ratings or tickets lies in eight, and is read in
order all the same; what an earlier version kept in one is brought there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.cases.model import CaseRow
from chalicelib.cases.ratings import Level, RatingService
from chalicelib.cases.service import CaseService
from chalicelib.cases.tolerance import tolerated
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.dialogue.tickets import TicketService
from chalicelib.ports import Put, Record, Write
from chalicelib.shards import SHARDS, listed, place, shard, spread
from tests.unit.jobs.support import case_row
from tests.unit.policies.awards.support import uscc

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
MANY = 96
ENDED = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED")
TOLERATED = ("RECEIVED", "TOL_ACCEPTED")


class Rows(MemoryStore):
    """Counts the rows that each partition of the table and of its indexes ever held."""

    def __init__(self) -> None:
        super().__init__(FixedClock(NOW))
        self.held: Counter[str] = Counter()

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        self._count(record)
        return super().put(record, if_absent=if_absent, if_version=if_version)

    def transact(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if isinstance(write, Put):
                self._count(write.record)
        super().transact(writes)

    def _count(self, record: Record) -> None:
        kept = (record.pk, record.gsi1 and record.gsi1[0], record.gsi2 and record.gsi2[0])
        self.held.update(f"{number} {partition}" for number, partition in enumerate(kept) if partition)


def row(number: int, steps: tuple[str, ...]) -> CaseRow:
    missing = {"materials": ["健康证明"], "committed": True, "days": 10}
    events = [
        {"id": f"e{n}", "kind": kind, "at": f"2026-11-{n + 9:02}T09:00", **(missing if kind == "TOL_ACCEPTED" else {})}
        for n, kind in enumerate(steps)
    ]
    return case_row(*events, no=f"36032320261122{number:05}", uscc=uscc(number))


@pytest.fixture(scope="module")
def county() -> Iterator[tuple[Rows, list[str]]]:
    store, calendar = Rows(), WorkCalendar()
    cases, ratings, tickets = CaseService(store, calendar), RatingService(store, calendar), TicketService(store)
    for number in range(MANY):
        cases.save_row(row(number, ENDED), NOW)
        ended = cases.get(f"36032320261122{number:05}")
        assert ended is not None
        ratings.rate(ended, cases.live(ended, NOW), Level.BAD, NOW)
        cases.save_row(row(MANY + number, TOLERATED), NOW)
        tickets.open(f"oPERSON{number}", "人工答复", "请回电话", NOW + timedelta(seconds=number))
    yield store, [f"36032320261122{number:05}" for number in range(MANY)]


def test_no_partition_holds_a_share_of_everything(county: tuple[Rows, list[str]]) -> None:
    store, _ = county
    fullest = {name: count for name, count in store.held.items() if count > 2 * MANY / SHARDS + 12}
    assert fullest == {}, "spread it over shards (chalicelib/shards.py)"


def test_every_list_is_whole_and_in_order(county: tuple[Rows, list[str]]) -> None:
    store, numbers = county
    ratings, cases = RatingService(store, WorkCalendar()), CaseService(store, WorkCalendar())
    assert [rating.case_no for rating in ratings.open_ones()] == numbers
    assert [rating.case_no for rating in ratings.of_month("2026-11")] == numbers
    tolerated_ones = [f"36032320261122{MANY + number:05}" for number in range(MANY)]
    assert list(tolerated(store, "2026-11")) == tolerated_ones
    (day,) = {case.due for case in map(cases._cases.find, tolerated_ones) if case is not None}
    assert day is not None
    assert [case.no for case in cases.due_between(day, day)] == tolerated_ones
    opened = [ticket.opened_at for ticket in TicketService(store).listed()]
    assert len(opened) == MANY and opened == sorted(opened)
    assert len(TicketService(store).over(NOW + timedelta(seconds=10))) == 11


def test_a_list_of_an_earlier_version_is_brought_to_its_places_once() -> None:
    store = MemoryStore(FixedClock(NOW))
    for number in range(40):
        store.put(Record(f"thing#{number}", "row", {"n": number}, gsi1=("things", f"{number:03}")))
    moved_on = Record("thing#7", "row", {"n": 7}, gsi1=(place("things", "thing#7"), "007"))
    store.put(replace(moved_on))
    assert spread(store, "gsi1", "things") == 39
    assert [record.body["n"] for record in listed(store, "gsi1", "things")] == list(range(40))
    assert [record.body["n"] for record in listed(store, "gsi1", "things", end="004")] == [0, 1, 2, 3, 4]
    assert spread(store, "gsi1", "things") == 0
    assert store.query_index("gsi1", "things").records == []
    assert {shard(f"thing#{number}") for number in range(40)} == set(range(SHARDS))

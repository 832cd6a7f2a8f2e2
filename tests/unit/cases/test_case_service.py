"""Taking in and answering, over a real store in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.cases.life import DueKind
from chalicelib.cases.model import MAX_EVENTS, CaseRow, CaseState
from chalicelib.cases.service import NOT_FOUND, CaseService, CaseUnknown, EventChanged, LookupRefused
from chalicelib.cases.workdays import HolidayYear, WorkCalendar
from chalicelib.enterprises.tries import LockedOut
from chalicelib.ports import Conflict, Page, Record
from tests.unit.cases.samples import CALENDAR, NO, USCC, event, wall

NOW = wall("11-22")


class HandClock:
    """Stands still until it is put forward."""

    at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "test.db", clock, "NORMAL")
    yield store
    store.close()


@pytest.fixture
def cases(store: SqliteStore) -> CaseService:
    return CaseService(store, CALENDAR)


def row(**more: Any) -> CaseRow:
    fields: dict[str, Any] = {
        "prov": "R",
        "no": NO,
        "uscc": USCC,
        "title": "食品经营许可（新办）",
        "dept": "县市场监督管理局",
        "promised": {"n": 10, "unit": "wd"},
        "phone_last4": "5678",
        "events": [{"id": "1", "kind": "RECEIVED", "at": "2026-11-16 09:00"}],
    }
    return CaseRow.model_validate(fields | more)


def test_a_row_is_taken_in_once(cases: CaseService) -> None:
    assert cases.save_row(row(), NOW)
    assert not cases.save_row(row(), wall("11-23"))
    kept = cases.get(NO)
    assert kept is not None
    assert kept.updated == NOW
    assert [e.id for e in kept.events] == ["1"]


def test_a_row_adds_events_corrects_them_and_forgets_none(cases: CaseService) -> None:
    cases.save_row(row(), NOW)
    corrected = {"id": "1", "kind": "RECEIVED", "at": "2026-11-17 09:00"}
    added = {"id": "2", "kind": "ACCEPTED", "at": "2026-11-18 09:00"}
    assert cases.save_row(row(events=[corrected]), NOW)
    assert cases.save_row(row(events=[added], phone_last4=None), NOW)
    kept = cases.get(NO)
    assert kept is not None
    assert [(e.id, e.at) for e in kept.events] == [("1", wall("11-17")), ("2", wall("11-18"))]
    assert cases.lookup("o1", NO, "5678", NOW).no == NO  # the phone stays when a row does not name it


def test_the_longest_row_can_be_corrected_whole(cases: CaseService) -> None:
    def events(day: int) -> list[dict[str, str]]:
        return [{"id": f"n{n}", "kind": "NOTIFIED", "at": f"2026-11-{day} 09:00"} for n in range(MAX_EVENTS)]

    cases.save_row(row(events=events(16)), NOW)
    assert cases.save_row(row(events=events(17), phone_last4="0012"), NOW)
    kept = cases.get(NO)
    assert kept is not None
    assert {e.at for e in kept.events} == {wall("11-17")}
    assert len(kept.events) == MAX_EVENTS


def test_events_are_idempotent_and_their_ids_are_theirs(cases: CaseService) -> None:
    with pytest.raises(CaseUnknown, match=NO):
        cases.record(event("ACCEPTED", "11-17", "2"), NOW)
    cases.save_row(row(), NOW)
    assert cases.record(event("ACCEPTED", "11-17", "2"), NOW)
    assert not cases.record(event("ACCEPTED", "11-17", "2"), NOW)
    with pytest.raises(EventChanged, match="2"):
        cases.record(event("ACCEPTED", "11-18", "2"), NOW)


def test_what_does_not_fit_is_kept_aside(cases: CaseService) -> None:
    cases.save_row(row(), NOW)
    cases.record(event("FINISHED", "11-17", "9"), NOW)
    kept = cases.get(NO)
    assert kept is not None
    life = cases.live(kept, NOW)
    assert life.state is CaseState.RECEIVED
    assert [aside.event.id for aside in life.aside] == ["9"]


def test_what_stands_aside_is_listed_until_it_falls_into_place(cases: CaseService) -> None:
    cases.save_row(row(), NOW)
    assert list(cases.with_aside()) == []
    for id_, kind, day in (("e3", "REVIEWING", "18"), ("e4", "DECIDED_OK", "19")):
        cases.record(event(kind, f"11-{day}", id_), NOW)
    [listed] = cases.with_aside()
    assert [one.event.id for one in cases.live(listed, NOW).aside] == ["e3", "e4"]
    cases.record(event("ACCEPTED", "11-17", "e2"), NOW)
    assert list(cases.with_aside()) == []


def test_lookup_opens_with_the_digits_and_says_the_same_otherwise(cases: CaseService) -> None:
    cases.save_row(row(), NOW)
    assert cases.lookup("o1", NO, "5678", NOW).no == NO
    refusals = []
    for no, digits in ((NO, "0000"), ("3603232026112299999", "5678")):
        with pytest.raises(LookupRefused) as refused:
            cases.lookup("o1", no, digits, NOW)
        refusals.append(str(refused.value))
    assert refusals == [NOT_FOUND, NOT_FOUND]


def test_a_changed_phone_closes_the_old_way_in(cases: CaseService) -> None:
    cases.save_row(row(), NOW)
    assert cases.save_row(row(phone_last4="0012"), NOW)
    assert cases.lookup("o1", NO, "0012", NOW).no == NO
    with pytest.raises(LookupRefused):
        cases.lookup("o1", NO, "5678", NOW)


def test_five_wrong_tries_lock_that_person_even_for_the_right_digits(cases: CaseService, clock: HandClock) -> None:
    cases.save_row(row(), NOW)
    for _ in range(5):
        with pytest.raises(LookupRefused):
            cases.lookup("o1", NO, "0000", NOW)
    with pytest.raises(LockedOut, match="30"):
        cases.lookup("o1", NO, "5678", NOW)
    assert cases.lookup("o2", NO, "5678", NOW).no == NO
    clock.at = wall("11-22 09:31")
    assert cases.lookup("o1", NO, "5678", clock.at).no == NO


class CountingStore:
    """Passes everything on and notes what was asked for."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            self.calls.append(name)
            return getattr(self._store, name)(*args, **more)

        return call


def test_not_found_and_not_yours_are_the_same_work(store: SqliteStore) -> None:
    counting = CountingStore(store)
    cases = CaseService(counting, CALENDAR)
    cases.save_row(row(), NOW)
    work = []
    for no, digits in ((NO, "0000"), ("3603232026112299999", "5678")):
        counting.calls.clear()
        with pytest.raises(LookupRefused):
            cases.lookup("o1", no, digits, NOW)
        work.append(list(counting.calls))
    assert work[0] == work[1] == ["add", "get"]


def test_digits_of_a_phone_are_nowhere_in_the_rows(cases: CaseService, store: SqliteStore) -> None:
    cases.save_row(row(phone_last4="9753"), NOW)
    rows = store.query(f"case#{NO}").records
    assert rows
    assert "9753" not in json.dumps([record.body for record in rows])


def test_an_enterprise_sees_its_own_and_what_changed(cases: CaseService) -> None:
    other = "3603232026112200124"
    cases.save_row(row(), NOW)
    cases.save_row(row(no=other), wall("11-23"))
    cases.save_row(row(no="3603232026112200125", uscc="91360323MAXX000312"), NOW)
    assert [case.no for case in cases.of_enterprise(USCC)] == [other, NO]
    assert [case.no for case in cases.changed_since(USCC, wall("11-22 12:00"))] == [other]
    cases.record(event("ACCEPTED", "11-24", "2"), wall("11-24"))
    assert [case.no for case in cases.changed_since(USCC, wall("11-24"))] == [NO]
    assert cases.of_enterprise("91360323MAXX000237") == []


def test_cases_are_found_by_their_next_deadline(cases: CaseService) -> None:
    cases.save_row(row(), NOW)
    [due] = cases.due_between(date(2026, 11, 20), date(2026, 11, 25))
    assert cases.live(due, NOW).due is not None
    cases.record(event("ACCEPTED", "11-17", "2"), NOW)
    assert cases.due_between(date(2026, 11, 20), date(2026, 11, 25)) == []
    [due] = cases.due_between(date(2026, 12, 1), date(2026, 12, 1))
    assert due.no == NO


def test_settling_files_what_the_clock_moved_on(cases: CaseService) -> None:
    cases.save_row(row(), NOW)  # received on the 16th, nobody answers until the 23rd
    assert cases.settle(wall("11-23")) == 0
    assert cases.settle(wall("11-24")) == 1
    assert cases.settle(wall("11-24")) == 0
    [case] = cases.due_between(date(2026, 11, 30), date(2026, 11, 30))
    assert [due.kind for due in cases.live(case, wall("11-24")).dues] == [DueKind.PROMISED]
    assert [each.no for each in cases.changed_since(USCC, wall("11-24"))] == [NO]


def test_an_applicants_deadline_is_not_hidden_behind_a_missed_one_of_the_office(cases: CaseService) -> None:
    tolerated = {"id": "2", "kind": "容缺受理", "at": "2026-11-17 09:00", "committed": True, "due": "2026-12-18"}
    cases.save_row(row(events=[{"id": "1", "kind": "RECEIVED", "at": "2026-11-16 09:00"}, tolerated]), NOW)
    assert cases.due_between(date(2026, 12, 1), date(2026, 12, 1)) == []
    assert [case.no for case in cases.due_between(date(2026, 12, 18), date(2026, 12, 18))] == [NO]


def test_estimates_are_filed_anew_once_the_calendar_is_there(store: SqliteStore) -> None:
    late = row(events=[{"id": "1", "kind": "RECEIVED", "at": "2026-12-29 09:00"}])
    CaseService(store, CALENDAR).save_row(late, NOW)
    holidays = HolidayYear(prov=("R",), year=2027, off=("01-01..01-03",))
    cases = CaseService(store, WorkCalendar([holidays]))
    assert cases.settle(NOW, ahead_days=60) == 1
    [case] = cases.due_between(date(2027, 1, 6), date(2027, 1, 6))
    assert case.updated == NOW
    assert not cases.live(case, NOW).dues[0].estimated
    assert cases.changed_since(USCC, wall("11-23")) == []  # a better estimate is no news


class LaggingStore:
    """An index that still shows what was there when it was made."""

    def __init__(self, store: SqliteStore, uscc: str) -> None:
        self._store = store
        self._old = store.query_index("gsi1", f"enterprise#{uscc}")

    def query_index(self, *args: Any, **more: Any) -> Page:
        return self._old

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_case_that_changed_hands_is_not_shown_by_a_lagging_index(cases: CaseService, store: SqliteStore) -> None:
    cases.save_row(row(), NOW)
    lagging = CaseService(LaggingStore(store, USCC), CALENDAR)
    assert [case.no for case in lagging.of_enterprise(USCC)] == [NO]
    cases.save_row(row(uscc="91360323MAXX000312"), NOW)
    assert lagging.of_enterprise(USCC) == []


class BusyStore:
    """Somebody else writes between our read and our write, a few times."""

    def __init__(self, store: SqliteStore, times: int) -> None:
        self._store, self._times = store, times

    def query(self, pk: str, **more: Any) -> Page:
        return self._store.query(pk, **more)

    def transact(self, writes: Any) -> None:
        if self._times > 0:
            self._times -= 1
            found: Record | None = self._store.get(f"case#{NO}", "row")
            assert found is not None
            self._store.put(found, if_version=found.version)
        self._store.transact(writes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_race_is_run_again_and_gives_up_aloud(store: SqliteStore) -> None:
    CaseService(store, CALENDAR).save_row(row(), NOW)
    assert CaseService(BusyStore(store, 3), CALENDAR).record(event("ACCEPTED", "11-17", "2"), NOW)
    with pytest.raises(Conflict):
        CaseService(BusyStore(store, 99), CALENDAR).record(event("REVIEWING", "11-18", "3"), NOW)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"no": "12"}, "19 位数字"),
        ({"phone_last4": "12"}, "后四位"),
        ({"uscc": None, "phone_last4": None}, "至少填一项"),
        ({"uscc": "91360323MAXX00015D"}, "校验"),
        ({"events": [{"id": "1", "kind": "RECEIVED", "at": "2026-11-16"}] * 2}, "写了两次"),
        (
            {"events": [{"id": "1", "case_no": "3603232026112200999", "kind": "RECEIVED", "at": "2026-11-16"}]},
            "别的办件",
        ),
    ],
)
def test_a_wrong_row_says_what_is_wrong(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        row(**wrong)

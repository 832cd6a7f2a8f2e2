"""The audit log: nothing is lost among writers at once, and whatever is changed afterwards is found and named."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.audit import log as module
from chalicelib.audit.log import AuditLog, Result
from chalicelib.ports import Record

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NOVEMBER = "audit#2026-11"


def filled(count: int = 5) -> MemoryStore:
    store = MemoryStore(FixedClock(START))
    for number in range(count):
        AuditLog(store).append("op-1", "case show", f"no={number}", Result.DONE, START + timedelta(minutes=number))
    return store


def change(store: MemoryStore, number: int, /, **body: object) -> None:
    row = store.get(NOVEMBER, f"{number:012d}")
    assert row is not None
    store.put(Record(row.pk, row.sk, {**row.body, **body}))


def test_entries_come_in_order_and_the_chain_holds() -> None:
    store = filled()
    entries = list(AuditLog(store).entries())
    assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.before for entry in entries[1:]] == [entry.digest for entry in entries[:-1]]
    verdict = AuditLog(store).verify()
    assert (verdict.entries, verdict.anchor, verdict.problem) == (5, entries[-1].anchor, None)


def test_an_empty_log_is_whole() -> None:
    assert AuditLog(MemoryStore(FixedClock(START))).verify().problem is None


def test_writers_at_once_lose_nothing() -> None:
    store = MemoryStore(FixedClock(START))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: AuditLog(store).append(f"op-{n}", "run", "", Result.DONE, START), range(30)))
    assert AuditLog(store).verify().entries == 30
    assert {entry.who for entry in AuditLog(store).entries()} == {f"op-{n}" for n in range(30)}


def test_the_log_goes_on_over_months_and_a_clock_set_back() -> None:
    store = MemoryStore(FixedClock(START))
    for at in (START, START + timedelta(days=40), START + timedelta(days=10), START + timedelta(days=100)):
        AuditLog(store).append("op", "run", "", Result.DONE, at)
    assert AuditLog(store).verify().problem is None
    assert len(list(AuditLog(store).entries())) == 4
    assert len(list(AuditLog(store).entries(START + timedelta(days=39)))) == 2


@pytest.mark.parametrize("field", ["who", "action", "subject", "at", "result", "before", "digest", "of"])
@given(number=st.integers(1, 5))
def test_a_changed_field_is_found_and_named(field: str, number: int) -> None:
    store = filled()
    other = {"at": "2026-11-21T02:00:00Z", "result": "failed", "of": 1}.get(field, "somebody else")
    change(store, number, **{field: other})
    verdict = AuditLog(store).verify()
    assert verdict.problem is not None
    assert f"第 {number} 条" in verdict.problem
    assert verdict.entries == number - 1


def test_an_entry_that_cannot_be_read_is_a_finding_not_a_crash() -> None:
    store = filled()
    change(store, 3, number="three")
    assert "第 3 条读不出来" in (AuditLog(store).verify().problem or "")


@given(number=st.integers(1, 5))
def test_a_missing_entry_is_found(number: int) -> None:
    store = filled()
    store.delete(NOVEMBER, f"{number:012d}")
    assert AuditLog(store).verify().problem is not None


def test_an_end_that_was_cut_off_shows_against_the_head() -> None:
    store = filled()
    head = store.get("audit", "head")
    assert head is not None
    store.delete(NOVEMBER, f"{5:012d}")
    assert "末尾标记是第 5 条" in (AuditLog(store).verify().problem or "")
    entries = list(AuditLog(store).entries())
    store.put(Record("audit", "head", {**head.body, "number": 4, "digest": entries[-1].digest}))
    assert AuditLog(store).verify().problem is None  # a forger with the whole store; the anchor outside finds it
    anchor = f"5:{head.body['digest']}"
    assert "整体改写" in (AuditLog(store).verify(anchor).problem or "")


def test_a_log_that_was_emptied_is_found() -> None:
    store = filled()
    for number in range(1, 6):
        store.delete(NOVEMBER, f"{number:012d}")
    store.delete("audit", "first")
    assert AuditLog(store).verify().problem is not None


def test_there_is_no_way_to_change_or_delete_an_entry() -> None:
    public = [name for name in vars(AuditLog) if not name.startswith("_")]
    assert sorted(public) == ["anchor", "append", "entries", "verify"]
    source = inspect.getsource(module)
    assert "Delete" not in source
    assert ".put(" not in source
    assert source.count("if_absent=True") == 2  # entries and the first month: never over what is there


def test_the_anchor_is_that_of_the_last_entry() -> None:
    store = MemoryStore(FixedClock(START))
    log = AuditLog(store)
    assert log.anchor() is None
    for _ in range(3):
        last = log.append("op", "partner add", "id=lx-sjj", Result.DONE, START)
        assert log.anchor() == last.anchor == log.verify().anchor

"""A flood is refused early, cheaply, and only for who makes it; one piece of work is done once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.partners.limits import Turns
from chalicelib.partners.model import Kind, Partner
from chalicelib.partners.once import LEASE, Answers
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.ports import Page, Record, Store, Throttled
from tests.unit.partners.caller import BANK_A, OFFICE, START, County, case_row, loan_row, signed

BODY = {"rows": [case_row()]}
_NUMBERS = count()


def nonce() -> Record:
    """One that nobody used."""
    return Record(f"partnernonce#lx-sjj#{next(_NUMBERS)}", "row", {})


class CountingStore:
    """A store that counts what it is asked, and can be busy. Everything else is the memory store's."""

    def __init__(self, clock: FixedClock) -> None:
        self._store = MemoryStore(clock)
        self.asked = 0
        self.busy_writes = 0

    def get(self, pk: str, sk: str) -> Record | None:
        self.asked += 1
        return self._store.get(pk, sk)

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        self.asked += 1
        return self._store.put(record, if_absent=if_absent, if_version=if_version)

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        self._store.delete(pk, sk, if_version=if_version)

    def query(self, pk: str, **more: Any) -> Page:
        self.asked += 1
        return self._store.query(pk, **more)

    def query_index(self, index: Any, pk: str, **more: Any) -> Page:
        return self._store.query_index(index, pk, **more)

    def transact(self, writes: Any) -> None:
        if self.busy_writes:
            self.busy_writes -= 1
            raise Throttled
        self._store.transact(writes)

    def add(self, pk: str, sk: str, counts: Mapping[str, int], **more: Any) -> dict[str, int]:
        self.asked += 1
        return self._store.add(pk, sk, counts, **more)


def refusal(county: County, key: Any, kind: str, body: Any, **headers: str) -> Refused:
    with pytest.raises(Refused) as caught:
        county.send(key, kind, body, **headers)
    return caught.value


# ----------------------------------------------------------------------------------------------------------------- rate


def test_the_second_and_the_minute_have_limits_of_their_own() -> None:
    county = County()
    county.partners.register(OFFICE.model_copy(update={"per_second": 3, "per_minute": 5}))
    for _ in range(3):
        county.send(county.office, "cases", BODY)
    assert refusal(county, county.office, "cases", BODY).retry_after == 1
    county.clock.advance(1)
    for _ in range(2):
        county.send(county.office, "cases", BODY)
    refused = refusal(county, county.office, "cases", BODY)
    assert (refused.reason, refused.retry_after) == (Reason.TOO_MANY, 59)
    assert refused.headers()["Retry-After"] == "59"
    county.clock.advance(58)
    assert refusal(county, county.office, "cases", BODY).retry_after == 1
    county.clock.advance(1)
    assert county.send(county.office, "cases", BODY).body["counts"]["errors"] == 0


def test_limits_hold_over_processes_and_for_all_keys_of_a_partner() -> None:
    county = County()
    county.partners.register(OFFICE.model_copy(update={"per_second": 2}))
    second_key = county.partners.issue_key(OFFICE.id, START)
    county.send(county.office, "cases", BODY)
    county.partners = county.new_process()
    county.send(second_key, "cases", BODY)
    assert refusal(county, county.office, "cases", BODY).reason is Reason.TOO_MANY


def test_a_flood_costs_the_store_nothing_and_others_nothing() -> None:
    clock = FixedClock(START)
    store = CountingStore(clock)
    county = County(store, clock)
    county.partners.register(OFFICE.model_copy(update={"per_second": 1}))
    county.send(county.office, "cases", BODY)
    refusal(county, county.office, "cases", BODY)
    before = store.asked
    for _ in range(1_000):
        assert refusal(county, county.office, "cases", b"\x00 not even JSON").reason is Reason.TOO_MANY
    assert store.asked == before
    assert county.report(county.bank_a, "loans", loan_row())["counts"]["accepted"] == 1


def test_strangers_cannot_use_up_a_partners_calls() -> None:
    county = County()
    county.partners.register(BANK_A.model_copy(update={"per_second": 1}))
    for _ in range(20):
        sent = signed(county.bank_b, "loans", BODY, START, partner=BANK_A.id)
        with pytest.raises(Refused) as caught:
            county.partners.receive(sent.call(), START)
        assert caught.value.reason is Reason.UNAUTHORISED
    assert county.report(county.bank_a, "loans", loan_row())["counts"]["accepted"] == 1


def test_who_knows_a_keys_name_but_not_its_secret_uses_up_nothing() -> None:
    county = County()
    county.partners.register(BANK_A.model_copy(update={"per_second": 1}))
    guessed = dataclasses.replace(county.bank_a, secret="guessed")
    for _ in range(20):
        assert refusal(county, guessed, "loans", BODY).reason is Reason.UNAUTHORISED
    assert county.report(county.bank_a, "loans", loan_row())["counts"]["accepted"] == 1


def test_the_limit_is_exact_for_calls_at_once(tmp_path: Path) -> None:
    clock = FixedClock(START)
    store = SqliteStore(tmp_path / "test.db", clock, "NORMAL")
    county = County(store, clock)
    county.partners.register(OFFICE.model_copy(update={"per_second": 5}))

    def send(number: int) -> bool:
        try:
            county.send(county.office, "cases", {"rows": [case_row(f"36032320261122{number:05}")]})
        except Refused as refused:
            assert refused.reason is Reason.TOO_MANY
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(24))) == 5
    store.close()


# ---------------------------------------------------------------------------------------------------------- idempotency


def test_the_same_key_and_body_get_the_stored_answer() -> None:
    county = County()
    first = county.send(county.office, "cases", BODY, **{"Idempotency-Key": "job-1"})
    again = county.send(county.office, "cases", BODY, **{"Idempotency-Key": "job-1"})
    assert (again.body, again.repeated, first.repeated) == (first.body, True, False)
    assert county.send(county.office, "cases", BODY).body["counts"] == {
        "accepted": 0,
        "unchanged": 1,
        "errors": 0,
        "aside": 0,
    }


def test_the_same_key_with_another_body_is_a_conflict_and_changes_nothing() -> None:
    county = County()
    county.send(county.office, "cases", BODY, **{"Idempotency-Key": "job-1"})
    other = {"rows": [case_row("3603232026112200131")]}
    assert refusal(county, county.office, "cases", other, **{"Idempotency-Key": "job-1"}).reason is (
        Reason.IDEMPOTENCY_CONFLICT
    )
    assert county.cases.get("3603232026112200131") is None
    county.clock.advance(timedelta(hours=24))
    assert county.send(county.office, "cases", other, **{"Idempotency-Key": "job-1"}).repeated is False


def test_idempotency_keys_belong_to_one_partner_and_one_kind() -> None:
    county = County()
    key = {"Idempotency-Key": "job-1"}
    county.send(county.office, "cases", BODY, **key)
    assert county.send(county.office, "enterprises", BODY, **key).repeated is False
    assert county.send(county.bank_a, "loans", BODY, **key).repeated is False


@pytest.mark.parametrize("key", ["", "x" * 65, "空", "a b", "a\n"])
def test_a_malformed_idempotency_key_is_refused(key: str) -> None:
    county = County()
    refused = refusal(county, county.office, "cases", BODY, **{"Idempotency-Key": key})
    assert refused.reason is Reason.BAD_IDEMPOTENCY_KEY


def test_a_busy_store_leaves_the_key_free_for_the_next_try() -> None:
    clock = FixedClock(START)
    store = CountingStore(clock)
    county = County(store, clock)
    store.busy_writes = 1
    with pytest.raises(Throttled):
        county.send(county.office, "cases", BODY, **{"Idempotency-Key": "job-1"})
    answer = county.send(county.office, "cases", BODY, **{"Idempotency-Key": "job-1"})
    assert (answer.body["counts"]["accepted"], answer.repeated) == (1, False)


def test_work_that_is_going_on_is_waited_for_and_dead_work_is_taken_over() -> None:
    clock = FixedClock(START)
    store: Store = MemoryStore(clock)
    answers, seen = Answers(store), []

    def died() -> dict[str, Any]:
        """While this work goes on a second call comes; then the process is gone without a trace."""
        with pytest.raises(Refused) as caught:
            answers.once("lx-sjj", Kind.CASES, "job", "digest", nonce(), START, lambda: {"answer": "second"})
        seen.append(caught.value.reason)
        clock.advance(LEASE)
        later, _ = answers.once(
            "lx-sjj", Kind.CASES, "job", "digest", nonce(), clock.now(), lambda: {"answer": "third"}
        )
        seen.append(later["answer"])
        return {"answer": "first"}

    assert answers.once("lx-sjj", Kind.CASES, "job", "digest", nonce(), START, died) == ({"answer": "first"}, False)
    assert seen == [Reason.IN_PROGRESS, "third"]
    stored, repeated = answers.once("lx-sjj", Kind.CASES, "job", "digest", nonce(), clock.now(), dict)
    assert (stored, repeated) == ({"answer": "third"}, True)


def test_a_replay_is_one_also_where_the_answer_is_kept() -> None:
    county = County()
    sent = signed(county.office, "cases", BODY, START, **{"Idempotency-Key": "job-1"}).call()
    assert not county.partners.receive(sent, START).repeated
    with pytest.raises(Refused) as caught:
        county.partners.receive(sent, START)
    assert caught.value.reason is Reason.REPLAYED


def test_of_eight_calls_at_once_with_one_key_the_work_is_done_once(tmp_path: Path) -> None:
    clock = FixedClock(START)
    store = SqliteStore(tmp_path / "test.db", clock, "NORMAL")
    answers, done = Answers(store), []

    def work() -> dict[str, Any]:
        done.append(1)
        return {"answer": 1}

    def send(_: int) -> str:
        try:
            answer, _ = answers.once("lx-sjj", Kind.CASES, "job", "digest", nonce(), START, work)
        except Refused as refused:
            return refused.reason.code
        return str(answer)

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(send, range(8)))
    store.close()
    assert len(done) == 1 and outcomes <= {"{'answer': 1}", "in_progress"} and "{'answer': 1}" in outcomes


def test_even_the_longest_answer_fits_into_its_row() -> None:
    county = County()
    county.partners.register(OFFICE)
    junk = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(40))
    rows = [{"no": f"{n:03}{junk}", "uscc": junk[n % 30 :], "title": 1, f"{junk}{n}": 1} for n in range(500)]
    answer = county.send(county.office, "cases", {"rows": rows}, **{"Idempotency-Key": "job-1"})
    assert answer.body["counts"]["errors"] == 500 and len(answer.body["errors"]) == 500
    assert county.send(county.office, "cases", {"rows": rows}, **{"Idempotency-Key": "job-1"}).body == answer.body


def test_the_calls_of_one_partner_wait_for_each_other_and_for_nobody_else() -> None:
    turns = Turns(at_once=2, patience=0.01)
    first, other = (Partner(id=name, name=name, scopes=(Kind.CASES,)) for name in ("lx-sjj", "lx-yh"))
    with turns.one(first), turns.one(first):
        with pytest.raises(Throttled), turns.one(first):
            raise AssertionError("a third call at a time")
        with turns.one(other), turns.one(other):
            pass
    with turns.one(first):
        pass


def test_a_call_that_fails_gives_its_turn_back() -> None:
    turns = Turns(at_once=1, patience=0.01)
    partner = Partner(id="lx-sjj", name="lx-sjj", scopes=(Kind.CASES,))
    with pytest.raises(ValueError), turns.one(partner):
        raise ValueError
    with turns.one(partner):
        pass

"""A partner's call whose process dies at any write, and is made again with its key, comes to one result."""

from __future__ import annotations

from chalicelib.adapters.clocks import FixedClock
from chalicelib.partners.once import LEASE
from chalicelib.ports import Record
from tests.unit.enterprises.recording import Killed, RecordingStore
from tests.unit.partners.caller import CASE_NO, START, County, case_row

KEY = {"Idempotency-Key": "job-1"}
BODY = {"rows": [case_row(events=[{"id": "e1", "kind": "RECEIVED", "at": "2026-11-22 09:00"}])]}


def _case(store: RecordingStore) -> list[Record]:
    return list(store.query(f"case#{CASE_NO}").records)


def _cut_after(lives: int) -> tuple[bool, RecordingStore]:
    """Whether the call was cut short after so many writes, and the store once it was made again."""
    clock = FixedClock(START)
    store = RecordingStore(clock)
    county, killed = County(store, clock), False
    store.lives = lives
    try:
        county.send(county.office, "cases", BODY, **KEY)
    except Killed:
        killed = True
    store.lives = None
    clock.advance(LEASE)
    answer = county.send(county.office, "cases", BODY, **KEY).body["counts"]
    assert answer["accepted"] + answer["unchanged"] == 1 and answer["errors"] == 0
    assert county.send(county.office, "cases", BODY, **KEY).repeated
    return killed, store


def test_a_call_cut_short_at_any_write_and_repeated_makes_one_case() -> None:
    results, lives = [], 0
    while (outcome := _cut_after(lives))[0]:
        results.append(outcome[1])
        lives += 1
    assert lives >= 3  # the claim with the nonce, the case with its events, the answer
    whole = [(row.pk, row.sk) for row in _case(outcome[1])]
    assert len(whole) >= 2
    assert all([(row.pk, row.sk) for row in _case(store)] == whole for store in results)

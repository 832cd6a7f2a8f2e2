"""Matrix: every bank × every way to report × whose loan it is. Only its own are changed, and refused ones alike."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.partners.caller import BANK_A, BANK_B, County, loan_event, loan_row

OWN = {"a": BANK_A, "b": BANK_B}
IDS = {"a": "LN-A-0001", "b": "LN-B-0001"}
WAYS = ("head", "event", "head and event")


def report(county: County, who: str, way: str, loan_id: str, bank: object) -> dict[str, int]:
    key = {"a": county.bank_a, "b": county.bank_b}[who]
    rows = [loan_row(bank, loan_id, product="续贷通")] if "head" in way else []  # type: ignore[arg-type]
    events = [loan_event(f"x-{who}", "ACCEPTED", "11-20T09:00", loan_id=loan_id)] if "event" in way else []
    counts: dict[str, int] = county.report(key, "loans", *rows, events=events)["counts"]
    return counts


@pytest.mark.parametrize(("who", "whose", "way"), [*itertools.product("ab", "ab", WAYS)])
def test_a_bank_changes_its_own_loans_and_no_others(who: str, whose: str, way: str) -> None:
    county = County()
    for each in "ab":
        key = {"a": county.bank_a, "b": county.bank_b}[each]
        assert county.report(key, "loans", loan_row(OWN[each], IDS[each]))["counts"]["accepted"] == 1
    before = {each: county.loans.get(IDS[each]) for each in "ab"}
    counts = report(county, who, way, IDS[whose], OWN[who])
    after = {each: county.loans.get(IDS[each]) for each in "ab"}
    parts = len(way.split(" and "))
    if who == whose:
        assert counts["accepted"] == parts and after[whose] != before[whose]
        return
    assert (counts["accepted"], counts["errors"]) == (0, parts)
    assert after == before


@pytest.mark.parametrize(("who", "way"), [*itertools.product("ab", WAYS)])
def test_anothers_loan_and_no_loan_are_answered_alike(who: str, way: str) -> None:
    other = "b" if who == "a" else "a"
    county = County()
    key = {"a": county.bank_a, "b": county.bank_b}[other]
    county.report(key, "loans", loan_row(OWN[other], IDS[other]))
    if way == "event":
        assert report(county, who, way, IDS[other], OWN[who]) == report(county, who, way, "LN-X-0001", OWN[who])
    else:
        assert report(county, who, way, IDS[other], OWN[who])["accepted"] == 0

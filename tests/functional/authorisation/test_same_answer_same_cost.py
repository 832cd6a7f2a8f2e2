"""Not found and not yours: the same words and the same reads, a thousand times over; so the same time.

No clock is asked here: a loaded machine would lie. ``python -m bench refusals`` measures.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.cases.service import LookupRefused
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.tries import LockedOut
from chalicelib.pages.limits import MISSES
from tests.functional.authorisation.conftest import CASES, LOANS, OURS, THEIRS, County

ME = "oMe"
TRIES = 1000
_CHANCE = random.Random(6)

Asked = Callable[[County, bool], str]
"""Asks for something that is not mine: THEIRS when True, else one that there is not. Returns all that is shown."""


def _no(there: bool) -> str:
    return CASES[THEIRS] if there else f"36032320261116{_CHANCE.randrange(10_000, 99_999)}"


def _loan(there: bool) -> str:
    return LOANS[THEIRS] if there else f"LN-2026-{_CHANCE.randrange(2000, 9999)}"


def _page(county: County, page: str, key: str) -> str:
    county.now += timedelta(seconds=MISSES.seconds)  # who asks faster is told to wait, whatever they ask for
    response = county.open(ME, page, key)
    return f"{response.status} {response.headers} {response.body}"


def _demand(county: County, there: bool) -> str:
    held = [one.id for one in county.app.demands.of_enterprise(THEIRS)]
    if not held:
        held = [county.app.demands.register("oTheirs", THEIRS, 300_000_000, 12, "买窑炉", county.now).id]
    county.store.reads.clear()  # what the test asks is nobody's cost
    return held[0] if there else held[0][:-4] + f"{_CHANCE.randrange(5000, 9999)}"


VIEWS: dict[str, Asked] = {
    "page case": lambda county, there: _page(county, "case", _no(there)),
    "page loan": lambda county, there: _page(county, "loan", _loan(there)),
    "chat case": lambda county, there: county.say(ME, "case.open", no=_no(there)),
    "chat loan": lambda county, there: county.say(ME, "loan.open", id=_loan(there)),
    "chat difference": lambda county, there: county.say(ME, "loan.difference", id=_loan(there)),
    "chat rating": lambda county, there: county.say(ME, "rating.ask", no=_no(there)),
    "chat rate": lambda county, there: county.say(ME, "rating.give", no=_no(there), level="1"),
    "chat papers": lambda county, there: county.say(ME, "casenext.papers", no=_no(there)),
    "chat appeal": lambda county, there: county.say(ME, "casenext.appeal", no=_no(there)),
    "chat demand": lambda county, there: county.say(ME, "financing.open", id=_demand(county, there)),
    "chat choose": lambda county, there: county.say(
        ME, "financing.choose", id=_demand(county, there), bank="示例乙银行", banks=""
    ),
}


@pytest.mark.parametrize("role", [None, Role.LEGAL, Role.STAFF])
@pytest.mark.parametrize("view", VIEWS)
def test_a_thousand_tries_tell_nothing(county: County, view: str, role: Role | None) -> None:
    if role is not None:
        county.bind(ME, role)
    seen = set()
    for number in range(TRIES // len(VIEWS)):
        county.store.reads.clear()
        answer = VIEWS[view](county, number % 2 == 0)
        seen.add((answer.split("?k=")[0], tuple(county.store.reads)))
    assert len(seen) == 1


def test_number_and_phone_digits_cost_the_same_right_number_or_not(county: County) -> None:
    seen = set()
    for number in range(TRIES // 10):
        county.store.reads.clear()
        with pytest.raises(LookupRefused) as refused:
            county.app.cases.lookup(f"o{number}", _no(number % 2 == 0), "9999", county.now)
        seen.add((str(refused.value), tuple(county.store.reads)))
    assert len(seen) == 1


def test_five_wrong_tries_lock_and_leaving_gives_no_new_ones(county: County) -> None:
    county.app.followers.follow(ME, county.now)
    for _ in range(5):
        with pytest.raises(LookupRefused):
            county.app.cases.lookup(ME, CASES[OURS], "9999", county.now)
    county.app.erasure.erase(ME, county.now)
    with pytest.raises(LockedOut):
        county.app.cases.lookup(ME, CASES[OURS], "9999", county.now)

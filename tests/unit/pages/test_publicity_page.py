"""``/h5/publicity/{round}``: everybody sees the list while its public notice runs, and nobody at another time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.pages.house import NOW, House, Phone
from tests.unit.policies.awards.support import ANN, BOB, TODAY, account, enterprise, policy

ROUND = "P90-2026-1"
ADDRESS = f"/h5/publicity/{ROUND}"
FIRMS = [enterprise(number) for number in range(1, 4)]


@pytest.fixture
def house() -> House:
    house = House()
    house.held = replace(house.held, policies={**house.held.policies, "P90": policy()})
    for firm in FIRMS:
        house.enterprises.save(firm, NOW)
    house.awards.open("P90", 2026, ANN, NOW)
    house.awards.confirm(ROUND, BOB, NOW)
    return house


def test_only_from_the_first_to_the_last_day(house: House) -> None:
    phone = Phone(house, None)
    assert phone.get(ADDRESS).status == 404
    house.awards.publicise(ROUND, ANN, TODAY + timedelta(days=1), 5, NOW)
    statuses = []
    for days in range(7):
        house.clock.set(NOW + timedelta(days=days))
        statuses.append(phone.get(ADDRESS).status)
    assert statuses == [404, 200, 200, 200, 200, 200, 404]
    assert phone.get("/h5/publicity/P90-2026-9").status == 404


def test_what_it_shows_and_what_it_does_not(house: House) -> None:
    house.awards.publicise(ROUND, ANN, TODAY, 5, NOW)
    house.awards.record_account(ROUND, FIRMS[0].uscc, account(FIRMS[0]), ANN, NOW)
    house.awards.withdraw(ROUND, FIRMS[2].uscc, ANN, "重复", NOW)
    body = Phone(house, None).get(ADDRESS).body
    assert all(text in body for text in ("2026-11-23 至 2026-11-27", "3 家", "23,418.59", "12345", FIRMS[1].uscc))
    assert FIRMS[2].name not in body
    assert account(FIRMS[0]).number[-4:] not in body


def test_a_long_list_goes_on_from_page_to_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.pages.publicity.SHOWN", 2)
    house.awards.publicise(ROUND, ANN, TODAY, 5, NOW)
    phone, codes = Phone(house, None), sorted(firm.uscc for firm in FIRMS)
    first = phone.get(ADDRESS).body
    assert codes[1] in first and codes[2] not in first and "下一页" in first
    second = phone.get(f"{ADDRESS}?after={codes[1]}").body
    assert codes[2] in second and codes[0] not in second and "下一页" not in second
    assert phone.get(f"{ADDRESS}?after=x'").status == 404


def test_a_round_that_is_closed_is_public_no_longer(house: House) -> None:
    house.awards.publicise(ROUND, ANN, TODAY, 5, NOW)
    house.awards.close(ROUND, ANN, "名单有误", NOW)
    assert Phone(house, None).get(ADDRESS).status == 404

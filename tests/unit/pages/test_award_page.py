"""``/h5/award/{round}``: who sees an award, and how its account is confirmed without showing it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.policies.awards.accounts import is_mistyped_card
from chalicelib.policies.awards.life import EntryState, entry_life
from tests.unit.pages.house import NOW, OTHER_USCC, OWNER, STAFF, STRANGER, House, Phone
from tests.unit.policies.awards.support import ANN, BOB, POOL, TODAY, enterprise, policy

ROUND = "P90-2026-1"
CARD, COMPANY_ACCOUNT = "6222021234567890128", "36001234567890123456"
FIRM = enterprise()
ADDRESS = f"/h5/award/{ROUND}"


@pytest.fixture
def house() -> House:
    """FIRM is on a list that is public from today; OWNER is its 法人, STAFF its 人事."""
    house = House()
    house.held = replace(house.held, policies={**house.held.policies, "P90": policy()})
    house.enterprises.save(FIRM, NOW)
    house.bind(OWNER, Role.LEGAL, FIRM.uscc)
    house.bind(STAFF, Role.STAFF, FIRM.uscc)
    house.awards.open("P90", 2026, ANN, NOW)
    house.awards.confirm(ROUND, BOB, NOW)
    return house


def public(house: House) -> House:
    house.awards.publicise(ROUND, ANN, TODAY, 5, NOW)
    return house


def form_of(body: str, **fields: str) -> dict[str, str]:
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', body))
    typed = {"bank": "示例银行芦溪支行", "number": CARD}
    return {**hidden, **typed, "again": fields.get("number", CARD), **fields}


def test_confirming_an_account_shows_only_its_end(house: House) -> None:
    phone = Phone(public(house), OWNER)
    page = phone.get(ADDRESS)
    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "23418.59" in page.body.replace(",", "")
    done = phone.step("POST", ADDRESS, form_of(page.body, number=f" {CARD[:4]}-{CARD[4:]}"))
    assert done.status == 303
    after = phone.get(done.headers["Location"].removeprefix(house.settings.public_url))
    assert "收款账户已确认" in after.body
    assert "尾号 0128" in after.body
    assert CARD not in after.body
    entry = house.awards.entry(ROUND, FIRM.uscc)
    assert entry_life(entry).state is EntryState.READY
    assert OWNER not in entry.model_dump_json()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": "6222021234567890123"}, "校验位不对"),
        ({"number": "1234567"}, "8 到 32 位"),
        ({"number": "六二二二"}, "8 到 32 位"),
        ({"again": COMPANY_ACCOUNT}, "两次填的不一样"),
        ({"bank": ""}, "开户行"),
        ({"bank": "=HYPERLINK(1)"}, "开户行"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(house: House, change: dict[str, str], said: str) -> None:
    phone = Phone(public(house), OWNER)
    page = phone.step("POST", ADDRESS, form_of(phone.get(ADDRESS).body, **change))
    assert page.status == 200
    assert "没有保存" in page.body
    assert said in page.body
    assert CARD not in page.body
    assert entry_life(house.awards.entry(ROUND, FIRM.uscc)).state is EntryState.LISTED


def test_an_account_of_a_company_has_no_check_digit_that_we_know(house: House) -> None:
    phone = Phone(public(house), OWNER)
    form = form_of(phone.get(ADDRESS).body, number=COMPANY_ACCOUNT)
    assert phone.step("POST", ADDRESS, form).status == 303


@pytest.mark.parametrize(("number", "wrong"), [(CARD, False), (CARD[:-1] + "3", True), ("6" * 16, False)])
def test_the_check_digit_of_a_card(number: str, wrong: bool) -> None:
    """ISO/IEC 7812-1; only numbers of UnionPay cards begin with 62."""
    assert is_mistyped_card(number) is wrong


def test_one_wrong_digit_in_a_card_is_always_noticed() -> None:
    for place in range(2, len(CARD)):
        for digit in "0123456789".replace(CARD[place], ""):
            assert is_mistyped_card(CARD[:place] + digit + CARD[place + 1 :])


def test_a_form_that_is_not_ours_is_refused(house: House) -> None:
    phone = Phone(public(house), OWNER)
    form = form_of(phone.get(ADDRESS).body)
    assert phone.step("POST", ADDRESS, form | {"token": "0" * 64}).status == 403
    assert phone.step("POST", ADDRESS, form | {"uscc": OTHER_USCC}).status == 404
    phone.cookies.clear()
    assert phone.step("POST", ADDRESS, form).status == 403
    assert entry_life(house.awards.entry(ROUND, FIRM.uscc)).state is EntryState.LISTED


def test_who_may_see_it(house: House) -> None:
    assert Phone(house, OWNER).get(ADDRESS).status == 404  # confirmed, not public yet
    public(house)
    assert Phone(house, OWNER).get(ADDRESS).status == 200
    assert Phone(house, STAFF).get(ADDRESS).status == 403
    assert Phone(house, STRANGER).get(ADDRESS).status == 404
    assert Phone(house, OWNER).get("/h5/award/P90-2026-2").status == 404


def test_the_form_is_gone_once_the_money_is_on_its_way(house: House) -> None:
    phone = Phone(public(house), OWNER)
    form = form_of(phone.get(ADDRESS).body)
    phone.step("POST", ADDRESS, form)
    later = NOW + timedelta(days=6)
    house.clock.set(later)
    house.awards.set_pool(POOL, 2026, 10**9, ANN, "年度预算", later)
    house.awards.prepare(ROUND, ANN, later)
    house.awards.pay(ROUND, BOB, later)
    page = phone.get(ADDRESS)
    assert "银行支付，一般 1 个工作日" in page.body
    assert "<form" not in page.body
    late = phone.step("POST", ADDRESS, form_of(page.body) | {"token": form["token"], "uscc": FIRM.uscc})
    assert late.status in (200, 403)  # the session may be over by then
    assert entry_life(house.awards.entry(ROUND, FIRM.uscc)).state is EntryState.PAYING

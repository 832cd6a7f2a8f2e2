"""``/h5/tolerance/{item}``: who may commit, to exactly what was shown, once; and what the chat says of it after."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.cases.model import CaseRow
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.guidance.model import ServiceItem
from chalicelib.pages.http import PageResponse
from chalicelib.tolerance import offer_of
from tests.unit.pages.house import ITEM, NOW, OTHER_USCC, OWNER, STRANGER, USCC, House, Phone

ADDRESS = "/h5/tolerance/SX-01"


@pytest.fixture
def house() -> House:
    return House().furnish()


def sent(phone: Phone, **changes: str) -> PageResponse:
    """The form of the page as it is, ticked, with these fields changed."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', phone.get(ADDRESS).body))
    return phone.step("POST", ADDRESS, {**hidden, "agree": "1", **changes})


def given(house: House, uscc: str = USCC) -> str | None:
    held = house.commitments.waiting(uscc, "SX-01", NOW)
    return held.id if held else None


def test_the_text_is_shown_agreed_to_once_and_its_number_told(house: House) -> None:
    phone, text = Phone(house, OWNER), offer_of(house.held.items["SX-01"]).text
    page = phone.get(ADDRESS)
    assert page.status == 200 and page.headers["Cache-Control"] == "no-store"
    assert "公司章程" in page.body and "损失自行承担" in page.body and given(house) is None
    done = sent(phone)
    assert done.status == 303
    number = given(house)
    assert number is not None and number in phone.get(done.headers["Location"]).body
    held = house.commitments.get(number)
    assert held is not None and (held.uscc, held.text, held.materials) == (USCC, text, ("公司章程",))
    assert "form_token" not in phone.get(ADDRESS).body and 'method="post"' not in phone.get(ADDRESS).body


def test_a_double_tap_gives_one(house: House) -> None:
    phone = Phone(house, OWNER)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', phone.get(ADDRESS).body))
    answers = [phone.step("POST", ADDRESS, {**hidden, "agree": "1"}).status for _ in range(2)]
    assert answers == [303, 303] and given(house) == "C-20261123-01"
    assert house.commitments.get("C-20261123-02") is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"agree": ""}, 200), ({"text": "0" * 16}, 200), ({"token": "0" * 64}, 403), ({"uscc": OTHER_USCC}, 403)],
)
def test_nothing_is_given_without_tick_text_token_and_right(house: House, changes: dict[str, str], status: int) -> None:
    answer = sent(Phone(house, OWNER), **changes)
    assert (answer.status, given(house), given(house, OTHER_USCC)) == (status, None, None)
    assert "没有提交" in answer.body


def test_content_that_changed_meanwhile_is_shown_again(house: House) -> None:
    phone = Phone(house, OWNER)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', phone.get(ADDRESS).body))
    later: dict[str, Any] = {**ITEM, "promised": {"n": 8, "unit": "wd", "prov": ["R"]}}
    house.held = replace(house.held, items={"SX-01": ServiceItem.model_validate(later)})
    answer = phone.step("POST", ADDRESS, {**hidden, "agree": "1"})
    assert "承诺内容刚有更新" in answer.body and "7 个工作日内补齐" in answer.body and given(house) is None


def test_who_broke_a_commitment_gets_no_form(house: House) -> None:
    course = [
        {"id": "e1", "kind": "RECEIVED", "at": "2026-10-12 10:12"},
        {"id": "e2", "kind": "TOL_ACCEPTED", "at": "2026-10-13 10:12", "materials": ["章程"], "committed": True},
    ]
    row = {"no": "3603232026101200019", "uscc": USCC, "title": "示例", "dept": "示例局", "prov": "R", "events": course}
    house.cases.save_row(CaseRow.model_validate(row), NOW)
    phone = Phone(house, OWNER)
    page = phone.get(ADDRESS)
    assert "没有按期补齐" in page.body and 'method="post"' not in page.body


def test_strangers_are_told_to_bind_and_other_items_are_missing(house: House) -> None:
    stranger = Phone(house, STRANGER).get(ADDRESS)
    assert stranger.status == 403 and "绑定" in stranger.body
    house.enterprises.save(Enterprise(uscc=OTHER_USCC, name="邻家公司", reg_status="存续", prov="R"), NOW)
    house.bind("oNeighbour", Role.LEGAL, OTHER_USCC)
    assert "溪华" not in Phone(house, "oNeighbour").get(ADDRESS).body
    needed = [{**material, "necessity": "必要"} for material in ITEM["materials"]]  # type: ignore[attr-defined]
    strict = ServiceItem.model_validate({**ITEM, "materials": needed})
    house.held = replace(house.held, items={"SX-01": strict})
    for address in (ADDRESS, "/h5/tolerance/SX-99"):
        assert Phone(house, OWNER).get(address).status == 404
    assert "/h5/tolerance/" not in Phone(house, OWNER).get("/h5/guide/SX-01").body

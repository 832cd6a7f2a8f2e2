"""Share cards, script policies, and how often one may ask."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.pages import site
from chalicelib.pages.http import PageRequest, PageResponse
from chalicelib.pages.limits import FORMS, MISSES
from chalicelib.wechat.errors import NotSent
from chalicelib.wechat.jssdk import signature
from tests.unit.pages.house import CASE, OWNER, STRANGER, House, Phone

WECHAT = "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50"


@pytest.fixture
def house() -> House:
    return House().furnish()


def ask(house: House, page: str, key: str = "", openid: str = "", **more: object) -> PageResponse:
    phone = Phone(house, openid or None)
    if openid:
        phone.get("/h5/inbox")
    request = PageRequest(page, house.clock.now(), key, cookies=dict(phone.cookies), sender="192.0.2.7")
    return site.answer(replace(request, **more), house)  # type: ignore[arg-type]


def test_outside_wechat_no_page_has_a_script(house: House) -> None:
    response = ask(house, "guide", "SX-01")
    assert "<script" not in response.body
    assert "script-src" not in response.headers["Content-Security-Policy"]


def test_a_public_page_has_a_card_in_wechat_and_a_personal_one_leaves_the_menu(house: House) -> None:
    public, personal = ask(house, "guide", "SX-01", agent=WECHAT), ask(house, "inbox", openid=OWNER, agent=WECHAT)
    assert 'data-share="https://xixinban.example/h5/guide/SX-01"' in public.body
    assert "script-src 'self' https://res.wx.qq.com;" in public.headers["Content-Security-Policy"]
    assert 'data-share=""' in personal.body
    assert "res.wx.qq.com" not in personal.headers["Content-Security-Policy"]


def test_the_card_of_a_page_carries_no_key_and_no_person(house: House) -> None:
    query = {"k": "1.abc.def", "mine": "1", "big": "1"}
    body = ask(house, "guide", "SX-01", agent=WECHAT, query=query).body
    assert 'data-share="https://xixinban.example/h5/guide/SX-01"' in body


def test_the_signature_is_for_our_own_pages_exactly_as_the_browser_has_them(house: House) -> None:
    url = "https://xixinban.example/h5/guide/SX-01?from=singlemessage&big=1"
    house.share_tickets.renew()
    response = ask(house, "jssdk", query={"url": url})
    given = json.loads(response.body)
    expected = signature("ticket-for-tests", given["nonceStr"], given["timestamp"], url)
    assert (given["appId"], given["signature"]) == ("wx0123456789abcdef", expected)
    assert "ticket-for-tests" not in response.body


@pytest.mark.parametrize(
    "url", ["", "https://evil.example/h5/x", "https://xixinban.example.evil/h5/x", "//x", "a" * 9999]
)
def test_no_signature_for_the_pages_of_others(house: House, url: str) -> None:
    assert ask(house, "jssdk", query={"url": url}).status == 404


def test_without_a_ticket_there_is_no_card_and_those_in_the_whitelist_are_asked_for_one(house: House) -> None:
    """A page asks nothing of the platform: its address is not in the whitelist (infra/network.py)."""
    house.wechat_client.tickets.failure = NotSent("ticket/getticket", "timeout")
    wanted = {"url": "https://xixinban.example/h5/points"}
    assert [ask(house, "jssdk", query=wanted).status for _ in range(3)] == [404] * 3
    assert house.asked_for_tickets == [{"ticket": "jsapi"}]
    house.share_tickets.renew()  # refused: no failure
    house.clock.advance(timedelta(minutes=2))
    assert ask(house, "jssdk", query=wanted).status == 404 and len(house.asked_for_tickets) == 2
    house.wechat_client.tickets.failure = None
    house.share_tickets.renew()
    assert ask(house, "jssdk", query=wanted).status == 200 and len(house.asked_for_tickets) == 2


def test_who_sends_forms_without_end_has_to_wait_a_little(house: House) -> None:
    phone = Phone(house, OWNER)
    token = phone.get("/h5/me").body.split('name="token" value="')[1].split('"')[0]
    answers = [phone.step("POST", "/h5/me", {"scope": "case_alert", "token": token}) for _ in range(FORMS.person + 1)]
    assert [answer.status for answer in answers] == [303] * FORMS.person + [429]
    assert "请过几分钟再试" in answers[-1].body
    house.clock.advance(timedelta(seconds=FORMS.seconds))
    assert phone.step("POST", "/h5/me", {"scope": "case_alert", "token": token}).status == 303


def test_an_address_has_wider_limits_than_a_person(house: House) -> None:
    posts = [ask(house, "me", method="POST") for _ in range(FORMS.address + 1)]
    assert {post.status for post in posts[:-1]} == {403}
    assert posts[-1].status == 429
    elsewhere = ask(house, "me", method="POST", sender="192.0.2.8")
    assert elsewhere.status == 403


def test_guessing_numbers_ends_before_it_finds_any(house: House) -> None:
    phone = Phone(house, STRANGER)
    phone.get("/h5/inbox")
    statuses = [phone.step("GET", f"/h5/case/36032320261116{n:05}").status for n in range(MISSES.person)]
    assert set(statuses) == {404}
    found, absent = phone.step("GET", f"/h5/case/{CASE}"), phone.step("GET", "/h5/loan/LN-0")
    assert (found.status, found.body, found.headers) == (429, absent.body, absent.headers)
    assert Phone(house, OWNER).get(f"/h5/case/{CASE}").status == 200
    assert phone.get("/h5/guide/SX-01").status == 200
    house.clock.advance(timedelta(seconds=MISSES.seconds))
    assert phone.step("GET", f"/h5/case/{CASE}").status == 404


def test_counts_name_nobody(house: House) -> None:
    ask(house, "case", "36032320261116", openid=STRANGER)
    ask(house, "me", method="POST", openid=STRANGER)
    keys = [key for key in str(house.store.__dict__).split("'") if key.startswith("pagerate#")]
    assert keys
    assert not [key for key in keys if STRANGER in key or "192.0.2.7" in key]

"""Who may see what: nobody, a stranger, members with and without the role, by link and without."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import NoticeState
from chalicelib.wechat.errors import NotSent
from chalicelib.wechat.oauth import Identity
from tests.unit.pages.house import (
    CASE,
    LOAN,
    OTHER_USCC,
    OWNER,
    STAFF,
    STRANGER,
    USCC,
    House,
    Phone,
)

PERSONAL = [f"/h5/case/{CASE}", f"/h5/loan/{LOAN}", "/h5/cases", "/h5/inbox", "/h5/me", "/h5/policy/P01?mine=1"]
PUBLIC = ["/h5/guide/SX-01", "/h5/guide/B01", "/h5/points", "/h5/policy/P01", "/h5/policies"]


@pytest.fixture
def house() -> House:
    return House().furnish()


def link(house: House, path: str, openid: str) -> str:
    """The signed link that a person gets, without the host."""
    url = urlsplit(house.links.page(path, openid, house.clock.now()))
    return f"{url.path}?{url.query}"


@pytest.mark.parametrize("address", PUBLIC)
def test_anybody_reads_the_public_pages_without_signing_in(house: House, address: str) -> None:
    phone = Phone(house, None)
    assert phone.get(address).status == 200
    assert phone.cookies == {}


@pytest.mark.parametrize("address", PERSONAL)
def test_personal_pages_ask_the_platform_first_and_come_back(house: House, address: str) -> None:
    first = Phone(house, None).step("GET", address)
    assert first.status == 302
    assert first.headers["Location"].startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")
    assert "snsapi_base" in first.headers["Location"]
    assert first.headers["Cache-Control"] == "no-store"
    phone = Phone(house, OWNER)
    response = phone.get(address)
    assert response.status == 200
    assert phone.hops[-1] == address
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", [f"/h5/case/{CASE}", f"/h5/loan/{LOAN}"])
def test_not_yours_and_not_there_look_the_same(house: House, address: str) -> None:
    stranger = Phone(house, STRANGER)
    theirs = stranger.get(address)
    absent = stranger.get(address[:-1] + "8")
    nonsense = stranger.get("/h5/no-such-page")
    assert (theirs.status, theirs.body, theirs.headers) == (absent.status, absent.body, absent.headers)
    assert (theirs.status, theirs.body, theirs.headers) == (nonsense.status, nonsense.body, nonsense.headers)
    assert theirs.status == 404


def test_a_nobody_cannot_tell_which_numbers_exist(house: House) -> None:
    phone = Phone(house, None)
    assert phone.step("GET", f"/h5/case/{CASE}").status == phone.step("GET", "/h5/case/3600000000000000000").status


def test_a_case_is_for_every_member_a_loan_for_the_boss_and_finance(house: House) -> None:
    house.bind("oFinance", Role.FINANCE)
    staff, finance = Phone(house, STAFF), Phone(house, "oFinance")
    assert staff.get(f"/h5/case/{CASE}").status == 200
    assert staff.get(f"/h5/loan/{LOAN}").status == 404
    assert finance.get(f"/h5/loan/{LOAN}").status == 200


def test_a_binding_that_ended_shuts_every_page_at_once(house: House) -> None:
    phone, by_link = Phone(house, OWNER), link(house, f"/h5/case/{CASE}", OWNER)
    house.tell(OWNER, "办件有进展")
    assert phone.get(by_link).status == 200
    assert "办件有进展" in phone.get("/h5/inbox").body
    house.bindings.remove(OWNER, USCC, house.clock.now())
    assert phone.get(by_link).status == 404
    assert phone.get(f"/h5/loan/{LOAN}").status == 404
    assert "办件有进展" not in phone.get("/h5/inbox").body
    assert "暂不符合" not in (body := phone.get("/h5/policy/P01?mine=1").body)
    assert "您还没有绑定企业" in body


def test_a_link_opens_for_its_person_and_is_refused_to_another(house: House) -> None:
    address = link(house, f"/h5/case/{CASE}", OWNER)
    assert Phone(house, OWNER).get(address).status == 200
    forwarded = Phone(house, STAFF).get(address)
    assert forwarded.status == 403
    assert "这个链接是发给别人的" in forwarded.body
    assert "不动产" not in forwarded.body


def test_a_phone_that_changed_hands_is_asked_again_who_holds_it(house: House) -> None:
    phone = Phone(house, STAFF)
    phone.get("/h5/inbox")
    phone.openid = OWNER
    assert phone.get(link(house, f"/h5/loan/{LOAN}", OWNER)).status == 200


def test_an_expired_link_says_so(house: House) -> None:
    address = link(house, f"/h5/case/{CASE}", OWNER)
    house.clock.advance(timedelta(days=8))
    response = Phone(house, OWNER).get(address)
    assert response.status == 410
    assert "链接已过期" in response.body


def test_a_link_opens_no_other_page(house: House) -> None:
    key = link(house, "/h5/inbox", OWNER).partition("?")[2]
    assert Phone(house, OWNER).get(f"/h5/case/{CASE}?{key}").status == 403


def test_a_session_ends_after_two_hours(house: House) -> None:
    phone = Phone(house, OWNER)
    phone.get("/h5/inbox")
    house.clock.advance(timedelta(hours=2))
    assert phone.step("GET", "/h5/inbox").status == 302


def test_an_answer_to_ones_own_question_is_in_the_inbox_without_a_binding(house: House) -> None:
    house.tell("o-unbound", "工单已答复", NoticeKind.REPLY, uscc="")
    house.tell("o-unbound", "办件有进展")
    shown = Phone(house, "o-unbound").get("/h5/inbox").body
    assert "工单已答复" in shown and "办件有进展" not in shown
    assert "工单已答复" not in Phone(house, OWNER).get("/h5/inbox").body


def test_the_inbox_holds_ones_own_notices_only(house: House) -> None:
    house.tell(OWNER, "给法人的")
    house.tell(STAFF, "给人事的")
    house.tell(STAFF, "人事不该看的贷款", NoticeKind.LOAN_PROGRESS)
    house.tell(OWNER, "别家企业的", uscc=OTHER_USCC)
    mine, theirs = Phone(house, OWNER).get("/h5/inbox").body, Phone(house, STAFF).get("/h5/inbox").body
    assert "给法人的" in mine
    assert "给人事的" not in mine
    assert "别家企业的" not in mine
    assert "给人事的" in theirs
    assert "人事不该看的贷款" not in theirs


# ------------------------------------------------------------------------------------------------------------ sign-in


def test_sign_in_needs_the_browser_that_began_it(house: House) -> None:
    victim, attacker = Phone(house, OWNER), Phone(house, STRANGER)
    begun = attacker.step("GET", "/h5/inbox")
    back = attacker._next(begun.headers["Location"])
    response = victim.step("GET", back)
    assert response.status == 403
    assert victim.cookies == {}


def test_sign_in_leads_nowhere_but_to_the_page_that_asked(house: House) -> None:
    phone = Phone(house, OWNER)
    back = phone._next(phone.step("GET", "/h5/inbox").headers["Location"])
    for target in ("https://evil.example/", "//evil.example", "/h5/me"):
        turned = back.replace("to=%2Fh5%2Finbox", f"to={target}")
        assert turned != back
        assert phone.step("GET", turned).status == 403
    assert phone.step("GET", back).headers["Location"] == "https://xixinban.example/h5/inbox"


def test_a_code_works_once_and_a_stale_state_not_at_all(house: House) -> None:
    phone = Phone(house, OWNER)
    back = phone._next(phone.step("GET", "/h5/inbox").headers["Location"])
    assert phone.step("GET", back).status == 302
    again = phone.step("GET", back)
    assert again.status == 403
    assert "请从公众号重新打开" in again.body
    house.clock.advance(timedelta(minutes=11))
    assert "登录超时" in phone.step("GET", back).body


def test_a_snapshot_user_sees_nothing_personal(house: House) -> None:
    phone = Phone(house, OWNER)
    back = phone._next(phone.step("GET", "/h5/inbox").headers["Location"])
    house.wechat_client.sns.codes["code-1"] = Identity(openid="oMadeUp", is_snapshot=True)
    response = phone.step("GET", back)
    assert response.status == 403
    assert "使用完整服务" in response.body
    assert "xixinban_session" not in phone.cookies


def test_a_silent_platform_is_told_as_such(house: House) -> None:
    phone = Phone(house, OWNER)
    back = phone._next(phone.step("GET", "/h5/inbox").headers["Location"])
    house.wechat_client.sns.codes["code-1"] = NotSent("sns/oauth2/access_token", "timeout")
    assert phone.step("GET", back).status == 503


def test_cookies_are_for_our_pages_and_no_script(house: House) -> None:
    phone = Phone(house, OWNER)
    begun = phone.step("GET", "/h5/inbox")
    done = phone.step("GET", phone._next(begun.headers["Location"]))
    for cookie in (*begun.cookies, *done.cookies):
        assert "; Path=/h5; " in cookie
        assert "; HttpOnly; SameSite=Lax; Secure" in cookie
    plain = Phone(House("http://127.0.0.1:8000").furnish(), OWNER).step("GET", "/h5/inbox")
    assert "Secure" not in plain.cookies[0]


def test_behind_a_gateway_every_address_carries_its_prefix() -> None:
    house = House("https://abc.example/api").furnish()
    phone = Phone(house, OWNER)
    body = phone.get("/h5/inbox").body
    assert 'href="/api/h5/inbox?big=1"' in body
    assert 'href="/api/h5/me"' in body
    assert "; Path=/api/h5; " in phone.step("GET", "/h5/points?big=1").cookies[0]


# ----------------------------------------------------------------------------------------------------- taking it back


def withdrawable(house: House, openid: str) -> tuple[Phone, str]:
    phone = Phone(house, openid)
    token = phone.get("/h5/me").body.split('name="token" value="')[1].split('"')[0]
    return phone, token


def test_withdrawing_one_consent_stops_what_waits_under_it(house: House) -> None:
    case, policy = house.tell(OWNER, "办件有进展"), house.tell(OWNER, "政策", NoticeKind.POLICY_DIGEST)
    phone, token = withdrawable(house, OWNER)
    response = phone.step("POST", "/h5/me", {"scope": "case_alert", "token": token})
    assert (response.status, response.headers["Location"]) == (303, "https://xixinban.example/h5/me?done=1")
    assert not house.consents.allows(OWNER, Scope.CASE_ALERT)
    assert house.consents.allows(OWNER, Scope.POLICY_PUSH)
    assert house.notices.show(case).state is NoticeState.CANCELLED
    assert house.notices.show(policy).state is not NoticeState.CANCELLED
    body = phone.get("/h5/me?done=1").body
    assert "已撤回" in body
    assert "撤回“办件进度提醒”（网页）" in body


def test_withdrawing_everything(house: House) -> None:
    phone, token = withdrawable(house, OWNER)
    phone.step("POST", "/h5/me", {"scope": "all", "token": token})
    assert house.consents.current(OWNER) == {}
    assert house.consents.current(STAFF) != {}


@pytest.mark.parametrize("token", ["", "0" * 64, "someone else's", None])
def test_a_form_that_is_not_ours_changes_nothing(house: House, token: str | None) -> None:
    waiting = house.tell(OWNER, "办件有进展")
    phone, _ = withdrawable(house, OWNER)
    form = {"scope": "all"}
    if token == "someone else's":
        form["token"] = withdrawable(house, STAFF)[1]
    elif token is not None:
        form["token"] = token
    before = house.consents.current(OWNER)
    response = phone.step("POST", "/h5/me", form)
    assert response.status == 403
    assert "什么都没有改" in response.body
    assert house.consents.current(OWNER) == before
    assert house.notices.show(waiting).state is not NoticeState.CANCELLED


def test_nobody_and_unknown_scopes_change_nothing(house: House) -> None:
    phone, token = withdrawable(house, OWNER)
    assert Phone(house, None).step("POST", "/h5/me", {"scope": "all", "token": token}).status == 403
    assert phone.step("POST", "/h5/me", {"scope": "everything", "token": token}).status == 400
    assert phone.step("POST", "/h5/inbox", {"scope": "all", "token": token}).status == 404
    assert house.consents.allows(OWNER, Scope.CASE_ALERT)

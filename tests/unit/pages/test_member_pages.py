"""成员 and 我的数据: the 法人 manages members, a person takes their data along and has it deleted."""

from __future__ import annotations

import json
import re

import pytest

from chalicelib.enterprises.joining import JoinRequest
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from tests.unit.pages.house import HOSTILE, NOW, OTHER_USCC, OWNER, STAFF, STRANGER, USCC, House, Phone

NEW = "oNew"


@pytest.fixture
def house() -> House:
    return House().furnish()


def token(phone: Phone) -> str:
    """The form token of the session, from the page that always has a form."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', phone.get("/h5/mydata").body)
    assert found
    return found.group(1)


def asked(house: House) -> JoinRequest:
    return house.joining.ask(NEW, USCC, Role.TAX, "张三", NOW)


def post(phone: Phone, page: str, **form: str) -> int:
    return phone.step("POST", f"/h5/{page}", {"token": token(phone), **form}).status


def test_members_are_listed_without_names_or_openids(house: House) -> None:
    body = Phone(house, OWNER).get("/h5/members").body
    assert "人事" in body
    assert "您（法人）" in body
    assert STAFF not in body
    assert OWNER not in body


@pytest.mark.parametrize("openid", [STAFF, STRANGER])
def test_members_are_no_page_for_others(house: House, openid: str) -> None:
    phone = Phone(house, openid)
    assert (page := phone.get("/h5/members")).status == 404
    assert page.body == phone.get("/h5/no-such-page").body


def test_letting_in_takes_the_number(house: House) -> None:
    request, phone = asked(house), Phone(house, OWNER)
    wrong = f"{(int(request.digits) + 1) % 10_000:04d}"
    assert "张*（办税）" in phone.get("/h5/members").body
    assert request.digits not in re.sub(r"[0-9a-f]{12,}", "", phone.get("/h5/members").body)  # tokens hold any digits
    assert post(phone, "members", do="admit", uscc=USCC, ref=request.ref, digits=wrong) == 403
    assert house.bindings.of(NEW, USCC) is None
    assert post(phone, "members", do="admit", uscc=USCC, ref=request.ref, digits=request.digits) == 303
    assert house.bindings.of(NEW, USCC) is not None
    assert "已同意" in phone.get("/h5/members?done=admit").body


def test_refusing_and_removing(house: House) -> None:
    request, phone = asked(house), Phone(house, OWNER)
    assert post(phone, "members", do="refuse", uscc=USCC, ref=request.ref) == 303
    assert house.joining.waiting(OWNER, USCC, NOW) == []
    staff = house.bindings.of(STAFF, USCC)
    assert staff
    assert post(phone, "members", do="remove", uscc=USCC, ref=staff.ref) == 303
    assert house.bindings.of(STAFF, USCC) is None


def test_what_is_not_theirs_or_stale_changes_nothing(house: House) -> None:
    house.bind("oElse", Role.LEGAL, OTHER_USCC)
    staff = house.bindings.of(STAFF, USCC)
    assert staff
    phone = Phone(house, "oElse")
    assert post(phone, "members", do="remove", uscc=USCC, ref=staff.ref) == 403
    assert post(phone, "members", do="admit", uscc=USCC, ref=asked(house).ref, digits="0000") == 403
    assert post(phone, "members", do="everything", uscc=USCC, ref=staff.ref) == 400
    stale = phone.step("POST", "/h5/members", {"token": "0" * 64, "do": "remove", "uscc": USCC, "ref": staff.ref})
    assert stale.status == 403
    assert house.bindings.of(STAFF, USCC) == staff


def test_the_copy_holds_everything_and_no_openid(house: House) -> None:
    house.tell(OWNER, "办件有进展", NoticeKind.CASE_PROGRESS)
    house.tell(STAFF, "别人的消息")
    phone = Phone(house, OWNER)
    page = phone.get("/h5/mydata")
    file = phone.get("/h5/mydata?as=json")
    document = json.loads(file.body)
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.headers["Cache-Control"] == page.headers["Cache-Control"] == "no-store"
    assert [row["角色"] for row in document["绑定的企业"]] == ["法人"]
    assert len(document["现在同意的事"]) == len(document["同意和撤回的记录"]) > 0
    assert [row["标题"] for row in document["发给您的通知"]] == ["办件有进展"]
    for text in (page.body, file.body):
        assert OWNER not in text
        assert "别人的消息" not in text
        assert "<script>" not in page.body


def test_what_another_room_keeps_of_a_person_comes_out_too(house: House) -> None:
    from chalicelib.ports import Record

    house.store.put(Record(f"person#{OWNER}", "draft#form-1", {"openid": OWNER, "answer": "四百万"}))
    rest = json.loads(Phone(house, OWNER).get("/h5/mydata?as=json").body)["其他"]
    assert {"是什么": "draft#form-1", "answer": "四百万"} in rest


def test_the_own_copy_has_no_code_words(house: House) -> None:
    house.tell(OWNER, "办件有进展", NoticeKind.CASE_PROGRESS)
    for number, channel in enumerate(("chat", "page", "menu", "hall", "unfollow")):
        house.consents.grant(OWNER, (Scope.FORM_PREFILL,), f"2027-{number}", channel, NOW)
    document = json.loads(Phone(house, OWNER).get("/h5/mydata?as=json").body)
    places = {row["在哪里"] for row in document["同意和撤回的记录"]}
    assert places >= {"对话", "网页", "菜单", "政务大厅", "取消关注"}
    texts = [text for title, rows in document.items() if title not in ("化名", "其他") for text in strings(rows)]
    word = re.compile(r"(?<![A-Za-z0-9])[A-Za-z_]{2,}(?![A-Za-z0-9])")
    assert [text for text in texts if word.search(text.replace(HOSTILE, ""))] == []


def strings(section: str | list[dict[str, str]]) -> list[str]:
    return [section] if isinstance(section, str) else [text for row in section for text in (*row, *row.values())]


def test_deletion_takes_a_sure_word_and_then_everything(house: House) -> None:
    house.tell(OWNER, "办件有进展", NoticeKind.CASE_PROGRESS)
    phone = Phone(house, OWNER)
    assert post(phone, "mydata") == 400
    assert house.bindings.of(OWNER, USCC) is not None
    assert post(phone, "mydata", sure="1") == 303
    assert house.bindings.of_person(OWNER) == []
    assert house.consents.current(OWNER) == {}
    assert house.notices.of_person(OWNER) == []
    assert house.followers.is_following(OWNER)
    traces = [key for key, (_, text) in house.store._rows.items() if OWNER in f"{key}{text}"]
    assert traces == [(f"person#{OWNER}", "follower")]
    assert house.bindings.of(STAFF, USCC) is not None
    history = house.consents.history(OWNER)
    assert {event.action for event in history} == {"granted", "withdrawn"}


def test_who_deleted_everything_can_start_again(house: House) -> None:
    phone = Phone(house, OWNER)
    for _ in range(2):
        assert post(phone, "mydata", sure="1") == 303
    house.bind(OWNER, Role.LEGAL)
    assert phone.get("/h5/members").status == 200

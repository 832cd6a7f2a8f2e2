"""填表 on a page: what is known stands there, problems at their field, the same draft however often it is sent."""

from __future__ import annotations

import re

import pytest

from chalicelib.enterprises.scopes import Scope
from chalicelib.forms.draft import DraftState
from chalicelib.forms.model import Source
from chalicelib.pages.http import PageResponse
from tests.unit.pages.house import OWNER, STAFF, STRANGER, USCC, House, Phone

ID = "360323199001011232"


@pytest.fixture
def house() -> House:
    return House().furnish()


@pytest.fixture
def phone(house: House) -> Phone:
    phone = Phone(house, OWNER)
    phone.get("/h5/inbox")
    return phone


def hidden(page: PageResponse) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.body))


def begun(phone: Phone) -> str:
    """The address of a new draft."""
    sent = phone.step("POST", "/h5/forms", hidden(phone.get("/h5/forms")))
    assert sent.status == 303
    return sent.headers["Location"].removeprefix("https://xixinban.example")


def send(phone: Phone, address: str, do: str, **fields: str) -> PageResponse:
    answers = {f"f.{name}": text for name, text in fields.items()}
    return phone.step("POST", address, {**hidden(phone.get(address)), **answers, "do": do})


GOOD = {"reg_capital": "五百万", "is_rented": "否", "id_no": ID}


def test_a_form_is_begun_once_and_stands_in_the_list(phone: Phone, house: House) -> None:
    form = hidden(phone.get("/h5/forms"))
    first, again = phone.step("POST", "/h5/forms", form), phone.step("POST", "/h5/forms", form)
    assert first.headers["Location"] == again.headers["Location"]
    assert len(house.forms.drafts) == 1
    assert next(iter(house.forms.drafts.values())).uscc == USCC
    mine = phone.get("/h5/forms").body
    assert "示例申请书" in mine
    assert "已填 1/" in mine


def test_what_is_known_stands_there_with_its_source(phone: Phone) -> None:
    body = phone.get(begun(phone)).body
    assert 'value="溪华电瓷"' in body
    assert "部门共享 · 市监 2026-10-31，不对可以改" in body
    assert 'aria-describedby="source-company_name"' in body
    assert 'aria-describedby="help-reg_capital"' in body
    assert "lease_until" not in body  # comes when the place is rented


def test_values_in_any_words_are_taken_and_shown_in_one(phone: Phone, house: House) -> None:
    address = begun(phone)
    saved = send(phone, address, "save", reg_capital="五百万", is_rented="是")
    assert saved.headers["Location"].endswith("?saved=1")
    body = phone.get(f"{address}?saved=1").body
    assert "已保存" in body
    assert 'value="500万元"' in body.replace(" 万元", "万元")
    assert "租到哪天" in body
    assert house.forms.drafts[address.split("/")[-1]].answers["company_name"].source is Source.SHARED


def test_a_problem_stands_at_its_field_and_the_rest_is_kept(phone: Phone, house: House) -> None:
    address = begun(phone)
    page = send(phone, address, "save", reg_capital="<b>很多</b>", is_rented="否")
    assert page.status == 200
    assert 'id="problem-reg_capital"' in page.body
    assert 'aria-describedby="help-reg_capital problem-reg_capital" aria-invalid="true"' in page.body
    assert "&lt;b&gt;很多&lt;/b&gt;" in page.body
    assert '<a href="#f-reg_capital">注册资本</a>' in page.body
    draft = house.forms.drafts[address.split("/")[-1]]
    assert draft.value("is_rented") == "否"
    assert draft.value("reg_capital") is None


def test_what_is_not_changed_is_not_sent_on(phone: Phone, house: House) -> None:
    address = begun(phone)
    send(phone, address, "save", company_name="溪华电瓷", reg_capital="", remark="  ")
    assert house.forms.acted == []
    send(phone, address, "save", id_no=ID)
    send(phone, address, "save", id_no="")  # it is there and not shown again: an empty field is not a wiped one
    assert [given.text for given in house.forms.acted] == [ID]


def test_what_was_wiped_is_told_where_it_is_needed(phone: Phone) -> None:
    address = begun(phone)
    page = send(phone, address, "save", company_name="")
    assert 'id="problem-company_name"' in page.body


def test_a_double_tap_changes_nothing_twice(phone: Phone, house: House) -> None:
    address = begun(phone)
    form = {**hidden(phone.get(address)), "f.reg_capital": "五百万", "do": "save"}
    for _ in range(3):
        assert phone.step("POST", address, form).status == 303
    send(phone, address, "save", reg_capital="六百万")
    phone.step("POST", address, form)
    assert [each.text for each in house.forms.acted] == ["五百万", "六百万"]
    assert house.forms.drafts[address.split("/")[-1]].value("reg_capital") == "600000000"


def test_to_the_review_only_when_nothing_is_missing(phone: Phone) -> None:
    address = begun(phone)
    page = send(phone, address, "review", is_rented="是")
    assert page.status == 200
    assert "还没有填" in page.body
    assert 'id="problem-id_no"' in page.body
    done = send(phone, address, "review", **GOOD)
    assert done.headers["Location"].endswith("?review=1")


def test_the_review_shows_everything_and_hides_the_number(phone: Phone) -> None:
    address = begun(phone)
    send(phone, address, "save", **{**GOOD, "reg_capital": "2万元", "is_rented": "是", "lease_until": "2027-12-31"})
    send(phone, address, "save", lease_until="2027-12-31")
    body = phone.get(f"{address}?review=1").body
    for told in ("注册资本偏低", "场所证明", "租赁合同", "2027年12月31日", "部门共享", "没有错，提交"):
        assert told in body, told
    assert ID not in body
    assert ID not in phone.get(address).body
    assert "要改请重新填" in phone.get(address).body


def test_submitting_leads_to_the_finished_form_once(phone: Phone, house: House) -> None:
    address = begun(phone)
    send(phone, address, "review", **GOOD)
    form = {**hidden(phone.get(f"{address}?review=1")), "do": "submit"}
    for _ in range(2):
        assert phone.step("POST", address, form).status == 303
    body = phone.get(address).body
    assert "已提交" in body
    assert 'href="/h5/case/3603232026112300099"' in body
    assert house.forms.drafts[address.split("/")[-1]].state is DraftState.SUBMITTED
    late = {**form, "message": "0" * 16, "do": "save", "f.reg_capital": "1万元"}
    assert phone.step("POST", address, late).status == 303
    assert house.forms.drafts[address.split("/")[-1]].value("reg_capital") == "500000000"


def test_what_is_incomplete_is_not_submitted(phone: Phone, house: House) -> None:
    address = begun(phone)
    page = send(phone, address, "submit")
    assert (page.status, "还没有填" in page.body) == (200, True)
    assert house.forms.drafts[address.split("/")[-1]].state is DraftState.FILLING


def test_cancelling_wants_a_tick(phone: Phone, house: House) -> None:
    address = begun(phone)
    assert "请先勾选" in send(phone, address, "cancel").body
    form = {**hidden(phone.get(address)), "do": "cancel", "sure": "1"}
    assert phone.step("POST", address, form).status == 303
    assert "已经取消" in phone.get(address).body
    assert "示例申请书" not in phone.get("/h5/forms").body.split("开始填")[0]


def test_not_theirs_and_not_there_look_the_same(phone: Phone, house: House) -> None:
    address = begun(phone)
    for who in (STAFF, STRANGER):
        other = Phone(house, who)
        absent = other.get("/h5/form/D9999x")
        assert absent.status == 404
        assert other.get(address) == absent
        token = re.findall(r'name="token" value="(\w+)"', other.get("/h5/talk").body)[0]
        form = {**hidden(phone.get(address)), "token": token, "do": "save", "f.reg_capital": "1万元"}
        assert other.step("POST", address, form).status == 404
    assert house.forms.acted == []


@pytest.mark.parametrize("wrong", [{"token": "0" * 64}, {"message": "x"}, {"do": "drop"}, {"do": ""}])
def test_a_form_that_is_not_ours_changes_nothing(phone: Phone, house: House, wrong: dict[str, str]) -> None:
    address = begun(phone)
    form = {**hidden(phone.get(address)), "do": "save", "f.reg_capital": "1万元", **wrong}
    assert phone.step("POST", address, form).status == 403
    assert house.forms.acted == []


def test_a_form_of_an_enterprise_is_for_its_members(house: House) -> None:
    stranger = Phone(house, STRANGER)
    assert "要先绑定企业" in stranger.get("/h5/forms").body
    token = re.findall(r'name="token" value="(\w+)"', stranger.get("/h5/talk").body)[0]
    sent = {"token": token, "message": "0" * 16, "form": "FM-90", "uscc": USCC}
    assert stranger.step("POST", "/h5/forms", sent).status == 403
    assert house.forms.drafts == {}


def test_the_document_is_handed_out_once_it_is_submitted_to_its_owner(phone: Phone, house: House) -> None:
    address = begun(phone)
    draft = address.split("/")[-1]
    assert phone.get(f"{address}?as=pdf").file is None
    send(phone, address, "review", **GOOD)
    send(phone, address, "submit")
    page = phone.get(address)
    assert f'href="{address}?as=docx"' in page.body
    pdf = phone.get(f"{address}?as=pdf")
    assert (pdf.file, pdf.headers["Content-Type"]) == (f"%pdf {draft}".encode() + b"\x00\xff", "application/pdf")
    assert f'filename="FM-90-{draft}.pdf"' in pdf.headers["Content-Disposition"]
    assert pdf.headers["Cache-Control"] == "no-store"
    assert Phone(house, STAFF).get(f"{address}?as=pdf").status == 404
    house.submissions.gone.add(draft)
    assert "已经删除" in phone.get(f"{address}?as=pdf").body


def test_offices_data_is_taken_over_only_with_consent(phone: Phone, house: House) -> None:
    assert 'name="prefill"' not in phone.get("/h5/forms").body
    house.consents.withdraw(OWNER, (Scope.FORM_PREFILL,), "page", house.clock.now())
    page = phone.get("/h5/forms")
    assert 'name="prefill"' in page.body
    phone.step("POST", "/h5/forms", hidden(page))
    assert not house.consents.allows(OWNER, Scope.FORM_PREFILL)
    phone.step("POST", "/h5/forms", {**hidden(phone.get("/h5/forms")), "prefill": "1"})
    assert house.consents.allows(OWNER, Scope.FORM_PREFILL)

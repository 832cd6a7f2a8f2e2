"""Forms on pages against the real service and the sample forms: every form can be filled in, handed in and taken along
by page alone; and what is begun in the chat is gone on with here."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from html import unescape
from io import BytesIO
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
from chalice.test import Client

from chalicelib.bootstrap import Application
from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import FieldDef
from chalicelib.forms.values import ValueProblem, read, show
from chalicelib.forms.wanted import incomplete, wanted
from chalicelib.times import local_date
from tests.functional.pages.browser import FORM, Answer, Browser
from tests.functional.pages.conftest import OWNER, STRANGER, USCC
from tests.functional.support import Person, clock_of

ROUNDS = 8
"""A field may hang on one that hangs on another."""


def hidden(answer: Answer) -> dict[str, str]:
    return {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    }


def begin(browser: Browser, form: str) -> str:
    clock_of(browser.application).advance(60)  # so many forms a minute nobody sends
    page = browser.open("/h5/forms")
    own = page.text.split(f'name="form" value="{form}"')[1].split("</form>")[0]
    uscc = re.findall(r'(?:name="uscc" value|option value)="([^"]*)"', own)[0]
    sent = browser.post("/h5/forms", **{**hidden(page), "form": form, "uscc": uscc})
    assert sent.status == 303, (form, sent.text)
    return sent.headers["Location"].removeprefix("https://xixinban.example")


def send(browser: Browser, address: str, do: str, fields: dict[str, str]) -> Answer:
    body = {**hidden(browser.open(f"{address}?edit=1")), "do": do} | {
        f"f.{name}": text for name, text in fields.items()
    }
    return browser.request("POST", address, urlencode(body).encode(), Content_Type=FORM)


def draft_of(application: Application, address: str, openid: str = OWNER) -> Draft:
    return application.forms.get(openid, address.rsplit("/", 1)[-1], application.clock.now())


_SAID = (
    "360323199001011232 13812345678 2026-12-20 2027-06-30 2026-06-30 2020-05-20 1990-05-20 50% 100万元 10 1 是"
    " 6222021234567890128 91360323MAXX000312 张三 芦溪示例电瓷有限公司 江西省萍乡市芦溪县芦溪镇凌云路1号 2641 无"
).split()


def told(application: Application, draft: Draft) -> dict[str, str]:
    """Something that reads for every field that is still wanted: its example, a choice, or what fits its type."""
    compiled, on = application.forms.forms()[draft.form], local_date(application.clock.now())
    return {name: _something(compiled.fields[name], on) for name in incomplete(compiled, draft.values())}


def _something(field: FieldDef, on: date) -> str:
    for text in filter(None, (field.example, *field.choices, *_SAID)):
        with suppress(ValueProblem):
            read(field, text, on)
            return text
    raise AssertionError(f"nothing reads for {field.id}")


def filled(browser: Browser, application: Application, address: str) -> Answer:
    """The answer to going on to the review, after as many saves as it takes; what the pre-review stops is changed."""
    fields = application.forms.forms()[draft_of(application, address, str(browser.openid)).form].fields
    answer = send(browser, address, "save", {})
    for _ in range(ROUNDS):
        wrong = [
            name for name in re.findall(r'id="problem-(\w+)"', answer.text) if fields[name].type in ("flag", "number")
        ]
        changed = {name: "否" if fields[name].type == "flag" else "0" for name in wrong}
        answer = send(
            browser, address, "review", changed | told(application, draft_of(application, address, str(browser.openid)))
        )
        if answer.status == 303:
            break
    return answer


def all_forms() -> list[str]:
    import yaml

    from tests.functional.support import DATA

    return [form["id"] for form in yaml.safe_load((DATA / "forms.yaml").read_text(encoding="utf-8"))]


@pytest.mark.parametrize("form", all_forms())
def test_every_form_is_filled_in_by_page_alone(owner: Browser, application: Application, form: str) -> None:
    address = begin(owner, form)
    compiled = application.forms.forms()[form]
    page = owner.open(address)
    assert page.status == 200
    assert len(page.text.encode()) < 60_000
    for name in wanted(compiled, draft_of(application, address).values()):
        assert f'name="f.{name}"' in page.text
    answer = filled(owner, application, address)
    assert answer.status == 303, re.findall(r'id="problem-(\w+)">([^<]+)<', answer.text)
    draft = draft_of(application, address)
    review = owner.open(f"{address}?review=1")
    for name, given in draft.answers.items():
        if name in wanted(compiled, draft.values()) and not compiled.fields[name].sensitive:
            assert show(compiled.fields[name], given.value) in unescape(review.text), name
        if compiled.fields[name].type in ("id_number", "bank_account"):
            assert given.value not in review.text, name


def test_handed_in_once_and_taken_along(owner: Browser, application: Application, client: Client) -> None:
    form = all_forms()[-1]
    address = begin(owner, form)
    assert filled(owner, application, address).status == 303
    body = {**hidden(owner.open(f"{address}?review=1")), "do": "submit"}
    for _ in range(2):
        assert owner.post(address, **body).status == 303
    draft = draft_of(application, address)
    assert (draft.state, len(draft.case_no)) == (DraftState.SUBMITTED, 19)
    done = owner.open(address)
    assert "已提交" in done.text
    assert draft.case_no in done.text
    for kind, begins in (("pdf", b"%PDF"), ("docx", b"PK")):
        got = client.http.get(f"{address}?as={kind}", headers={"Cookie": _cookie(owner), "Accept": "text/html"})
        assert got.status_code == 200
        assert got.body.startswith(begins), kind
    assert "word/document.xml" in ZipFile(BytesIO(got.body)).namelist()
    stranger = Browser(client, application, STRANGER)
    assert stranger.open(f"{address}?as=pdf").status == stranger.open(address).status == 404


def _cookie(browser: Browser) -> str:
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def test_begun_in_the_chat_finished_on_the_page_and_the_chat_goes_on(client: Client, application: Application) -> None:
    person, now = Person(client, application, "chatpage"), application.clock.now()
    code = application.bindings.issue_code(USCC, "法人", "op", now).code
    application.bindings.redeem(person.openid, code, now)
    assert "带出" in (person.say("我要填贷款需求表") or "")
    link = re.search(r'href="https://xixinban\.example(/h5/form/[^"?]+)', person.say("带出") or "")
    assert link
    assert "300 万元" in (person.say("想贷三百万") or "")
    browser = Browser(client, application, person.openid)
    assert 'value="300 万元"' in browser.open(link[1]).text
    send(browser, link[1], "save", {"loan_amount": "二百五十万", "bank_wish": "示例银行"})
    assert "示例银行" in browser.open(f"{link[1]}?edit=1").text
    send(browser, link[1], "save", {"bank_wish": ""})
    assert 'value="示例银行"' not in browser.open(f"{link[1]}?edit=1").text
    assert "250 万元" in (person.say("看") or "")
    assert filled(browser, application, link[1]).status == 303
    assert send(browser, link[1], "submit", {}).status == 303
    assert "已提交" in browser.open(link[1]).text
    assert "来源" in (person.say("换法人要带什么") or "")

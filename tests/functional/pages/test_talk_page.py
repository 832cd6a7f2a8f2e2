"""溪小办 on the page: the conversation of the chat, without and for the script."""

from __future__ import annotations

import json
import re

import pytest
from chalice.test import Client

from chalicelib.bootstrap import Application
from tests.functional.pages.browser import Answer, Browser
from tests.functional.pages.conftest import OWNER
from tests.functional.support import Person


def hidden(answer: Answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))


def words(answer: Answer) -> str:
    return re.sub(r"<[^>]+>", " ", answer.text.split('id="log"')[1].split("</form>")[0])


@pytest.fixture
def visitor(client: Client, application: Application) -> Browser:
    browser = Browser(client, application, "oTalkVisitor")
    browser.open("/h5/talk")
    return browser


def test_a_question_is_a_form_and_its_answer_a_page(visitor: Browser, application: Application) -> None:
    page = visitor.open("/h5/talk")
    assert "溪小办" in words(page)
    sent = visitor.post("/h5/talk", **hidden(page), text="我想在宣风开个粉店要办什么证")
    assert (sent.status, sent.headers["Location"]) == (303, f"{application.settings.public_url}/h5/talk")
    answered = visitor.open("/h5/talk")
    assert "食品经营许可证" in words(answered)
    options = re.findall(r'name="text" value="([^"]+)"', answered.text)
    assert options
    visitor.post("/h5/talk", **hidden(answered), text=options[0])
    assert words(visitor.open("/h5/talk")) != words(answered)


def test_it_is_one_conversation_with_the_chat(client: Client, application: Application) -> None:
    person = Person(client, application, "both")
    person.say("我想在宣风开个粉店要办什么证")
    browser = Browser(client, application, person.openid)
    page = browser.open("/h5/talk")
    assert "食品经营许可证" in words(page)
    browser.post("/h5/talk", **hidden(page), text="1")
    on_page = words(browser.open("/h5/talk"))
    assert "个体工商户设立登记" in on_page
    assert "个体工商户设立登记" in (person.say("再说一遍") or "")


def test_a_double_tap_is_one_message(visitor: Browser) -> None:
    form = hidden(visitor.open("/h5/talk")) | {"as": "json", "text": "换法人要带什么"}
    first = json.loads(visitor.post("/h5/talk", **form).text)
    visitor.post("/h5/talk", **hidden(visitor.open("/h5/talk")), text="帮助")
    again = json.loads(visitor.post("/h5/talk", **form).text)
    assert again["lines"] == first["lines"]
    assert first["message"] != form["message"]


def test_links_lead_to_our_own_pages_only(client: Client, application: Application) -> None:
    owner = Browser(client, application, OWNER)
    form = hidden(owner.open("/h5/talk")) | {"as": "json"}
    said = json.loads(owner.post("/h5/talk", **form, text="我能享受什么").text)
    links = [part["href"] for line in said["lines"] for part in line if part["href"]]
    assert links
    assert all(link.startswith(f"{application.settings.public_url}/h5/") for link in links)
    assert "<a href" not in json.dumps(said)


def test_what_people_type_stays_text(visitor: Browser) -> None:
    hostile = '<script>alert(1)</script><a href="https://evil.example">点我</a>'
    visitor.post("/h5/talk", **hidden(visitor.open("/h5/talk")), text=hostile)
    page = visitor.open("/h5/talk")
    assert "<script>alert" not in page.text
    assert (
        "evil.example" not in page.text.replace("&lt;", "<").split("<form")[0] or 'href="https://evil' not in page.text
    )


@pytest.mark.parametrize("wrong", [{"token": "0" * 64}, {"message": ""}, {"message": "x" * 16}, {"text": " "}])
def test_what_is_no_question_of_ours_is_not_asked(visitor: Browser, wrong: dict[str, str]) -> None:
    visitor.post("/h5/talk", **hidden(visitor.open("/h5/talk")), text="换法人要带什么")
    before = visitor.open("/h5/talk")
    sent = hidden(before) | {"text": "帮助"} | wrong
    assert visitor.post("/h5/talk", **sent).status in (400, 403)
    assert words(visitor.open("/h5/talk")) == words(before)


def test_scripts_are_ours_and_the_microphone_is_for_this_page(visitor: Browser) -> None:
    headers = visitor.open("/h5/talk").headers
    assert "script-src 'self'; connect-src 'self'" in headers["Content-Security-Policy"]
    assert "microphone=(self)" in headers["Permissions-Policy"]
    assert "microphone=()" in visitor.open("/h5/points").headers["Permissions-Policy"]
    script = visitor.open(re.findall(r'src="([^"]+talk.js[^"]+)"', visitor.open("/h5/talk").text)[0])
    assert script.status == 200
    assert not re.search(r"https?://|eval\(|innerHTML", script.text)

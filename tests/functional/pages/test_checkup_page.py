"""政策体检 on the page: the engine of the chat, one question at a time, nothing kept before the end."""

from __future__ import annotations

import re

import pytest
from chalice.test import Client

from chalicelib.bootstrap import Application
from chalicelib.policies.checkup import MOST_QUESTIONS
from tests.functional.pages.browser import Answer, Browser
from tests.functional.pages.conftest import OWNER, STRANGER, USCC

OTHER = "91360323MAXX000312"


def hidden(answer: Answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))


def reply(answer: Answer) -> str:
    """Something that the open question takes."""
    choices = re.findall(r'name="say" value="([^"]+)"', answer.text)
    return str(choices[0]) if choices else "300万" if "元" in answer.text.split("weui-form__line")[-1] else "12"


def declared(application: Application) -> dict[str, object]:
    enterprise = application.enterprises.get(USCC)
    assert enterprise
    return {name: fact.value for name, fact in enterprise.facts.items() if fact.self_reported}


def test_five_questions_at_most_then_what_came_out(owner: Browser, application: Application) -> None:
    page, before, asked = owner.open("/h5/checkup"), declared(application), 0
    first = page
    while page.status == 200:
        asked += 1
        assert f"第 {asked} 问" in page.text
        assert page.text.count("<form") == 1
        assert declared(application) == before
        page = owner.post("/h5/checkup", **hidden(page), say=reply(page))
    assert 1 <= asked <= MOST_QUESTIONS
    assert page.status == 303
    result = owner.open(page.headers["Location"].removeprefix(application.settings.public_url))
    for told in ("体检结果", "可享", "暂不符合", "您自报的资料", "截止"):
        assert told in result.text, told
    after = declared(application)
    assert after != before
    again = owner.post("/h5/checkup", **hidden(first), do="finish")  # an old tab, sent late, with nothing answered
    assert again.status == 303
    assert declared(application) == after


def test_skipping_going_back_and_what_is_no_answer(owner: Browser, application: Application) -> None:
    before = declared(application)
    first = owner.open("/h5/checkup?e=" + USCC)
    second = owner.post("/h5/checkup", **hidden(first), do="skip")
    assert "第 2 问" in second.text
    back = owner.post("/h5/checkup", **hidden(second), do="back")
    assert "第 1 问" in back.text
    unclear = owner.post("/h5/checkup", **hidden(first), say="<b>呱唧</b>")
    assert 'role="alert"' in unclear.text
    assert "&lt;b&gt;呱唧" in unclear.text
    assert "<b>呱" not in unclear.text
    assert "还没有填" in owner.post("/h5/checkup", **hidden(first), say="").text
    assert declared(application) == before


@pytest.mark.parametrize("change", ["token", "state"])
def test_a_form_that_was_changed_is_refused(owner: Browser, application: Application, change: str) -> None:
    before, sent = declared(application), hidden(owner.open("/h5/checkup"))
    for wrong in ("", "x.y", sent[change][:-1] + "0", sent[change][::-1]):
        answer = owner.post("/h5/checkup", **{**sent, change: wrong}, do="finish")
        assert (answer.status, "什么都没有保存" in answer.text) == (403, True)
    assert declared(application) == before


def test_nobody_checks_the_enterprise_of_others(owner: Browser, client: Client, application: Application) -> None:
    stranger = Browser(client, application, STRANGER)
    assert "还没有绑定企业" in stranger.open("/h5/checkup").text
    absent = stranger.open("/h5/checkup?e=91360323MAXX999999")
    assert absent.status == 404
    assert stranger.open(f"/h5/checkup?e={USCC}") == absent
    assert stranger.open(f"/h5/checkup?e={USCC}&done=1") == absent
    theirs = hidden(owner.open("/h5/checkup"))
    mine = re.search(r'name="token" value="(\w+)"', stranger.open("/h5/me").text)
    token = mine[1] if mine else ""
    assert stranger.post("/h5/checkup", token=token, state=theirs["state"], say="是").status == 403


def test_who_stands_for_several_chooses(client: Client, application: Application) -> None:
    now = application.clock.now()
    for uscc in (USCC, OTHER):
        application.bindings.redeem("oTwo", application.bindings.issue_code(uscc, "财务", "op", now).code, now)
    both = Browser(client, application, "oTwo")
    assert f"/h5/checkup?e={OTHER}" in both.open("/h5/checkup").text
    assert "第 1 问" in both.open(f"/h5/checkup?e={OTHER}").text


def test_the_page_asks_first_what_the_chat_asks_first(application: Application, owner: Browser) -> None:
    from chalicelib.dialogue.model import Incoming, Session

    reply, _ = application.dialogue.answer(Incoming(OWNER, application.clock.now(), "text", text="政策体检"), Session())
    assert reply
    asked = re.search(r"(?:<legend>|for=\"say\">)([^<]+)<", owner.open("/h5/checkup").text)
    assert asked
    assert asked[1] in reply.text

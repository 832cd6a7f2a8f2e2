"""What a whole story writes to the log: no access token, secret, openid or phone number, whatever goes wrong."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest
import requests
from chalice.test import Client

from app import app
from chalicelib import logs
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.wechat_messenger import WechatMessenger
from chalicelib.bootstrap import Application
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, address
from chalicelib.ports import Messenger, Outbound, Outcome
from tests.functional.county import CASE, CASE_DIGITS, E01, make_county
from tests.functional.support import SETTINGS, Person, work_off
from tests.unit.wechat.fake_platform import STABLE_TOKEN, TEMPLATE, FakePlatform, Raw, client_of, fake_platform

PHONE = "13800138000"
OPENID = "oLg7xJ9q2ZpK-4mT8vR1sW3yBc_D"
"""Mixed as real ones are: by that they are told from the names in our code."""
SECRETS = [str(SETTINGS[name]) for name in ("wechat_token", "wechat_app_secret", "wechat_aes_key", "session_secret")]
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything as the process would write it, at the most talkative level."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    yield stream
    for handler in list(root.handlers):
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with fake_platform() as running:
        yield running


class Switch:
    """A Messenger that can be chosen after the application is made."""

    def __init__(self) -> None:
        self.messenger: Messenger | None = None

    def send(self, message: Outbound) -> Outcome:
        assert self.messenger is not None
        return self.messenger.send(message)


def _leaks(text: str, *openids: str) -> list[str]:
    found = [word for word in (*SECRETS, *openids, "TOKEN-1", "TOKEN-2") if word in text]
    return found + _PHONE.findall(text)


def test_a_whole_story_and_its_mishaps(
    log: io.StringIO, platform: FakePlatform, capfd: pytest.CaptureFixture[str]
) -> None:
    switch = Switch()
    county = make_county(switch)
    assert isinstance(county.clock, FixedClock)
    with Client(app) as client, client_of(platform.base, county.clock) as wechat:
        switch.messenger = WechatMessenger(wechat)
        someone = Person(client, county, "log")
        someone.openid = OPENID
        _talk(county, someone)
        _mishaps(county, someone)
        _pushes(county, client, someone, platform)
        text = log.getvalue()
        assert text.count("\n") > 5 and "***" in text
        printed = "".join(capfd.readouterr())
        assert _leaks(text + printed, someone.openid) == []


def _talk(county: Application, someone: Person) -> None:
    now = county.clock.now()
    someone.event("subscribe")
    someone.say(f"绑定 {county.bindings.issue_code(E01, '法人', 'op', now).code}")
    county.consents.grant(someone.openid, list(Scope), "v1", "chat", now)
    for text in ("换法人要带什么", "我的办件", f"{CASE} {CASE_DIGITS}", "贷款进度", f"人工 我的电话是{PHONE}", "帮助"):
        someone.say(text)


def _mishaps(county: Application, someone: Person) -> None:
    """A skill that fails with personal words in its error, a push of a stranger, a push that is no push."""

    class Failing:
        def answer(self, *_: object) -> None:
            raise RuntimeError(f"no answer for {someone.openid} at {PHONE}: access_token=TOKEN-1&secret={SECRETS[1]}")

    dialogue = county.dialogue
    county.__dict__["dialogue"] = Failing()
    assert someone.say("你好") == "刚才没处理成，请再发一次；着急请拨 12345。"
    county.__dict__["dialogue"] = dialogue
    assert someone.post("<xml>", {"signature": SECRETS[0], "timestamp": "1", "nonce": someone.openid})[0] == 403
    logging.getLogger("urllib3").debug("GET /cgi-bin/user/info?access_token=TOKEN-1&openid=%s", someone.openid)
    try:
        requests.get(f"http://127.0.0.1:1/cgi-bin/x?access_token=TOKEN-2&secret={SECRETS[1]}", timeout=1)
    except requests.RequestException:
        logging.getLogger("anything").exception("call of %s failed", someone.openid)


def _pushes(county: Application, client: Client, someone: Person, platform: FakePlatform) -> None:
    """Accepted, refused with the openid in the platform's words, a token that is refused, an answer that is none."""
    answers = [
        {"errcode": 0, "errmsg": "ok", "msgid": 3487542469355618313},
        {"errcode": 43004, "errmsg": f"require subscribe {someone.openid} rid: 61-2-3"},
        {"errcode": 40001, "errmsg": "invalid credential access_token=TOKEN-1 rid: 61-2-3"},
        Raw(502, b"<html>" + someone.openid.encode()),
    ]
    now = county.clock.now()
    for number, answer in enumerate(answers):
        platform.handlers[TEMPLATE] = lambda _, answer=answer: answer
        draft = Draft(
            uscc=E01,
            kind=NoticeKind.LOAN_PROGRESS,
            subject=f"loan#{number}",
            version="1",
            event="approved",
            title="融资进度",
            lines=(f"请联系客户经理 {PHONE}。",),
            fields={"thing1": "融资", "phrase2": "审批通过", "time3": "2026年11月23日 09:00"},
            path="/h5/inbox",
            expires_at=now.replace(year=2027),
            why="test",
        )
        county.notices.place([address(draft, someone.openid, now)], now)
        work_off(county, client)
        county.notices.returned(someone.openid)
    assert platform.calls
    assert platform.last(STABLE_TOKEN)

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.adapters.wechat_messenger import WechatMessenger
from chalicelib.ports import Messenger, Outbound, Outcome, Reaction
from chalicelib.wechat.client import PlatformClient
from tests.unit.wechat.fake_platform import STABLE_TOKEN, TEMPLATE, FakePlatform, Raw, TestClock, client_of
from tests.unit.wechat.pushes import OPENID
from tests.unit.wechat.test_wechat_client import free_port

CUSTOM = "/cgi-bin/message/custom/send"
SUBSCRIPTION = "/cgi-bin/message/subscribe/bizsend"
PATHS = {"template": TEMPLATE, "subscription": SUBSCRIPTION, "custom": CUSTOM}


@pytest.fixture
def messenger(client: PlatformClient) -> Messenger:
    return WechatMessenger(client)


@pytest.fixture
def hasty(platform: FakePlatform, clock: TestClock) -> Iterator[Messenger]:
    with client_of(platform.base, clock, timeout=0.3) as client:
        yield WechatMessenger(client)


def template(**changes: Any) -> Outbound:
    given: dict[str, Any] = {"channel": "template", "template_id": "T", "fields": {"thing1": "已放款"}, **changes}
    return Outbound(openid=OPENID, client_id=given.pop("client_id", "id-1"), **given)


def custom(text: str | None = "您好", url: str | None = None) -> Outbound:
    return Outbound("custom", OPENID, "id-1", text=text, url=url)


@pytest.mark.parametrize(
    "message", [template(url="https://u"), template(channel="subscription", url="https://u"), custom(url="https://u")]
)
def test_accepted(messenger: Messenger, platform: FakePlatform, message: Outbound) -> None:
    outcome = messenger.send(message)
    expected = None if message.channel == "custom" else "3487542469355618313"
    assert outcome == Outcome(Reaction.ACCEPTED, message_id=expected)
    body = platform.last(PATHS[message.channel]).body
    assert body["touser"] == OPENID
    assert body.get("client_msg_id") == ("id-1" if message.channel == "template" else None)


def test_values_are_fitted(messenger: Messenger, platform: FakePlatform) -> None:
    long = "关于支持小微企业融资协调工作机制贷款贴息的通知"
    messenger.send(template(fields={"thing1": long, "amount2": "23,418.59 元"}))
    assert platform.last(TEMPLATE).body["data"] == {
        "thing1": {"value": long[:19] + "…"},
        "amount2": {"value": "23418.59元"},
    }


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (template(fields={"thing1": "x", "phrase2": "13笔"}), "phrase2"),
        (template(fields={"first": "您好"}), "first"),
        (template(fields={}), "fields"),
        (template(template_id=None), "template_id"),
        (template(client_id=""), "client_id"),
        (template(client_id="x" * 33), "client_id"),
        (template(channel="subscription", fields={"time1": "明天"}), "time1"),
        (custom(" "), "text"),
        (custom(None), "text"),
    ],
)
def test_what_cannot_be_sent_is_not(
    messenger: Messenger, platform: FakePlatform, message: Outbound, field: str
) -> None:
    outcome = messenger.send(message)
    assert (outcome.reaction, outcome.field) == (Reaction.BAD_DATA, field)
    assert field in outcome.detail
    assert platform.calls == []


def test_long_custom_text_keeps_its_link(messenger: Messenger, platform: FakePlatform) -> None:
    messenger.send(custom("很长的话。" * 400, "https://u"))
    content = platform.last(CUSTOM).body["text"]["content"]
    assert len(content.encode()) <= 2000
    assert content.endswith('。…\n<a href="https://u">查看详情</a>')


@pytest.mark.parametrize(
    ("code", "message", "reaction", "retry_after", "field"),
    [
        (-1, "system error", Reaction.AMBIGUOUS, 1, None),  # it has been seen to come after the message
        (40252, "", Reaction.HELD, 0, None),
        (43101, "user refuse to accept the msg", Reaction.CONSENT_LOST, 0, None),
        (43004, "require subscribe", Reaction.PERSON_GONE, 0, None),
        (43117, "too frequently", Reaction.RETRY, 4 * 3600, None),
        (45011, "", Reaction.RETRY, 60, None),
        (45015, "response out of time limit", Reaction.NEXT_CHANNEL, 0, None),
        (40037, "invalid template_id", Reaction.STOP_TEMPLATE, 0, None),
        (40164, "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist", Reaction.STOP_ALL, 300, None),
        (47003, "argument invalid! data.thing1.value is emtpy", Reaction.BAD_DATA, 0, "thing1"),
        (99999999, "who knows", Reaction.RETRY, 300, None),
        (40001, "invalid credential", Reaction.STOP_ALL, 300, None),
    ],
)
def test_refusals(
    messenger: Messenger,
    platform: FakePlatform,
    code: int,
    message: str,
    reaction: Reaction,
    retry_after: int,
    field: str | None,
) -> None:
    platform.handlers[TEMPLATE] = lambda _: {"errcode": code, "errmsg": f"{message} rid: 61-2-3"}
    outcome = messenger.send(template())
    assert (outcome.reaction, outcome.code, outcome.retry_after) == (reaction, code, retry_after)
    assert outcome.outage is (code == 45011)  # too many calls of ours, whichever this one was
    assert outcome.field == field
    assert str(code) in outcome.detail and "rid: 61-2-3" in outcome.detail and OPENID not in outcome.detail


@pytest.mark.parametrize(("code", "alarms"), [(99999999, 1), (43004, 0)])
def test_a_code_that_nobody_knows_is_an_alarm(
    messenger: Messenger, platform: FakePlatform, caplog: pytest.LogCaptureFixture, code: int, alarms: int
) -> None:
    platform.handlers[TEMPLATE] = lambda _: {"errcode": code, "errmsg": "who knows"}
    messenger.send(template())
    lines = [line.getMessage() for line in caplog.records if line.levelno >= logging.ERROR]
    assert len(lines) == alarms and all("alarm" in line and str(code) in line for line in lines)


def test_a_daily_quota_waits_until_midnight_in_shanghai(
    messenger: Messenger, platform: FakePlatform, clock: TestClock
) -> None:
    clock.at = datetime(2026, 11, 22, 15, 59, 0, tzinfo=UTC)  # 23:59
    platform.handlers[TEMPLATE] = lambda _: {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
    outcome = messenger.send(template())
    assert (outcome.reaction, outcome.retry_after) == (Reaction.STOP_CHANNEL, 61)


def test_the_whitelist_alarm_names_the_address(messenger: Messenger, platform: FakePlatform) -> None:
    platform.handlers[STABLE_TOKEN] = lambda _: {"errcode": 40164, "errmsg": "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4"}
    outcome = messenger.send(template())
    assert outcome.reaction is Reaction.STOP_ALL
    assert "白名单" in outcome.detail and "出口 IP 1.2.3.4" in outcome.detail


@pytest.mark.parametrize("message", [template(), template(channel="subscription"), custom()])
@pytest.mark.parametrize(
    "answer", [Raw(502, b"<html>"), Raw(200, b"<html>"), Raw(drop=True), Raw(delay=0.6, body=b'{"errcode":0}')]
)
def test_no_understandable_answer_is_ambiguous(
    hasty: Messenger, platform: FakePlatform, message: Outbound, answer: Raw
) -> None:
    platform.handlers[PATHS[message.channel]] = lambda _: answer
    outcome = hasty.send(message)
    assert outcome.reaction is Reaction.AMBIGUOUS and outcome.retry_after > 0
    assert platform.count(PATHS[message.channel]) == 1


def test_trouble_with_the_token_is_no_ambiguity(hasty: Messenger, platform: FakePlatform) -> None:
    platform.handlers[STABLE_TOKEN] = lambda _: Raw(502, b"<html>")
    assert hasty.send(template()).reaction is Reaction.RETRY
    assert platform.count(TEMPLATE) == 0


@pytest.mark.parametrize("message", [template(), template(channel="subscription"), custom()])
def test_a_platform_too_busy_for_a_token_has_sent_nothing(
    messenger: Messenger, platform: FakePlatform, message: Outbound
) -> None:
    platform.handlers[STABLE_TOKEN] = lambda _: {"errcode": -1, "errmsg": "system error rid: 61-2-3"}
    outcome = messenger.send(message)
    assert (outcome.reaction, outcome.outage) == (Reaction.RETRY, True)
    assert platform.count(PATHS[message.channel]) == 0


def test_nobody_listens(clock: TestClock) -> None:
    with client_of(f"http://127.0.0.1:{free_port()}", clock) as client:
        outcome = WechatMessenger(client).send(template())
    assert outcome.reaction is Reaction.RETRY and outcome.retry_after > 0 and outcome.outage


def test_a_host_that_does_not_exist(clock: TestClock) -> None:
    with client_of("http://no-such-host.invalid", clock) as client:
        assert WechatMessenger(client).send(template()).reaction is Reaction.RETRY

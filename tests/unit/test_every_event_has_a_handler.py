"""Every kind of push that the platform documents is in the conversation, acted on, or known to want nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.entrypoints import callback
from chalicelib.wechat.events import EVENTS
from chalicelib.wechat.inbound import parse
from chalicelib.wechat.messages import MESSAGES, UnknownMessage

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

IN_CONVERSATION = {"subscribe": "follow", "unsubscribe": "unfollow", "SCAN": "scan", "CLICK": "menu"}
ACTED_ON = {
    "TEMPLATESENDJOBFINISH",
    "MASSSENDJOBFINISH",
    "subscribe_msg_popup_event",
    "subscribe_msg_change_event",
    "subscribe_msg_sent_event",
    "user_info_modified",
    "user_authorization_revoke",
    "qualification_verify_success",
    "qualification_verify_fail",
    "naming_verify_success",
    "naming_verify_fail",
    "annual_renew",
    "verify_expired",
}
WANT_NOTHING = {
    "VIEW": "the menu opened a page",
    "view_miniprogram": "the menu opened a mini-program",
    "LOCATION": "sent on entry when the console asks for it; we use a location only when it is sent as a message",
    "scancode_push": "no menu button of ours scans",
    "scancode_waitmsg": "no menu button of ours scans",
    "pic_sysphoto": "the pictures follow as messages",
    "pic_photo_or_album": "the pictures follow as messages",
    "pic_weixin": "the pictures follow as messages",
    "location_select": "the place follows as a message",
    "PUBLISHJOBFINISH": "articles are published in the platform's console",
    "kf_create_session": "staff conversations are the platform's own",
    "kf_close_session": "staff conversations are the platform's own",
    "kf_switch_session": "staff conversations are the platform's own",
}


def test_every_event_is_sorted() -> None:
    assert set(EVENTS) == set(IN_CONVERSATION) | ACTED_ON | set(WANT_NOTHING)


@pytest.mark.parametrize(("event", "kind"), IN_CONVERSATION.items())
def test_events_of_a_conversation_reach_it(event: str, kind: str) -> None:
    xml = (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
        f"<MsgType>event</MsgType><Event>{event}</Event><EventKey>服务升级</EventKey></xml>"
    )
    assert callback.incoming_of(parse(xml.encode()), NOW).kind == kind


@pytest.mark.parametrize("event", WANT_NOTHING)
def test_what_wants_nothing_is_answered_with_nothing(event: str) -> None:
    xml = (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
        f"<MsgType>event</MsgType><Event>{event}</Event><EventKey>x</EventKey></xml>"
    )
    assert callback.incoming_of(parse(xml.encode()), NOW).kind == "silent"


@pytest.mark.parametrize("message", [*MESSAGES, "hologram"])
def test_every_message_gets_an_answer(message: str) -> None:
    xml = (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
        f"<MsgType>{message}</MsgType><MsgId>1</MsgId></xml>"
    )
    inbound = parse(xml.encode())
    assert callback.incoming_of(inbound, NOW).kind != "silent"
    assert message != "hologram" or isinstance(inbound, UnknownMessage)

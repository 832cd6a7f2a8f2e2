"""What the callback gets, and what of its answers the user sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from simulator import crypto
from simulator.chat import BANNER
from simulator.http import Response, text_response
from simulator.inbound.xml import render
from tests.functional.simulator.conftest import AES_KEY, Bench, reply

Make = Callable[..., Bench]


def test_the_published_signature_vectors() -> None:
    assert crypto.sign("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert crypto.sign("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


@pytest.mark.parametrize("length", range(64))
def test_encryption_fills_whole_blocks_of_32_and_comes_back(length: int) -> None:
    text = "a" * length
    sealed = crypto.encrypt(text, AES_KEY, "wx1")
    assert crypto.decrypt(sealed, AES_KEY, "wx1") == text
    with pytest.raises(crypto.CryptoError, match="not for this app id"):
        crypto.decrypt(sealed, AES_KEY, "wx2")


@pytest.mark.parametrize("junk", ["", "!!", "AAAA", "A" * 64])
def test_junk_does_not_decrypt(junk: str) -> None:
    with pytest.raises(crypto.CryptoError):
        crypto.decrypt(junk, AES_KEY, "wx1")


@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
def test_text_goes_out_and_the_answer_comes_back(make: Make, mode: str) -> None:
    bench = make(mode=mode)

    def answer(push: dict[str, Any]) -> Response:
        clear = reply(push, Content="带身份证 ]]> 就行")
        return bench.callback.pack(clear) if mode == "safe" else text_response(clear)

    bench.callback.answer = answer
    bench.simulator.phone.say(bench.user, "换法人要带什么")
    bench.settle()

    (push,) = bench.callback.named("text")
    request = bench.callback.requests[-1]
    assert push["Content"] == "换法人要带什么"
    assert push["FromUserName"] == bench.user == request.query["openid"]
    assert int(push["MsgId"]) > 2**53
    assert crypto.signed(
        request.query["signature"], bench.config.token, request.query["timestamp"], request.query["nonce"]
    )
    assert (b"<Content>" in request.body) == (mode != "safe")
    assert (b"<Encrypt>" in request.body) == (mode != "plaintext")
    assert bench.seen("passive") == ["带身份证 ]]> 就行"]


def test_compatible_mode_takes_an_encrypted_answer_too(make: Make) -> None:
    bench = make(mode="compatible")
    bench.callback.answer = lambda push: bench.callback.pack(reply(push))
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert bench.seen("passive") == ["好"]


def test_the_mode_can_be_changed_while_running(bench: Bench) -> None:
    headers = {"content-type": "application/json"}
    assert bench.simulator.handle("POST", "/simulator/mode", {}, headers, b'{"mode": "safe"}').status == 200
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert b"<Encrypt>" in bench.callback.requests[-1].body
    assert bench.simulator.handle("POST", "/simulator/mode", {}, headers, b'{"mode": "open"}').status == 400


def test_the_address_is_verified_by_its_echo(bench: Bench) -> None:
    assert bench.simulator.driver.verify()
    bench.callback.echo = '"{}"'  # as a JSON framework would answer
    assert not bench.simulator.driver.verify()


def test_three_deliveries_of_one_message_then_the_banner(bench: Bench) -> None:
    def too_slow(push: dict[str, Any]) -> Response:
        time.sleep(0.6)
        return text_response(reply(push))

    bench.callback.answer = too_slow
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()

    pushes = bench.callback.named("text")
    assert len(pushes) == 3
    assert len({(push["MsgId"], push["CreateTime"]) for push in pushes}) == 1
    nonces = {request.query["nonce"] for request in bench.callback.requests[-3:]}
    assert len(nonces) == 3
    assert bench.seen() == ["你好", BANNER]
    assert [row["try"] for row in bench.simulator.world.state.rows("SELECT try FROM push_log WHERE event='text'")] == [
        1,
        2,
        3,
    ]


def test_an_answer_within_the_third_delivery_reaches_the_user(bench: Bench) -> None:
    def third_time(push: dict[str, Any]) -> Response:
        if len(bench.callback.named("text")) < 3:
            return text_response("busy", 503)
        return text_response(reply(push, Content="久等了"))

    bench.callback.answer = third_time
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert bench.seen() == ["你好", "久等了"]


@pytest.mark.parametrize("body", ["", "success"])
def test_success_and_nothing_show_nothing(bench: Bench, body: str) -> None:
    bench.callback.answer = lambda push: text_response(body)
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert bench.seen() == ["你好"]
    assert len(bench.callback.named("text")) == 1


ARTICLE = {"Title": "指南", "Description": "", "PicUrl": "", "Url": "https://example.com"}
BAD: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "json": lambda push: '{"ok":1}',
    "half xml": lambda push: reply(push)[:-9],
    "not swapped": lambda push: reply(push, ToUserName=push["ToUserName"], FromUserName=push["FromUserName"]),
    "someone else": lambda push: reply(push, ToUserName="oSomeoneElse"),
    "unknown type": lambda push: reply(push, MsgType="table"),
    "fractions of a second": lambda push: reply(push, CreateTime=1.5),
    "2049 bytes": lambda push: reply(push, Content="汉" * 683),
    "empty text": lambda push: reply(push, Content=""),
    "two types": lambda push: reply(push).replace("<Content>", "<MsgType>news</MsgType><Content>"),
    "two articles": lambda push: reply(push, MsgType="news", ArticleCount=2, Articles={"item": [ARTICLE, ARTICLE]}),
    "wrong count": lambda push: reply(push, MsgType="news", ArticleCount=2, Articles={"item": ARTICLE}),
    "no article": lambda push: reply(push, MsgType="news", ArticleCount=0, Articles={}),
    "unknown media": lambda push: reply(push, MsgType="image", Image={"MediaId": "nope"}),
    "encrypted in plaintext mode": lambda push: render({"Encrypt": "AAAA", "MsgSignature": "x"}),
    "an entity": lambda push: '<!DOCTYPE x [<!ENTITY e "1">]>' + reply(push, Content="&e;"),
    "bytes": lambda push: None,
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_answer_shows_the_banner_at_once(bench: Bench, name: str) -> None:
    def answer(push: dict[str, Any]) -> Response:
        body = BAD[name](push)
        return text_response(body) if body is not None else Response(200, {"Content-Type": "x"}, b"\xff\xfe")

    bench.callback.answer = answer
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert bench.seen() == ["你好", BANNER]
    assert len(bench.callback.named("text")) == 1


GOOD: dict[str, tuple[Callable[[dict[str, Any]], str], str | None]] = {
    "2048 bytes": (lambda push: reply(push, Content="汉" * 682 + "ab"), "汉" * 682 + "ab"),
    "one article": (lambda push: reply(push, MsgType="news", ArticleCount=1, Articles={"item": ARTICLE}), "article"),
    "handed over": (lambda push: reply(push, MsgType="transfer_customer_service"), None),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_is_shown(bench: Bench, name: str) -> None:
    body, shown = GOOD[name]
    bench.callback.answer = lambda push: text_response(body(push))
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert bench.seen() == ["你好", *([shown] if shown else [])]


@pytest.mark.parametrize("spoil", ["clear", "signature", "app id"])
def test_safe_mode_refuses_what_is_not_sealed_for_it(make: Make, spoil: str) -> None:
    bench = make(mode="safe")

    def answer(push: dict[str, Any]) -> Response:
        if spoil == "clear":
            return text_response(reply(push))
        if spoil == "signature":
            return Response(
                200, {}, bench.callback.pack(reply(push)).body.replace(b"<Nonce><![CDATA[2", b"<Nonce><![CDATA[3")
            )
        sealed = crypto.encrypt(reply(push), AES_KEY, "wxother")
        fields = {"Encrypt": sealed, "MsgSignature": crypto.sign(bench.config.token, "1", "2", sealed)}
        return text_response(render({**fields, "TimeStamp": 1, "Nonce": "2"}))

    bench.callback.answer = answer
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    assert bench.seen() == ["你好", BANNER]


def test_eight_articles_may_answer_an_event(bench: Bench) -> None:
    bench.callback.answer = lambda push: text_response(
        reply(push, MsgType="news", ArticleCount=8, Articles={"item": [ARTICLE] * 8})
    )
    bench.api("cgi-bin/menu/create", button=[{"type": "click", "name": "政策直达", "key": "policies"}])
    bench.simulator.phone.tap_menu(bench.user, [0])
    bench.settle()
    assert bench.seen() == ["article"] * 8


def test_every_kind_of_push_has_the_fields_of_the_platform(bench: Bench) -> None:
    phone, user = bench.simulator.phone, bench.user
    url = "https://example.com/law"
    bench.api(
        "cgi-bin/menu/create",
        button=[
            {"name": "办事", "sub_button": [{"type": "click", "name": "服务升级", "key": "section-1"}]},
            {"type": "view", "name": "法治护航", "url": url},
        ],
    )
    ticket = bench.api(
        "cgi-bin/qrcode/create",
        action_name="QR_STR_SCENE",
        expire_seconds=60,
        action_info={"scene": {"scene_str": "bind-1"}},
    )["ticket"]
    phone.send_image(user, "http://127.0.0.1/p.svg")
    phone.send_voice(user, "怎么参保")
    phone.send_location(user, 27.71, 114.13, "宣风镇")
    phone.send_unsupported(user)
    phone.say(user, "满意", "101")
    phone.tap_menu(user, [0, 0])
    assert phone.tap_menu(user, [1]) == url
    phone.scan(user, ticket)
    phone.answer_consent(user, {"tmpl-policy-digest": True, "tmpl-deadline": False}, long_term=True)
    phone.withdraw_consent(user, "tmpl-policy-digest")
    phone.unfollow(user)
    other = phone.add_user("李女士")
    phone.scan(other, ticket)
    bench.settle()

    def one(name: str) -> dict[str, Any]:
        (push,) = bench.callback.named(name)
        return push

    assert one("image")["PicUrl"] == "http://127.0.0.1/p.svg"
    assert one("voice")["Recognition"] == "怎么参保"
    assert one("location")["Location_X"] == "27.71"
    # Pushes travel on threads of their own, as the platform's do: their order of arrival is not told.
    texts = {push["Content"]: push for push in bench.callback.named("text")}
    assert texts.keys() == {"【收到不支持的消息类型，暂无法显示】", "满意"}
    assert texts["满意"]["bizmsgmenuid"] == "101"
    assert one("CLICK")["EventKey"] == "section-1"
    assert one("VIEW")["EventKey"] == url
    assert one("VIEW")["MenuId"]
    assert (one("SCAN")["EventKey"], one("SCAN")["Ticket"]) == ("bind-1", ticket)
    popup = one("subscribe_msg_popup_event")["SubscribeMsgPopupEvent"]["List"]
    assert [entry["SubscribeStatusString"] for entry in popup] == ["accept", "reject"]
    change = one("subscribe_msg_change_event")["SubscribeMsgChangeEvent"]["List"]
    assert change == {"TemplateId": "tmpl-policy-digest", "SubscribeStatusString": "reject"}
    assert one("unsubscribe")["FromUserName"] == user
    by_user = {push["FromUserName"]: push for push in bench.callback.named("subscribe")}
    by_search, by_code = by_user[user], by_user[other]
    assert "EventKey" not in by_search
    assert (by_code["EventKey"], by_code["Ticket"]) == ("qrscene_bind-1", ticket)


def test_a_failed_event_without_an_answer_shows_no_banner(bench: Bench) -> None:
    bench.callback.answer = lambda push: text_response("{}")
    bench.simulator.phone.withdraw_consent(bench.user, "tmpl-deadline")
    bench.settle()
    assert bench.seen() == []


def test_msgids_can_be_made_to_collide(make: Make) -> None:
    bench = make(shared_msgid=True)
    other = bench.simulator.phone.add_user("李女士")
    bench.simulator.phone.follow(other)
    bench.simulator.phone.say(bench.user, "一")
    bench.simulator.phone.say(other, "二")
    bench.settle()
    first, second = bench.callback.named("text")
    assert first["MsgId"] == second["MsgId"]

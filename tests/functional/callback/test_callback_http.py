"""The callback over HTTP: golden vectors, three modes, duplicates, and what is refused with nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.dialogue.model import Turn
from chalicelib.enterprises.followers import FollowerService
from chalicelib.wechat.codec import Codec, Mode
from tests.functional.county import make_county, snapshot
from tests.functional.support import SETTINGS, Person, clock_of

ASK = "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[换法人要带什么]]></Content>"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime>"
    "<MsgType>text</MsgType><Content>&b;</Content><MsgId>1</MsgId></xml>"
)
DTD = '<!DOCTYPE xml SYSTEM "http://example.org/x.dtd"><xml><MsgType>text</MsgType></xml>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><xml><MsgType>&f;</MsgType></xml>'


@pytest.fixture
def county() -> Iterator[Application]:
    yield make_county()
    bootstrap.install(None)


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as made:
        yield made


@pytest.fixture
def person(client: Client, county: Application) -> Person:
    return Person(client, county, "caller")


def message(county: Application, inner: str = ASK, msg_id: int = 23000000000000007, openid: str = "oCaller") -> str:
    created = int(county.clock.now().timestamp())
    return (
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{openid}</FromUserName>"
        f"<CreateTime>{created}</CreateTime>{inner}<MsgId>{msg_id}</MsgId></xml>"
    )


def post(client: Client, query: dict[str, str], body: bytes, content_type: str = "text/xml") -> HTTPResponse:
    return client.http.post("/wechat?" + urlencode(query), headers={"Content-Type": content_type}, body=body)


# -------------------------------------------------------------------------------------------------------- verification


@pytest.mark.parametrize(
    ("stamp", "nonce", "signature"),
    [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ],
)
def test_verification_by_the_platforms_own_examples(stamp: str, nonce: str, signature: str, client: Client) -> None:
    """The two examples of the message push document (token AAAAA), at their own time."""
    county = make_county(wechat_token="AAAAA")
    clock_of(county).advance(int(stamp) - county.clock.now().timestamp())
    query = {"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": "4375120948345356249"}
    answer = client.http.get("/wechat?" + urlencode(query))
    assert (answer.status_code, answer.body) == (200, b"4375120948345356249")
    assert answer.headers["Content-Type"].startswith("text/plain")
    for wrong in ({"signature": "0" * 40}, {"nonce": "1"}, {"timestamp": str(int(stamp) + 1)}, {"timestamp": "soon"}):
        refused = client.http.get("/wechat?" + urlencode(query | wrong))
        assert refused.status_code in (400, 403), wrong
        assert b"4375120948345356249" not in refused.body
    for missing in query:
        left = {name: value for name, value in query.items() if name != missing}
        assert client.http.get("/wechat?" + urlencode(left)).status_code in (400, 401), missing
    assert client.http.get("/wechat").status_code == 401
    bootstrap.install(None)


# --------------------------------------------------------------------------------------------------------------- modes


@pytest.mark.parametrize("mode", [Mode.PLAINTEXT, Mode.SAFE])
def test_a_question_in_clear_and_sealed(mode: Mode, client: Client, county: Application) -> None:
    assert "公司变更登记" in (Person(client, county, "asker", mode).say("换法人要带什么") or "")


def test_the_reply_swaps_sender_and_receiver(client: Client, county: Application) -> None:
    asker = Person(client, county, "asker", Mode.PLAINTEXT)
    status, body = asker.post(message(county, openid=asker.openid))
    assert status == 200
    assert f"<ToUserName><![CDATA[{asker.openid}]]></ToUserName>" in body
    assert "<FromUserName><![CDATA[gh_1]]></FromUserName>" in body
    assert len(re.findall(r"<MsgType>", body)) == 1


def test_in_compatible_mode_only_the_sealed_part_is_read(client: Client, county: Application, person: Person) -> None:
    query, body = person.signed(message(county, openid=person.openid))
    clear = "<FromUserName>oSomebodyElse</FromUserName><MsgType>text</MsgType><Content>退订</Content>"
    answer = post(client, query, body.replace("<Encrypt>", clear + "<Encrypt>").encode())
    assert answer.status_code == 200
    assert "公司变更登记" in (person.text_of(answer.body.decode()) or "")


def test_on_aws_nothing_but_the_safe_mode_is_taken(client: Client) -> None:
    county = make_county(wechat_modes="safe")
    before = snapshot(county)
    assert Person(client, county, "p", Mode.PLAINTEXT).post(message(county))[0] == 403
    assert snapshot(county) == before
    bootstrap.install(None)


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml", "text/xml; charset=utf-8", "text/plain"])
def test_the_types_that_the_platform_and_its_proxies_send(
    content_type: str, client: Client, county: Application, person: Person
) -> None:
    query, body = person.signed(message(county, openid=person.openid))
    assert post(client, query, body.encode(), content_type).status_code == 200


# ---------------------------------------------------------------------------------------------------------- duplicates


def test_a_message_delivered_three_times_is_processed_once(county: Application, person: Person) -> None:
    complaint = "<MsgType>text</MsgType><Content>没人管，烦死了</Content>"
    first = person.push(complaint, msg_id=5)
    clock_of(county).advance(5)
    created = message(county, complaint, 5, person.openid)
    created = re.sub(r"<CreateTime>\d+", f"<CreateTime>{int(county.clock.now().timestamp()) - 5}", created)
    for _ in range(2):
        status, body = person.post(created)
        assert status == 200
        assert person.text_of(body) == first
        clock_of(county).advance(5)
    assert len(list(county.tickets.listed())) == 1


def test_a_captured_request_sent_again_gets_the_stored_reply_then_nothing(
    client: Client, county: Application, person: Person
) -> None:
    query, body = person.signed(message(county, openid=person.openid))
    first = post(client, query, body.encode())
    before = snapshot(county)
    again = post(client, query, body.encode())
    assert person.text_of(again.body.decode()) == person.text_of(first.body.decode())
    assert snapshot(county) == before
    clock_of(county).advance(timedelta(minutes=11))
    assert post(client, query, body.encode()).status_code == 403


def test_the_same_id_of_two_people_is_two_messages(client: Client, county: Application) -> None:
    for name in ("one", "two"):
        assert Person(client, county, name).push(ASK, msg_id=9) is not None
    assert len([key for key in snapshot(county) if key[0].startswith("inbound#")]) == 2


# ------------------------------------------------------------------------------------------------------------ refusals


def _tampered(query: dict[str, str], body: str, what: str, county: Application) -> tuple[dict[str, str], bytes]:
    """The signed push with one thing wrong."""
    other = Codec(SETTINGS["wechat_token"], "wxffffffffffffffff", SETTINGS["wechat_aes_key"])  # type: ignore[arg-type]
    stamp, nonce = query["timestamp"], query["nonce"]
    old = str(int(stamp) - 601)
    sealed = other.encrypt(message(county).encode())
    changed: dict[str, tuple[dict[str, str], bytes]] = {
        "msg_signature wrong": (query | {"msg_signature": "0" * 40}, body.encode()),
        "signature in place of msg_signature": (query | {"msg_signature": query["signature"]}, body.encode()),
        "body not the one signed": (query, body.replace("<Encrypt><![CDATA[", "<Encrypt><![CDATA[AAAA").encode()),
        "stale": (query | {"timestamp": old}, body.encode()),
        "stale and signed for it": (
            query | {"timestamp": old, "msg_signature": county.codec.signature(old, nonce, _encrypted(body))},
            body.encode(),
        ),
        "for another app": (
            query | {"msg_signature": other.signature(stamp, nonce, sealed)},
            f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode(),
        ),
        "no msg_signature": ({k: v for k, v in query.items() if k != "msg_signature"}, body.encode()),
        "no timestamp": ({k: v for k, v in query.items() if k != "timestamp"}, body.encode()),
        "no nonce": ({k: v for k, v in query.items() if k != "nonce"}, body.encode()),
        "no parameters": ({}, body.encode()),
        "unknown encrypt_type": (query | {"encrypt_type": "rot13"}, body.encode()),
        "empty body": (query, b""),
        "1 MB": (query, b"<xml>" + b"a" * 1024 * 1024 + b"</xml>"),
        "not XML": (query, b"\x00\xff{not xml"),
        "entity bomb outside": (query, BOMB.encode()),
    }
    return changed[what]


def _encrypted(body: str) -> str:
    found = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]>", body)
    assert found
    return found.group(1)


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("msg_signature wrong", 403),
        ("signature in place of msg_signature", 403),
        ("body not the one signed", 403),
        ("stale", 403),
        ("stale and signed for it", 403),
        ("for another app", 403),
        ("no msg_signature", 401),
        ("no timestamp", 401),
        ("no nonce", 401),
        ("no parameters", 401),
        ("unknown encrypt_type", 400),
        ("empty body", 400),
        ("1 MB", 413),
        ("not XML", 400),
        ("entity bomb outside", 400),
    ],
)
def test_a_wrong_push_is_refused_and_changes_nothing(
    what: str, status: int, client: Client, county: Application, person: Person
) -> None:
    before = snapshot(county)
    answer = post(client, *_tampered(*person.signed(message(county)), what, county))
    assert answer.status_code == status
    assert answer.body == b"refused", "a refusal explains nothing to whoever is probing"
    assert snapshot(county) == before


@pytest.mark.parametrize(
    "xml",
    [BOMB, DTD, EXTERNAL, "junk", "<xml>", "<xml/>", "<xml><MsgType>text</MsgType></xml>", "<a>" * 5000],
    ids=["bomb", "dtd", "external", "junk", "unclosed", "empty", "no sender", "deep"],
)
@pytest.mark.parametrize("mode", [Mode.PLAINTEXT, Mode.SAFE])
def test_rightly_signed_junk_is_refused_and_changes_nothing(
    xml: str, mode: Mode, client: Client, county: Application
) -> None:
    before = snapshot(county)
    status, body = Person(client, county, "p", mode).post(xml)
    assert (status, body) == (400, "refused")
    assert snapshot(county) == before


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods(method: str, client: Client, county: Application) -> None:
    before = snapshot(county)
    assert getattr(client.http, method)("/wechat").status_code == 405
    assert snapshot(county) == before


def test_an_unlisted_content_type_is_refused(client: Client, county: Application, person: Person) -> None:
    before = snapshot(county)
    query, body = person.signed(message(county))
    assert post(client, query, body.encode(), "image/png").status_code == 415
    assert snapshot(county) == before


# ------------------------------------------------------------------------------------------------------------ failures


def test_a_failure_of_ours_is_said_to_the_person_and_not_hidden(
    county: Application, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(turn: Turn) -> bool:
        raise RuntimeError("a skill is broken")

    county.dialogue.router.claimant = broken  # type: ignore[method-assign, assignment]
    answer = person.say("换法人要带什么")
    assert answer == "刚才没处理成，请再发一次；着急请拨 12345。"
    assert "a skill is broken" in caplog.text
    assert person.openid not in caplog.text
    assert person.say("帮助") is not None, "the next message is served"


def test_what_is_not_understood_is_acknowledged_and_seen(
    client: Client, county: Application, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    event = "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><MsgID>x</MsgID><Status>success</Status>"
    query, body = person.signed(message(county, event, openid=person.openid))
    assert post(client, query, body.encode()).body == b"success"
    seen = [record for record in caplog.records if record.getMessage() == "push not understood"]
    assert [(record.levelname, record.type, record.fields) for record in seen] == [  # type: ignore[attr-defined]
        ("WARNING", "event:TEMPLATESENDJOBFINISH", "MsgID")
    ]
    assert person.openid not in caplog.text


class _Broken(FollowerService):
    failing = True

    def follow(self, *args: object, **kwargs: object) -> None:
        if self.failing:
            raise RuntimeError("the store said no")


def test_an_event_that_fails_is_a_500_so_that_it_comes_again(
    county: Application, client: Client, person: Person
) -> None:
    broken = _Broken(county.store)
    county.__dict__["followers"] = broken  # what the cached property would hold
    event = "<MsgType>event</MsgType><Event>subscribe</Event>"
    query, body = person.signed(message(county, event, openid=person.openid))
    assert post(client, query, body.encode()).status_code == 500
    broken.failing = False
    clock_of(county).advance(9)
    answer = post(client, query, body.encode())
    assert answer.status_code == 200
    assert "1 服务升级" in (person.text_of(answer.body.decode()) or "")


def test_health(client: Client, county: Application) -> None:
    answer = client.http.get("/healthz")
    assert answer.status_code == 200
    assert answer.json_body == {"status": "ok", "stage": county.settings.stage, "content": county.catalogue().version}


def test_the_platforms_domain_file_and_no_other(client: Client) -> None:
    make_county(wechat_domain_codes="AbCd1234EfGh5678 Zz9Zz9Zz9Zz9Zz9Z")
    for code in ("AbCd1234EfGh5678", "Zz9Zz9Zz9Zz9Zz9Z"):
        answer = client.http.get(f"/MP_verify_{code}.txt")
        assert (answer.status_code, answer.body.decode()) == (200, code)
        assert answer.headers["Content-Type"].startswith("text/plain")
    for name in ("MP_verify_abcd1234efgh5678.txt", "MP_verify_.txt", "MP_verify_AbCd1234EfGh5678.html", "robots.txt"):
        assert client.http.get(f"/{name}").status_code == 404
    make_county()
    assert client.http.get("/MP_verify_AbCd1234EfGh5678.txt").status_code == 404
    bootstrap.install(None)

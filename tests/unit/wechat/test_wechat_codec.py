import base64
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import wechatpy.crypto
import wechatpy.crypto.base
import xmltodict
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from chalicelib.wechat import xmltree
from chalicelib.wechat.codec import MAX_BODY, SUCCESS, Codec, Mode
from chalicelib.wechat.refused import Refused
from tests.unit.wechat import pushes

TOKEN, KEY, APP_ID = "123456", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR", "wx49f0ab532d5d035a"
OLD_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
NOW = pushes.NOW
STAMP = str(int(NOW.timestamp()))
NONCE = "1514711492"

codec = Codec(TOKEN, APP_ID, KEY)


def plain_query(made_by: Codec = codec, stamp: str = STAMP) -> dict[str, str]:
    return {"signature": made_by.signature(stamp, NONCE), "timestamp": stamp, "nonce": NONCE, "openid": pushes.OPENID}


def sealed(
    xml: bytes, made_by: Codec = codec, clear: str = "", encrypted: str | None = None
) -> tuple[dict[str, str], bytes]:
    """Query and body of an encrypted push."""
    encrypted = made_by.encrypt(xml) if encrypted is None else encrypted
    signature = made_by.signature(STAMP, NONCE, encrypted)
    query = {**plain_query(made_by), "encrypt_type": "aes", "msg_signature": signature}
    body = f"<xml><ToUserName>{pushes.ACCOUNT}</ToUserName>{clear}<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return query, body.encode()


def refused(query: dict[str, str], body: bytes, now: datetime = NOW, by: Codec = codec) -> Refused:
    with pytest.raises(Refused) as caught:
        by.open_push(query, body, now)
    return caught.value


@pytest.mark.parametrize(
    ("stamp", "nonce", "signature"),
    [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ],
)
def test_golden_vectors_of_the_platform_document(stamp: str, nonce: str, signature: str) -> None:
    theirs = Codec("AAAAA", APP_ID, KEY)
    assert theirs.check_signature(signature, stamp, nonce)
    assert not theirs.check_signature(signature, stamp, nonce + "0")
    query = {"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": "  4375120948345356249\n"}
    assert theirs.verify_url(query, datetime.fromtimestamp(int(stamp) + 3, UTC)) == "  4375120948345356249\n"


@pytest.fixture
def fixed_prefix() -> Iterator[None]:
    """wechatpy's own vector fixes its random bytes; it has no argument for that."""
    crypto = wechatpy.crypto.base.BasePrpCrypto
    original = crypto.get_random_string
    crypto.get_random_string = lambda _: "1234567890123456"
    yield
    crypto.get_random_string = original


@pytest.mark.usefixtures("fixed_prefix")
def test_the_same_bytes_as_wechatpy() -> None:
    xml = pushes.text("测试 test").decode()
    theirs = xmltodict.parse(WeChatCrypto(TOKEN, KEY, APP_ID).encrypt_message(xml, NONCE, STAMP))["xml"]
    ours = codec.encrypt(xml.encode(), prefix=b"1234567890123456")
    assert ours == theirs["Encrypt"]
    assert codec.check_msg_signature(theirs["MsgSignature"], STAMP, NONCE, ours)


def test_wechatpy_reads_our_reply_and_we_read_its_push() -> None:
    theirs = WeChatCrypto(TOKEN, KEY, APP_ID)
    reply = codec.seal_reply("<xml>答</xml>", NONCE, NOW, Mode.SAFE)
    outer = xmltodict.parse(reply)["xml"]
    assert theirs.decrypt_message(reply, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"]) == "<xml>答</xml>"
    push = xmltodict.parse(theirs.encrypt_message(pushes.text().decode(), NONCE, STAMP))["xml"]
    query, body = sealed(b"", encrypted=push["Encrypt"])
    assert codec.open_push(query, body, NOW).xml == pushes.text()


@given(st.text(), st.booleans())
def test_round_trip_under_either_key(content: str, old: bool) -> None:
    now_and_before = Codec(TOKEN, APP_ID, KEY, OLD_KEY)
    message = content.encode()
    encrypted = Codec(TOKEN, APP_ID, OLD_KEY if old else KEY).encrypt(message)
    assert now_and_before.decrypt(encrypted) == message


@given(st.integers(0, 70))
def test_padding_is_one_to_32_bytes(length: int) -> None:
    assert codec.decrypt(codec.encrypt(b"x" * length)) == b"x" * length


def test_modes() -> None:
    assert codec.open_push(plain_query(), pushes.text(), NOW).mode is Mode.PLAINTEXT
    assert codec.open_push({**plain_query(), "encrypt_type": "raw"}, pushes.text(), NOW).mode is Mode.PLAINTEXT
    opened = codec.open_push(*sealed(pushes.text()), NOW)
    assert (opened.mode, opened.xml, opened.nonce) == (Mode.SAFE, pushes.text(), NONCE)


def test_compatible_mode_reads_the_encrypted_part_only() -> None:
    """The clear copy is covered by no signature: here it was changed on the way."""
    query, body = sealed(pushes.text("真的"), clear="<Content>假的</Content><MsgType>text</MsgType>")
    opened = codec.open_push(query, body, NOW)
    assert (opened.mode, opened.xml) == (Mode.COMPATIBLE, pushes.text("真的"))


def test_an_encrypted_push_needs_msg_signature_whatever_signature_says() -> None:
    query, body = sealed(pushes.text())
    assert refused({**query, "msg_signature": query["signature"]}, body).status == 403
    assert refused({k: v for k, v in query.items() if k != "msg_signature"}, body).status == 401
    assert codec.open_push({**query, "signature": "wrong"}, body, NOW).mode is Mode.SAFE


def test_an_account_in_safe_mode_takes_nothing_else() -> None:
    safe_only = Codec(TOKEN, APP_ID, KEY, modes=frozenset({Mode.SAFE}))
    assert refused(plain_query(), pushes.text(), by=safe_only).status == 403
    assert safe_only.open_push(*sealed(pushes.text()), NOW).mode is Mode.SAFE


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"signature": ""}, 401),
        ({"nonce": ""}, 401),
        ({"timestamp": ""}, 401),
        ({"timestamp": "-1"}, 400),
        ({"timestamp": "１７１４０３６５０４"}, 400),
        ({"timestamp": "9" * 40}, 400),
        ({"signature": "0" * 40}, 403),
        ({"signature": "\ud800é"}, 403),
        ({"nonce": "\udfff"}, 403),
        ({"encrypt_type": "rsa"}, 400),
    ],
)
def test_wrong_queries(change: dict[str, str], status: int) -> None:
    assert refused({**plain_query(), **change}, pushes.text()).status == status


def test_timestamp_window() -> None:
    ten = timedelta(minutes=10)
    for off in (-ten, ten):
        codec.open_push(plain_query(), pushes.text(), NOW + off)
        error = refused(plain_query(), pushes.text(), NOW + off + off / 600)
        assert (error.status, error.reason) == (403, "timestamp is more than 10 minutes off")


def test_a_body_over_the_limit_is_not_even_hashed() -> None:
    assert refused(plain_query(), b"x" * (MAX_BODY + 1)).status == 413


@pytest.mark.parametrize(
    "encrypted",
    ["!!!", "AAAA", "", "A" * 43, "AAAAAAAAAAAAAAAAAAAAAA=="],
)
def test_bad_encrypted_texts(encrypted: str) -> None:
    assert refused(*sealed(b"", encrypted=encrypted)).status == 400


def test_another_key_or_another_app() -> None:
    assert refused(*sealed(pushes.text(), Codec(TOKEN, APP_ID, OLD_KEY))).status == 400
    assert refused(*sealed(pushes.text(), Codec(TOKEN, "wx0000000000000000", KEY))).status == 403


def encrypt_raw(plain: bytes) -> str:
    key = base64.b64decode(KEY + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def test_every_padding_byte_counts() -> None:
    content = b"0" * 16 + b"\x00\x00\x00\x01x" + APP_ID.encode()
    pad = 32 - len(content) % 32
    assert codec.decrypt(encrypt_raw(content + bytes([pad]) * pad)) == b"x"
    for wrong in (bytes(pad - 1) + bytes([pad]), bytes([pad]) * (pad - 1) + b"\x00", bytes([33]) * pad):
        with pytest.raises(Refused, match="padding"):
            codec.decrypt(encrypt_raw(content + wrong))


@pytest.mark.parametrize("length", [2**32 - 1, 32, 20])
def test_the_inner_length_is_checked(length: int) -> None:
    content = b"0" * 16 + length.to_bytes(4, "big") + b"x" + APP_ID.encode()
    pad = 32 - len(content) % 32
    with pytest.raises(Refused, match="length"):
        codec.decrypt(encrypt_raw(content + bytes([pad]) * pad))


BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><xml><a>&lol2;</a></xml>"""
)
OUTSIDE = b"""<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd"><xml><a>b</a></xml>"""


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        OUTSIDE,
        BOMB.decode().encode("utf-16"),
        b"",
        b"{}",
        b"<xml>",
        b"<xml/>",
        b"<html><a/></html>",
        b"<xml>\x00</xml>",
        b"\xff\xfe<xml></xml>",
        b"<xml>" + b"<a>" * 50 + b"</a>" * 50 + b"</xml>",
        b"<xml>" + b"<a/>" * 2000 + b"</xml>",
    ],
)
def test_documents_that_are_refused(document: bytes) -> None:
    with pytest.raises(Refused) as caught:
        xmltree.parse(document)
    assert caught.value.status == 400


def test_a_user_may_write_about_doctypes() -> None:
    said = "<!DOCTYPE html> <!ENTITY x> 怎么写？"
    assert xmltree.parse(pushes.text(said))["Content"] == said


def test_xml_shapes() -> None:
    node = xmltree.parse(b"<xml><a> 1 </a><l>x</l><l><b>2</b></l><l/><t>&lt;&amp;<![CDATA[<c>]]></t></xml>")
    assert node == {"a": " 1 ", "l": ["x", {"b": "2"}, ""], "t": "<&<c>"}


def test_replies_are_sealed_in_the_mode_of_the_push() -> None:
    assert codec.seal_reply("<xml/>", NONCE, NOW, Mode.PLAINTEXT) == "<xml/>"
    for body in (SUCCESS, ""):
        assert codec.seal_reply(body, NONCE, NOW, Mode.SAFE) == body
    outer = xmltree.parse(codec.seal_reply("<xml/>", NONCE, NOW, Mode.COMPATIBLE).encode())
    assert outer["TimeStamp"] == STAMP
    assert codec.check_msg_signature(str(outer["MsgSignature"]), STAMP, NONCE, str(outer["Encrypt"]))
    assert codec.decrypt(str(outer["Encrypt"])) == b"<xml/>"


def test_two_sealings_of_one_reply_differ() -> None:
    assert codec.encrypt(b"<xml/>") != codec.encrypt(b"<xml/>")


@pytest.mark.parametrize(("token", "app_id", "key"), [("", APP_ID, KEY), (TOKEN, "", KEY), (TOKEN, APP_ID, "short")])
def test_configurations_that_would_let_anyone_in(token: str, app_id: str, key: str) -> None:
    with pytest.raises(ValueError, match="must"):
        Codec(token, app_id, key)
    with pytest.raises(ValueError, match="empty"):
        Codec(TOKEN, APP_ID, "")


@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bodies_are_opened_or_refused(body: bytes, encrypted: bool) -> None:
    query = {**plain_query(), **({"encrypt_type": "aes", "msg_signature": "0" * 40} if encrypted else {})}
    try:
        assert codec.open_push(query, body, NOW).xml == body
    except Refused as error:
        assert encrypted and error.status in (400, 403)


@given(st.text(alphabet="ABCDEFabcdef0123456789+/=", max_size=200))
def test_arbitrary_encrypted_texts_are_refused(encrypted: str) -> None:
    with pytest.raises(Refused):
        codec.decrypt(encrypted)


def test_receiving_loads_no_http_client() -> None:
    """The callback answers within five seconds, cold start included."""
    script = (
        "import sys, chalicelib.wechat.codec, chalicelib.wechat.inbound, chalicelib.wechat.replies;"
        "print(sorted({'requests', 'wechatpy', 'xmltodict', 'boto3'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[]\n"

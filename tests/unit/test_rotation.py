"""Secrets are changed without an outage (轮换): what was made under the former one holds beside the new one, and only
as long as the former one stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto

from chalicelib.links import LinkRefused, Links
from chalicelib.pages.session import Sessions, is_form_token
from chalicelib.partners.refusals import Refused as PartnerRefused
from chalicelib.partners.service import PartnerService
from chalicelib.wechat import oauth
from chalicelib.wechat.codec import Codec
from chalicelib.wechat.oauth import StateRefused
from chalicelib.wechat.refused import Refused
from tests.unit.partners.caller import OFFICE, County, case_row

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STAMP, NONCE = str(int(NOW.timestamp())), "n0nce"
APP_ID, OPENID, PAGE = "wx49f0ab532d5d035a", "oPERSON", "/h5/inbox"
OLD, NEW = ("token-before", "a" * 43), ("token-after", "b" * 43)
BETWEEN = Codec(NEW[0], APP_ID, NEW[1], OLD[1], previous_token=OLD[0])
BEFORE, AFTER = "the secret before", "the secret after"


def pushed(token: str, key: str) -> tuple[dict[str, str], bytes]:
    """What the platform sends while its console holds this token and key."""
    platform = Codec(token, APP_ID, key)
    encrypted = platform.encrypt(b"<xml><Content>x</Content></xml>")
    query = {"timestamp": STAMP, "nonce": NONCE, "encrypt_type": "aes"}
    query["msg_signature"] = platform.signature(STAMP, NONCE, encrypted)
    return query, f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()


@pytest.mark.parametrize("token", [OLD[0], NEW[0]])
@pytest.mark.parametrize("key", [OLD[1], NEW[1]])
def test_a_push_is_answered_under_the_token_and_key_that_the_platform_has(token: str, key: str) -> None:
    push = BETWEEN.open_push(*pushed(token, key), NOW)
    reply = BETWEEN.reply_to(push, "<xml>答</xml>", NOW)
    outer = xmltodict.parse(reply)["xml"]
    platform = WeChatCrypto(token, key, APP_ID)
    read = platform.decrypt_message(reply, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])
    assert read == "<xml>答</xml>"


def test_the_address_is_verified_by_either_token() -> None:
    for token in (OLD[0], NEW[0]):
        signature = Codec(token, APP_ID, NEW[1]).signature(STAMP, NONCE)
        query = {"signature": signature, "timestamp": STAMP, "nonce": NONCE, "echostr": "4711"}
        assert BETWEEN.verify_url(query, NOW) == "4711"


def test_when_the_former_ones_are_taken_away_they_open_nothing() -> None:
    only_new = Codec(NEW[0], APP_ID, NEW[1])
    with pytest.raises(Refused):
        only_new.open_push(*pushed(*OLD), NOW)
    with pytest.raises(Refused):
        only_new.open_push(*pushed(NEW[0], OLD[1]), NOW)


def test_open_links_open_on() -> None:
    sent = Links("https://x.test", BEFORE).page(PAGE, OPENID, NOW)
    key = sent.partition("?k=")[2]
    between = Links("https://x.test", AFTER, (BEFORE,))
    between.check(PAGE, key, OPENID, NOW)
    Links("https://x.test", AFTER).check(PAGE, between.page(PAGE, OPENID, NOW).partition("?k=")[2], OPENID, NOW)
    with pytest.raises(LinkRefused, match="发给别人"):
        between.check(PAGE, key, "oANOTHER", NOW)
    with pytest.raises(LinkRefused):
        Links("https://x.test", AFTER).check(PAGE, key, OPENID, NOW)


def test_who_is_signed_in_stays_so_and_hands_in_the_form_they_have_open() -> None:
    before, between = Sessions(BEFORE), Sessions(AFTER, BEFORE)
    cookie, sealed = before.cookie(OPENID, NOW), before.seal(OPENID, "第 3 项")
    shown = before.read(cookie, NOW)
    kept = between.read(cookie, NOW)
    assert shown is not None and kept is not None
    assert is_form_token(kept, shown.form_token)
    assert between.unseal(OPENID, sealed) == "第 3 项"
    assert between.unseal("oANOTHER", sealed) is None
    assert Sessions(AFTER).read(between.cookie(OPENID, NOW), NOW) is not None
    assert Sessions(AFTER).read(cookie, NOW) is None


def test_who_was_at_the_platform_meanwhile_comes_back() -> None:
    state = oauth.make_state(BEFORE, "browser", PAGE, NOW)
    oauth.check_state([AFTER, BEFORE], "browser", PAGE, state, NOW + timedelta(minutes=1))
    with pytest.raises(StateRefused):
        oauth.check_state([AFTER], "browser", PAGE, state, NOW + timedelta(minutes=1))


def test_partners_change_over_one_by_one() -> None:
    county = County()
    assert county.store is not None
    registers = {"cases": county.cases, "loans": county.loans, "enterprises": county.enterprises}
    county.partners = PartnerService(county.store, BEFORE, **registers)  # type: ignore[arg-type]
    first = county.partners.issue_key(OFFICE.id, county.now())
    county.partners = PartnerService(county.store, AFTER, former=[BEFORE], **registers)  # type: ignore[arg-type]
    second = county.partners.issue_key(OFFICE.id, county.now())
    for key in (first, second):
        assert county.report(key, "cases", case_row())["counts"]["errors"] == 0
    county.partners = PartnerService(county.store, AFTER, **registers)  # type: ignore[arg-type]
    assert county.report(second, "cases", case_row())["counts"]["errors"] == 0
    with pytest.raises(PartnerRefused):
        county.report(first, "cases", case_row())

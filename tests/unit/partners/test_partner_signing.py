"""Who is let in, and who is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.partners import signing
from chalicelib.partners.keys import derive
from chalicelib.partners.model import IssuedKey
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.service import MAX_BODY, MAX_VALID_KEYS, PartnerError, PartnerUnknown
from tests.unit.partners.caller import OFFICE, START, County, Signed, case_row, signed

BODY = {"rows": [case_row()]}
OTHER_NO = "3603232026112200131"


@pytest.fixture
def county() -> County:
    return County()


def refusal(county: County, sent: Signed) -> Refused:
    with pytest.raises(Refused) as caught:
        county.partners.receive(sent.call(), county.now())
    return caught.value


def well_signed(county: County) -> Signed:
    return signed(county.office, "cases", BODY, county.now())


def test_a_signed_call_is_taken(county: County) -> None:
    assert county.partners.receive(well_signed(county).call(), county.now()).body["counts"]["accepted"] == 1
    assert county.cases.get(case_row()["no"]) is not None


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("method", "PUT"),
        ("partner", "bank-a"),
        ("partner", "nobody"),
        ("kind", "loans"),
        ("body", b'{"rows": []}'),
        ("body", b""),
    ],
)
def test_each_signed_part_of_the_request_counts(county: County, part: str, value: object) -> None:
    tampered = replace(well_signed(county), **{part: value})  # type: ignore[arg-type]
    assert refusal(county, tampered).reason is Reason.UNAUTHORISED
    assert county.cases.get(case_row()["no"]) is None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (signing.TIMESTAMP, str(int(START.timestamp()) + 1)),
        (signing.NONCE, "another-nonce-000001"),
        (signing.KEY, "A" * 16),
        (signing.SIGNATURE, "0" * 64),
    ],
)
def test_each_signed_header_counts(county: County, header: str, value: str) -> None:
    sent = well_signed(county)
    sent.headers[header] = value
    assert refusal(county, sent).reason is Reason.UNAUTHORISED


@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_any_changed_byte_of_the_body_is_noticed(place: int, flip: int) -> None:
    key = IssuedKey(OFFICE.id, "A" * 16, derive("secret", OFFICE.id, "A" * 16), START)
    sent = signed(key, "cases", BODY, START)
    body = bytearray(sent.body)
    body[place % len(body)] ^= flip
    signature = signing.read(sent.headers)
    path = "/partners/lx-sjj/cases"
    assert signing.matches(signature, key.secret, "POST", path, signing.body_hash(sent.body))
    assert not signing.matches(signature, key.secret, "POST", path, signing.body_hash(bytes(body)))


@pytest.mark.parametrize("header", list(signing.FORMS))
@pytest.mark.parametrize("value", [None, "", "x", "１２３４５６７８９０", "0" * 65, "A" * 16 + "\n"])
def test_unsigned_calls_are_told_which_header_is_missing(county: County, header: str, value: str | None) -> None:
    sent = well_signed(county)
    if value is None:
        del sent.headers[header]
    else:
        sent.headers[header] = value
    refused = refusal(county, sent)
    assert (refused.reason, refused.detail) == (Reason.UNSIGNED, {"header": header})


def test_nobody_can_tell_an_unknown_partner_from_a_wrong_key(county: County) -> None:
    county.partners.revoke_key(county.bank_b.partner, county.bank_b.id, county.now())
    tries = {
        "unknown partner": signed(replace(county.office, partner="nobody"), "cases", BODY, START),
        "impossible partner": signed(replace(county.office, partner="N/A" * 900), "cases", BODY, START),
        "unknown key": signed(replace(county.office, id="B" * 16), "cases", BODY, START),
        "another's key": signed(replace(county.office, id=county.bank_a.id), "cases", BODY, START),
        "wrong secret": signed(replace(county.office, secret="x" * 43), "cases", BODY, START),
        "revoked key": signed(county.bank_b, "loans", BODY, START),
    }
    answers = {name: refusal(county, sent) for name, sent in tries.items()}
    assert {a.body().model_dump_json() for a in answers.values()} == {
        Refused(Reason.UNAUTHORISED).body().model_dump_json()
    }


@pytest.mark.parametrize(("seconds", "taken"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_the_window_is_five_minutes_either_way(county: County, seconds: int, taken: bool) -> None:
    sent = signed(county.office, "cases", BODY, START + timedelta(seconds=seconds))
    if taken:
        assert county.partners.receive(sent.call(), START).body["counts"]["errors"] == 0
    else:
        refused = refusal(county, sent)
        assert (refused.reason, refused.detail) == (Reason.LATE, {"server_time": int(START.timestamp())})


@pytest.mark.parametrize("wait", [0, 1, 299, 300, 301, 600, 3600])
def test_a_replay_never_gets_through(county: County, wait: int) -> None:
    ahead = signed(county.office, "cases", BODY, START + timedelta(seconds=300))  # the caller's clock is fast
    county.partners.receive(ahead.call(), county.now())
    county.clock.advance(wait)
    assert refusal(county, ahead).reason in (Reason.REPLAYED, Reason.LATE)


def test_a_nonce_is_one_partners_own(county: County) -> None:
    first = signed(county.office, "cases", BODY, START)
    county.partners.receive(first.call(), START)
    data = b'{"rows": [1]}'
    text = signing.canonical(
        "POST", "/partners/bank-a/loans", int(START.timestamp()), first.headers[signing.NONCE], signing.body_hash(data)
    )
    second = signed(county.bank_a, "loans", data, START)
    second.headers |= {
        signing.NONCE: first.headers[signing.NONCE],
        signing.SIGNATURE: signing.sign(county.bank_a.secret, text),
    }
    assert county.partners.receive(second.call(), START).body["counts"]["errors"] == 1


def test_of_eight_calls_at_once_with_one_nonce_one_gets_through(tmp_path: Path) -> None:
    clock = County().clock
    store = SqliteStore(tmp_path / "test.db", clock, "NORMAL")
    county = County(store, clock)
    sent = well_signed(county).call()

    def send(_: int) -> str:
        try:
            county.partners.receive(sent, START)
        except Refused as refused:
            return refused.reason.code
        return "taken"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(send, range(8)))
    store.close()
    assert outcomes == ["replayed"] * 7 + ["taken"]


def test_keys_rotate_without_a_gap(county: County) -> None:
    new = county.partners.issue_key(OFFICE.id, START)
    assert new.id != county.office.id and new.secret != county.office.secret
    for key in (county.office, new):
        assert county.send(key, "cases", BODY).body["counts"]["errors"] == 0
    county.partners.revoke_key(OFFICE.id, county.office.id, START)
    assert refusal(county, well_signed(county)).reason is Reason.UNAUTHORISED
    assert county.send(new, "cases", BODY).body["counts"]["unchanged"] == 1


def test_a_key_ends_by_itself_and_revocation_keeps_its_first_time(county: County) -> None:
    short = county.partners.issue_key(OFFICE.id, START, timedelta(days=1))
    county.partners.revoke_key(OFFICE.id, county.office.id, START)
    again = county.partners.revoke_key(OFFICE.id, county.office.id, START + timedelta(hours=1))
    assert again.revoked_at == START
    county.clock.advance(timedelta(days=1) - timedelta(seconds=1))
    assert county.send(short, "cases", BODY).body["counts"]["accepted"] == 1
    county.clock.advance(1)
    assert refusal(county, signed(short, "cases", BODY, county.now())).reason is Reason.UNAUTHORISED


def test_operators_are_told_what_cannot_be(county: County) -> None:
    for _ in range(MAX_VALID_KEYS - 1):
        county.partners.issue_key(OFFICE.id, START)
    with pytest.raises(PartnerError, match="revoke-key"):
        county.partners.issue_key(OFFICE.id, START)
    with pytest.raises(PartnerError, match="730"):
        county.partners.issue_key("bank-a", START, timedelta(days=731))
    for missing in ("nobody", "../etc", ""):
        with pytest.raises(PartnerUnknown):
            county.partners.issue_key(missing, START)
    with pytest.raises(PartnerUnknown, match="甲银行没有密钥"):
        county.partners.revoke_key("bank-a", county.office.id, START)


def test_no_secret_is_in_the_store(county: County) -> None:
    store = county.store
    assert store is not None
    kept = [row.body for row in store.query(f"partner#{OFFICE.id}").records]
    assert len(kept) == 2 and county.office.secret not in str(kept)


def test_secrets_are_bound_to_partner_key_and_deployment() -> None:
    secrets = {derive(m, p, k) for m in ("one", "two") for p in ("ab", "abc") for k in ("A" * 16, "B" * 16)}
    assert len(secrets) == 8 and all(len(secret) == 43 for secret in secrets)


def test_a_known_signature_stays_as_it_is() -> None:
    """Golden values of docs/partners.md: partners' programs depend on them."""
    digest = signing.body_hash(b'{"rows":[]}')
    text = signing.canonical("POST", "/partners/lx-sjj/cases", 1795312800, "d2f1c8b7a6950e4f", digest)
    assert text == (
        "POST\n/partners/lx-sjj/cases\n1795312800\nd2f1c8b7a6950e4f\n"
        "1633902c6cbba5e7770dbed172df754a25078bb76efe1f23474edc87f1a47655"
    )
    assert signing.sign("demo-secret", text) == "e5d1fb4bfe1b46a3b56d16fcc8f96ce88cf9401d65a67f8e24d3bd45dfcc32a4"


def test_size_form_and_address_are_looked_at_first(county: County) -> None:
    too_large = replace(well_signed(county), body=b" " * (MAX_BODY + 1))
    assert refusal(county, too_large).reason is Reason.TOO_LARGE
    assert refusal(county, replace(well_signed(county), kind="people")).reason is Reason.NOT_FOUND
    sent = well_signed(county)
    with pytest.raises(Refused) as caught:
        county.partners.receive(sent.call(has_query=True), START)
    assert caught.value.reason is Reason.QUERY
    sent.headers["Content-Type"] = "text/xml"
    assert refusal(county, sent).reason is Reason.NOT_JSON
    exactly = signed(county.office, "cases", b'{"rows": [1]}'.ljust(MAX_BODY), START)
    assert county.partners.receive(exactly.call(), START).body["counts"]["errors"] == 1


def test_scopes(county: County) -> None:
    for kind in ("cases", "enterprises"):
        assert refusal(county, signed(county.bank_a, kind, BODY, START)).reason is Reason.OUT_OF_SCOPE
    assert county.cases.get(case_row()["no"]) is None

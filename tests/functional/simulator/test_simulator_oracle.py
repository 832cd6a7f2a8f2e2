"""The product's codec and the simulator's crypto were written apart; each opens what the other seals."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.wechat.codec import Codec, Mode
from simulator import Config, crypto
from simulator.inbound import envelope
from tests.functional.simulator.conftest import AES_KEY, Bench

NOW = datetime(2026, 11, 22, 7, 2, tzinfo=UTC)
CODEC = Codec("token-of-tests", "wx49f0ab532d5d035a", AES_KEY)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_each_opens_what_the_other_seals(text: str) -> None:
    assert CODEC.decrypt(crypto.encrypt(text, AES_KEY, "wx49f0ab532d5d035a")) == text.encode()
    assert crypto.decrypt(CODEC.encrypt(text.encode()), AES_KEY, "wx49f0ab532d5d035a") == text


def test_both_make_the_same_bytes_from_the_same_prefix() -> None:
    prefix = b"1234567890123456"
    assert CODEC.encrypt(b"<xml/>", prefix) == crypto.encrypt("<xml/>", AES_KEY, "wx49f0ab532d5d035a", prefix)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_push_opens_and_its_sealed_answer_is_taken(bench: Bench, mode: Mode) -> None:
    config: Config = bench.config
    fields = {"ToUserName": config.account_id, "FromUserName": bench.user, "MsgType": "text", "Content": "你好]]>"}
    query, body = envelope.pack(fields, config, mode.value, NOW.timestamp())
    opened = CODEC.open_push(dict(parse_qsl(query)), body.encode(), NOW)
    assert opened.mode is mode
    assert "你好".encode() in opened.xml
    sealed = CODEC.seal_reply("<xml><Content>好</Content></xml>", opened.nonce, NOW, opened.mode)
    assert envelope.unpack(sealed.encode(), config, mode.value) == {"Content": "好"}

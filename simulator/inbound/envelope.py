"""Packing of a push and unpacking of its answer in the three modes (明文, 兼容, 安全)."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode
from xml.parsers.expat import ExpatError

import xmltodict

from simulator import crypto
from simulator.config import Config, Mode
from simulator.inbound.xml import render


class BadAnswer(Exception):
    """The callback's answer is not one that the platform takes; the text says why, for the developer."""


def sign_query(config: Config, now: float) -> dict[str, str]:
    """timestamp, nonce and signature, new for every try."""
    timestamp, nonce = str(int(now)), str(secrets.randbelow(10**10))
    signature = crypto.sign(config.token, timestamp, nonce)
    return {"signature": signature, "timestamp": timestamp, "nonce": nonce}


def pack(fields: dict[str, Any], config: Config, mode: Mode, now: float) -> tuple[str, str]:
    """The query string and the body of one try."""
    query = {**sign_query(config, now), "openid": str(fields["FromUserName"])}
    clear = render(fields)
    if mode == "plaintext":
        return urlencode(query), clear
    encrypted = crypto.encrypt(clear, config.aes_key, config.app_id)
    query["encrypt_type"] = "aes"
    query["msg_signature"] = crypto.sign(config.token, query["timestamp"], query["nonce"], encrypted)
    shown = fields if mode == "compatible" else {"ToUserName": fields["ToUserName"]}
    return urlencode(query), render({**shown, "Encrypt": encrypted})


def unpack(body: bytes, config: Config, mode: Mode) -> dict[str, Any] | None:
    """The fields of an answer, or None for ``success`` and for an empty one. Raises BadAnswer."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadAnswer("not UTF-8") from None
    if text in ("", "success"):
        return None
    fields = _parse(text)
    if "Encrypt" not in fields:
        if mode == "safe":
            raise BadAnswer("safe mode takes no clear answer")
        return fields
    if mode == "plaintext":
        raise BadAnswer("plaintext mode takes no encrypted answer")
    return _open(fields, config)


def _open(fields: dict[str, Any], config: Config) -> dict[str, Any]:
    parts = [str(fields.get(name) or "") for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not crypto.signed(str(fields.get("MsgSignature") or ""), config.token, *parts):
        raise BadAnswer("MsgSignature is wrong")
    try:
        return _parse(crypto.decrypt(parts[2], config.aes_key, config.app_id))
    except crypto.CryptoError as error:
        raise BadAnswer(f"Encrypt: {error}") from None


def _parse(text: str) -> dict[str, Any]:
    try:
        root = xmltodict.parse(text, strip_whitespace=False)
    except (ExpatError, ValueError) as error:
        raise BadAnswer(f"not XML: {error}") from None
    fields = root.get("xml")
    if not isinstance(fields, dict):
        raise BadAnswer("no <xml> element with fields")
    return fields

"""Signatures and encryption of the callback (消息加解密), as the platform's message push documents define them.

Two signatures must not be confused: ``signature`` covers token, timestamp and nonce, never the body;
``msg_signature`` also covers the encrypted text. Whenever there is an encrypted text, the second one is checked and
only the decrypted part is read, in compatible mode too: the clear copy beside it is signed by nobody.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chalicelib.wechat import xmltree
from chalicelib.wechat.refused import Refused

MAX_BODY = 64 * 1024
TIMESTAMP_WINDOW = timedelta(minutes=10)
"""How old or early a timestamp may be. The platform signs each of its three deliveries anew, so this need not allow
for retries; it allows for clocks, and bounds for how long a captured request can be replayed."""

SUCCESS = "success"
"""The body that acknowledges a push without a reply; never encrypted."""

_BLOCK = 32
_HEAD = 20  # 16 random bytes and the length
_KEY = re.compile(r"[A-Za-z0-9]{43}")


class Mode(StrEnum):
    PLAINTEXT = "plaintext"  # 明文模式
    COMPATIBLE = "compatible"  # 兼容模式: clear and encrypted side by side
    SAFE = "safe"  # 安全模式


@dataclass(frozen=True, slots=True)
class OpenedPush:
    """A push whose signature held. ``xml`` is the message document, UTF-8; a reply is sealed in the same ``mode``.

    ``token`` and ``key`` say under which of the codec's it came, 0 the current: till the console is changed the
    platform knows only the former ones, and reads no reply under others.
    """

    xml: bytes
    mode: Mode
    timestamp: int
    nonce: str
    token: int = 0
    key: int = 0


class Codec:
    """Checks, opens and seals with one account's token and keys. Raises ValueError on a token or key that would let
    anyone in (an empty token) or nobody (a malformed key).

    ``previous_aes_key``, ``previous_token``: from before a change in the console till some time after it, pushes arrive
    under the former ones (轮换). ``modes``: which modes are taken; an account in safe mode should take nothing else.
    """

    def __init__(
        self,
        token: str,
        app_id: str,
        aes_key: str,
        previous_aes_key: str | None = None,
        *,
        previous_token: str | None = None,
        modes: frozenset[Mode] = frozenset(Mode),
    ) -> None:
        if not token or not app_id:
            raise ValueError("the callback token and the app id must not be empty")
        self._tokens = [token, *([previous_token] if previous_token else [])]
        self._app_id = app_id.encode()
        self._keys = [_key(key) for key in (aes_key, previous_aes_key) if key]
        if not aes_key:
            raise ValueError("the AES key must not be empty")
        self._modes = modes

    def signature(self, *parts: str, token: int = 0) -> str:
        """sha1 hex over the sorted token and parts: (timestamp, nonce) or (timestamp, nonce, encrypted text)."""
        joined = "".join(sorted([self._tokens[token], *parts])).encode("utf-8", "surrogatepass")
        return sha1(joined, usedforsecurity=False).hexdigest()

    def check_signature(self, signature: str, timestamp: str, nonce: str) -> bool:
        """Constant time."""
        return _same(signature, self.signature(timestamp, nonce))

    def check_msg_signature(self, msg_signature: str, timestamp: str, nonce: str, encrypted: str) -> bool:
        """Constant time."""
        return _same(msg_signature, self.signature(timestamp, nonce, encrypted))

    def verify_url(self, query: Mapping[str, str], now: datetime) -> str:
        """The echostr to answer to the platform's GET, byte for byte. Clear in every mode. Raises Refused."""
        timestamp, nonce = self._signed(query, now)
        self._require("signature", query, timestamp, nonce)
        if "echostr" not in query:
            raise Refused(400, "echostr is missing")
        return query["echostr"]

    def open_push(self, query: Mapping[str, str], body: bytes, now: datetime) -> OpenedPush:
        """Check and decrypt a POST. Raises Refused: 401 unsigned, 403 wrongly signed, stale or for someone else,
        400 malformed, 413 over MAX_BODY."""
        if len(body) > MAX_BODY:
            raise Refused(413, "body is larger than 64 KiB")
        timestamp, nonce = self._signed(query, now)
        match query.get("encrypt_type", "raw"):
            case "raw":
                token, key = self._require("signature", query, timestamp, nonce), 0
                mode, xml = Mode.PLAINTEXT, body
            case "aes":
                mode, encrypted = _envelope(body)
                token = self._require("msg_signature", query, timestamp, nonce, encrypted)
                xml, key = self._decrypt(encrypted)
            case _:
                raise Refused(400, "unknown encrypt_type")
        if mode not in self._modes:
            raise Refused(403, f"{mode} pushes are not accepted here")
        return OpenedPush(xml, mode, int(timestamp), nonce, token, key)

    def reply_to(self, push: OpenedPush, xml: str, now: datetime) -> str:
        """The body that answers this push, under the token and key that it came under."""
        return self.seal_reply(xml, push.nonce, now, push.mode, token=push.token, key=push.key)

    def seal_reply(self, xml: str, nonce: str, now: datetime, mode: Mode, *, token: int = 0, key: int = 0) -> str:
        """The body to answer. Clear in plaintext mode, and for ``success`` and the empty body in every mode."""
        if mode is Mode.PLAINTEXT or xml in ("", SUCCESS):
            return xml
        encrypted, timestamp = self.encrypt(xml.encode(), key=key), str(int(now.timestamp()))
        signature = self.signature(timestamp, nonce, encrypted, token=token)
        return (
            f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce.replace(']]>', '')}]]></Nonce></xml>"
        )

    def encrypt(self, message: bytes, prefix: bytes | None = None, key: int = 0) -> str:
        """base64 AES-256-CBC of ``random 16 | length, 4 bytes big-endian | message | app id``, PKCS#7 to 32 bytes,
        under the current key (or the previous, 1). ``prefix`` fixes the random bytes, for golden vectors."""
        head = prefix if prefix is not None else secrets.token_bytes(16)
        plain = head + len(message).to_bytes(4, "big") + message + self._app_id
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = _cipher(self._keys[key]).encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside, by the current key or else the previous one. Raises Refused."""
        return self._decrypt(encrypted)[0]

    def _decrypt(self, encrypted: str) -> tuple[bytes, int]:
        """The same, and the number of the key."""
        try:
            sealed = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError):
            raise Refused(400, "the encrypted text is not base64") from None
        if not sealed or len(sealed) % _BLOCK:
            raise Refused(400, "the encrypted text is not a whole number of blocks")
        refusals = []
        for number, key in enumerate(self._keys):
            try:
                return self._unpack(_decipher(key, sealed)), number
            except Refused as refused:
                refusals.append(refused)
        raise refusals[0]

    def _unpack(self, plain: bytes) -> bytes:
        pad = plain[-1]
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
            raise Refused(400, "the padding is wrong: another AES key?")
        content = plain[:-pad]
        end = _HEAD + int.from_bytes(content[16:_HEAD], "big")
        if len(content) < end:
            raise Refused(400, "the inner length is wrong")
        if not hmac.compare_digest(content[end:], self._app_id):
            raise Refused(403, "the message is for another app id")
        return content[_HEAD:end]

    def _signed(self, query: Mapping[str, str], now: datetime) -> tuple[str, str]:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not timestamp or not nonce:
            raise Refused(401, "timestamp or nonce is missing")
        if not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise Refused(400, "timestamp is not a number of seconds")
        if abs(now.timestamp() - int(timestamp)) > TIMESTAMP_WINDOW.total_seconds():
            raise Refused(403, "timestamp is more than 10 minutes off")
        return timestamp, nonce

    def _require(self, name: str, query: Mapping[str, str], *parts: str) -> int:
        """The number of the token that signed these parts. Raises Refused."""
        if not query.get(name):
            raise Refused(401, f"{name} is missing")
        for number in range(len(self._tokens)):
            if _same(query[name], self.signature(*parts, token=number)):
                return number
        raise Refused(403, f"{name} is wrong")


def _key(text: str) -> bytes:
    if not _KEY.fullmatch(text):
        raise ValueError("EncodingAESKey must be 43 letters and digits")
    return base64.b64decode(text + "=")


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _decipher(key: bytes, sealed: bytes) -> bytes:
    decryptor = _cipher(key).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def _envelope(body: bytes) -> tuple[Mode, str]:
    """The mode and the Encrypt text. Compatible mode sends clear fields beside ToUserName and Encrypt."""
    outer = xmltree.parse(body)
    encrypted = xmltree.text_of(outer, "Encrypt")
    if not encrypted:
        raise Refused(400, "no <Encrypt> in an encrypted push")
    return (Mode.SAFE if set(outer) <= {"ToUserName", "Encrypt"} else Mode.COMPATIBLE), encrypted.strip()

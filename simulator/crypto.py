"""Signatures and message encryption of the platform (消息加解密), written from its documents.

The product has its own; the two are checked against each other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32


class CryptoError(Exception):
    """The text does not decrypt to a message for this account."""


def sign(*parts: str) -> str:
    """SHA-1 of the parts, sorted and joined: ``signature`` of (token, timestamp, nonce), and ``msg_signature`` of
    (token, timestamp, nonce, encrypted text)."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8"), usedforsecurity=False).hexdigest()


def signed(signature: str, *parts: str) -> bool:
    return hmac.compare_digest(signature.encode("utf-8"), sign(*parts).encode("ascii"))


def encrypt(text: str, aes_key: str, app_id: str, prefix: bytes | None = None) -> str:
    """AES-256-CBC of 16 random bytes, length (big-endian 32 bits), text, app id; PKCS#7 to 32 bytes; base64.

    ``prefix`` fixes the random bytes, for golden vectors only.
    """
    message = text.encode("utf-8")
    plain = (prefix or secrets.token_bytes(16)) + struct.pack(">I", len(message)) + message + app_id.encode("utf-8")
    pad = _BLOCK - len(plain) % _BLOCK
    cipher = _cipher(aes_key).encryptor()
    return base64.b64encode(cipher.update(plain + bytes([pad]) * pad) + cipher.finalize()).decode("ascii")


def decrypt(text: str, aes_key: str, app_id: str) -> str:
    """The message inside. Raises CryptoError when it is damaged or meant for another account."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CryptoError("not base64") from error
    if not raw or len(raw) % 16:
        raise CryptoError("not whole blocks")
    cipher = _cipher(aes_key).decryptor()
    plain = cipher.update(raw) + cipher.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad or len(plain) - pad < 20:
        raise CryptoError("bad padding")
    body = plain[16:-pad]
    (length,) = struct.unpack(">I", body[:4])
    if body[4 + length :] != app_id.encode("utf-8"):
        raise CryptoError("not for this app id")
    try:
        return body[4 : 4 + length].decode("utf-8")
    except UnicodeDecodeError as error:
        raise CryptoError("not UTF-8") from error


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))

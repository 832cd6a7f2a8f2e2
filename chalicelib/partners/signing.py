"""The signature of a call (签名): HMAC-SHA-256 (RFC 2104, FIPS 180-4) over five lines, in lower-case hexadecimal.

    POST
    /partners/{partner}/{kind}
    {X-Xixinban-Timestamp}
    {X-Xixinban-Nonce}
    {SHA-256 of the body, lower-case hexadecimal}

joined by a line feed, without one at the end. The key is the secret's own characters as UTF-8. The path is the one of
our contract, without what a gateway puts before it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from chalicelib.partners.model import KEY_ID
from chalicelib.partners.refusals import Reason, Refused

KEY = "X-Xixinban-Key"
TIMESTAMP = "X-Xixinban-Timestamp"
NONCE = "X-Xixinban-Nonce"
SIGNATURE = "X-Xixinban-Signature"
FORMS = {KEY: KEY_ID, TIMESTAMP: r"\d{10}", NONCE: r"[A-Za-z0-9_-]{16,64}", SIGNATURE: r"[0-9a-f]{64}"}
"""What each header looks like. The timestamp counts seconds since 1970-01-01 UTC."""

WINDOW_SECONDS = 300
"""How far a timestamp may be from our clock, either way."""

_FORMS = {name: re.compile(form, re.ASCII) for name, form in FORMS.items()}


@dataclass(frozen=True, slots=True)
class Signature:
    """The four headers of a signed call."""

    key_id: str
    timestamp: int
    nonce: str
    mac: str


def read(headers: Mapping[str, str]) -> Signature:
    """The signature as sent, unchecked. Raises Refused(UNSIGNED) naming the header that is missing or malformed."""
    found = {}
    for name, form in _FORMS.items():
        value = headers.get(name)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise Refused(Reason.UNSIGNED, header=name)
        found[name] = value
    return Signature(found[KEY], int(found[TIMESTAMP]), found[NONCE], found[SIGNATURE])


def check_fresh(signature: Signature, now: datetime) -> None:
    """Raises Refused(LATE), which tells our time, when the timestamp is more than five minutes off, either way."""
    if abs(now.timestamp() - signature.timestamp) > WINDOW_SECONDS:
        raise Refused(Reason.LATE, server_time=int(now.timestamp()))


def body_hash(body: bytes) -> str:
    return sha256(body).hexdigest()


def canonical(method: str, path: str, timestamp: int, nonce: str, digest: str) -> str:
    """The five lines that are signed; ``digest`` is ``body_hash`` of the body."""
    return "\n".join((method, path, str(timestamp), nonce, digest))


def sign(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


def matches(signature: Signature, secret: str, method: str, path: str, digest: str) -> bool:
    """Compares in constant time."""
    text = canonical(method, path, signature.timestamp, signature.nonce, digest)
    return hmac.compare_digest(sign(secret, text), signature.mac)

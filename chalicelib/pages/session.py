"""The signed cookie that says who looks (会话), and the token that proves a form is ours.

The cookie holds the openid and its own end; nothing about it is stored, so whoever may see something is asked of the
bindings each time.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

SESSION_LIFE = timedelta(hours=2)
_COOKIE = re.compile(r"([0-9a-f]{1,11})\.([A-Za-z0-9_-]{1,64})\.([0-9a-f]{64})", re.ASCII)
_FORM_TOKEN = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Session:
    """Who looks, as the platform told us at most SESSION_LIFE ago. ``form_token`` goes into every form."""

    openid: str
    form_token: str


class Sessions:
    """Makes the cookie under one secret, and reads it under that and the ``former`` ones (轮换)."""

    def __init__(self, secret: str, *former: str) -> None:
        self._secret = secret.encode()
        self._all = [each.encode() for each in (secret, *former)]

    def cookie(self, openid: str, now: datetime) -> str:
        """The cookie's value for a person who has just come back from the platform."""
        head = f"{int((now + SESSION_LIFE).timestamp()):x}.{openid}"
        return f"{head}.{_mac(self._secret, 'session', head)}"

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session, or None for a cookie that is not ours or is over."""
        found = _COOKIE.fullmatch(cookie)
        if found is None:
            return None
        expires, openid, signature = found.groups()
        head = f"{expires}.{openid}"
        secret = next((each for each in self._all if hmac.compare_digest(signature, _mac(each, "session", head))), None)
        if secret is None or now.timestamp() >= int(expires, 16):
            return None
        return Session(openid, _mac(secret, "form", cookie))

    def seal(self, openid: str, text: str) -> str:
        """A text that goes out in a form and comes back unchanged, from this person only."""
        packed = base64.urlsafe_b64encode(text.encode()).decode()
        return f"{packed}.{_sealed(self._secret, openid, packed)}"

    def unseal(self, openid: str, sealed: str) -> str | None:
        """What was sealed; None for what was not, or for somebody else."""
        packed, _, signature = sealed.partition(".")
        given = signature.encode()
        if not any(hmac.compare_digest(given, _sealed(each, openid, packed).encode()) for each in self._all):
            return None
        return base64.urlsafe_b64decode(packed).decode()


def _sealed(secret: bytes, openid: str, packed: str) -> str:
    return _mac(secret, "sealed", f"{openid}\n{packed}")


def _mac(secret: bytes, purpose: str, text: str) -> str:
    return hmac.new(secret, f"{purpose}\n{text}".encode(), sha256).hexdigest()


def is_form_token(session: Session, given: str) -> bool:
    """Whether a form was made by us for this very session (CSRF)."""
    return _FORM_TOKEN.fullmatch(given) is not None and hmac.compare_digest(given, session.form_token)

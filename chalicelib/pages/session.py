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
    """Makes and reads the cookie under one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def cookie(self, openid: str, now: datetime) -> str:
        """The cookie's value for a person who has just come back from the platform."""
        head = f"{int((now + SESSION_LIFE).timestamp()):x}.{openid}"
        return f"{head}.{self._mac('session', head)}"

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session, or None for a cookie that is not ours or is over."""
        found = _COOKIE.fullmatch(cookie)
        if found is None:
            return None
        expires, openid, signature = found.groups()
        genuine = hmac.compare_digest(signature, self._mac("session", f"{expires}.{openid}"))
        if not genuine or now.timestamp() >= int(expires, 16):
            return None
        return Session(openid, self._mac("form", cookie))

    def seal(self, openid: str, text: str) -> str:
        """A text that goes out in a form and comes back unchanged, from this person only."""
        packed = base64.urlsafe_b64encode(text.encode()).decode()
        return f"{packed}.{self._sealed(openid, packed)}"

    def unseal(self, openid: str, sealed: str) -> str | None:
        """What was sealed; None for what was not, or for somebody else."""
        packed, _, signature = sealed.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sealed(openid, packed).encode()):
            return None
        return base64.urlsafe_b64decode(packed).decode()

    def _sealed(self, openid: str, packed: str) -> str:
        return self._mac("sealed", f"{openid}\n{packed}")

    def _mac(self, purpose: str, text: str) -> str:
        return hmac.new(self._secret, f"{purpose}\n{text}".encode(), sha256).hexdigest()


def is_form_token(session: Session, given: str) -> bool:
    """Whether a form was made by us for this very session (CSRF)."""
    return _FORM_TOKEN.fullmatch(given) is not None and hmac.compare_digest(given, session.form_token)

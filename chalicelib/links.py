"""Signed, expiring links to pages: each opens one page for one person only.

The link carries a keyed hash of the openid, not the openid. The page compares it with the identity it got by OAuth, so
a forwarded link is of no use to the next person.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import Refusal

LINK_LIFE = timedelta(days=7)


class LinkRefused(Refusal):
    """The link does not open this page for this person."""


class LinkExpired(LinkRefused):
    """It did, and its time is over."""


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and checks links under one public address. ``former`` secrets still open what they signed (轮换)."""

    public_url: str
    secret: str
    former: tuple[str, ...] = ()

    def page(self, path: str, openid: str, now: datetime, life: timedelta = LINK_LIFE) -> str:
        """The full address of ``/h5/...`` for this person, good for ``life`` from ``now``."""
        expires = int((now + life).timestamp())
        key = f"{expires:x}.{_person(self.secret, openid)}.{_sign(self.secret, path, expires, openid)}"
        return f"{self.public_url}{path}?k={key}"

    def check(self, path: str, key: str, openid: str, now: datetime) -> None:
        """Raises LinkRefused unless the key opens this path for this person now."""
        expires_hex, _, rest = key.partition(".")
        person, _, signature = rest.partition(".")
        try:
            expires = int(expires_hex, 16)
        except ValueError:
            raise LinkRefused("链接不完整，请从公众号消息里重新打开。") from None
        known = [secret for secret in (self.secret, *self.former) if _same(person, _person(secret, openid))]
        if not known:
            raise LinkRefused("这个链接是发给别人的，您不能打开。")
        if not any(_same(signature, _sign(secret, path, expires, openid)) for secret in known):
            raise LinkRefused("链接不完整，请从公众号消息里重新打开。")
        if now.timestamp() >= expires:
            raise LinkExpired("链接已过期，请回公众号重新查询。")


def _person(secret: str, openid: str) -> str:
    return _mac(secret, f"person\n{openid}")[:12]


def _sign(secret: str, path: str, expires: int, openid: str) -> str:
    return _mac(secret, f"page\n{path}\n{expires}\n{openid}")


def _mac(secret: str, text: str) -> str:
    digest = hmac.digest(secret.encode(), text.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()


def _same(given: str, expected: str) -> bool:
    """Constant time; what a stranger typed into a link may be any text."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())

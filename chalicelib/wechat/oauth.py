"""Web authorisation (网页授权): who is looking at our page, told by the platform."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from urllib.parse import urlencode

from pydantic import ConfigDict, Field

from chalicelib.shape import Shape

OPEN_PLATFORM = "https://open.weixin.qq.com"
STATE_LIFE = timedelta(minutes=10)
_PAYLOAD = 12 + 16  # expiry and nonce

Scope = Literal["snsapi_base", "snsapi_userinfo"]


class StateRefused(Exception):
    """The text is the sentence to show."""


class Identity(Shape):
    """The answer to a code. ``access_token`` is not the API's: it only reads this person's profile.

    ``is_snapshot``: a stand-in identity that WeChat makes up while someone only previews the page (快照页); nothing
    may be bound to it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    openid: str = Field(min_length=1, repr=False)
    scope: str = ""
    access_token: str = Field(default="", repr=False)
    refresh_token: str = Field(default="", repr=False)
    unionid: str | None = Field(default=None, repr=False)
    is_snapshot: bool = Field(default=False, alias="is_snapshotuser")


def authorize_url(
    app_id: str, redirect: str, state: str, *, scope: Scope = "snsapi_base", base: str = OPEN_PLATFORM
) -> str:
    """Where to send the browser. ``redirect`` must be under the domain registered for it (网页授权域名), ``state``
    comes back with the code. snsapi_base asks the person nothing and tells the openid only."""
    query = urlencode(
        {"appid": app_id, "redirect_uri": redirect, "response_type": "code", "scope": scope, "state": state}
    )
    return f"{base}/connect/oauth2/authorize?{query}#wechat_redirect"


def make_state(secret: str, session: str, target: str, now: datetime) -> str:
    """A signed ``state``: 60 hexadecimal characters (the platform takes letters and digits, at most 128 bytes).

    It holds for STATE_LIFE, for one browser and one page. ``session`` is a random text in a cookie of that browser:
    without it, an attacker could have a victim come in with the attacker's code. ``target`` is the page to come back
    to, which travels in the redirect address.
    """
    payload = f"{int((now + STATE_LIFE).timestamp()):012x}{secrets.token_hex(8)}"
    return payload + _sign(secret, session, target, payload)


def check_state(under: Sequence[str], session: str, target: str, state: str, now: datetime) -> None:
    """Raises StateRefused unless we made this state for this browser and page lately, under one of these secrets."""
    payload, signature = state[:_PAYLOAD], state[_PAYLOAD:].encode("utf-8", "surrogatepass")
    expected = [_sign(secret, session, target, payload).encode() for secret in under]
    if not any(hmac.compare_digest(signature, each) for each in expected):
        raise StateRefused("登录没有完成，请从公众号重新打开。")
    if now.timestamp() >= int(payload[:12], 16):
        raise StateRefused("登录超时，请从公众号重新打开。")


def _sign(secret: str, session: str, target: str, payload: str) -> str:
    text = f"oauth-state\n{session}\n{target}\n{payload}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode(), text, sha256).hexdigest()[:32]

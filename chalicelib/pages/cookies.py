"""Names and attributes of our cookies."""

from __future__ import annotations

from urllib.parse import urlsplit

SESSION = "xixinban_session"
SIGN_IN = "xixinban_signin"
LARGE_TYPE = "xixinban_big"


def set_cookie(name: str, value: str, public_url: str, seconds: int) -> str:
    """A Set-Cookie value for the pages only; no script may read it. ``seconds`` 0 removes the cookie.

    Lax, as the platform sends people back to us from its own site; Secure wherever we are reached by https.
    """
    address = urlsplit(public_url)
    secure = "; Secure" if address.scheme == "https" else ""
    return f"{name}={value}; Path={address.path}/h5; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"

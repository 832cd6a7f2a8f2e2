"""The headers that keep a page what we made it (CSP level 3), by what the page needs.

Nothing inline is trusted: the one stylesheet stands in the page (docs/adr/0013) and is named by its hash, scripts are
files of ours. Only pages that ask for more get more.
"""

from __future__ import annotations

from enum import Enum

from chalicelib.pages import stylesheet

JSSDK_HOST = "https://res.wx.qq.com"
"""Where WeChat's own JS-SDK comes from."""


class Scripts(Enum):
    """What may run on a page."""

    NONE = ""
    OURS = "script-src 'self'; connect-src 'self'"
    SHARED = f"script-src 'self' {JSSDK_HOST}; connect-src 'self'"


def headers(scripts: Scripts = Scripts.NONE) -> dict[str, str]:
    """For one answer. Nobody else frames it, no address with a key leaks onwards, nothing is sniffed."""
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{stylesheet.digest()}'",
        "img-src 'self' data:",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        scripts.value,
    )
    microphone = "self" if scripts is Scripts.OURS else ""
    return {
        "Content-Security-Policy": "; ".join(filter(None, policy)),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": f"camera=(), geolocation=(), payment=(), microphone=({microphone})",
        "Cross-Origin-Opener-Policy": "same-origin",
    }

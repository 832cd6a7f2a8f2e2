"""The signature that lets one of our pages use the phone's functions (JS-SDK, ``wx.config``)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1


@dataclass(frozen=True, slots=True)
class PageConfig:
    """What ``wx.config`` takes beside the lists of functions and tags."""

    app_id: str
    timestamp: int
    nonce: str
    signature: str


def page_config(app_id: str, ticket: str, url: str, now: datetime) -> PageConfig:
    """For the page at ``url``, exactly as the browser has it; the part from # on does not count."""
    nonce, timestamp = secrets.token_hex(8), int(now.timestamp())
    return PageConfig(app_id, timestamp, nonce, signature(ticket, nonce, timestamp, url))


def signature(ticket: str, nonce: str, timestamp: int, url: str) -> str:
    """sha1 hex over the raw values in this order, as the JS-SDK document prescribes."""
    page = url.partition("#")[0]
    signed = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return sha1(signed.encode(), usedforsecurity=False).hexdigest()

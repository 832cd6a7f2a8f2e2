"""The one stylesheet, which stands in every page: what a phone needs comes in one round trip (docs/adr/0013)."""

from __future__ import annotations

import base64
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

NAME = "weui.css"
_COMMENT = re.compile(r"/\*(?!!).*?\*/", re.S)
_AROUND = re.compile(r"\s*([{};,])\s*")


@cache
def source() -> str:
    """As it is written."""
    return (Path(__file__).parent / "static" / NAME).read_text(encoding="utf-8")


@cache
def content() -> str:
    """As it is sent: without our comments (the licence's stays) and without spaces that mean nothing."""
    return _AROUND.sub(r"\1", re.sub(r"\s+", " ", _COMMENT.sub("", source()))).strip()


@cache
def digest() -> str:
    """What a content policy knows it by: base64 of its SHA-256 (CSP level 3, hash-source)."""
    return base64.b64encode(sha256(content().encode()).digest()).decode()

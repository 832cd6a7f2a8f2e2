"""The one stylesheet of the pages, kept by phones for a year under an address that changes with its content."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from chalicelib.pages.http import PageResponse

NAME = "weui.css"


@cache
def content() -> str:
    return (Path(__file__).parent / "static" / NAME).read_text(encoding="utf-8")


@cache
def version() -> str:
    return sha256(content().encode()).hexdigest()[:12]


def address() -> str:
    return f"/h5/static/{NAME}?v={version()}"


def answer(asked: str) -> PageResponse:
    """The stylesheet; it may be kept when it is the version that was asked for."""
    kept = "public, max-age=31536000, immutable" if asked == version() else "no-cache"
    return PageResponse(200, content(), {"Content-Type": "text/css; charset=utf-8", "Cache-Control": kept})

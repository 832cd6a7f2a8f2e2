"""Our script files, kept by phones for a year under addresses that change with their content. No page needs one."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, Visit

TALK = "talk.js"
WECHAT = "wechat.js"
NAMES = frozenset({TALK, WECHAT})
_FOLDER = Path(__file__).parent / "static"


@cache
def content(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def version(name: str) -> str:
    return sha256(content(name).encode()).hexdigest()[:12]


def address(name: str) -> str:
    return f"/h5/static/{name}?v={version(name)}"


def show(visit: Visit) -> PageResponse:
    """``/h5/static/{name}``; it may be kept when it is the version that was asked for. Raises PageMissing."""
    name = visit.request.key
    if name not in NAMES:
        raise PageMissing
    asked = visit.request.query.get("v", "")
    kept = "public, max-age=31536000, immutable" if asked == version(name) else "no-cache"
    return PageResponse(200, content(name), {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": kept})

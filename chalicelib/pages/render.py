"""Templates to answers: everything escaped, nothing undefined, the same safety headers on every page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.pages import cookies, stylesheet
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import Visit

if TYPE_CHECKING:
    from jinja2 import Environment

HALL_PHONE = "12345"
"""政务服务便民热线: in reach on every page (facts §6.7)."""

_A_YEAR = 365 * 24 * 3600
_WEB_ADDRESS = re.compile(r"https?://[^\s]+")


@cache
def environment() -> Environment:
    """Made once; the templates lie beside this file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.tests["web_address"] = _is_web_address
    return made


def _is_web_address(text: str | None) -> bool:
    """What may become a link: content could hold ``javascript:``."""
    return bool(text and _WEB_ADDRESS.fullmatch(text))


def page(visit: Visit, template: str, *, personal: bool, **context: Any) -> PageResponse:
    """A page of ours. ``context`` must hold ``title``; a personal page is kept nowhere."""
    headers = {"Cache-Control": "no-store" if personal else "no-cache"}
    return PageResponse(200, _html(visit, template, context), headers | _HTML, _type_cookie(visit))


def message(visit: Visit, status: int, title: str, sentence: str) -> PageResponse:
    """A page that only says one thing. It tells nothing of what was asked for, so all of a kind are alike."""
    context = {"title": title, "sentence": sentence}
    return PageResponse(
        status, _html(visit, "message.html", context, switch=False), {"Cache-Control": "no-store"} | _HTML
    )


_HTML = {"Content-Type": "text/html; charset=utf-8"}


def _html(visit: Visit, template: str, context: dict[str, Any], *, switch: bool = True) -> str:
    frame = {
        "root": visit.root,
        "stylesheet": stylesheet.address(),
        "large_type": visit.large_type,
        "type_switch": visit.request.address(big="0" if visit.large_type else "1") if switch else "",
        "hall_phone": HALL_PHONE,
    }
    return environment().get_template(template).render(frame | context)


def _type_cookie(visit: Visit) -> tuple[str, ...]:
    """The choice of 长辈版 stays until it is taken back."""
    asked = visit.request.query.get("big")
    if asked not in ("0", "1"):
        return ()
    seconds = _A_YEAR if asked == "1" else 0
    return (cookies.set_cookie(cookies.LARGE_TYPE, asked, visit.services.settings.public_url, seconds),)

"""Templates to answers: everything escaped, nothing undefined, the same safety headers on every page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.pages import cookies, safety, scripts, stylesheet
from chalicelib.pages.http import PageResponse
from chalicelib.pages.safety import Scripts
from chalicelib.pages.type_size import ELDER, SIZES, STANDARD
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


def page(visit: Visit, template: str, *, personal: bool, script: str = "", **context: Any) -> PageResponse:
    """A page of ours. ``context`` must hold ``title``, and may hold ``summary``, what a share card says of it.

    A personal page is kept nowhere, and WeChat is told not to offer it for sharing. ``script`` names one of
    ``scripts.NAMES`` that makes the page more comfortable; it works without.
    """
    frame = _frame(visit) | _wechat(visit, personal) | {"script": scripts.address(script) if script else ""}
    headers = {"Cache-Control": "no-store" if personal else "no-cache"} | safety.headers(_allowed(frame))
    return PageResponse(200, _html(template, frame | context), headers | _HTML, _type_cookie(visit))


def message(visit: Visit, status: int, title: str, sentence: str) -> PageResponse:
    """A page that only says one thing. It tells nothing of what was asked for, so all of a kind are alike."""
    alike = {"sizes": [], "elder_switch": "", "wechat_script": "", "script": ""}
    context = _frame(visit) | alike | {"title": title, "sentence": sentence}
    headers = {"Cache-Control": "no-store"} | safety.headers()
    return PageResponse(status, _html("message.html", context), headers | _HTML)


_HTML = {"Content-Type": "text/html; charset=utf-8"}


def _html(template: str, context: dict[str, Any]) -> str:
    return environment().get_template(template).render(context)


def _frame(visit: Visit) -> dict[str, Any]:
    now = visit.type_size
    return {
        "root": visit.root,
        "style": stylesheet.content(),
        "type_class": now.css,
        "sizes": [(size.name, visit.request.address(big=size.value), size == now) for size in SIZES],
        "is_elder": now == ELDER,
        "elder_switch": visit.request.address(big=STANDARD.value if now == ELDER else ELDER.value),
        "hall_phone": HALL_PHONE,
        "summary": "",
    }


def _wechat(visit: Visit, personal: bool) -> dict[str, Any]:
    """Inside WeChat: the script that hides a personal page from the share menu, and gives a public one its card."""
    address = scripts.address(scripts.WECHAT) if visit.request.in_wechat else ""
    shared = visit.services.settings.public_url + visit.request.path
    return {"wechat_script": address, "share_link": "" if personal else shared}


def _allowed(frame: dict[str, Any]) -> Scripts:
    if frame["wechat_script"] and frame["share_link"]:
        return Scripts.SHARED
    return Scripts.OURS if frame["wechat_script"] or frame["script"] else Scripts.NONE


def _type_cookie(visit: Visit) -> tuple[str, ...]:
    """The choice of type stays until it is taken back."""
    asked = visit.request.query.get("big")
    if asked is None or visit.type_size.value != asked:
        return ()
    seconds = 0 if asked == STANDARD.value else _A_YEAR
    return (cookies.set_cookie(cookies.LARGE_TYPE, asked, visit.services.settings.public_url, seconds),)

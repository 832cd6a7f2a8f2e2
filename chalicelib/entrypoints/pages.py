"""The pages on HTTP (``GET|POST /h5/…``)."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, unquote

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.pages import site
from chalicelib.pages.http import PageRequest, PageResponse

pages = Blueprint(__name__)

FORM = "application/x-www-form-urlencoded"
# Chalice takes a request without a type for JSON, so that has to be listed for GET to pass.
TYPES = [FORM, "application/json"]
MAX_FORM = 4096
_MAX_FIELDS = 20


@pages.route("/h5/{page}", methods=["GET", "POST"], content_types=TYPES)
def page(page: str) -> Response:
    return _answer(page, "")


@pages.route("/h5/{page}/{key}", methods=["GET", "POST"], content_types=TYPES)
def keyed_page(page: str, key: str) -> Response:
    return _answer(page, key)


def _answer(name: str, key: str) -> Response:
    application, request = bootstrap.current(), pages.current_request
    wanted = PageRequest(
        page=unquote(name),  # the local gateway hands parameters on as they came
        key=unquote(key),
        method="POST" if request.method == "POST" else "GET",
        query=dict((request.query_params or {}).items()),
        cookies=_cookies(request.headers.get("cookie", "")),
        form=_form(request) if request.method == "POST" else {},
        now=application.clock.now(),
    )
    return _respond(site.answer(wanted, application))


def _cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}  # somebody else's broken cookie is no cookie of ours
    return {name: morsel.value for name, morsel in jar.items()}


def _form(request: Any) -> dict[str, str]:
    """Fields of a form as browsers send it; anything larger or stranger is no form of ours."""
    body = request.raw_body
    if len(body) > MAX_FORM or not request.headers.get("content-type", "").startswith(FORM):
        return {}
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS))
    except ValueError:
        return {}


def _respond(response: PageResponse) -> Response:
    headers: dict[str, str | list[str]] = dict(response.headers)
    if response.cookies:
        headers["Set-Cookie"] = list(response.cookies)
    return Response(body=response.body, status_code=response.status, headers=headers)

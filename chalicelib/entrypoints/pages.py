"""The pages on HTTP (``GET|POST /h5/…``)."""

from __future__ import annotations

import base64
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, unquote

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.pages.http import PageRequest, PageResponse

pages = Blueprint(__name__)

FORM = "application/x-www-form-urlencoded"
# Chalice takes a request without a type for JSON, so that has to be listed for GET to pass.
TYPES = [FORM, "application/json"]
MAX_FORM = 4096
MAX_FIELDS = 20
LIMITS = {"form": (65_536, 120)}
"""Bytes and fields of pages that need more: a form holds up to some sixty answers in Chinese."""


class BinaryResponse(Response):
    """A file. The gateway takes what is marked as base64 apart again; Chalice marks by type only, and would then ask
    for an Accept header that no browser sends when somebody follows a link."""

    def __init__(self, file: bytes, status: int, headers: dict[str, str | list[str]]) -> None:
        super().__init__(base64.b64encode(file).decode(), headers=headers, status_code=status)

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        return super().to_dict([]) | {"isBase64Encoded": True}


@pages.route("/h5/{page}", methods=["GET", "POST"], content_types=TYPES)
def page(page: str) -> Response:
    return _answer(page, "")


@pages.route("/h5/{page}/{key}", methods=["GET", "POST"], content_types=TYPES)
def keyed_page(page: str, key: str) -> Response:
    return _answer(page, key)


def _answer(name: str, key: str) -> Response:
    from chalicelib.pages import site  # the callback runs in the same function and shows no page

    application, request = bootstrap.current(), pages.current_request
    wanted = PageRequest(
        page=unquote(name),  # the local gateway hands parameters on as they came
        key=unquote(key),
        method="POST" if request.method == "POST" else "GET",
        query=dict((request.query_params or {}).items()),
        cookies=_cookies(request.headers.get("cookie", "")),
        form=_form(request, name) if request.method == "POST" else {},
        agent=request.headers.get("user-agent", ""),
        sender=_sender(request),
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


def _sender(request: Any) -> str:
    """The address that asks, as the gateway saw it; headers could say anything."""
    identity = (request.context or {}).get("identity") or {}
    return str(identity.get("sourceIp") or "")


def _form(request: Any, page: str) -> dict[str, str]:
    """Fields of a form as browsers send it, those ticked side by side joined; anything larger or stranger is no form
    of ours."""
    body, (most_bytes, most_fields) = request.raw_body, LIMITS.get(page, (MAX_FORM, MAX_FIELDS))
    if len(body) > most_bytes or not request.headers.get("content-type", "").startswith(FORM):
        return {}
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=most_fields)
    except ValueError:
        return {}
    return {name: "、".join(one for given, one in pairs if given == name) for name in dict(pairs)}


def _respond(response: PageResponse) -> Response:
    headers: dict[str, str | list[str]] = dict(response.headers)
    if response.cookies:
        headers["Set-Cookie"] = list(response.cookies)
    if response.file is not None:
        return BinaryResponse(response.file, response.status, headers)
    return Response(body=response.body, status_code=response.status, headers=headers)

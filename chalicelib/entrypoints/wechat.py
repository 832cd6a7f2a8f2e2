"""The WeChat callback on HTTP (消息推送 URL), and the file that proves the domain."""

from __future__ import annotations

import logging
import re
import time

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.entrypoints.callback import Answer, callback_of
from chalicelib.wechat.refused import Refused

log = logging.getLogger(__name__)

wechat = Blueprint(__name__)

# Chalice answers 415 to a POST whose type is not listed, and the platform sends text/xml.
PUSH_TYPES = ["text/xml", "application/xml", "text/plain", "application/json", "application/x-www-form-urlencoded"]
_DOMAIN_FILE = re.compile(r"MP_verify_([A-Za-z0-9]+)\.txt")


@wechat.route("/wechat", methods=["GET"])
def verify() -> Response:
    try:
        return _respond(callback_of(bootstrap.current()).verify(_query()))
    except Refused as refused:
        return _refuse(refused)


@wechat.route("/wechat", methods=["POST"], content_types=PUSH_TYPES)
def push() -> Response:
    request, application, started = wechat.current_request, bootstrap.current(), time.monotonic()
    try:
        answer = callback_of(application).receive(_query(), _bytes(request.raw_body))
    except Refused as refused:
        return _refuse(refused)
    application.metrics.callback((time.monotonic() - started) * 1000, application.clock.now())
    return _respond(answer)


@wechat.route("/{file}", methods=["GET"])
def domain_file(file: str) -> Response:
    """``MP_verify_CODE.txt``, by which the platform sees that the domain is ours (网页授权域名、JS 接口安全域名).

    Its content is the code. The gateway knows no variable within a part of a path, hence the whole name here.
    """
    found = _DOMAIN_FILE.fullmatch(file)
    if found is None or found[1] not in bootstrap.current().settings.wechat_domain_codes.split():
        return Response(body="not found", status_code=404, headers={"Content-Type": "text/plain; charset=utf-8"})
    return _respond(Answer(found[1]))


def _query() -> dict[str, str]:
    return dict(wechat.current_request.query_params or {})


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _respond(answer: Answer) -> Response:
    return Response(body=answer.body, headers={"Content-Type": answer.content_type})


def _refuse(refused: Refused) -> Response:
    log.warning("push refused: %s", refused.reason, extra={"status": refused.status})
    return Response(body="refused", status_code=refused.status, headers={"Content-Type": "text/plain; charset=utf-8"})

"""Partners on HTTP (``POST /partners/{partner}/{kind}``, ``GET /partners/openapi.json``)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.partners import openapi
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.service import Call
from chalicelib.ports import JsonObject, Throttled

log = logging.getLogger(__name__)

partners = Blueprint(__name__)

# Chalice would refuse other types in a shape of its own; the service refuses them in ours.
ANY_TYPE = ["*/*"]
_BUSY_SECONDS = 2


@partners.route("/partners/openapi.json", methods=["GET"], content_types=ANY_TYPE)
def describe() -> Response:
    """Public: it tells nothing that docs/partners.md does not."""
    document = openapi.document(bootstrap.current().settings.public_url)
    return _json(document, {"Cache-Control": "max-age=300"})


@partners.route("/partners/{partner}/{kind}", methods=["POST"], content_types=ANY_TYPE)
def receive(partner: str, kind: str) -> Response:
    application, request = bootstrap.current(), partners.current_request
    body = request.raw_body
    assert isinstance(body, bytes)  # Chalice encodes or decodes what the gateway gave it
    call = Call(request.method, partner, kind, request.headers, body, bool(request.query_params))
    try:
        reply = application.partners.receive(call, application.clock.now())
    except Refused as refused:
        # A flood was logged where it began (limits.py); a line for each of its calls would be a flood of its own.
        level = logging.DEBUG if refused.reason is Reason.TOO_MANY else logging.WARNING
        log.log(level, "partner call refused", extra={"status": refused.reason.status, "code": refused.reason.code})
        return _refuse(refused)
    except Throttled:
        log.warning("partner call refused", extra={"status": Reason.BUSY.status, "code": Reason.BUSY.code})
        return _refuse(Refused(Reason.BUSY, retry_after=_BUSY_SECONDS))
    except Exception:
        # Told in the shape that the partner's program knows, and sent again by it; the cause is for our log only.
        log.exception("partner call failed")
        return _refuse(Refused(Reason.INTERNAL))
    return _json(reply.body, {"Idempotent-Replayed": "true"} if reply.repeated else {})


def _refuse(refused: Refused) -> Response:
    return _json(refused.body().model_dump(mode="json"), refused.headers(), refused.reason.status)


def _json(body: JsonObject, headers: Mapping[str, str], status: int = 200) -> Response:
    """Chinese as it is, for engineers who read answers with curl; Chalice alone would escape it."""
    text = json.dumps(body, ensure_ascii=False)
    return Response(body=text, status_code=status, headers={**headers, "Content-Type": "application/json"})

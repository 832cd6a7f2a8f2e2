"""Partners on HTTP (``POST /partners/{partner}/{kind}``, ``GET /partners/openapi.json``)."""

from __future__ import annotations

import logging

from chalice import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.partners import openapi
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.service import Call
from chalicelib.ports import Throttled

log = logging.getLogger(__name__)

partners = Blueprint(__name__)

# Chalice would refuse other types in a shape of its own; the service refuses them in ours.
ANY_TYPE = ["*/*"]
_BUSY_SECONDS = 2


@partners.route("/partners/openapi.json", methods=["GET"], content_types=ANY_TYPE)
def describe() -> Response:
    """Public: it tells nothing that docs/partners.md does not."""
    document = openapi.document(bootstrap.current().settings.public_url)
    return Response(body=document, headers={"Cache-Control": "max-age=300"})


@partners.route("/partners/{partner}/{kind}", methods=["POST"], content_types=ANY_TYPE)
def receive(partner: str, kind: str) -> Response:
    application, request = bootstrap.current(), partners.current_request
    body = request.raw_body
    assert isinstance(body, bytes)  # Chalice encodes or decodes what the gateway gave it
    call = Call(request.method, partner, kind, request.headers, body, bool(request.query_params))
    try:
        reply = application.partners.receive(call, application.clock.now())
    except Refused as refused:
        log.warning("partner call refused", extra={"status": refused.reason.status, "code": refused.reason.code})
        return _refuse(refused)
    except Throttled:
        log.warning("partner call refused", extra={"status": Reason.BUSY.status, "code": Reason.BUSY.code})
        return _refuse(Refused(Reason.BUSY, retry_after=_BUSY_SECONDS))
    except Exception:
        # Told in the shape that the partner's program knows, and sent again by it; the cause is for our log only.
        log.exception("partner call failed")
        return _refuse(Refused(Reason.INTERNAL))
    return Response(body=reply.body, headers={"Idempotent-Replayed": "true"} if reply.repeated else {})


def _refuse(refused: Refused) -> Response:
    return Response(
        body=refused.body().model_dump(mode="json"), status_code=refused.reason.status, headers=refused.headers()
    )

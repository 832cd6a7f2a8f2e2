"""Partners' calls (合作单位): from HTTP to the service and back, every refusal in the documented shape."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from chalice.app import Request, Response

from chalicelib import bootstrap
from chalicelib.partners import openapi
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.service import Call
from chalicelib.ports import JsonObject, Throttled

log = logging.getLogger(__name__)

_BUSY_SECONDS = 2


def describe() -> Response:
    document = openapi.document(bootstrap.current().settings.public_url)
    return _json(document, {"Cache-Control": "max-age=300"})


def receive(partner: str, kind: str, request: Request) -> Response:
    application = bootstrap.current()
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

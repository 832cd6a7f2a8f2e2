"""Partners on HTTP (``POST /partners/{partner}/{kind}``, ``GET /partners/openapi.json``): the routes.

What they do is imported with the first call: this module is part of every function, the callback's too.
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

partners = Blueprint(__name__)

# Chalice would refuse other types in a shape of its own; the service refuses them in ours.
ANY_TYPE = ["*/*"]


@partners.route("/partners/openapi.json", methods=["GET"], content_types=ANY_TYPE)
def describe() -> Response:
    """Public: it tells nothing that docs/partners.md does not."""
    from chalicelib.entrypoints import partner_calls

    return partner_calls.describe()


@partners.route("/partners/{partner}/{kind}", methods=["POST"], content_types=ANY_TYPE)
def receive(partner: str, kind: str) -> Response:
    from chalicelib.entrypoints import partner_calls

    return partner_calls.receive(partner, kind, partners.current_request)

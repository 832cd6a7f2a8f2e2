"""``GET /healthz``: whether this stage can read its store and has content."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import bootstrap

health = Blueprint(__name__)


@health.route("/healthz", methods=["GET"])
def healthz() -> Response:
    """200 with the stage and the published content version; the store being out of reach is a 500."""
    application = bootstrap.current()
    return Response(
        body={"status": "ok", "stage": application.settings.stage, "content": application.catalogue().version},
        headers={"Cache-Control": "no-store"},
    )

"""``/h5/jssdk?url=…``: the signature that lets WeChat's JS-SDK run on one of our own pages (分享卡片).

Asked for by ``wechat.js`` after the page stands, with the address exactly as the browser has it: the signature covers
every character. A page never waits for it, and does without when the platform is away.
"""

from __future__ import annotations

import json
import logging

from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, Visit
from chalicelib.ports import Throttled
from chalicelib.wechat.errors import NotSent
from chalicelib.wechat.jssdk import page_config

log = logging.getLogger(__name__)

_LONGEST = 1000


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing for an address that is not ours, and when there is no ticket yet."""
    settings, url = visit.services.settings, visit.request.query.get("url", "")
    if not url.startswith(f"{settings.public_url}/h5/") or len(url) > _LONGEST:
        raise PageMissing
    try:
        ticket = visit.services.share_tickets.ready(visit.now)
    except (NotSent, Throttled):
        log.warning("no share cards: the store is busy", exc_info=True)
        raise PageMissing from None
    if ticket is None:
        raise PageMissing
    config = page_config(settings.wechat_app_id, ticket, url, visit.now)
    body = {
        "appId": config.app_id,
        "timestamp": config.timestamp,
        "nonceStr": config.nonce,
        "signature": config.signature,
    }
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
    return PageResponse(200, json.dumps(body), headers)

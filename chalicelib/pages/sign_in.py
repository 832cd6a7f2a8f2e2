"""Who is looking (网页授权, snsapi_base): to the platform and back, without a question to the person."""

from __future__ import annotations

import logging
import re
import secrets
from urllib.parse import urlencode

from chalicelib.pages import cookies
from chalicelib.pages.http import PageResponse
from chalicelib.pages.session import SESSION_LIFE
from chalicelib.pages.visit import PageRefused, Visit
from chalicelib.wechat import oauth
from chalicelib.wechat.errors import ApiError, NotSent, Unclear
from chalicelib.wechat.oauth import Identity

log = logging.getLogger(__name__)

_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TARGET = re.compile(r"/h5/[\x21-\x7e]{1,1000}", re.ASCII)
_AGAIN = "登录没有完成，请从公众号重新打开。"
_PREVIEW = "当前是微信快照页，看不到个人信息。请点页面下方“使用完整服务”后再试。"


def begin(visit: Visit, target: str) -> PageResponse:
    """To the platform, and then back to ``target``, a path of ours with its query."""
    settings, before = visit.services.settings, visit.request.cookies.get(cookies.SIGN_IN, "")
    nonce = before if _NONCE.fullmatch(before) else secrets.token_hex(16)  # two pages may be signing in side by side
    state = oauth.make_state(settings.session_secret.get_secret_value(), nonce, target, visit.now)
    back = f"{settings.public_url}/h5/oauth?{urlencode({'to': target})}"
    location = oauth.authorize_url(settings.wechat_app_id, back, state, base=settings.wechat_oauth_base)
    cookie = cookies.set_cookie(cookies.SIGN_IN, nonce, settings.public_url, int(oauth.STATE_LIFE.total_seconds()))
    return PageResponse(302, headers={"Location": location, "Cache-Control": "no-store"}, cookies=(cookie,))


def finish(visit: Visit) -> PageResponse:
    """``/h5/oauth``: the person is back with a code. Raises PageRefused."""
    target = _target(visit)
    code = visit.request.query.get("code", "")
    if not code:
        raise PageRefused(403, _AGAIN)
    identity = _exchange(visit, code)
    if identity.is_snapshot:
        raise PageRefused(403, _PREVIEW)
    settings = visit.services.settings
    session = cookies.set_cookie(
        cookies.SESSION,
        visit.sessions.cookie(identity.openid, visit.now),
        settings.public_url,
        int(SESSION_LIFE.total_seconds()),
    )
    location = settings.public_url + target
    return PageResponse(302, headers={"Location": location, "Cache-Control": "no-store"}, cookies=(session,))


def _target(visit: Visit) -> str:
    query, settings = visit.request.query, visit.services.settings
    target, nonce = query.get("to", ""), visit.request.cookies.get(cookies.SIGN_IN, "")
    if not _TARGET.fullmatch(target) or not _NONCE.fullmatch(nonce):
        raise PageRefused(403, _AGAIN)
    try:
        oauth.check_state(settings.session_secrets, nonce, target, query.get("state", ""), visit.now)
    except oauth.StateRefused as refused:
        raise PageRefused(403, str(refused)) from None
    return target


def _exchange(visit: Visit, code: str) -> Identity:
    try:
        return visit.services.wechat_client.sns.exchange(code)
    except ApiError as error:  # a code works once: going back in the browser brings an old one
        log.warning("web authorisation refused", extra={"code": error.code})
        raise PageRefused(403, _AGAIN) from None
    except (NotSent, Unclear):
        log.exception("web authorisation not reached")
        raise PageRefused(503, "微信暂时没有回应，请过一分钟再打开。") from None

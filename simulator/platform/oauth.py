"""Who opens a page (网页授权): the code for the phone's user, and what it can be exchanged for.

The phone page names its user in the cookie ``simulator_user``; on a real phone WeChat itself knows.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulator.http import Response, redirect, text_response
from simulator.platform.call import Call
from simulator.platform.errors import ApiError

COOKIE = "simulator_user"
CODE_LIFE = 300
TOKEN_LIFE = 7200


def authorize(call: Call) -> Response:
    """GET connect/oauth2/authorize: back to ``redirect_uri`` with a code that works once, for five minutes."""
    target = urlsplit(call.query("redirect_uri"))
    problem = _problem(call, target.scheme, target.hostname or "")
    if problem:
        return text_response(problem, 400)
    user = call.world.user(call.request.cookie(COOKIE))
    if user is None:
        return text_response("请先在模拟手机里选择一个用户，再打开页面。", 400)
    code = secrets.token_hex(16)
    with call.world.state.write():
        call.world.state.insert(
            "oauth_codes",
            code=code,
            openid=user["openid"],
            scope=call.query("scope"),
            expires=call.now + CODE_LIFE,
            used=0,
        )
    extra = urlencode({"code": code, "state": call.query("state")})
    query = f"{target.query}&{extra}" if target.query else extra
    return redirect(target._replace(query=query, fragment="").geturl())


def _problem(call: Call, scheme: str, host: str) -> str:
    if call.query("appid") != call.world.config.app_id:
        return "Appid 参数错误"
    domains = call.world.config.oauth_domains
    if scheme not in ("http", "https") or (domains is not None and host not in domains):
        return "redirect_uri 域名与后台配置不一致，错误码:10003"
    if call.query("scope") not in ("snsapi_base", "snsapi_userinfo") or call.query("response_type") != "code":
        return "Scope 参数错误或没有 Scope 权限，错误码:10005"
    return ""


def access_token(call: Call) -> dict[str, Any]:
    """GET sns/oauth2/access_token. Its token is not that of the API."""
    config = call.world.config
    if call.query("appid") != config.app_id:
        raise ApiError(40013)
    if call.query("secret") != config.app_secret:
        raise ApiError(40125)
    row = call.world.state.row("SELECT * FROM oauth_codes WHERE code = ?", call.query("code"))
    if row is None or row["expires"] <= call.now:
        raise ApiError(40029)
    if row["used"]:
        raise ApiError(40163)
    call.world.state.execute("UPDATE oauth_codes SET used = 1 WHERE code = ?", row["code"])
    token = secrets.token_urlsafe(64)
    call.world.state.insert(
        "oauth_tokens", token=token, openid=row["openid"], scope=row["scope"], expires=call.now + TOKEN_LIFE
    )
    user = call.world.user(row["openid"])
    snapshot = {"is_snapshotuser": 1} if user and user["snapshot"] else {}
    return {
        "access_token": token,
        "expires_in": TOKEN_LIFE,
        "refresh_token": secrets.token_urlsafe(64),
        "openid": row["openid"],
        "scope": row["scope"],
        **snapshot,
    }


def userinfo(call: Call) -> dict[str, Any]:
    """GET sns/userinfo: 48001 when the scope was snsapi_base."""
    row = call.world.state.row("SELECT * FROM oauth_tokens WHERE token = ?", call.query("access_token"))
    if row is None or row["expires"] <= call.now:
        raise ApiError(40001)
    if row["openid"] != call.query("openid"):
        raise ApiError(40003)
    if row["scope"] != "snsapi_userinfo":
        raise ApiError(48001)
    return {
        "openid": row["openid"],
        "nickname": "微信用户",
        "sex": 0,
        "province": "",
        "city": "",
        "country": "",
        "headimgurl": "",
        "privilege": [],
    }


def jsapi_ticket(call: Call) -> dict[str, Any]:
    """GET cgi-bin/ticket/getticket?type=jsapi: the same ticket until it ends."""
    if call.query("type") != "jsapi":
        raise ApiError(40097)
    state = call.world.state
    expires = float(state.setting("jsapi_expires", "0"))
    if expires <= call.now:
        expires = call.now + TOKEN_LIFE
        state.set_setting("jsapi_ticket", secrets.token_urlsafe(64))
        state.set_setting("jsapi_expires", str(expires))
    return {
        "errcode": 0,
        "errmsg": "ok",
        "ticket": state.setting("jsapi_ticket"),
        "expires_in": int(expires - call.now),
    }

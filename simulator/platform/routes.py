"""The table of paths, and what happens to every call: whitelist, faults, token, quota, handler, log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from simulator.faults import Rule
from simulator.http import CUT, Request, Response, json_response, text_response
from simulator.platform import custom, failures, mass, menu, notices, oauth, qr, quota, tokens, users
from simulator.platform.call import Call
from simulator.platform.errors import ApiError, error_body
from simulator.world import World

Handler = Callable[[Call], dict[str, Any]]
AUTHORIZE = "connect/oauth2/authorize"
_INSTEAD = frozenset({"error", "http", "html", "slow", "reset"})
_PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"


@dataclass(frozen=True, slots=True)
class Endpoint:
    method: str
    handler: Handler
    needs_token: bool = True


ENDPOINTS = {
    "cgi-bin/token": Endpoint("GET", tokens.token, needs_token=False),
    "cgi-bin/stable_token": Endpoint("POST", tokens.stable_token, needs_token=False),
    "cgi-bin/message/template/send": Endpoint("POST", notices.template_send),
    "cgi-bin/message/subscribe/bizsend": Endpoint("POST", notices.subscribe_send),
    "cgi-bin/message/custom/send": Endpoint("POST", custom.send),
    "cgi-bin/message/custom/typing": Endpoint("POST", custom.typing),
    "cgi-bin/draft/add": Endpoint("POST", mass.add_draft),
    "cgi-bin/message/mass/preview": Endpoint("POST", mass.preview),
    "cgi-bin/message/mass/sendall": Endpoint("POST", mass.send_to_all),
    "cgi-bin/menu/create": Endpoint("POST", menu.create),
    "cgi-bin/menu/get": Endpoint("GET", menu.get),
    "cgi-bin/menu/delete": Endpoint("GET", menu.delete),
    "cgi-bin/user/info": Endpoint("GET", users.info),
    "cgi-bin/user/get": Endpoint("GET", users.followers),
    "cgi-bin/qrcode/create": Endpoint("POST", qr.create),
    "cgi-bin/ticket/getticket": Endpoint("GET", oauth.jsapi_ticket),
    "cgi-bin/openapi/quota/get": Endpoint("POST", quota.get),
    "cgi-bin/openapi/rid/get": Endpoint("POST", failures.get),
    "sns/oauth2/access_token": Endpoint("GET", oauth.access_token, needs_token=False),
    "sns/userinfo": Endpoint("GET", oauth.userinfo, needs_token=False),
}


class Platform:
    """Answers API calls. ``sleep`` is what a slow answer waits with."""

    def __init__(self, world: World, sleep: Callable[[float], None] = time.sleep) -> None:
        self._world = world
        self._sleep = sleep

    def handle(self, path: str, request: Request) -> Response:
        """``path`` is without a leading slash and without the mount."""
        if path == AUTHORIZE:
            return oauth.authorize(Call(self._world, request, self._world.now()))
        fault = self._world.faults.for_api(path, _openid_in(request))
        call = Call(self._world, request, self._world.now(), fault)
        if fault and fault.fault == "revoke":
            tokens.revoke(self._world, call.query("access_token"))
        if fault and fault.fault in _INSTEAD:
            return self._misbehave(path, call, fault)
        return json_response(self._answer(path, call))

    def _misbehave(self, path: str, call: Call, fault: Rule) -> Response:
        """The answer that a fault gives; ``delivered`` lets the call have its effect first."""
        body: dict[str, Any] = {}
        if fault.delivered:
            body = self._answer(path, replace(call, fault=None))
        if fault.seconds:
            self._sleep(fault.seconds)
        if fault.fault == "slow":
            return json_response(body or self._answer(path, replace(call, fault=None, now=self._world.now())))
        if fault.fault == "error":
            body = error_body(fault.errcode, failures.detail(fault.errcode, call), call.now)
            self._log(path, str(fault.errcode), call, body, counts=not fault.delivered)
            return json_response(body)
        self._log(path, fault.fault, call, {}, counts=not fault.delivered)
        if fault.fault == "reset":
            return CUT
        return text_response(_PROXY_PAGE, fault.status if fault.fault == "http" else 200, "text/html")

    def _answer(self, path: str, call: Call) -> dict[str, Any]:
        try:
            endpoint = self._admit(path, call)
            with self._world.state.write():
                body = endpoint.handler(call)
        except ApiError as error:
            body = error_body(error.errcode, error.detail, call.now)
        self._log(path, str(body.get("errcode", 0)), call, body)
        return body

    def _admit(self, path: str, call: Call) -> Endpoint:
        endpoint = ENDPOINTS.get(path)
        if endpoint is None:
            raise ApiError(40066)
        if call.request.method != endpoint.method:
            raise ApiError(43002 if endpoint.method == "POST" else 43001)
        allowed = self._world.config.ip_whitelist
        if allowed is not None and call.request.client_ip not in allowed:
            raise ApiError(40164, call.request.client_ip)
        if endpoint.needs_token:
            tokens.check(call)
        with self._world.state.write():  # of its own: a call that fails later has been used up all the same
            quota.use(call, path)
        return endpoint

    def _log(self, path: str, outcome: str, call: Call, body: dict[str, Any], *, counts: bool = True) -> None:
        """``counts`` is False for the false answer to a call that is in the log with its true one."""
        rid = str(body.get("errmsg", "")).partition("rid: ")[2]
        state = self._world.state
        with state.write():
            if rid:
                failures.keep(path, call, rid, body)
            if counts:
                state.execute(
                    "INSERT INTO api_counts VALUES (?, ?, 1)"
                    " ON CONFLICT (path, outcome) DO UPDATE SET calls = calls + 1",
                    path,
                    outcome,
                )
                state.insert("api_log", at=call.now, path=path, outcome=outcome, rid=rid)


def _openid_in(request: Request) -> str:
    if request.method != "POST" or not request.body:
        return request.query.get("openid", "")
    try:
        return str(request.json().get("touser", ""))
    except ValueError:
        return ""

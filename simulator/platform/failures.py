"""Refused calls: what the words of one name, and how it is looked up again by its request id (查询rid信息)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError
from simulator.state import to_json

KEPT_SECONDS = 7 * 86400
_LONGEST = 16 * 1024
_RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")
_SECRET = frozenset({"access_token", "secret"})


def keep(path: str, call: Call, rid: str, answer: dict[str, Any]) -> None:
    """Remember one refused call, without its token and, for the fetch of one, without its body."""
    query = {name: "***" if name in _SECRET else value for name, value in call.request.query.items()}
    body = "" if path.endswith("token") else call.request.body.decode("utf-8", "replace")[:_LONGEST]
    call.world.state.insert(
        "refused_calls",
        rid=rid,
        at=call.now,
        url=f"{path}?{urlencode(query, safe='*')}",
        body=body,
        answer=to_json(answer),
        client_ip=call.request.client_ip,
    )


def get(call: Call) -> dict[str, Any]:
    """POST cgi-bin/openapi/rid/get: 76002 for what is no rid, 76001 for one unknown or older than 7 days."""
    rid = text_of(call.json(), "rid")
    if not _RID.fullmatch(rid):
        raise ApiError(76002)
    row = call.world.state.row("SELECT * FROM refused_calls WHERE rid = ? AND at > ?", rid, call.now - KEPT_SECONDS)
    if row is None:
        raise ApiError(76001)
    request = {
        "invoke_time": int(row["at"]),
        "cost_in_ms": 1,
        "request_url": row["url"],
        "request_body": row["body"],
        "response_body": row["answer"],
        "client_ip": row["client_ip"],
    }
    return {"errcode": 0, "errmsg": "ok", "request": request}


def detail(errcode: int, call: Call) -> str:
    """What the words of an injected error name: the caller's address, or the first field of the template."""
    if errcode == 47003:
        return f"data.{_first_field(call)}.value invalid"
    return call.request.client_ip


def _first_field(call: Call) -> str:
    try:
        data = call.request.json().get("data")
    except ValueError:
        data = None
    return next(iter(data), "thing1") if isinstance(data, dict) else "thing1"

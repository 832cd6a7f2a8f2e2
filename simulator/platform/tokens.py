"""Access tokens (接口调用凭证): two families that do not touch each other.

``cgi-bin/token``: each call makes a new one; the one before works five more minutes.
``cgi-bin/stable_token``: the same one again until five minutes before its end, then a new one beside it.
A forced refresh kills the old one at once, at most 20 times a day and not within 30 s of the last.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError
from simulator.world import World

OVERLAP = 300
FORCED_A_DAY = 20
FORCED_APART = 30


def token(call: Call) -> dict[str, Any]:
    """GET cgi-bin/token"""
    _credentials(call.world, call.query("grant_type"), call.query("appid"), call.query("secret"))
    state = call.world.state
    state.execute(
        "UPDATE tokens SET current = 0, expires = MIN(expires, ?) WHERE family = 'plain' AND current = 1",
        call.now + OVERLAP,
    )
    return _answer(_issue(call, "plain"), call)


def stable_token(call: Call) -> dict[str, Any]:
    """POST cgi-bin/stable_token"""
    body = call.json()
    _credentials(call.world, text_of(body, "grant_type"), text_of(body, "appid"), text_of(body, "secret"))
    state = call.world.state
    if body.get("force_refresh") is True and _may_force(call):
        state.insert("forced_refreshes", at=call.now)
        state.execute("UPDATE tokens SET current = 0, revoked = 1 WHERE family = 'stable'")
    current = state.row(
        "SELECT * FROM tokens WHERE family = 'stable' AND current = 1 AND revoked = 0 AND expires >= ?",
        call.now + OVERLAP,
    )
    if current is None:
        state.execute("UPDATE tokens SET current = 0 WHERE family = 'stable'")
        current = _issue(call, "stable")
    return _answer(current, call)


def check(call: Call) -> None:
    """41001 without a token, 42001 when its time is over, 40001 when it is unknown or revoked."""
    given = call.query("access_token")
    if not given:
        raise ApiError(41001)
    row = call.world.state.row("SELECT * FROM tokens WHERE token = ?", given)
    if row is None or row["revoked"]:
        raise ApiError(40001)
    if row["expires"] <= call.now:
        raise ApiError(42001)


def revoke(world: World, access_token: str) -> None:
    """As after a leak: the token stops working and the next fetch makes another."""
    world.state.execute("UPDATE tokens SET revoked = 1, current = 0 WHERE token = ?", access_token)


def _credentials(world: World, grant_type: str, app_id: str, secret: str) -> None:
    if grant_type != "client_credential":
        raise ApiError(40002)
    if app_id != world.config.app_id:
        raise ApiError(40013)
    if not hmac.compare_digest(secret.encode(), world.config.app_secret.encode()):
        raise ApiError(40125)


def _may_force(call: Call) -> bool:
    rows = call.world.state.rows("SELECT at FROM forced_refreshes WHERE at > ?", call.now - 86400)
    return len(rows) < FORCED_A_DAY and all(call.now - row["at"] >= FORCED_APART for row in rows)


def _issue(call: Call, family: str) -> dict[str, Any]:
    row = {
        "token": f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(99)}",
        "family": family,
        "issued": call.now,
        "expires": call.now + call.world.config.token_life,
        "current": 1,
    }
    call.world.state.insert("tokens", **row)
    return row


def _answer(row: dict[str, Any], call: Call) -> dict[str, Any]:
    return {"access_token": row["token"], "expires_in": int(row["expires"] - call.now)}

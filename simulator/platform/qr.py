"""QR codes with a scene (带参数的二维码)."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError
from simulator.world import World

LONGEST = 2_592_000
SHORT = 60


def create(call: Call) -> dict[str, Any]:
    """POST cgi-bin/qrcode/create"""
    body = call.json()
    action = text_of(body, "action_name")
    scene = _scene(body, action)
    temporary = action in ("QR_SCENE", "QR_STR_SCENE")
    seconds = _seconds(body) if temporary else 0
    ticket = "gQ" + base64.b64encode(secrets.token_bytes(66)).decode("ascii")
    expires = call.now + seconds if temporary else None
    call.world.state.insert("qr_codes", ticket=ticket, scene=scene, expires=expires, created=call.now)
    answer: dict[str, Any] = {"ticket": ticket, "url": f"http://weixin.qq.com/q/{secrets.token_urlsafe(15)}"}
    return {**answer, "expire_seconds": seconds} if temporary else answer


def scene_of(world: World, ticket: str) -> str | None:
    """The scene behind a ticket that still works, else None."""
    row = world.state.row("SELECT * FROM qr_codes WHERE ticket = ?", ticket)
    if row is None or (row["expires"] is not None and row["expires"] <= world.now()):
        return None
    return str(row["scene"])


def _seconds(body: dict[str, Any]) -> int:
    given = body.get("expire_seconds", SHORT)
    if not isinstance(given, int) or not 1 <= given <= LONGEST:
        raise ApiError(40053)
    return given


def _scene(body: dict[str, Any], action: str) -> str:
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    if not isinstance(scene, dict):
        raise ApiError(40053)
    number, text = scene.get("scene_id"), scene.get("scene_str")
    top = {"QR_SCENE": 2**32 - 1, "QR_LIMIT_SCENE": 100_000}.get(action)
    if top and isinstance(number, int) and 1 <= number <= top:
        return str(number)
    if action in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE") and isinstance(text, str) and 1 <= len(text) <= 64:
        return text
    raise ApiError(40053)

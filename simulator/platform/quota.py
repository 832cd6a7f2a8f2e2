"""Call limits (接口调用频次) a day and a minute. The day ends at 00:00 in China (UTC+8)."""

from __future__ import annotations

from typing import Any

from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError
from simulator.world import World

_DAY_SERVICE = {
    "cgi-bin/token": 2000,
    "cgi-bin/stable_token": 500_000,
    "cgi-bin/message/template/send": 100_000,
    "cgi-bin/message/custom/send": 500_000,
    "cgi-bin/message/mass/sendall": 100,
    "cgi-bin/message/mass/preview": 100,
    "cgi-bin/draft/add": 1000,
    "cgi-bin/menu/create": 1000,
    "cgi-bin/menu/get": 10_000,
    "cgi-bin/menu/delete": 1000,
    "cgi-bin/qrcode/create": 100_000,
    "cgi-bin/user/get": 500,
    "cgi-bin/user/info": 5_000_000,
}
_DAY_SANDBOX = {
    **_DAY_SERVICE,
    "cgi-bin/token": 200,
    "cgi-bin/message/custom/send": 50_000,
    "cgi-bin/menu/create": 100,
    "cgi-bin/qrcode/create": 10_000,
    "cgi-bin/user/info": 500_000,
}
_MINUTE = {
    "cgi-bin/stable_token": 10_000,
    "cgi-bin/message/mass/sendall": 60,
    "sns/oauth2/access_token": 50_000,
    "sns/userinfo": 50_000,
}


def use(call: Call, path: str) -> None:
    """Count one call; 45009 when the day's are used up, 45011 when the minute's are."""
    world, local = call.world, int(call.now) + 8 * 3600
    day, minute = _day_limit(world, path), {**_MINUTE, **world.config.minute_limits}.get(path)
    if day is not None and _count(world, path, f"day {local // 86400}") > day:
        raise ApiError(45009)
    if minute is not None and _count(world, path, f"minute {local // 60}") > minute:
        raise ApiError(45011)


def get(call: Call) -> dict[str, Any]:
    """POST cgi-bin/openapi/quota/get"""
    path = text_of(call.json(), "cgi_path").strip("/")
    limit = _day_limit(call.world, path)
    if limit is None:
        raise ApiError(40097)
    bucket = f"day {(int(call.now) + 8 * 3600) // 86400}"
    row = call.world.state.row("SELECT used FROM quota WHERE path = ? AND bucket = ?", path, bucket)
    used = min(int(row["used"]), limit) if row else 0
    return {"errcode": 0, "errmsg": "ok", "quota": {"daily_limit": limit, "used": used, "remain": limit - used}}


def _day_limit(world: World, path: str) -> int | None:
    usual = _DAY_SANDBOX if world.config.profile == "sandbox" else _DAY_SERVICE
    return {**usual, **world.config.daily_limits}.get(path)


def _count(world: World, path: str, bucket: str) -> int:
    world.state.execute(
        "INSERT INTO quota VALUES (?, ?, 1) ON CONFLICT (path, bucket) DO UPDATE SET used = used + 1", path, bucket
    )
    row = world.state.row("SELECT used FROM quota WHERE path = ? AND bucket = ?", path, bucket)
    return int(row["used"]) if row else 0

"""Followers (用户管理). Nickname and portrait are not given since 2021-12-27."""

from __future__ import annotations

from typing import Any

from simulator.platform.call import Call
from simulator.platform.errors import ApiError

PAGE = 10_000


def known_user(call: Call, openid: str) -> dict[str, Any]:
    """40003 for an openid that is not of this account."""
    user = call.world.user(openid) if openid else None
    if user is None:
        raise ApiError(40003)
    return user


def info(call: Call) -> dict[str, Any]:
    """GET cgi-bin/user/info"""
    user = known_user(call, call.query("openid"))
    if not user["following"]:
        return {"subscribe": 0, "openid": user["openid"]}
    return {
        "subscribe": 1,
        "openid": user["openid"],
        "language": "zh_CN",
        "subscribe_time": int(user["followed_at"]),
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": user["follow_scene"],
        "qr_scene": 0,
        "qr_scene_str": user["qr_scene"],
    }


def followers(call: Call) -> dict[str, Any]:
    """GET cgi-bin/user/get: 10,000 openids a page, from the one after ``next_openid``."""
    after = call.query("next_openid")
    rows = call.world.state.rows(
        "SELECT openid FROM users WHERE following = 1 AND openid > ? ORDER BY openid LIMIT ?", after, PAGE
    )
    total = call.world.state.row("SELECT COUNT(*) AS n FROM users WHERE following = 1")
    openids = [row["openid"] for row in rows]
    answer: dict[str, Any] = {"total": total["n"] if total else 0, "count": len(openids)}
    if openids:
        answer["data"] = {"openid": openids}
    return {**answer, "next_openid": openids[-1] if openids else ""}

"""Drafts (草稿箱) and mass messages (群发): one draft to everybody who follows, at most four a month for a person."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError, error_body
from simulator.state import issued_at, to_json
from simulator.world import World

A_MONTH = 4
CLIENT_ID_BYTES = 64
REPEAT_AFTER = 60
_CHINA = timedelta(hours=8)


def add_draft(call: Call) -> dict[str, Any]:
    """POST cgi-bin/draft/add"""
    articles = call.json().get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise ApiError(45008)
    if not all(isinstance(each, dict) and each.get("title") and each.get("content") for each in articles):
        raise ApiError(44004)
    if not all(each.get("thumb_media_id") in call.world.config.materials for each in articles):
        raise ApiError(40007)
    media_id = secrets.token_urlsafe(48)
    call.world.state.insert("drafts", media_id=media_id, title=str(articles[0]["title"]), body=to_json(articles))
    return {"media_id": media_id}


def send_to_all(call: Call) -> dict[str, Any]:
    """POST cgi-bin/message/mass/sendall, to all followers; the account of the simulator has no tags.

    A ``clientmsgid`` seen before is 45065 with the id of the first, or 45066 within a minute of that; a second one to
    all on one day is 45028.
    """
    body = call.json()
    draft = _draft(call, body)
    client_id = text_of(body, "clientmsgid")
    if len(client_id.encode()) > CLIENT_ID_BYTES:
        raise ApiError(45067)
    state = call.world.state
    before = state.row("SELECT msgid FROM mass_jobs WHERE client_msg_id = ?", client_id) if client_id else None
    if before:
        if call.now < issued_at(int(before["msgid"])) + REPEAT_AFTER:
            raise ApiError(45066)
        return {**error_body(45065, "", call.now), "msg_id": int(before["msgid"])}
    local = datetime.fromtimestamp(call.now, UTC) + _CHINA
    jobs = state.rows("SELECT day FROM mass_jobs WHERE day LIKE ?", f"{local:%Y-%m}-%")
    if len(jobs) >= A_MONTH or f"{local:%Y-%m-%d}" in {row["day"] for row in jobs}:
        raise ApiError(45028)
    msgid = state.next_id(call.now)
    state.insert("mass_jobs", msgid=str(msgid), client_msg_id=client_id, day=f"{local:%Y-%m-%d}")
    _deliver(call.world, draft, msgid, f"{local:%Y-%m}", call.now)
    return {"errcode": 0, "errmsg": "send job submission success", "msg_id": msgid, "msg_data_id": msgid + 1}


def preview(call: Call) -> dict[str, Any]:
    """POST cgi-bin/message/mass/preview: to one follower, by ``towxname`` (here the phone's name) or ``touser``."""
    body, state = call.json(), call.world.state
    draft = _content(call, body)
    name, openid = body.get("towxname"), body.get("touser")
    user = (
        state.row("SELECT * FROM users WHERE name = ?", str(name))
        if name
        else state.row("SELECT * FROM users WHERE openid = ?", str(openid))
    )
    if user is None:
        raise ApiError(40132 if name else 40003)
    if not user["following"]:
        raise ApiError(43004)
    msgid = state.next_id(call.now)
    shown = {"title": draft["title"], "description": "", "url": "", "picture": ""}
    call.world.chat.add(user["openid"], "account", "article", "preview", shown, call.now, msgid=str(msgid))
    return {"errcode": 0, "errmsg": "preview success", "msg_id": msgid}


def _draft(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    audience = body.get("filter")
    if not isinstance(audience, dict) or audience.get("is_to_all") is not True:
        raise ApiError(40097)
    return _content(call, body)


def _content(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    content = body.get("mpnews")
    if body.get("msgtype") != "mpnews" or not isinstance(content, dict):
        raise ApiError(40008)
    draft = call.world.state.row("SELECT * FROM drafts WHERE media_id = ?", text_of(content, "media_id"))
    if draft is None:
        raise ApiError(40007)
    return draft


def _deliver(world: World, draft: dict[str, Any], msgid: int, month: str, now: float) -> None:
    """Into the chat of everybody who follows, takes messages and had fewer than four this month; then the report."""
    followers = world.state.rows("SELECT openid, refuses FROM users WHERE following = 1 ORDER BY openid")
    sent = 0
    for user in followers:
        had = world.state.row("SELECT n FROM mass_received WHERE openid = ? AND month = ?", user["openid"], month)
        if user["refuses"] or (had and had["n"] >= A_MONTH):
            continue
        world.state.execute(
            "INSERT INTO mass_received VALUES (?, ?, 1) ON CONFLICT (openid, month) DO UPDATE SET n = n + 1",
            user["openid"],
            month,
        )
        body = {"title": draft["title"], "description": "", "url": "", "picture": ""}
        world.chat.add(user["openid"], "account", "article", "mass", body, now, msgid=str(msgid))
        sent += 1
    report = {
        "MsgType": "event",
        "Event": "MASSSENDJOBFINISH",
        "MsgID": msgid,
        "Status": "send success",
        "TotalCount": len(followers),
        "FilterCount": len(followers),
        "SentCount": sent,
        "ErrorCount": len(followers) - sent,
    }
    world.push(followers[0]["openid"] if followers else world.config.account_id, report)

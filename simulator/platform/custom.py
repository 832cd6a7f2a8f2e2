"""Messages outside the answer (客服消息), and the sign that the account is typing."""

from __future__ import annotations

from typing import Any

from simulator.platform import windows
from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError
from simulator.platform.users import known_user

TEXT_BYTES = 2048
TYPING_SECONDS = 15


def send(call: Call) -> dict[str, Any]:
    """POST cgi-bin/message/custom/send"""
    body = call.json()
    user = known_user(call, text_of(body, "touser"))
    kind, content = _content(call, body)
    windows.use(call.world, user["openid"])
    call.world.state.execute("UPDATE users SET typing_until = 0 WHERE openid = ?", user["openid"])
    call.world.chat.add(user["openid"], "account", kind, "custom", content, call.now)
    return {"errcode": 0, "errmsg": "ok"}


def typing(call: Call) -> dict[str, Any]:
    """POST cgi-bin/message/custom/typing"""
    body = call.json()
    user = known_user(call, text_of(body, "touser"))
    command = text_of(body, "command")
    if command not in ("Typing", "CancelTyping"):
        raise ApiError(45072)
    if call.now - user["last_said"] > 30:
        raise ApiError(45080)
    starts = command == "Typing"
    if starts and user["typing_until"] > call.now:
        raise ApiError(45081)
    until = call.now + TYPING_SECONDS if starts else 0
    call.world.state.execute("UPDATE users SET typing_until = ? WHERE openid = ?", until, user["openid"])
    return {"errcode": 0, "errmsg": "ok"}


def _content(call: Call, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    kind = text_of(body, "msgtype")
    content = body.get(kind)
    if kind not in _READERS:
        raise ApiError(40008)
    if not isinstance(content, dict):
        raise ApiError(47001)
    return _READERS[kind](call, content)


def _text(call: Call, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    text = text_of(content, "content")
    if not text:
        raise ApiError(44004)
    if len(text.encode("utf-8")) > TEXT_BYTES:
        raise ApiError(45002)
    return "text", {"text": text}


def _media(call: Call, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    media_id = text_of(content, "media_id")
    row = call.world.state.row("SELECT kind FROM media WHERE media_id = ?", media_id)
    if row is None:
        raise ApiError(40007)
    return row["kind"], {"media_id": media_id}


def _news(call: Call, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    articles = content.get("articles")
    if not isinstance(articles, list) or not articles or not all(isinstance(a, dict) for a in articles):
        raise ApiError(47001)
    if len(articles) > 1:
        raise ApiError(45008)
    article = articles[0]
    names = {"title": "title", "description": "description", "url": "url", "picurl": "picture"}
    return "article", {ours: text_of(article, theirs) for theirs, ours in names.items()}


def _msgmenu(call: Call, content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    choices = content.get("list")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise ApiError(47001)
    return "choices", {
        "head": text_of(content, "head_content"),
        "choices": [{"id": str(choice.get("id", "")), "text": text_of(choice, "content")} for choice in choices],
        "tail": text_of(content, "tail_content"),
    }


_READERS = {"text": _text, "image": _media, "voice": _media, "news": _news, "msgmenu": _msgmenu}

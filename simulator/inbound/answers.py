"""Which answers (被动回复) the platform takes, and what the user then sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.inbound.envelope import BadAnswer
from simulator.state import State

TEXT_BYTES = 2048
ARTICLES_FOR_MESSAGE, ARTICLES_FOR_EVENT = 1, 8

Shown = list[tuple[str, dict[str, Any]]]


def read(answer: dict[str, Any], push: dict[str, Any], state: State) -> Shown:
    """Kind and body of each chat message that the answer makes. Raises BadAnswer saying what is wrong."""
    if answer.get("ToUserName") != push["FromUserName"] or answer.get("FromUserName") != push["ToUserName"]:
        raise BadAnswer("ToUserName and FromUserName are not those of the push, swapped")
    if not _text(answer, "CreateTime").isdecimal():
        raise BadAnswer("CreateTime is not whole seconds")
    kind = _text(answer, "MsgType")
    if kind not in _READERS:
        raise BadAnswer(f"MsgType {kind} is not known")
    return _READERS[kind](answer, push, state)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadAnswer(f"{name} is not one text")
    return value


def _read_text(answer: dict[str, Any], push: dict[str, Any], state: State) -> Shown:
    content = _text(answer, "Content")
    size = len(content.encode("utf-8"))
    if not 1 <= size <= TEXT_BYTES:
        raise BadAnswer(f"Content has {size} bytes; 1 to {TEXT_BYTES} are taken")
    return [("text", {"text": content})]


def _read_news(answer: dict[str, Any], push: dict[str, Any], state: State) -> Shown:
    holder = answer.get("Articles")
    items = holder.get("item") if isinstance(holder, dict) else None
    articles: list[Any] = items if isinstance(items, list) else [items]
    most = ARTICLES_FOR_EVENT if push["MsgType"] == "event" else ARTICLES_FOR_MESSAGE
    if not all(isinstance(article, dict) for article in articles) or not 1 <= len(articles) <= most:
        raise BadAnswer(f"Articles: 1 to {most} are taken here")
    if _text(answer, "ArticleCount") != str(len(articles)):
        raise BadAnswer("ArticleCount is not the number of articles")
    names = {"Title": "title", "Description": "description", "Url": "url", "PicUrl": "picture"}
    return [("article", {ours: _text(article, theirs) for theirs, ours in names.items()}) for article in articles]


def _read_media(answer: dict[str, Any], push: dict[str, Any], state: State) -> Shown:
    kind = _text(answer, "MsgType")
    holder = answer.get(kind.capitalize())
    media_id = _text(holder, "MediaId") if isinstance(holder, dict) else ""
    if not state.row("SELECT 1 FROM media WHERE media_id = ?", media_id):
        raise BadAnswer(f"MediaId {media_id or '(none)'} is not known")
    return [(kind, {"media_id": media_id})]


def _read_music(answer: dict[str, Any], push: dict[str, Any], state: State) -> Shown:
    holder = answer.get("Music")
    if not isinstance(holder, dict):
        raise BadAnswer("no Music")
    title, url = _text(holder, "Title"), _text(holder, "MusicUrl")
    return [("article", {"title": title, "description": _text(holder, "Description"), "url": url, "picture": ""})]


def _hand_over(answer: dict[str, Any], push: dict[str, Any], state: State) -> Shown:
    return []


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any], State], Shown]] = {
    "text": _read_text,
    "news": _read_news,
    "image": _read_media,
    "voice": _read_media,
    "video": _read_media,
    "music": _read_music,
    "transfer_customer_service": _hand_over,
}

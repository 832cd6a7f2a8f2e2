"""``/h5/talk``: 溪小办 as a drawn figure (数字人) that answers through the same conversation as the chat.

Without a script a question is a form and its answer a page. With ``static/talk.js`` answers are appended, read aloud by
a voice on the phone itself, and questions may be spoken where the phone understands speech by itself; what it would
have to send to somebody else for that is not offered. The text always stays on the screen.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass

from chalicelib.pages import render, scripts
from chalicelib.pages.http import PageResponse
from chalicelib.pages.services import Spoken
from chalicelib.pages.visit import PageRefused, Visit

MOST = 300
"""Characters of one question."""
_STALE = "页面已过期，这句话没有发出去。请重新打开“问溪小办”。"
_EMPTY = "还没有写要问什么。请写一句，比如“换法人要带什么”。"
_GREETING = "您好，我是芦溪县“溪心办”的溪小办，办事和政策都可以直接问我。"
_FIRST_STEPS = ("我能享受什么", "我的办件", "最近的服务点")
_MESSAGE = re.compile(r"[0-9a-f]{16}", re.ASCII)
_LINK = re.compile(r'<a href="([^"<>]+)">([^<>]*)</a>')


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer; ``href`` is empty for plain text."""

    text: str
    href: str = ""


def show(visit: Visit) -> PageResponse:
    """What was said last, and room for the next question."""
    session = visit.known()
    spoken = visit.services.talk.last(session.openid)
    if spoken is None:
        return _page(visit, [[Part(_GREETING)]], _FIRST_STEPS)
    return _page(visit, _lines(visit, spoken), spoken.options)


def say(visit: Visit) -> PageResponse:
    """POST ``text`` and ``message``, the id that the form was made with, with its ``token``; ``as`` is json for the
    script. Raises PageRefused."""
    session, form = visit.posted(_STALE), visit.request.form
    text, message = form.get("text", "").strip()[:MOST], form.get("message", "")
    if not _MESSAGE.fullmatch(message):
        raise PageRefused(403, _STALE)
    if not text:
        raise PageRefused(400, _EMPTY)
    spoken = visit.services.talk.say(session.openid, text, message, visit.now)
    if form.get("as") == "json":
        return _json(visit, spoken)
    location = f"{visit.services.settings.public_url}/h5/talk"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _page(visit: Visit, lines: list[list[Part]], options: tuple[str, ...]) -> PageResponse:
    return render.page(
        visit,
        "talk.html",
        personal=True,
        script=scripts.TALK,
        title="问溪小办",
        lines=lines,
        options=options,
        most=MOST,
        form_token=visit.known().form_token,
        message=_new_message(),
    )


def _json(visit: Visit, spoken: Spoken) -> PageResponse:
    lines = [[{"text": part.text, "href": part.href} for part in line] for line in _lines(visit, spoken)]
    body = {"lines": lines, "options": spoken.options, "message": _new_message()}
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
    return PageResponse(200, json.dumps(body, ensure_ascii=False), headers)


def _lines(visit: Visit, spoken: Spoken) -> list[list[Part]]:
    return [list(_parts(visit, line)) for line in spoken.text.splitlines() if line.strip()]


def _parts(visit: Visit, line: str) -> list[Part]:
    """Links to our own pages stay links; everything else is text."""
    found, end = [], 0
    for link in _LINK.finditer(line):
        ours = link[1].startswith(f"{visit.services.settings.public_url}/h5/")
        found += [Part(line[end : link.start()]), Part(link[2], link[1] if ours else "")]
        end = link.end()
    return [part for part in (*found, Part(line[end:])) if part.text]


def _new_message() -> str:
    return secrets.token_hex(8)

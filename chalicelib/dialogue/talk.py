"""The conversation from a page (数字人): the same answers and the same session as in the chat, one turn a call."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from chalicelib.dialogue.inbox import Answered, Inbox, SessionChanged, Taken
from chalicelib.dialogue.model import Incoming, Reply
from chalicelib.dialogue.service import DialogueService
from chalicelib.ports import JsonObject

_TURNS = 5
"""How often one message is answered again because another message of the person was faster."""
_BUSY = "上一句还在处理，请过几秒再发一次；着急请拨 12345。"
_NOTHING = "这句话不用答复。要办事请直接说。"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What 溪小办 said, as in the chat (links as ``<a href="…">…</a>``), and the next steps that one may choose."""

    text: str
    options: tuple[str, ...] = ()


class Talk:
    """Each message is worked off once, under the id that its form carries."""

    def __init__(self, inbox: Inbox, dialogue: DialogueService) -> None:
        self._inbox = inbox
        self._dialogue = dialogue

    def last(self, openid: str) -> Spoken | None:
        """What was said last, in the chat or here; None where nothing was."""
        session = self._inbox.session(openid).session
        options = tuple(option.label for option in session.options)
        return _spoken(session.last_text, options) if session.last_text else None

    def say(self, openid: str, text: str, message: str, now: datetime) -> Spoken:
        """Answer one message. ``message`` is the same for every time that it arrives."""
        key = f"page:{sha256(openid.encode()).hexdigest()[:24]}:{message}"
        taken = self._inbox.take(key)
        if isinstance(taken, Answered):
            reply = taken.reply
        elif isinstance(taken, Taken):
            reply = self._answer(taken, Incoming(openid, now, "text", text=text, message=key))
        else:
            return Spoken(_BUSY)
        if reply is None:
            return Spoken(_NOTHING)
        return _spoken(reply["text"], tuple(reply["options"]))

    def _answer(self, taken: Taken, incoming: Incoming) -> JsonObject | None:
        for _ in range(_TURNS - 1):
            with suppress(SessionChanged):
                return self._turn(taken, incoming)
        return self._turn(taken, incoming)

    def _turn(self, taken: Taken, incoming: Incoming) -> JsonObject | None:
        kept = self._inbox.session(incoming.openid)
        reply, session = self._dialogue.answer(incoming, kept.session)
        if reply is not None and session is not None:
            session.last_text, session.rest = reply.text, ""  # a page has room for all of it
        new = None if session is None else replace(kept, session=session)
        return self._inbox.done(taken, _stored(reply) if reply else None, incoming.openid, new)


def _stored(reply: Reply) -> JsonObject:
    return {"text": reply.text, "options": [option.label for option in reply.options]}


def _spoken(text: str, labels: tuple[str, ...]) -> Spoken:
    return Spoken(_without_numbers(text, labels), labels)


def _without_numbers(text: str, labels: tuple[str, ...]) -> str:
    """The text without the line of next steps (``Reply.text``): a page has buttons for them."""
    steps = [f"{number} {label}" for number, label in enumerate(labels, 1)]
    for block in (" ".join(steps), "\n".join(steps)):
        if block and block in text:
            return text.replace(block, "", 1).replace("\n\n", "\n").strip("\n")
    return text

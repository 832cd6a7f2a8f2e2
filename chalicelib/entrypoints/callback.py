"""A push from the platform to its answer: open, recognise, process once, seal (消息推送回调)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.dialogue.inbox import Answered, Inbox, Taken
from chalicelib.dialogue.model import Incoming, Reply, Session
from chalicelib.dialogue.service import DialogueService
from chalicelib.entrypoints.platform_events import PlatformEvents
from chalicelib.ports import JsonObject
from chalicelib.wechat import events, messages, replies
from chalicelib.wechat.codec import SUCCESS, Codec, OpenedPush
from chalicelib.wechat.inbound import Inbound, dedupe_key, parse

log = logging.getLogger(__name__)

MORE = "…（回复“更多”看下文）"
_ASK_TO_REPEAT = "刚才没处理成，请再发一次；着急请拨 12345。"


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP answer to a push."""

    body: str
    content_type: str = "text/plain; charset=utf-8"


class Callback:
    """Answers pushes. Everything it needs is handed in; it keeps nothing between calls."""

    def __init__(
        self,
        codec: Codec,
        inbox: Inbox,
        dialogue: DialogueService,
        platform_events: PlatformEvents,
        now: Callable[[], datetime],
    ) -> None:
        self._codec = codec
        self._inbox = inbox
        self._dialogue = dialogue
        self._platform_events = platform_events
        self._now = now

    def verify(self, query: Mapping[str, str]) -> Answer:
        """The platform's URL check. Raises Refused."""
        return Answer(self._codec.verify_url(query, self._now()))

    def receive(self, query: Mapping[str, str], body: bytes) -> Answer:
        """Raises Refused for what must not be processed; a failure of ours is told to the person, never hidden."""
        push = self._codec.open_push(query, body, self._now())
        inbound = parse(push.xml)
        delivery = self._inbox.take(dedupe_key(inbound))
        if isinstance(delivery, Answered):
            return self._seal(push, inbound, delivery.reply)
        if delivery == "busy":
            return Answer(SUCCESS)
        try:
            reply = self._process(delivery, inbound)
        except Exception:
            # An event is delivered again (we answer 500). A person is told at once rather than left waiting.
            log.exception("message not processed", extra={"message": type(inbound).__name__})
            if not isinstance(inbound, messages.Message):
                raise
            reply = {"text": _ASK_TO_REPEAT}
        return self._seal(push, inbound, reply)

    def _process(self, taken: Taken, inbound: Inbound) -> JsonObject | None:
        if self._platform_events.take(inbound, self._now()):
            return self._inbox.done(taken, None, inbound.openid, None)
        incoming = incoming_of(inbound, self._now())
        if incoming.kind == "silent":
            return self._inbox.done(taken, None, inbound.openid, None)
        reply, session = self._dialogue.answer(incoming, self._inbox.session(inbound.openid))
        stored = _stored(reply, session)
        return self._inbox.done(taken, stored, inbound.openid, session)

    def _seal(self, push: OpenedPush, inbound: Inbound, reply: JsonObject | None) -> Answer:
        if reply is None:
            return Answer(SUCCESS)
        xml = replies.text(inbound, reply["text"], self._now())
        return Answer(self._codec.seal_reply(xml, push.nonce, self._now(), push.mode), "application/xml; charset=utf-8")


def _stored(reply: Reply | None, session: Session | None) -> JsonObject | None:
    """The text as the platform will take it; what did not fit waits in the session for「更多」."""
    if reply is None:
        return None
    text = replies.cut(reply.text, replies.TEXT_BUDGET, MORE)
    if session is not None:
        shown = text.removesuffix(MORE) if text != reply.text else text
        session.rest = reply.text[len(shown) :].lstrip("\n")
        session.last_text = text
    return {"text": text}


def incoming_of(inbound: Inbound, now: datetime) -> Incoming:
    """The message as the conversation sees it. What wants no answer is silent."""
    openid = inbound.openid
    match inbound:
        case messages.TextMessage(is_unsupported=True):
            return Incoming(openid, now, "unreadable")
        case messages.TextMessage():
            return Incoming(openid, now, "text", text=inbound.content)
        case messages.VoiceMessage() if inbound.recognition:
            return Incoming(openid, now, "text", text=inbound.recognition)
        case messages.LocationMessage():
            return Incoming(
                openid, now, "location", text=inbound.label, latitude=inbound.latitude, longitude=inbound.longitude
            )
        case messages.Message():
            return Incoming(openid, now, "unreadable")
        case messages.UnknownMessage():
            return Incoming(openid, now, "silent" if inbound.raw_type.startswith("event:") else "unreadable")
        case events.SubscribeEvent():
            return Incoming(openid, now, "follow", key=inbound.scene)
        case events.ScanEvent():
            return Incoming(openid, now, "scan", key=inbound.scene)
        case events.UnsubscribeEvent():
            return Incoming(openid, now, "unfollow")
        case events.ClickEvent():
            return Incoming(openid, now, "menu", key=inbound.event_key)
        case _:
            return Incoming(openid, now, "silent")

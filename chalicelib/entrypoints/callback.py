"""A push from the platform to its answer: open, recognise, process once, seal (消息推送回调)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Thread

from chalicelib import logs
from chalicelib.bootstrap import Application
from chalicelib.dialogue.inbox import PATIENCE, Answered, Inbox, Overdue, SessionChanged, Taken
from chalicelib.dialogue.model import Incoming, Reply, Session
from chalicelib.dialogue.service import DialogueService
from chalicelib.entrypoints.platform_events import PlatformEvents
from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.ports import JsonObject, Queue, Throttled
from chalicelib.wechat import events, messages, replies
from chalicelib.wechat.codec import SUCCESS, Codec, OpenedPush
from chalicelib.wechat.inbound import Inbound, dedupe_key, parse

log = logging.getLogger(__name__)

MORE = "…（回复“更多”看下文）"
LATE_QUEUE = QUEUES[Priority.URGENT]
"""A late answer is somebody waiting, like an urgent notice; its messages are ``{"inbound": key}``."""
LATE_LOOK_SECONDS = 2
_TURNS = 5
"""How often one message is answered again because the person's other messages were faster, or the store was busy. What
the message asks for is done once all the same (``once``)."""
_ASK_TO_REPEAT = "刚才没处理成，请再发一次；着急请拨 12345。"


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP answer to a push."""

    body: str
    content_type: str = "text/plain; charset=utf-8"


class Callback:
    """Answers pushes. Everything it needs is handed in; it keeps nothing between calls.

    ``patience``: seconds after which a push is acknowledged without its answer; the work goes on, and the answer goes
    out as a custom message (``late_replies``). ``queue`` is opened only then.
    """

    def __init__(
        self,
        codec: Codec,
        inbox: Inbox,
        dialogue: DialogueService,
        platform_events: PlatformEvents,
        now: Callable[[], datetime],
        queue: Callable[[], Queue],
        patience: float = PATIENCE,
    ) -> None:
        self._codec = codec
        self._inbox = inbox
        self._dialogue = dialogue
        self._platform_events = platform_events
        self._now = now
        self._queue = queue
        self._patience = patience

    def verify(self, query: Mapping[str, str]) -> Answer:
        """The platform's URL check. Raises Refused."""
        return Answer(self._codec.verify_url(query, self._now()))

    def receive(self, query: Mapping[str, str], body: bytes) -> Answer:
        """Raises Refused for what must not be processed; a failure of ours is told to the person, never hidden."""
        deadline = time.monotonic() + self._patience
        push = self._codec.open_push(query, body, self._now())
        inbound = parse(push.xml)
        key = dedupe_key(inbound)
        with logs.bind(correlation_id=key):
            _log_unknown(inbound)
            delivery = self._inbox.take(key)
            if isinstance(delivery, Taken):
                delivery = self._work(delivery, inbound, push, deadline)
            elif delivery == "busy":
                delivery = self._late(key, inbound, push)
        return self._seal(push, inbound, delivery.reply)

    def resume(self, overdue: Overdue) -> None:
        """Process again what was acknowledged and then lost with its process; the answer is owed afterwards."""
        self._answer(overdue.taken, parse(overdue.push.encode()))

    def _work(self, taken: Taken, inbound: Inbound, push: OpenedPush, deadline: float) -> Answered:
        """Process on a thread of its own, so that the platform can be answered while the work goes on."""
        future = _started(lambda: self._answer(taken, inbound))
        wait([future], max(deadline - time.monotonic(), 0))
        if future.done():
            return Answered(future.result())
        return self._late(taken.key, inbound, push)

    def _late(self, key: str, inbound: Inbound, push: OpenedPush) -> Answered:
        log.warning("answer is late", extra={"type": type(inbound).__name__})
        # The queue first: a mark without a message would be an answer that nobody sends.
        self._queue().send(LATE_QUEUE, [{"inbound": key}], delay_seconds=LATE_LOOK_SECONDS)
        return self._inbox.late(key, push.xml.decode())

    def _answer(self, taken: Taken, inbound: Inbound) -> JsonObject | None:
        try:
            return self._process(taken, inbound)
        except Exception:
            # An event is delivered again (we answer 500). A person is told at once rather than left waiting.
            log.exception("message not processed", extra={"type": type(inbound).__name__})
            if not isinstance(inbound, messages.Message):
                raise
            return self._excuse(taken, inbound)

    def _excuse(self, taken: Taken, inbound: Inbound) -> JsonObject | None:
        reply: JsonObject = {"text": _ASK_TO_REPEAT}
        try:
            return self._inbox.done(taken, reply, inbound.openid, None)
        except Throttled:
            return reply  # the store that failed the work fails this as well; the words are what matters

    def _process(self, taken: Taken, inbound: Inbound) -> JsonObject | None:
        if self._platform_events.take(inbound, self._now()):
            return self._inbox.done(taken, None, inbound.openid, None)
        incoming = incoming_of(inbound, self._now())
        if incoming.kind == "silent":
            return self._inbox.done(taken, None, inbound.openid, None)
        for turn in range(1, _TURNS):
            try:
                return self._turn(taken, incoming)
            except SessionChanged:
                continue
            except Throttled:
                log.warning("the store is busy", extra={"turn": turn})
                if settled := self._inbox.settled(taken):
                    return settled.reply
        return self._turn(taken, incoming)

    def _turn(self, taken: Taken, incoming: Incoming) -> JsonObject | None:
        kept = self._inbox.session(incoming.openid)
        reply, session = self._dialogue.answer(incoming, kept.session)
        new = None if session is None else replace(kept, session=session)
        return self._inbox.done(taken, _stored(reply, session), incoming.openid, new)

    def _seal(self, push: OpenedPush, inbound: Inbound, reply: JsonObject | None) -> Answer:
        if reply is None:
            return Answer(SUCCESS)
        xml = replies.text(inbound, reply["text"], self._now())
        return Answer(self._codec.reply_to(push, xml, self._now()), "application/xml; charset=utf-8")


def _log_unknown(inbound: Inbound) -> None:
    """Acknowledged all the same; a receipt or a withdrawal that we cannot read must not go unseen."""
    if isinstance(inbound, messages.UnknownMessage):
        level = logging.WARNING if inbound.problem else logging.INFO
        log.log(level, "push not understood", extra={"type": inbound.raw_type, "fields": inbound.problem})


def callback_of(application: Application) -> Callback:
    """The callback on the parts of this application."""
    return Callback(
        application.codec,
        application.inbox,
        application.dialogue,
        PlatformEvents(lambda: application.notices, lambda: application.monthly, lambda: application.consents),
        application.clock.now,
        lambda: application.queue,
        PATIENCE if application.patience is None else application.patience,
    )


def _started(work: Callable[[], JsonObject | None]) -> Future[JsonObject | None]:
    """A thread for each message: there are few at once, and a pool would let one slow answer hold up another."""
    future: Future[JsonObject | None] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as error:
            future.set_exception(error)  # raised where the result is asked for; logged by the work itself

    Thread(target=run, name="answer", daemon=True).start()
    return future


def _stored(reply: Reply | None, session: Session | None) -> JsonObject | None:
    """The text as the platform will take it; what did not fit waits in the session for「更多」."""
    if reply is None:
        return None
    text = replies.cut(reply.text, replies.TEXT_BUDGET, MORE)
    if session is not None:
        shown = text.removesuffix(MORE) if text != reply.text else text
        session.rest = reply.text[len(shown) :].lstrip("\n")
        session.last_text = reply.text
    return {"text": text}


def incoming_of(inbound: Inbound, now: datetime) -> Incoming:
    """The message as the conversation sees it. What wants no answer is silent."""
    return replace(_incoming(inbound, now), message=dedupe_key(inbound))


def _incoming(inbound: Inbound, now: datetime) -> Incoming:
    if isinstance(inbound, messages.Message):
        return _said(inbound, now)
    if isinstance(inbound, messages.UnknownMessage) and not inbound.raw_type.startswith("event:"):
        return Incoming(inbound.openid, now, "unreadable")
    return _happened(inbound, now)


def _said(message: messages.Message, now: datetime) -> Incoming:
    openid = message.openid
    match message:
        case messages.TextMessage(is_unsupported=False):
            return Incoming(openid, now, "text", text=message.content)
        case messages.VoiceMessage() if message.recognition:
            return Incoming(openid, now, "text", text=message.recognition)
        case messages.LocationMessage():
            return Incoming(
                openid, now, "location", text=message.label, latitude=message.latitude, longitude=message.longitude
            )
        case _:
            return Incoming(openid, now, "unreadable")


def _happened(event: Inbound, now: datetime) -> Incoming:
    openid = event.openid
    match event:
        case events.SubscribeEvent():
            return Incoming(openid, now, "follow", key=event.scene, happened=event.created_at)
        case events.ScanEvent():
            return Incoming(openid, now, "scan", key=event.scene)
        case events.UnsubscribeEvent():
            return Incoming(openid, now, "unfollow", happened=event.created_at)
        case events.ClickEvent():
            return Incoming(openid, now, "menu", key=event.event_key)
        case _:
            return Incoming(openid, now, "silent")

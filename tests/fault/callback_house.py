"""The callback on an in-memory store that can die at any write, with a conversation whose effects can be counted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryQueue, MemoryStore
from chalicelib.dialogue.inbox import Inbox
from chalicelib.dialogue.model import Incoming, Reply, Session
from chalicelib.entrypoints.callback import LATE_QUEUE, Answer, Callback
from chalicelib.entrypoints.late_replies import LateReplies
from chalicelib.ports import Message, Outbound, Outcome, Reaction
from chalicelib.wechat.codec import Codec
from chalicelib.wechat.inbound import dedupe_key, parse
from chalicelib.wechat.messages import Inbound
from tests.functional.support import MONDAY_10
from tests.unit.notices.support import DyingStore, Killed

OPENID = "oHOUSE_1234567890123456-abcd"
_TOKEN, _KEY = "tokenfortests", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


class Echo:
    """A conversation that counts: its only effect is the list of words in the session's ``topic``.

    ``delay`` makes it slow; ``calls`` tells how often it was asked, whether or not that came to anything.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.calls: list[str] = []

    def answer(self, incoming: Incoming, session: Session) -> tuple[Reply | None, Session | None]:
        self.calls.append(incoming.text)
        if self.delay:
            time.sleep(self.delay)
        heard = [*(session.topic or "").split(), incoming.text]
        session.topic = " ".join(heard)
        return Reply((f"第{len(heard)}句：{incoming.text}",)), session


class NoEvents:
    """No push is about our own messages."""

    def take(self, inbound: Inbound, now: datetime) -> bool:
        return False


class Ear:
    """A Messenger for custom messages: ``script`` are the outcomes to come, then all is accepted."""

    def __init__(self) -> None:
        self.script: list[Outcome] = []
        self.heard: list[str] = []
        self.dies = False

    def send(self, message: Outbound) -> Outcome:
        assert message.channel == "custom"
        outcome = self.script.pop(0) if self.script else Outcome(Reaction.ACCEPTED)
        if outcome.reaction in (Reaction.ACCEPTED, Reaction.AMBIGUOUS):
            self.heard.append(message.text or "")
        if self.dies:
            self.dies = False
            raise Killed
        return outcome


def _document(number: int) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[{OPENID}]]></FromUserName>"
        f"<CreateTime>{int(MONDAY_10.timestamp())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[m{number}]]></Content><MsgId>{23000000000000001 + number}</MsgId></xml>"
    ).encode()


class House:
    """``deliver`` is one delivery of the platform, ``work`` the queue consumer; both may raise Killed."""

    def __init__(self, patience: float = 4.0, echo: Echo | None = None) -> None:
        self.clock = FixedClock(MONDAY_10)
        self.memory = MemoryStore(self.clock)
        self.store = DyingStore(self.memory)
        self.queue = MemoryQueue(self.clock)
        self.echo, self.ear = echo or Echo(), Ear()
        self.codec = Codec(_TOKEN, "wx0123456789abcdef", _KEY)
        self.pause: Callable[[float], None] = self.clock.advance
        self.inbox = Inbox(self.store, self.clock.now, lambda seconds: self.pause(seconds))
        self.callback = self.patient(patience)
        self.late = LateReplies(self.callback, self.inbox, self.ear, self.queue)

    def patient(self, seconds: float) -> Callback:
        """A callback of this house that waits so long for an answer."""
        return Callback(
            self.codec,
            self.inbox,
            self.echo,  # type: ignore[arg-type]
            NoEvents(),  # type: ignore[arg-type]
            self.clock.now,
            lambda: self.queue,
            seconds,
        )

    def deliver(self, number: int, to: Callback | None = None) -> str | None:
        """Deliver message ``number``; the text of the answer, None for ``success``."""
        stamp, nonce = str(int(self.clock.now().timestamp())), "n0nce"
        sealed = self.codec.encrypt(_document(number))
        query = {
            "timestamp": stamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": self.codec.signature(stamp, nonce, sealed),
        }
        body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return self._text((to or self.callback).receive(query, body.encode()))

    def owes(self, number: int) -> bool:
        """Whether message ``number`` was acknowledged with its answer to come."""
        row = self.memory.get(f"inbound#{dedupe_key(parse(_document(number)))}", "row")
        return row is not None and row.body["state"] in ("late", "owed", "sent")

    def _text(self, answer: Answer) -> str | None:
        if answer.body == "success":
            return None
        sealed = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]></Encrypt>", answer.body, re.S)
        assert sealed
        content = re.search(r"<Content><!\[CDATA\[(.*)\]\]></Content>", self.codec.decrypt(sealed[1]).decode(), re.S)
        assert content
        return content[1]

    def work(self) -> int:
        """Work off what is visible now; what dies stays in the queue until its visibility ends."""
        done = 0
        while messages := self.queue.receive(LATE_QUEUE):
            for message in messages:
                self._work_off(message)
                done += 1
        return done

    def _work_off(self, message: Message) -> None:
        self.late.carry(message.body["inbound"], message.body.get("looks", 0))
        self.queue.ack(LATE_QUEUE, message.receipt)

    def effects(self) -> list[str]:
        """The words that were processed, as the stored session tells."""
        row = self.memory.get(f"person#{OPENID}", "session")
        return str(row.body["topic"]).split() if row else []

    def revive(self) -> None:
        """The process is there again."""
        self.store.left = None
        self.ear.dies = False

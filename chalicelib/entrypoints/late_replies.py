"""Answers that came too late for the platform's 5 seconds, sent as custom messages (客服消息): once, or not at all.

The platform knows no id for a custom message, so a repeat would be a second bubble: the row says ``sent`` before the
call, and only a refusal that is certain puts it back. A process that dies in between leaves the answer unsaid, and the
person asks again.
"""

from __future__ import annotations

import logging

from chalicelib.bootstrap import Application
from chalicelib.dialogue.inbox import Inbox, Overdue, Owed
from chalicelib.entrypoints.callback import LATE_LOOK_SECONDS, LATE_QUEUE, Callback, callback_of
from chalicelib.ports import Messenger, Outbound, Queue, Reaction

log = logging.getLogger(__name__)

MAX_LOOKS = 40
MAX_DELAY_SECONDS = 900
_LATER = frozenset({Reaction.RETRY, Reaction.STOP_CHANNEL, Reaction.STOP_ALL})
"""Certainly not sent, and not for good: an outage of the token too, which is no word about this person."""


class LateReplies:
    def __init__(self, callback: Callback, inbox: Inbox, messenger: Messenger, queue: Queue) -> None:
        self._callback = callback
        self._inbox = inbox
        self._messenger = messenger
        self._queue = queue

    def carry(self, key: str, looks: int) -> None:
        """Work off one queue message: process what was lost, send what is owed, or look again later."""
        found = self._inbox.claim(key)
        if isinstance(found, Overdue):
            self._callback.resume(found)
            found = self._inbox.claim(key)
        if isinstance(found, Owed):
            self._send(found, looks)
        elif found == "busy":
            self._again(key, looks, LATE_LOOK_SECONDS)

    def _send(self, owed: Owed, looks: int) -> None:
        outcome = self._messenger.send(Outbound("custom", owed.openid, owed.key[:32], text=owed.reply["text"]))
        if outcome.reaction in _LATER and outcome.retry_after <= MAX_DELAY_SECONDS:
            self._inbox.unsent(owed)
            self._again(owed.key, looks, max(outcome.retry_after, LATE_LOOK_SECONDS))
        elif outcome.reaction is not Reaction.ACCEPTED:
            log.error("late answer not sent", extra={"reaction": outcome.reaction, "code": outcome.code})

    def _again(self, key: str, looks: int, seconds: int) -> None:
        if looks >= MAX_LOOKS:
            log.error("late answer given up", extra={"looks": looks})
            return
        body = {"inbound": key, "looks": looks + 1}
        self._queue.send(LATE_QUEUE, [body], delay_seconds=min(seconds, MAX_DELAY_SECONDS))


def late_replies_of(application: Application) -> LateReplies:
    """Late replies on the parts of this application."""
    return LateReplies(callback_of(application), application.inbox, application.messenger, application.queue)

"""Sending one notice: what must hold at that moment, and the attempt.

The row says ``sending`` before the platform is called and what came of it afterwards (``outcomes``), so a crash between
any two steps leaves something that the sweep can finish without telling anybody twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.notices.channels import Channels
from chalicelib.notices.ledger import Entry, Ledger
from chalicelib.notices.level import waited_of
from chalicelib.notices.limits import Refusal, SendLimits
from chalicelib.notices.model import WAITING, Notice, NoticeState
from chalicelib.notices.outcomes import Attempt, Outcomes, look_again
from chalicelib.notices.queueing import QUEUE_DELAY_LIMIT, Queueing
from chalicelib.notices.standing import standing
from chalicelib.notices.verdicts import Go, Judge, Later, Stop
from chalicelib.ports import Conflict, Messenger, Store

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=120)
"""Longer than any batch may take (twenty answers just within the timeout of 5 seconds, and a token), so that a lapsed
lease means a dead worker."""

_TRIES = 8


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Where the notice stands after one queue message, None if there is no such notice. ``attempted``: the platform
    was called. ``waited``: how long after it could first go, where the platform took it by this message."""

    state: NoticeState | None
    cause: str
    attempted: bool = False
    waited: timedelta | None = None


def result_of(notice: Notice, *, attempted: bool) -> DeliveryResult:
    waited = waited_of(notice) if attempted else None
    return DeliveryResult(notice.state, notice.history[-1].cause, attempted, waited)


@dataclass(frozen=True, slots=True)
class Parts:
    """What sending is made of, for one notice at a time and for many together."""

    store: Store
    ledger: Ledger
    queueing: Queueing
    messenger: Messenger
    channels: Channels
    outcomes: Outcomes
    judge: Judge
    limits: SendLimits


class Delivery:
    """Four round trips to the store for a notice that goes out: the row, the person, ``sending``, what came of it."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._ledger = parts.ledger
        self._queueing = parts.queueing
        self._messenger = parts.messenger
        self._channels = parts.channels
        self._outcomes = parts.outcomes
        self._judge = parts.judge
        self._limits = parts.limits

    def deliver(self, notice_id: str, now: datetime) -> DeliveryResult:
        """Work off one queue message. Idempotent: a notice that is not waiting is left alone.

        Raises Throttled from the store or the queue, Conflict when the row never holds still; the queue message then
        comes back.
        """
        entry = self._ledger.get(notice_id)
        if entry is None:
            return DeliveryResult(None, "台账里没有这条通知")
        attempted = False
        while entry.notice.state in WAITING:
            found = self._prepare(entry, now)
            if isinstance(found, Entry):
                entry = found
                break
            attempted = True
            entry = self._attempt(found, now)
            if entry.notice.state is not NoticeState.QUEUED:  # queued: on to the next rung, at once
                break
        return result_of(entry.notice, attempted=attempted)

    def _attempt(self, attempt: Attempt, now: datetime) -> Entry:
        outcome = self._messenger.send(self._channels.outbound(attempt.notice, attempt.chosen, now))
        try:
            return self._outcomes.settle(attempt, outcome)
        except Conflict:
            # The sweep, a receipt or a withdrawal changed the row: what they wrote stands.
            log.info("notice %s was changed meanwhile", attempt.notice.id)
            return self._ledger.get(attempt.notice.id) or attempt.entry

    def _prepare(self, entry: Entry, now: datetime) -> Attempt | Entry:
        """The attempt, marked ``sending``; or the row that says why it does not go now. Nothing has been sent yet, so
        a lost race (another notice of the same person is counted, an operator cancels) only reads again."""
        for _ in range(_TRIES):
            if entry.notice.state not in WAITING:
                return entry
            try:
                return self._decide(entry, now)
            except Conflict:
                entry = self._ledger.get(entry.notice.id) or entry
        raise Conflict([(f"notice#{entry.notice.id}", "row")])

    def _decide(self, entry: Entry, now: datetime) -> Attempt | Entry:
        verdict = self._judge.verdict(entry.notice, standing(self._store, entry.notice.openid), now)
        match verdict:
            case Stop():
                return self._outcomes.stop(entry, verdict.state, now, verdict.cause)
            case Later():
                return self._aside(entry, verdict, now)
            case Refusal():
                return self._refused(entry, verdict, now)
            case Go():
                refusal = self._limits.take(now, entry.notice.priority)
                return self._refused(entry, refusal, now) if refusal else self._mark(entry, verdict, now)

    def _refused(self, entry: Entry, refusal: Refusal, now: datetime) -> Entry:
        if refusal.retry_after > QUEUE_DELAY_LIMIT:
            return self._aside(entry, Later(now + timedelta(seconds=refusal.retry_after), refusal.cause), now)
        self._queueing.again(entry.notice, refusal.retry_after)
        return entry

    def _aside(self, entry: Entry, later: Later, now: datetime) -> Entry:
        """Whatever it waits for, one in doubt is looked at while a repeat could still settle it."""
        at = look_again(entry.notice, later.until)
        return self._queueing.later(entry, at, now, later.cause, later.not_before)

    def _mark(self, entry: Entry, go: Go, now: datetime) -> Attempt:
        written = self._ledger.write(entry, marked(entry.notice, go, now), go.together)
        return Attempt(written, go.chosen, now)


def marked(notice: Notice, go: Go, now: datetime) -> Notice:
    """The notice as ``sending``, leased to whoever writes it."""
    return notice.moved(
        NoticeState.SENDING,
        now,
        f"{go.chosen.rung.channel}：{go.chosen.rung.why}",
        channel=go.chosen.rung.channel,
        template_id=go.chosen.template_id,
        attempts=notice.attempts + 1,
        wake_at=now + LEASE,
    )

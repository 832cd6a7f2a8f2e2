"""Sending one notice: what must hold at that moment, and the attempt.

The row says ``sending`` before the platform is called and what came of it afterwards (``outcomes``), so a crash between
any two steps leaves something that the sweep can finish without telling anybody twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.notices.breaker import Breaker
from chalicelib.notices.channels import Channels, Chosen
from chalicelib.notices.ledger import Entry, Ledger
from chalicelib.notices.level import waited_of
from chalicelib.notices.limits import Refusal, SendLimits
from chalicelib.notices.model import WAITING, NoticeState
from chalicelib.notices.outcomes import Attempt, Outcomes, cannot_repeat
from chalicelib.notices.queueing import QUEUE_DELAY_LIMIT, Queueing
from chalicelib.notices.quiet import QuietHours, next_allowed
from chalicelib.notices.standing import Standing, standing
from chalicelib.ports import Conflict, Messenger, Put, Store

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""Longer than any attempt may take (token, one retry, timeouts), so that a lapsed lease means a dead worker."""

_TRIES = 8

TOO_LATE_TO_REPEAT = "结果不明，且已过平台去重时间，请人工核对"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Where the notice stands after one queue message, None if there is no such notice. ``attempted``: the platform
    was called. ``waited``: how long after it could first go, where the platform took it by this message."""

    state: NoticeState | None
    cause: str
    attempted: bool = False
    waited: timedelta | None = None


class Delivery:
    """Four round trips to the store for a notice that goes out: the row, the person, ``sending``, what came of it."""

    def __init__(
        self,
        *,
        store: Store,
        ledger: Ledger,
        queueing: Queueing,
        messenger: Messenger,
        channels: Channels,
        outcomes: Outcomes,
        limits: SendLimits,
        breaker: Breaker,
        quiet: QuietHours | None,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._queueing = queueing
        self._messenger = messenger
        self._channels = channels
        self._outcomes = outcomes
        self._limits = limits
        self._breaker = breaker
        self._quiet = quiet

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
        waited = waited_of(entry.notice) if attempted else None
        return DeliveryResult(entry.notice.state, entry.notice.history[-1].cause, attempted, waited)

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
        person = standing(self._store, entry.notice.openid)
        stopped = self._ended(entry, person, now) or self._waiting(entry, now)
        if stopped:
            return stopped
        chosen = self._channels.choose(entry.notice, person)
        if chosen is None:
            return self._outcomes.stop(entry, NoticeState.INBOX, now, "没有可用渠道，放收件箱")
        if entry.notice.unsure_since and chosen.rung.channel is not entry.notice.channel:
            return self._outcomes.stop(entry, NoticeState.MAYBE_SENT, now, "结果不明，原渠道已不可用，请人工核对")
        pause = self._breaker.paused(chosen.template_id, now)
        if pause:
            return self._queueing.later(entry, pause.until, now, f"暂停发送：{pause.cause}")
        counted = self._limits.person(person.openid, person.sent, now)
        if isinstance(counted, Refusal):
            return self._refused(entry, counted, now)
        refusal = self._limits.take(now, urgent=entry.notice.is_urgent)
        if refusal:
            return self._refused(entry, refusal, now)
        return self._mark(entry, chosen, counted, now)

    def _ended(self, entry: Entry, person: Standing, now: datetime) -> Entry | None:
        notice = entry.notice
        if cannot_repeat(notice, now):
            return self._outcomes.stop(entry, NoticeState.MAYBE_SENT, now, TOO_LATE_TO_REPEAT)
        if now >= notice.expires_at:
            return self._outcomes.stop(entry, NoticeState.EXPIRED, now, "过了有效期，不再发送")
        refusal = person.refusal(notice.uscc, notice.kind)
        if refusal:
            return self._outcomes.stop(entry, NoticeState.CANCELLED, now, f"发送前核对：{refusal}")
        return None

    def _waiting(self, entry: Entry, now: datetime) -> Entry | None:
        earliest = max(next_allowed(self._quiet, now), entry.notice.not_before or now)
        return self._queueing.later(entry, earliest, now, "静默时段，顺延") if earliest > now else None

    def _refused(self, entry: Entry, refusal: Refusal, now: datetime) -> Entry:
        if refusal.retry_after > QUEUE_DELAY_LIMIT:
            return self._queueing.later(entry, now + timedelta(seconds=refusal.retry_after), now, refusal.cause)
        self._queueing.again(entry.notice, refusal.retry_after)
        return entry

    def _mark(self, entry: Entry, chosen: Chosen, counted: Put, now: datetime) -> Attempt:
        notice = entry.notice.moved(
            NoticeState.SENDING,
            now,
            f"{chosen.rung.channel}：{chosen.rung.why}",
            channel=chosen.rung.channel,
            template_id=chosen.template_id,
            attempts=entry.notice.attempts + 1,
            wake_at=now + LEASE,
        )
        return Attempt(self._ledger.write(entry, notice, [counted]), chosen, now)

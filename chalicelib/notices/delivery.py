"""Sending one notice: what must hold at that moment, and the attempt.

The row says ``sending`` before the platform is called and what came of it afterwards (``outcomes``), so a crash between
any two steps leaves something that the sweep can finish without telling anybody twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.notices.audience import Audience
from chalicelib.notices.breaker import Breaker
from chalicelib.notices.channels import Channels, Chosen
from chalicelib.notices.ledger import Entry, Ledger
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.model import WAITING, NoticeState
from chalicelib.notices.outcomes import Attempt, Outcomes, cannot_repeat
from chalicelib.notices.queueing import QUEUE_DELAY_LIMIT, Queueing
from chalicelib.notices.quiet import QuietHours, next_allowed
from chalicelib.ports import Conflict, Messenger

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""Longer than any attempt may take (token, one retry, timeouts), so that a lapsed lease means a dead worker."""

TOO_LATE_TO_REPEAT = "结果不明，且已过平台去重时间，请人工核对"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Where the notice stands after one queue message, None if there is no such notice. ``attempted``: the platform
    was called."""

    state: NoticeState | None
    cause: str
    attempted: bool = False


class Delivery:
    def __init__(
        self,
        *,
        ledger: Ledger,
        queueing: Queueing,
        messenger: Messenger,
        audience: Audience,
        channels: Channels,
        outcomes: Outcomes,
        limits: SendLimits,
        breaker: Breaker,
        quiet: QuietHours | None,
    ) -> None:
        self._ledger = ledger
        self._queueing = queueing
        self._messenger = messenger
        self._audience = audience
        self._channels = channels
        self._outcomes = outcomes
        self._limits = limits
        self._breaker = breaker
        self._quiet = quiet

    def deliver(self, notice_id: str, now: datetime) -> DeliveryResult:
        """Work off one queue message. Idempotent: a notice that is not waiting is left alone.

        Raises Throttled from the store or the queue; the queue message then comes back.
        """
        entry = self._ledger.get(notice_id)
        if entry is None:
            return DeliveryResult(None, "台账里没有这条通知")
        attempted = False
        try:
            while entry.notice.state in WAITING:
                attempt = self._prepare(entry, now)
                if attempt is None:
                    break
                attempted = True
                outcome = self._messenger.send(self._channels.outbound(attempt.notice, attempt.chosen, now))
                entry = self._outcomes.settle(attempt, outcome)
                if entry.notice.state is not NoticeState.QUEUED:  # queued: on to the next rung, at once
                    break
        except Conflict:
            # Another worker, the sweep, a receipt or a withdrawal changed the row: what they wrote stands.
            log.info("notice %s was changed meanwhile", notice_id)
        latest = self._ledger.get(notice_id) or entry
        return DeliveryResult(latest.notice.state, latest.notice.history[-1].cause, attempted)

    def _prepare(self, entry: Entry, now: datetime) -> Attempt | None:
        """The notice marked ``sending``, or None when it may not go now; the row then says why."""
        if self._ends(entry, now) or self._must_wait(entry, now):
            return None
        chosen = self._channels.choose(entry.notice)
        if chosen is None:
            self._outcomes.stop(entry, NoticeState.INBOX, now, "没有可用渠道，放收件箱")
            return None
        if entry.notice.unsure_since and chosen.rung.channel is not entry.notice.channel:
            self._outcomes.stop(entry, NoticeState.MAYBE_SENT, now, "结果不明，原渠道已不可用，请人工核对")
            return None
        if self._is_held_up(entry, chosen, now):
            return None
        return self._mark(entry, chosen, now)

    def _ends(self, entry: Entry, now: datetime) -> bool:
        notice = entry.notice
        if cannot_repeat(notice, now):
            self._outcomes.stop(entry, NoticeState.MAYBE_SENT, now, TOO_LATE_TO_REPEAT)
            return True
        if now >= notice.expires_at:
            self._outcomes.stop(entry, NoticeState.EXPIRED, now, "过了有效期，不再发送")
            return True
        refusal = self._audience.refusal(notice.uscc, notice.openid, notice.kind)
        if refusal:
            self._outcomes.stop(entry, NoticeState.CANCELLED, now, f"发送前核对：{refusal}")
            return True
        return False

    def _must_wait(self, entry: Entry, now: datetime) -> bool:
        earliest = max(next_allowed(self._quiet, now), entry.notice.not_before or now)
        if earliest <= now:
            return False
        self._queueing.later(entry, earliest, now, "静默时段，顺延")
        return True

    def _is_held_up(self, entry: Entry, chosen: Chosen, now: datetime) -> bool:
        pause = self._breaker.paused(chosen.template_id, now)
        if pause:
            self._queueing.later(entry, pause.until, now, f"暂停发送：{pause.cause}")
            return True
        refusal = self._limits.take(entry.notice.openid, now, urgent=entry.notice.is_urgent)
        if refusal is None:
            return False
        if refusal.retry_after > QUEUE_DELAY_LIMIT:
            self._queueing.later(entry, now + timedelta(seconds=refusal.retry_after), now, refusal.cause)
        else:
            self._queueing.again(entry.notice, refusal.retry_after)
        return True

    def _mark(self, entry: Entry, chosen: Chosen, now: datetime) -> Attempt:
        notice = entry.notice.moved(
            NoticeState.SENDING,
            now,
            f"{chosen.rung.channel}：{chosen.rung.why}",
            channel=chosen.rung.channel,
            template_id=chosen.template_id,
            attempts=entry.notice.attempts + 1,
            wake_at=now + LEASE,
        )
        return Attempt(self._ledger.write(entry, notice), chosen, now)

"""What the outcome of an attempt makes of a notice: one reaction of the platform, one next state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.notices.breaker import EVERYTHING, Breaker, channel_name, template_name
from chalicelib.notices.channels import Chosen, wire_of
from chalicelib.notices.kinds import Channel
from chalicelib.notices.ledger import Entry, Ledger
from chalicelib.notices.model import NO_RECEIPT_AFTER, TRANSITIONS, Notice, NoticeState
from chalicelib.notices.queueing import LATE_AFTER, QUEUE_DELAY_LIMIT, Queueing
from chalicelib.notices.receipts import Receipts, concluded
from chalicelib.notices.subscriptions import SubscriptionLedger
from chalicelib.notices.unreachable import Unreachable
from chalicelib.ports import Conflict, Outcome, Put, Reaction

log = logging.getLogger(__name__)

REPEAT_WINDOW = timedelta(minutes=9, seconds=30)
"""The platform drops a repeated ``client_msg_id`` for 10 minutes; what is left is for the way there."""

TAKEN = frozenset({Reaction.ACCEPTED, Reaction.HELD})

MAX_FAILURES = 8
_BACKOFF = (5, 15, 45, 120, 240, 600, 900)
_ALARMING = 4
"""So many outages in a row, after a minute or more, are no hiccup any more."""
_TRIES = 6
_UNCLEAR = "结果不明，请人工核对是否已发出"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of the platform: the row as marked ``sending``, the rung it went out from, and when."""

    entry: Entry
    chosen: Chosen
    now: datetime

    @property
    def notice(self) -> Notice:
        return self.entry.notice


def cannot_repeat(notice: Notice, at: datetime) -> bool:
    """Whether it may have gone out so long ago that the platform would no longer see a repeat as one."""
    return notice.unsure_since is not None and at >= notice.unsure_since + REPEAT_WINDOW


def look_again(notice: Notice, until: datetime) -> datetime:
    """When a notice that waits until then must be looked at: in doubt, while a repeat could still settle it."""
    return min(until, notice.unsure_since + REPEAT_WINDOW) if notice.unsure_since else until


def ended(notice: Notice, state: NoticeState, now: datetime, cause: str) -> Notice:
    """The notice as it ends. What may have gone out already is never called unsent: it stays open for a late receipt,
    and for an operator who asks the person."""
    if notice.unsure_since and state is not NoticeState.MAYBE_SENT:
        state, cause = NoticeState.MAYBE_SENT, f"{cause}；此前一次结果不明，可能已发出"
    return notice.moved(state, now, cause)


class Outcomes:
    def __init__(
        self,
        *,
        ledger: Ledger,
        queueing: Queueing,
        receipts: Receipts,
        subscriptions: SubscriptionLedger,
        breaker: Breaker,
        unreachable: Unreachable,
    ) -> None:
        self._ledger = ledger
        self._queueing = queueing
        self._receipts = receipts
        self._subscriptions = subscriptions
        self._breaker = breaker
        self._unreachable = unreachable
        self._by_reaction: Mapping[Reaction, Callable[[Attempt, Outcome], Entry]] = {
            Reaction.ACCEPTED: self._taken,
            Reaction.HELD: self._taken,
            Reaction.RETRY: self._try_again,
            Reaction.AMBIGUOUS: self._ambiguous,
            Reaction.NEXT_CHANNEL: self._next_channel,
            Reaction.CONSENT_LOST: self._consent_lost,
            Reaction.PERSON_GONE: self._person_gone,
            Reaction.BAD_DATA: self._bad_data,
            Reaction.STOP_TEMPLATE: self._stopped,
            Reaction.STOP_CHANNEL: self._channel_stopped,
            Reaction.STOP_ALL: self._stopped,
        }

    def settle(self, attempt: Attempt, outcome: Outcome) -> Entry:
        """Write what came of the attempt. Raises Conflict when somebody changed the row and their word stands."""
        return self._by_reaction[outcome.reaction](attempt, outcome)

    def taken_together(self, pairs: Sequence[tuple[Attempt, Outcome]]) -> list[Entry]:
        """Write in one transaction that the platform took them all. Raises Conflict, and nothing is written, when one
        of them needs a second look (``settle``): a receipt was faster, or the row was changed."""
        changes, rows = [], {}
        for attempt, outcome in pairs:
            notice, writes = self._yes(attempt, attempt.entry, outcome, look=False)
            changes.append((attempt.entry, notice))
            for write in writes:
                key = write.record.pk, write.record.sk
                if key in rows:  # one id for two messages, or one permission for two
                    raise Conflict([key])
                rows[key] = write
        return self._ledger.write_all(changes, list(rows.values()))

    def stop(self, entry: Entry, state: NoticeState, now: datetime, cause: str) -> Entry:
        """End it without a call."""
        return self._ledger.write(entry, ended(entry.notice, state, now, cause))

    # ------------------------------------------------------------------------------------------ the platform took it

    def _taken(self, attempt: Attempt, outcome: Outcome) -> Entry:
        """Accepted or held for review. A yes of the platform outlives a lapsed lease: it is written over what the
        sweep made of the row, as long as no other attempt began."""
        entry = attempt.entry
        for tries in range(_TRIES):
            notice, together = self._yes(attempt, entry, outcome, look=tries > 0)
            try:
                return self._ledger.write(entry, notice, together)
            except Conflict:
                entry = self._still_ours(attempt)
        raise Conflict([(f"notice#{attempt.notice.id}", "row")])

    def _yes(self, attempt: Attempt, entry: Entry, outcome: Outcome, *, look: bool) -> tuple[Notice, list[Put]]:
        """The notice after the platform's yes, and the rows to write with it."""
        receipt, verdict = self._receipts.expect(entry.notice, outcome.message_id, attempt.now, look=look)
        notice = _after_yes(entry.notice, outcome, attempt.now)
        if verdict is not None and notice.state is NoticeState.ACCEPTED:
            notice = concluded(notice, verdict, attempt.now)
        return notice, [write for write in (receipt, self._spent(attempt)) if write]

    def _spent(self, attempt: Attempt) -> Put | None:
        template = attempt.chosen.template_id
        if template is None or attempt.chosen.rung.channel is not Channel.SUBSCRIPTION_ONCE:
            return None
        return self._subscriptions.spent(attempt.notice.openid, template, attempt.now)

    def _still_ours(self, attempt: Attempt) -> Entry:
        entry = self._ledger.get(attempt.notice.id)
        ours = entry is not None and entry.notice.attempts == attempt.notice.attempts
        if entry is None or not ours or NoticeState.ACCEPTED not in TRANSITIONS[entry.notice.state]:
            raise Conflict([(f"notice#{attempt.notice.id}", "row")])
        return entry

    # ------------------------------------------------------------------------------------------------- not this time

    def _try_again(self, attempt: Attempt, outcome: Outcome) -> Entry:
        """Nothing was sent this time."""
        return self._fail_for_now(attempt, outcome, attempt.notice.unsure_since)

    def _ambiguous(self, attempt: Attempt, outcome: Outcome) -> Entry:
        """It may have been sent. Only a channel that knows our id may be asked again."""
        if not attempt.chosen.rung.channel.knows_client_id:
            return self._end(attempt, NoticeState.MAYBE_SENT, _UNCLEAR)
        return self._fail_for_now(attempt, outcome, attempt.notice.unsure_since or attempt.now)

    def _fail_for_now(self, attempt: Attempt, outcome: Outcome, unsure_since: datetime | None) -> Entry:
        notice = attempt.notice.model_copy(update={"unsure_since": unsure_since})
        outages = notice.outages + 1 if outcome.outage else 0
        failures = notice.failures if outcome.outage else notice.failures + 1
        if outages == _ALARMING:
            log.error("alarm: the platform takes nothing, notice %s waits", notice.id, extra={"detail": outcome.detail})
        wait = max(outcome.retry_after, _BACKOFF[min(outages or failures, len(_BACKOFF)) - 1])
        if failures >= MAX_FAILURES or cannot_repeat(notice, attempt.now + timedelta(seconds=wait)):
            state = NoticeState.MAYBE_SENT if unsure_since else NoticeState.FAILED_FOR_GOOD
            cause = _UNCLEAR if unsure_since else f"试了 {failures} 次，平台都没有接收{_code(outcome)}"
            return self._ledger.write(attempt.entry, notice.moved(state, attempt.now, cause, failures=failures))
        wake_at = attempt.now + timedelta(seconds=wait)
        if wait <= QUEUE_DELAY_LIMIT:  # then the queue brings it back, and the sweep only if the queue does not
            wake_at += LATE_AFTER
        cause = f"{'结果不明' if unsure_since else '平台没有接收'}{_code(outcome)}，{wait} 秒后再试"
        failed = notice.moved(
            NoticeState.FAILED_FOR_NOW, attempt.now, cause, failures=failures, outages=outages, wake_at=wake_at
        )
        return self._queueing.retry(attempt.entry, failed, wait)

    def _stopped(self, attempt: Attempt, outcome: Outcome) -> Entry:
        """Trip the breaker; the notice itself did nothing wrong and waits for its end."""
        name = EVERYTHING
        if outcome.reaction is Reaction.STOP_TEMPLATE and attempt.chosen.template_id:
            name = template_name(attempt.chosen.template_id)
        cause = f"平台停用{'此模板' if name != EVERYTHING else '发送'}{_code(outcome)}"
        pause = self._breaker.trip(name, attempt.now, outcome.code, cause, outcome.retry_after, outcome.detail)
        wake_at = look_again(attempt.notice, pause.until)
        failed = attempt.notice.moved(NoticeState.FAILED_FOR_NOW, attempt.now, cause, wake_at=wake_at)
        return self._ledger.write(attempt.entry, failed)

    # ------------------------------------------------------------------------------------------- not on this channel

    def _channel_stopped(self, attempt: Attempt, outcome: Outcome) -> Entry:
        """Trip the breaker of this channel; the notice looks at once for another, or waits for this one."""
        cause = f"平台停用这一渠道{_code(outcome)}"
        name = channel_name(wire_of(attempt.chosen.rung.channel))
        self._breaker.trip(name, attempt.now, outcome.code, cause, outcome.retry_after, outcome.detail)
        moved = attempt.notice.moved(NoticeState.QUEUED, attempt.now, cause, wake_at=attempt.now + LATE_AFTER)
        return self._ledger.write(attempt.entry, moved)

    def _next_channel(self, attempt: Attempt, outcome: Outcome) -> Entry:
        if attempt.notice.unsure_since:
            return self._end(attempt, NoticeState.MAYBE_SENT, _UNCLEAR)
        cause = f"{attempt.chosen.rung.channel} 送不到{_code(outcome)}，换下一渠道"
        tried = (*attempt.notice.tried, attempt.chosen.rung.channel)
        moved = attempt.notice.moved(
            NoticeState.QUEUED, attempt.now, cause, tried=tried, wake_at=attempt.now + LATE_AFTER
        )
        return self._ledger.write(attempt.entry, moved)

    def _consent_lost(self, attempt: Attempt, outcome: Outcome) -> Entry:
        if attempt.chosen.template_id:
            self._subscriptions.rejected(attempt.notice.openid, attempt.chosen.template_id, attempt.now)
        return self._next_channel(attempt, outcome)

    # ---------------------------------------------------------------------------------------------------- not at all

    def _person_gone(self, attempt: Attempt, outcome: Outcome) -> Entry:
        self._unreachable.mark(attempt.notice.openid, attempt.now)
        return self._end(attempt, NoticeState.FAILED_FOR_GOOD, f"此人未关注或已拉黑{_code(outcome)}")

    def _bad_data(self, attempt: Attempt, outcome: Outcome) -> Entry:
        log.error("alarm: notice %s refused, field=%s code=%s", attempt.notice.id, outcome.field, outcome.code)
        cause = f"平台不接受字段 {outcome.field or '?'}{_code(outcome)}"
        if outcome.code is None:  # what we saw ourselves; it never left
            cause = outcome.detail or cause
        return self._end(attempt, NoticeState.FAILED_FOR_GOOD, cause)

    def _end(self, attempt: Attempt, state: NoticeState, cause: str) -> Entry:
        return self._ledger.write(attempt.entry, ended(attempt.notice, state, attempt.now, cause))


def _after_yes(notice: Notice, outcome: Outcome, now: datetime) -> Notice:
    wake_at = now + NO_RECEIPT_AFTER
    if outcome.reaction is Reaction.HELD:
        return notice.moved(NoticeState.HELD, now, f"平台审核中{_code(outcome)}，不重发", wake_at=wake_at)
    if notice.channel and not notice.channel.has_receipt:
        return notice.moved(NoticeState.DELIVERED, now, "平台已发出（客服消息没有回执）", message_id=outcome.message_id)
    return notice.moved(NoticeState.ACCEPTED, now, "平台已接收", message_id=outcome.message_id, wake_at=wake_at)


def _code(outcome: Outcome) -> str:
    return f"（{outcome.code}）" if outcome.code is not None else ""

"""What should become of a waiting notice at this moment, from what was read: stop, wait, or go out on this channel.

Pure: nothing is written and no token is taken here, so one notice (``delivery``) and many (``together``) are judged by
the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.notices.breaker import Breaker
from chalicelib.notices.channels import Channels, Chosen
from chalicelib.notices.limits import Refusal, SendLimits
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.notices.outcomes import cannot_repeat
from chalicelib.notices.quiet import QuietHours, next_allowed
from chalicelib.notices.standing import Standing
from chalicelib.ports import Put

_TOO_LATE_TO_REPEAT = "结果不明，且已过平台去重时间，请人工核对"


@dataclass(frozen=True, slots=True)
class Stop:
    """It ends here, without a call."""

    state: NoticeState
    cause: str


@dataclass(frozen=True, slots=True)
class Later:
    """It waits until then; nothing failed."""

    until: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Go:
    """It may go out on this rung, if a token is left; ``counted`` is written with the mark."""

    chosen: Chosen
    counted: Put


Verdict = Stop | Later | Refusal | Go


class Judge:
    def __init__(self, channels: Channels, limits: SendLimits, breaker: Breaker, quiet: QuietHours | None) -> None:
        self._channels = channels
        self._limits = limits
        self._breaker = breaker
        self._quiet = quiet

    def verdict(self, notice: Notice, person: Standing, now: datetime) -> Verdict:
        """``person`` must have been read for this: a withdrawal a second ago counts."""
        return self._ended(notice, person, now) or self._waiting(notice, now) or self._channel(notice, person, now)

    def _ended(self, notice: Notice, person: Standing, now: datetime) -> Stop | None:
        if cannot_repeat(notice, now):
            return Stop(NoticeState.MAYBE_SENT, _TOO_LATE_TO_REPEAT)
        if now >= notice.expires_at:
            return Stop(NoticeState.EXPIRED, "过了有效期，不再发送")
        refusal = person.refusal(notice.uscc, notice.kind)
        return Stop(NoticeState.CANCELLED, f"发送前核对：{refusal}") if refusal else None

    def _waiting(self, notice: Notice, now: datetime) -> Later | None:
        earliest = max(next_allowed(self._quiet, now), notice.not_before or now)
        return Later(earliest, "静默时段，顺延") if earliest > now else None

    def _channel(self, notice: Notice, person: Standing, now: datetime) -> Verdict:
        chosen = self._channels.choose(notice, person)
        if chosen is None:
            return Stop(NoticeState.INBOX, "没有可用渠道，放收件箱")
        if notice.unsure_since and chosen.rung.channel is not notice.channel:
            return Stop(NoticeState.MAYBE_SENT, "结果不明，原渠道已不可用，请人工核对")
        pause = self._breaker.paused(chosen.template_id, now)
        if pause:
            return Later(pause.until, f"暂停发送：{pause.cause}")
        counted = self._limits.person(person.openid, person.sent, now)
        return Go(chosen, counted) if isinstance(counted, Put) else counted

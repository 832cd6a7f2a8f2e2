"""What should become of a waiting notice at this moment, from what was read: stop, wait, or go out on this channel.

Pure: nothing is written and no token is taken here, so one notice (``delivery``) and many (``together``) are judged by
the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from chalicelib.notices.breaker import EVERYTHING, Breaker, Pause, channel_name, template_name
from chalicelib.notices.channels import Channels, Chosen, Wire, wire_of
from chalicelib.notices.limits import Refusal, SendLimits
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.notices.outcomes import cannot_repeat
from chalicelib.notices.quiet import QuietHours, next_allowed
from chalicelib.notices.standing import Standing
from chalicelib.ports import Put
from chalicelib.times import local_date

_TOO_LATE_TO_REPEAT = "结果不明，且已过平台去重时间，请人工核对"


@dataclass(frozen=True, slots=True)
class Stop:
    """It ends here, without a call."""

    state: NoticeState
    cause: str


@dataclass(frozen=True, slots=True)
class Later:
    """It waits until then; nothing failed. ``not_before`` where it was not due before: the wait is no delay."""

    until: datetime
    cause: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """It may go out on this rung, if a token is left; ``counted`` is written with the mark. None for a notice that was
    tried today: the person's limit is one of notices, not of tries."""

    chosen: Chosen
    counted: Put | None

    @property
    def together(self) -> list[Put]:
        return [self.counted] if self.counted else []


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
        return Later(earliest, "静默时段，顺延", not_before=earliest) if earliest > now else None

    def _channel(self, notice: Notice, person: Standing, now: datetime) -> Verdict:
        held = self._breaker.holding(now)
        chosen = self._chosen(notice, person, held)
        if chosen is None:
            return Stop(NoticeState.INBOX, "没有可用渠道，放收件箱")
        if notice.unsure_since and chosen.rung.channel is not notice.channel:
            return Stop(NoticeState.MAYBE_SENT, "结果不明，原渠道已不可用，请人工核对")
        pause = next((held[name] for name in _names(chosen) if name in held), None)
        if pause:
            return Later(pause.until, f"暂停发送：{pause.cause}")
        if notice.tried_on(local_date(now)):
            return Go(chosen, None)
        counted = self._limits.person(person.openid, person.sent, now)
        return Go(chosen, counted) if isinstance(counted, Put) else counted

    def _chosen(self, notice: Notice, person: Standing, held: Mapping[str, Pause]) -> Chosen | None:
        """A rung whose channel is open now; where there is none, one to wait for. What may have gone out already stays
        on its channel, which alone knows it again."""
        if not held or notice.unsure_since:
            return self._channels.choose(notice, person)
        closed = {wire for wire in get_args(Wire) if channel_name(wire) in held}
        return self._channels.choose(notice, person, closed) or self._channels.choose(notice, person)


def _names(chosen: Chosen) -> list[str]:
    """The pauses that would hold it back."""
    template = [template_name(chosen.template_id)] if chosen.template_id else []
    return [EVERYTHING, channel_name(wire_of(chosen.rung.channel)), *template]

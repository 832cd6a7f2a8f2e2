"""Sending many notices with few commits: claimed in one transaction, sent in turn, the yeses written in one.

Only what goes out now on a channel that knows our id: a worker that dies in between leaves all of them in doubt, and
there a repeat is harmless. One for each person, so that a count is never ahead by more than one. Whatever is different
about a notice (stopped, refused, changed meanwhile, another channel) is left to ``delivery``, which does one at a time
and has the last word.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.notices.delivery import DeliveryResult, Parts, marked, result_of
from chalicelib.notices.kinds import Priority
from chalicelib.notices.ledger import Entry
from chalicelib.notices.model import WAITING, Change, Notice, NoticeState
from chalicelib.notices.outcomes import TAKEN, Attempt
from chalicelib.notices.standing import standing
from chalicelib.notices.verdicts import Go
from chalicelib.ports import Conflict, Outcome, Reaction, Throttled

log = logging.getLogger(__name__)

MOST = 20
"""Notices in one claim: few enough for one transaction, to be sent within their lease, and while the consents read at
claiming are fresh. Should a slow platform outlast the lease all the same, a repeat carries the same id."""

_TROUBLE = frozenset(
    {Reaction.RETRY, Reaction.AMBIGUOUS, Reaction.STOP_TEMPLATE, Reaction.STOP_CHANNEL, Reaction.STOP_ALL}
)
"""Answers about the platform, not about one notice: what was not sent yet must be looked at again."""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """``before`` is the notice as it was, to give it back unsent."""

    before: Notice
    attempt: Attempt


class Together:
    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._ledger = parts.ledger
        self._messenger = parts.messenger
        self._channels = parts.channels
        self._outcomes = parts.outcomes
        self._judge = parts.judge
        self._limits = parts.limits

    def deliver(self, notice_ids: Iterable[str], now: datetime) -> dict[str, DeliveryResult]:
        """Send what can go together. Those it does not name are for ``Delivery.deliver``, each by itself."""
        ids = list(dict.fromkeys(notice_ids))
        done: dict[str, DeliveryResult] = {}
        for start in range(0, len(ids), MOST):
            claimed = self._claim(ids[start : start + MOST], now)
            sent = self._send_until_trouble(claimed)
            self._give_back(claimed[len(sent) :])
            for entry in self._settle(sent):
                if entry.notice.state is not NoticeState.QUEUED:  # queued: on to the next rung, by itself
                    done[entry.notice.id] = result_of(entry.notice, attempted=True)
        return done

    # ------------------------------------------------------------------------------------------------------- claiming

    def _claim(self, ids: Sequence[str], now: datetime) -> list[_Claimed]:
        """Mark them ``sending``: all that can go, or none when one of them is not as it was read."""
        try:
            going = self._going(ids, now)
            changes = [(entry, marked(entry.notice, go, now)) for entry, go in going]
            written = self._ledger.write_all(changes, [put for _, go in going for put in go.together])
        except (Conflict, Throttled):
            return []
        return [
            _Claimed(before.notice, Attempt(entry, go.chosen, now))
            for entry, (before, go) in zip(written, going, strict=True)
        ]

    def _going(self, ids: Sequence[str], now: datetime) -> list[tuple[Entry, Go]]:
        """Those that may go now, as far as the tokens reach. One in doubt goes by itself: its ten minutes are looked at
        when it is claimed, and behind others it could be sent after them."""
        found: dict[str, tuple[Entry, Go]] = {}
        for entry in self._ledger.get_many(ids):
            if entry.notice.state in WAITING and not entry.notice.unsure_since and entry.notice.openid not in found:
                verdict = self._judge.verdict(entry.notice, standing(self._store, entry.notice.openid), now)
                if isinstance(verdict, Go) and verdict.chosen.rung.channel.knows_client_id:
                    found[entry.notice.openid] = entry, verdict
        going = list(found.values())
        if len(going) < 2:
            return []
        least = max((entry.notice.priority for entry, _ in going), key=list(Priority).index)
        return going[: self._limits.take_some(len(going), now, least)]

    # -------------------------------------------------------------------------------------------------------- sending

    def _send_until_trouble(self, claimed: Sequence[_Claimed]) -> list[tuple[Attempt, Outcome]]:
        sent: list[tuple[Attempt, Outcome]] = []
        for one in claimed:
            sent.append((one.attempt, self._send(one.attempt)))
            if sent[-1][1].reaction in _TROUBLE:
                break
        return sent

    def _send(self, attempt: Attempt) -> Outcome:
        try:
            return self._messenger.send(self._channels.outbound(attempt.notice, attempt.chosen, attempt.now))
        except Exception:
            # A messenger does not raise. Should it, what was sent before this one must still be written down.
            log.exception("notice %s was not sent as planned", attempt.notice.id)
            return Outcome(Reaction.AMBIGUOUS)

    def _give_back(self, unsent: Sequence[_Claimed]) -> None:
        """Put them back as they were, but for the line that says they are counted for today. Where that fails they are
        in doubt, and the sweep repeats them."""
        try:
            self._ledger.write_all([(one.attempt.entry, _unsent(one)) for one in unsent])
        except (Conflict, Throttled):
            log.warning("%d notices could not be given back", len(unsent))

    # ------------------------------------------------------------------------------------------------------- settling

    def _settle(self, sent: Sequence[tuple[Attempt, Outcome]]) -> list[Entry]:
        taken = [pair for pair in sent if pair[1].reaction in TAKEN]
        alone = [pair for pair in sent if pair[1].reaction not in TAKEN]
        try:
            entries = self._outcomes.taken_together(taken)
        except (Conflict, Throttled):  # an early receipt, as a rule
            entries, alone = [], list(sent)
        return entries + [entry for pair in alone if (entry := self._settle_one(*pair))]

    def _settle_one(self, attempt: Attempt, outcome: Outcome) -> Entry | None:
        """None when nothing could be written: it stays ``sending``, and the sweep repeats it under the same id."""
        try:
            return self._outcomes.settle(attempt, outcome)
        except (Conflict, Throttled) as error:
            log.info("notice %s was not settled: %s", attempt.notice.id, type(error).__name__)
            return None


def _unsent(one: _Claimed) -> Notice:
    line = Change(at=one.attempt.now, state=one.before.state, cause="前一条遇到平台故障，这一条没有发")
    return one.before.model_copy(update={"history": (*one.attempt.notice.history, line)})

"""The sweep (巡检): finds what stopped half way and sets it going again, by the one rule that every live row names the
moment (``wake_at``) by which something should have happened to it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from pydantic import ConfigDict, Field

from chalicelib.notices.delivery import LEASE
from chalicelib.notices.ledger import Entry, Ledger
from chalicelib.notices.model import CHINESE, Notice, NoticeError, NoticeState, UnreadableNotice
from chalicelib.notices.outcomes import cannot_repeat
from chalicelib.notices.queueing import Queueing
from chalicelib.ports import Conflict
from chalicelib.shape import Shape

log = logging.getLogger(__name__)

BATCH = 200
"""Rows of one state and shard in one sweep: it runs every minute and must end well within it."""


class SweepReport(Shape):
    """What one sweep did, by what it found: Chinese label → notices."""

    model_config = ConfigDict(frozen=True)

    found: dict[str, int] = Field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.found.values())


class Sweep:
    def __init__(self, ledger: Ledger, queueing: Queueing) -> None:
        self._ledger = ledger
        self._queueing = queueing
        self._actions: Mapping[NoticeState, Callable[[Entry, datetime], str]] = {
            NoticeState.SENDING: self._abandoned,
            NoticeState.CREATED: self._requeue,
            NoticeState.QUEUED: self._requeue,
            NoticeState.FAILED_FOR_NOW: self._requeue,
            NoticeState.ACCEPTED: self._no_receipt,
            NoticeState.HELD: self._no_receipt,
        }

    def run(self, now: datetime) -> SweepReport:
        """Look at every notice whose time has come. Safe beside workers, other sweeps and itself."""
        return self._round(self._actions, now, now)

    def recover(self, now: datetime) -> SweepReport:
        """What is marked ``sending`` was being sent by workers that are all dead: treated now as when a lease ran out.

        Should one live after all, its word still stands over ours (``Outcomes``), and a repeat carries the same id.
        """
        return self._round([NoticeState.SENDING], now + LEASE, now)

    def pending(self, now: datetime) -> list[tuple[Notice, str]]:
        """What ``run`` would look at now, for a dry run."""
        due = (self._due(i, state, now) for state in self._actions for i in self._ledger.woken(state, now, BATCH))
        return [(entry.notice, CHINESE[entry.notice.state]) for entry in due if entry]

    def _round(self, states: Iterable[NoticeState], until: datetime, now: datetime) -> SweepReport:
        """Act at ``now`` on the notices in these states that are to be woken by ``until``."""
        found: Counter[str] = Counter()
        for state in states:
            for notice_id in self._ledger.woken(state, until, BATCH):
                if label := self._look(notice_id, state, until, now):
                    found[label] += 1
        return SweepReport(found=dict(found))

    def _look(self, notice_id: str, state: NoticeState, until: datetime, now: datetime) -> str | None:
        entry = self._due(notice_id, state, until)
        if entry is None:
            return None
        try:
            return self._actions[state](entry, now)
        except (Conflict, NoticeError):
            log.info("notice %s moved on during the sweep", notice_id)
            return None

    def _due(self, notice_id: str, state: NoticeState, until: datetime) -> Entry | None:
        """The row, which the index may be behind. One that cannot be read is an alarm and no reason to stop."""
        try:
            entry = self._ledger.get(notice_id)
        except UnreadableNotice as error:
            log.error("alarm: %s", error)
            return None
        return entry if entry and entry.notice.state is state and entry.notice.wake_at <= until else None

    def _requeue(self, entry: Entry, now: datetime) -> str:
        """The message first, then the mark: a crash in between costs one message too many, never one too few.

        Even an expired one goes through delivery, which knows all the reasons to end it.
        """
        label = {NoticeState.CREATED: "补入队列", NoticeState.QUEUED: "重新入队"}.get(entry.notice.state, "到时重试")
        self._queueing.send([entry.notice])
        self._queueing.queued(entry, now, f"巡检：{label}")
        return label

    def _abandoned(self, entry: Entry, now: datetime) -> str:
        """A lease ran out: the worker died before or after the platform got it, and nobody knows which."""
        notice = entry.notice.model_copy(update={"unsure_since": entry.notice.unsure_since or entry.notice.changed_at})
        repeatable = notice.channel is not None and notice.channel.knows_client_id and not cannot_repeat(notice, now)
        if not repeatable:
            cause = "发送中断，结果不明，请人工核对是否已发出"
            self._ledger.write(entry, notice.moved(NoticeState.MAYBE_SENT, now, cause))
            return "转人工核对"
        failed = notice.moved(NoticeState.FAILED_FOR_NOW, now, "发送中断，用同一编号重试")
        self._queueing.retry(entry, failed, 0)
        return "中断重试"

    def _no_receipt(self, entry: Entry, now: datetime) -> str:
        """The platform took it and never reported. Most such have arrived, none is known to: a late report, or an
        operator who asks the person, still settles it."""
        cause = "平台已接收，但一天没有回执"
        self._ledger.write(entry, entry.notice.moved(NoticeState.MAYBE_SENT, now, cause))
        return "没有回执"

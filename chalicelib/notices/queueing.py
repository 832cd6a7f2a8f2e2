"""Between the ledger and the two queues: the row first, then the message, so that a crash leaves a row to find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.notices.ledger import Entry, Ledger
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.ports import JsonObject, Queue

QUEUE_DELAY_LIMIT = 900
"""Seconds a queue can hold a message back; what waits longer is woken by the sweep."""

MISSING_AFTER = timedelta(minutes=10)
"""A queued notice that nobody took for so long is taken to be missing from the queue, and queued again."""

LATE_AFTER = timedelta(minutes=1)
_SPREAD = 8


class Queueing:
    def __init__(self, ledger: Ledger, queue: Queue) -> None:
        self._ledger = ledger
        self._queue = queue

    def send(self, notices: Sequence[Notice], delay_seconds: int = 0) -> None:
        """A message for each, in the queue of its priority."""
        by_priority: dict[Priority, list[JsonObject]] = defaultdict(list)
        for notice in notices:
            by_priority[notice.priority].append({"notice": notice.id})
        for priority in sorted(by_priority, key=list(Priority).index):  # the urgent ones first
            self._queue.send(QUEUES[priority], by_priority[priority], delay_seconds=delay_seconds)

    def queued(self, entry: Entry, now: datetime, cause: str) -> Entry:
        """Mark a notice whose message is in the queue."""
        moved = entry.notice.moved(NoticeState.QUEUED, now, cause, wake_at=now + MISSING_AFTER)
        return self._ledger.write(entry, moved)

    def later(self, entry: Entry, at: datetime, now: datetime, cause: str, not_before: datetime | None = None) -> Entry:
        """Set it aside until ``at`` without a failure; the sweep wakes it. ``not_before`` where it is not due before
        that. Raises Conflict."""
        state = entry.notice.state
        stays = state if state is NoticeState.FAILED_FOR_NOW else NoticeState.QUEUED
        due = not_before or entry.notice.not_before
        return self._ledger.write(entry, entry.notice.moved(stays, now, cause, wake_at=at, not_before=due))

    def retry(self, entry: Entry, notice: Notice, wait: int) -> Entry:
        """Write the failed notice and ask the queue for another delivery after ``wait`` seconds."""
        written = self._ledger.write(entry, notice)
        if wait <= QUEUE_DELAY_LIMIT:
            self._queue.send(QUEUES[notice.priority], [{"notice": notice.id}], delay_seconds=wait)
        return written

    def again(self, notice: Notice, wait: int) -> None:
        """The same message once more, somewhat later: a backlog that comes back all at once would only be refused
        all at once."""
        spread = sha256(notice.id.encode()).digest()[1] % _SPREAD
        self._queue.send(QUEUES[notice.priority], [{"notice": notice.id}], delay_seconds=wait + spread)

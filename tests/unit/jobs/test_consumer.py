"""The embedded run's consumer outlives a busy database file."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from chalice.app import Chalice

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryQueue
from chalicelib.ports import Throttled
from jobs.embedded.worker import Consumer


class BusyOnce(MemoryQueue):
    """The first acknowledgement finds the file busy."""

    busy = True

    def ack(self, queue: str, *receipts: str) -> None:
        if self.busy:
            self.busy = False
            raise Throttled("busy")
        super().ack(queue, *receipts)


def test_a_busy_acknowledgement_does_not_end_the_consumer() -> None:
    app, seen = Chalice("t"), []
    app.handler_map["take"] = lambda event, context: seen.extend(event["Records"]) or {}
    queue = BusyOnce(FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))
    stop = threading.Event()
    consumer = Consumer(app, "take", "q", queue, stop)
    queue.send("q", [{"n": 1}])
    consumer.start()
    _until(lambda: not queue.busy)
    queue.send("q", [{"n": 2}])
    _until(lambda: len(seen) == 2)
    stop.set()
    consumer.join(5)
    assert len(seen) == 2


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)

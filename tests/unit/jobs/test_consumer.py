"""The embedded run's consumer outlives a busy database file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryQueue
from chalicelib.ports import Message, Throttled
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
    app, seen = Chalice("t"), list[list[Any]]()
    app.handler_map["take"] = _into(seen)
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


class BusySecondTime(MemoryQueue):
    """Every second handful finds the file busy."""

    asked = 0

    def receive(self, queue: str, *, limit: int = 10, visibility_seconds: int = 60) -> list[Message]:
        self.asked += 1
        if self.asked % 2 == 0:
            raise Throttled("busy")
        return super().receive(queue, limit=limit, visibility_seconds=visibility_seconds)


@pytest.mark.parametrize(("kind", "sizes"), [(MemoryQueue, [20, 5]), (BusySecondTime, [10, 10])])
def test_handfuls_are_worked_off_together(kind: type[MemoryQueue], sizes: list[int]) -> None:
    app, seen = Chalice("t"), list[list[Any]]()
    app.handler_map["take"] = _into(seen)
    queue = kind(FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))
    queue.send("q", [{"n": n} for n in range(25)])
    consumer = Consumer(app, "take", "q", queue, threading.Event(), handfuls=2)
    assert consumer.work_once() and consumer.work_once()
    assert [len(records) for records in seen] == sizes
    assert queue.depth("q") == 25 - sum(sizes)


def _into(seen: list[list[Any]]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    def take(event: dict[str, Any], context: Any) -> dict[str, Any]:
        seen.append(event["Records"])
        return {}

    return take


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)

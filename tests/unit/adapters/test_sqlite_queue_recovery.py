"""Messages that a dead receiver held come back at once when somebody knows that it is dead."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.sqlite_queue import SqliteQueue


def test_what_is_held_comes_back_and_nothing_else_moves(tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 22, 1, 0, tzinfo=UTC))
    queue = SqliteQueue(tmp_path / "q.db", clock)
    queue.send("a", [{"n": 1}])
    queue.send("b", [{"n": 2}])
    held = queue.receive("a") + queue.receive("b")
    queue.send("a", [{"n": 3}], delay_seconds=30)
    assert queue.receive("a") + queue.receive("b") == []
    assert queue.recover() == 2
    again = queue.receive("a") + queue.receive("b")
    assert [(m.body["n"], m.attempts) for m in again] == [(1, 2), (2, 2)]  # and the delayed one still waits
    for message, name in zip(held, "ab", strict=True):
        queue.ack(name, message.receipt)  # the receipts of the dead are worth nothing
    assert queue.depth("a") + queue.depth("b") == 3
    queue.close()

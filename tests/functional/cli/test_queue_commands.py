"""``queue list | dead | redrive``: what failed too often is seen, and put back when its cause is mended."""

from __future__ import annotations

import pytest

from chalicelib.audit.log import AuditLog
from chalicelib.bootstrap import Application
from chalicelib.notices.kinds import QUEUES, Priority
from tests.functional.cli.conftest import Jobs
from tests.functional.support import clock_of

QUEUE = QUEUES[Priority.NORMAL]
PHONE = "13800138000"


@pytest.fixture
def dead(county: Application) -> Application:
    """One message that was received five times and never acknowledged."""
    county.queue.send(QUEUE, [{"notice": "n-1", "said": f"请回电 {PHONE}"}])
    for _ in range(5):
        assert county.queue.receive(QUEUE, visibility_seconds=1)
        clock_of(county).advance(2)
    assert county.queue.receive(QUEUE) == []
    return county


def test_dead_letters_are_seen_without_what_is_personal(dead: Application, jobs: Jobs) -> None:
    rows = {row["queue"]: (row["waiting"], row["dead"]) for row in jobs("queue", "list", "--json").json}
    assert rows == {name: (0, 1 if name == QUEUE else 0) for name in rows}
    (one,) = jobs("queue", "dead", QUEUE, "--json").json
    assert one["attempts"] >= 5  # SQS counts looks at the dead as well
    assert one["body"]["notice"] == "n-1"
    told = jobs("queue", "dead", QUEUE)
    assert "notice=n-1" in told.out
    assert PHONE not in told.out + str(one)
    assert f"queue redrive {QUEUE}" in told.err


def test_redrive_puts_them_back_once_and_is_written_down(dead: Application, jobs: Jobs) -> None:
    assert "有 1 条死信可以放回" in jobs("queue", "redrive", QUEUE, "--dry-run").out
    assert len(dead.queue.dead(QUEUE)) == 1
    assert jobs("queue", "redrive", QUEUE).out == f"已把 1 条放回 {QUEUE}。\n"
    assert dead.queue.dead(QUEUE) == []
    assert [message.body["notice"] for message in dead.queue.receive(QUEUE)] == ["n-1"]
    assert "没有死信" in jobs("queue", "redrive", QUEUE).out
    entries = [entry for entry in AuditLog(dead.store).entries() if entry.action == "queue redrive"]
    assert len(entries) == 6 and f"queue={QUEUE}" in entries[0].subject


def test_an_unknown_queue_is_named_with_those_there_are(county: Application, jobs: Jobs) -> None:
    for command in ("dead", "redrive"):
        answer = jobs("queue", command, "nowhere")
        assert answer.code == 2
        assert "没有“nowhere”这个队列" in answer.err and QUEUE in answer.err

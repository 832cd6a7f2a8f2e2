"""The promise of ports.Queue, held against every adapter. SQS runs on moto's own clock, so it really waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.sqs_queue import SqsQueue
from chalicelib.ports import Message, Queue
from tests.contract.conftest import MAX_RECEIVES, QueueHandle
from tests.houses.mocked_aws import fresh, make_queues


def drain(queue: Queue, name: str = "work") -> list[Message]:
    """Receive and acknowledge until nothing is left."""
    found: list[Message] = []
    while batch := queue.receive(name):
        for message in batch:
            queue.ack(name, message.receipt)
        found += batch
    return found


def kill(queue: Queue, name: str = "work") -> None:
    """Receive everything once more than is allowed."""
    for _ in range(MAX_RECEIVES):
        for message in queue.receive(name):
            queue.release(name, message.receipt)
    assert queue.receive(name) == []


def test_an_empty_queue_gives_nothing(queue: Queue) -> None:
    assert queue.receive("work") == []
    assert queue.depth("work") == 0
    assert queue.dead("work") == []
    assert queue.redrive("work") == 0
    queue.send("work", [])
    assert queue.depth("work") == 0


def test_bodies_come_through_whole(queue: Queue) -> None:
    body = {"企业": ["溪心办𠮷\u0000\uffff", {"深": None}], "msgid": "9007199254740993", "n": 2**60}
    queue.send("work", [body])
    [message] = queue.receive("work")
    assert (message.body, message.attempts) == (body, 1)
    assert message.id and message.receipt


def test_every_message_comes_once_over_many_batches(queue: Queue) -> None:
    queue.send("work", [{"n": n} for n in range(47)])
    assert queue.depth("work") == 47
    found = drain(queue)
    assert sorted(message.body["n"] for message in found) == list(range(47))
    assert len({message.id for message in found}) == 47
    assert queue.depth("work") == 0


def test_many_are_acknowledged_at_once(queue: Queue) -> None:
    queue.send("work", [{"n": n} for n in range(12)])
    first, rest = queue.receive("work"), queue.receive("work")
    queue.ack("work")
    assert queue.depth("work") == 12
    queue.ack("work", *[message.receipt for message in (*first, *rest)], first[0].receipt)
    assert queue.depth("work") == 0


def test_queues_are_apart(queue: Queue) -> None:
    queue.send("work", [{"n": 1}])
    assert queue.receive("other") == []
    [message] = queue.receive("work")
    queue.ack("other", message.receipt)
    assert queue.depth("work") == 1


def test_limit(queue: Queue) -> None:
    queue.send("work", [{"n": n} for n in range(5)])
    assert len(queue.receive("work", limit=2)) == 2
    assert len(queue.receive("work", limit=10)) == 3
    for wrong in (0, 11):
        with pytest.raises(ValueError, match="limit"):
            queue.receive("work", limit=wrong)


def test_a_received_message_is_hidden_until_its_time_is_up(handle: QueueHandle) -> None:
    handle.queue.send("work", [{"n": 1}])
    [first] = handle.queue.receive("work", visibility_seconds=1)
    assert handle.queue.receive("work") == []
    assert handle.queue.depth("work") == 1
    handle.advance(1)
    [second] = handle.queue.receive("work")
    assert (second.id, second.attempts) == (first.id, 2)
    assert second.receipt != first.receipt


def test_an_outdated_receipt_does_nothing(handle: QueueHandle) -> None:
    handle.queue.send("work", [{"n": 1}])
    [first] = handle.queue.receive("work", visibility_seconds=1)
    handle.advance(1)
    [second] = handle.queue.receive("work")
    handle.queue.ack("work", second.receipt)
    handle.queue.ack("work", first.receipt)
    handle.queue.ack("work", second.receipt)
    handle.queue.release("work", second.receipt)
    assert handle.queue.depth("work") == 0
    assert handle.queue.receive("work") == []


def test_a_delayed_message_comes_later(handle: QueueHandle) -> None:
    handle.queue.send("work", [{"n": 1}], delay_seconds=1)
    assert handle.queue.receive("work") == []
    assert handle.queue.depth("work") == 1
    handle.advance(1)
    assert [message.body for message in drain(handle.queue)] == [{"n": 1}]


def test_delay_is_bounded(queue: Queue) -> None:
    for wrong in (-1, 901):
        with pytest.raises(ValueError, match="delay_seconds"):
            queue.send("work", [{}], delay_seconds=wrong)
        with pytest.raises(ValueError, match="delay_seconds"):
            queue.release("work", "receipt", delay_seconds=wrong)
    assert queue.depth("work") == 0


def test_released_messages_come_back(handle: QueueHandle) -> None:
    handle.queue.send("work", [{"n": 1}])
    [first] = handle.queue.receive("work")
    handle.queue.release("work", first.receipt)
    [second] = handle.queue.receive("work")
    assert (second.id, second.attempts) == (first.id, 2)


def test_released_with_a_delay(handle: QueueHandle) -> None:
    handle.queue.send("work", [{"n": 1}])
    [first] = handle.queue.receive("work")
    handle.queue.release("work", first.receipt, delay_seconds=1)
    assert handle.queue.receive("work") == []
    handle.advance(1)
    assert [message.attempts for message in handle.queue.receive("work")] == [2]


def test_dead_letters_and_redrive(queue: Queue) -> None:
    queue.send("work", [{"n": n} for n in range(3)])
    kill(queue)
    assert queue.depth("work") == 0
    for _ in range(2):  # looking does not remove
        assert sorted(message.body["n"] for message in queue.dead("work")) == [0, 1, 2]
    assert len(queue.dead("work", limit=2)) == 2
    assert queue.dead("other") == []
    assert queue.redrive("work") == 3
    assert queue.dead("work") == []
    back = drain(queue)
    assert sorted((message.body["n"], message.attempts) for message in back) == [(0, 1), (1, 1), (2, 1)]


def test_a_message_too_large_is_refused_and_nothing_sent(queue: Queue) -> None:
    with pytest.raises(ValueError, match="262144"):
        queue.send("work", [{"n": 1}, {"text": "x" * 262_200}])
    assert queue.depth("work") == 0


def test_large_messages_are_split_into_batches(queue: Queue) -> None:
    queue.send("work", [{"n": n, "text": "x" * 100_000} for n in range(5)])
    assert sorted(message.body["n"] for message in drain(queue)) == list(range(5))


def test_eight_receivers_share_the_work_without_overlap(queue: Queue) -> None:
    queue.send("work", [{"n": n} for n in range(80)])
    with ThreadPoolExecutor(8) as pool:
        found = [message for share in pool.map(lambda _: drain(queue), range(8)) for message in share]
    assert sorted(message.body["n"] for message in found) == list(range(80))
    assert queue.depth("work") == 0


def test_dead_letters_that_nobody_can_read_are_seen_and_moved(aws: Callable[[str], Any]) -> None:
    """Only SQS can hold such: somebody with the console, or another program, may send anything."""
    prefix, client = fresh(), aws("sqs")
    make_queues(client, prefix, "work", max_receives=MAX_RECEIVES)
    queue = SqsQueue(prefix, lambda: client, wait_seconds=0)
    urls = {name: client.get_queue_url(QueueName=f"{prefix}-{name}")["QueueUrl"] for name in ("work", "work-dead")}
    unreadable = ["junk", "[1]", "[" * 100_000]
    for body in (*unreadable, '{"notice":"n-1"}'):
        client.send_message(QueueUrl=urls["work-dead"], MessageBody=body)
    bodies = [message.body for message in queue.dead("work")]
    assert sorted(map(str, bodies)) == sorted(
        map(str, [*({"unreadable": text} for text in unreadable), {"notice": "n-1"}])
    )
    assert queue.redrive("work") == 4
    assert queue.depth("work") == 4 and queue.dead("work") == []

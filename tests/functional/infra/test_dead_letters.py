"""Of ten messages nine are done and the one that can never be is alone in the dead letters, whatever is wrong with it;
on the queue of the stage, by the consumer of each queue."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.entrypoints.queues import NAMES
from chalicelib.notices.kinds import QUEUES
from chalicelib.ports import JsonObject
from chalicelib.queue_names import MATCHING, MATCHING_SHARDS
from infra.queues import MAX_RECEIVES
from jobs.embedded.worker import RETRY_SECONDS, consumers
from tests.functional.support import clock_of, make_application

HANDLERS = ("deliver_urgent", "deliver", "deliver_bulk", "match", "match_shard")
UNREADABLE = ("junk", "", "[1]", "7", "null", "{}", "[" * 100_000, '{"a":' * 100_000)
GOOD: dict[str, list[JsonObject]] = {
    **{queue: [{"notice": f"n{number}"} for number in range(9)] for queue in QUEUES.values()},
    MATCHING: [{"shard": number % 8} for number in range(9)],
    MATCHING_SHARDS: [],  # a good one wants the columns of a night
}


@pytest.fixture
def application() -> Iterator[Application]:
    yield make_application()
    bootstrap.install(None)


@pytest.mark.parametrize("queue", NAMES)
def test_only_the_poisoned_message_ends_in_the_dead_letters(
    application: Application, caplog: pytest.LogCaptureFixture, queue: str
) -> None:
    poisoned: JsonObject = {"shard": "one", "notice": 7}
    application.queue.send(queue, [*GOOD[queue], poisoned])
    consumer = next(each for each in consumers(app, application.queue, threading.Event()) if each.queue_name == queue)
    for _ in range(MAX_RECEIVES + 1):
        while consumer.work_once():
            pass
        clock_of(application).advance(RETRY_SECONDS + 1)
    assert application.queue.depth(queue) == 0
    assert [message.body for message in application.queue.dead(queue)] == [poisoned]
    failures = [line for line in caplog.records if line.getMessage() == "message not worked off"]
    assert len(failures) == MAX_RECEIVES


@pytest.mark.parametrize("text", UNREADABLE, ids=range(len(UNREADABLE)))
@pytest.mark.parametrize("handler", HANDLERS)
def test_what_nobody_can_read_holds_up_nothing_beside_it(application: Application, handler: str, text: str) -> None:
    good = {"match": '{"shard": 1}', "match_shard": "{}"}.get(handler, '{"notice": "n"}')
    with Client(app) as client:
        event = client.events.generate_sqs_event([good, text, good])
        for number, record in enumerate(event["Records"]):
            record["messageId"] = f"m{number}"
        answer = client.lambda_.invoke(handler, event)
    failed = ["m0", "m1", "m2"] if handler == "match_shard" else ["m1"]
    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

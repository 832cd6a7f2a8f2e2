"""Every adapter of each port behind one handle, so that one suite holds for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.dynamodb_store import DynamoDBStore, table_definition
from chalicelib.adapters.files import FileBlobs
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue, MemoryStore
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.adapters.sqs_queue import SqsQueue
from chalicelib.ports import Blobs, Queue, Store
from tests.houses.mocked_aws import MockedAws, fresh, make_bucket, make_queues

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
MAX_RECEIVES = 2


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture(scope="module")
def aws() -> Iterator[Callable[[str], Any]]:
    """Clients of a mock of AWS, one a service, shared by the threads and tests of a module; each test names its own
    table, queues and bucket with ``fresh``."""
    mocked = MockedAws()
    mocked.start()
    yield mocked.client
    mocked.stop()


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: FixedClock, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore(clock)
    elif request.param == "sqlite":
        sqlite = SqliteStore(tmp_path / "store.db", clock, synchronous="NORMAL")
        yield sqlite
        sqlite.close()
    else:
        aws = request.getfixturevalue("aws")
        table = fresh()
        aws("dynamodb").create_table(**table_definition(table))
        yield DynamoDBStore(table, lambda: aws("dynamodb"), clock)


@dataclass
class QueueHandle:
    """A queue and how to let time pass for it."""

    queue: Queue
    advance: Callable[[int], None]


@pytest.fixture(params=["memory", "sqlite", "sqs"])
def handle(request: pytest.FixtureRequest, clock: FixedClock, tmp_path: Path) -> Iterator[QueueHandle]:
    if request.param == "memory":
        yield QueueHandle(MemoryQueue(clock, MAX_RECEIVES), clock.advance)
    elif request.param == "sqlite":
        sqlite = SqliteQueue(tmp_path / "queue.db", clock, MAX_RECEIVES, synchronous="NORMAL")
        yield QueueHandle(sqlite, clock.advance)
        sqlite.close()
    else:
        aws = request.getfixturevalue("aws")
        prefix = fresh()
        make_queues(aws("sqs"), prefix, "work", "other", max_receives=MAX_RECEIVES)
        yield QueueHandle(
            SqsQueue(prefix, lambda: aws("sqs"), wait_seconds=0), lambda seconds: time.sleep(seconds + 0.05)
        )


@pytest.fixture
def queue(handle: QueueHandle) -> Queue:
    return handle.queue


@pytest.fixture(params=["memory", "files", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "files":
        return FileBlobs(tmp_path / "blobs")
    aws = request.getfixturevalue("aws")
    bucket = fresh()
    make_bucket(aws("s3"), bucket)
    return S3Blobs(bucket, lambda: aws("s3"))

"""The stage that the functional suite runs in: ``pytest --stage memory|local|aws|aws-weather`` (default memory).

The tests are the same in all of them. ``memory`` is the quick one; ``local`` is SQLite and files, as on one machine;
``aws`` is DynamoDB, SQS and S3 on moto, with the settings of a deployed stage; ``aws-weather`` is that on a bad day.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.dynamodb_requests import item_of
from chalicelib.adapters.dynamodb_store import DynamoDBStore, table_definition
from chalicelib.adapters.files import FileBlobs
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue, MemoryStore
from chalicelib.adapters.rows import Key
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.adapters.sqs_queue import SqsQueue
from chalicelib.entrypoints.queues import NAMES
from chalicelib.ports import MAX_TRANSACT, Blobs, Put, Queue, Record, Store
from infra.queues import MAX_RECEIVES
from tests.houses.mocked_aws import CloudClock, MockedAws, fresh, make_bucket, make_queues
from tests.houses.rights import bare
from tests.houses.weather import PassingWeather


@dataclass(frozen=True)
class House:
    """The ports of one test's application, what its settings say of them, and the clock that all of them go by."""

    clock: FixedClock
    store: Store
    queue: Queue
    blobs: Blobs
    settings: Mapping[str, object]


class Stage(Protocol):
    name: str

    def house(self, at: datetime) -> House:
        """An empty one."""
        ...

    def keys(self, store: Store) -> list[Key]:
        """Of every row in a store of this stage."""
        ...

    def fill(self, store: Store, records: Sequence[Record]) -> None:
        """Put the rows into an empty store."""
        ...

    def one_test(self) -> AbstractContextManager[None]:
        """When it ends, the rows of houses made within it are not needed any more; files may be, they are shared."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class InMemory:
    name = "memory"

    def house(self, at: datetime) -> House:
        clock = FixedClock(at)
        return House(clock, MemoryStore(clock), MemoryQueue(clock), MemoryBlobs(), {})

    def keys(self, store: Store) -> list[Key]:
        store = bare(store)
        assert isinstance(store, MemoryStore)
        return list(store._rows)

    def fill(self, store: Store, records: Sequence[Record]) -> None:
        _fill(store, records)

    def one_test(self) -> AbstractContextManager[None]:
        return nullcontext()

    def start(self) -> None: ...

    def stop(self) -> None: ...


class OnOneMachine:
    name = "local"

    def start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="xixinban-houses-"))
        self._open: list[SqliteStore | SqliteQueue] = []

    def stop(self) -> None:
        self._close(0)
        shutil.rmtree(self._folder)

    @contextmanager
    def one_test(self) -> Iterator[None]:
        before = len(self._open)
        yield
        self._close(before)

    def _close(self, keep: int) -> None:
        while len(self._open) > keep:
            self._open.pop().close()

    def house(self, at: datetime) -> House:
        clock, path = FixedClock(at), self._folder / f"{fresh()}.db"
        store = SqliteStore(path, clock, synchronous="NORMAL")
        queue = SqliteQueue(path, clock, synchronous="NORMAL")
        self._open += [store, queue]
        return House(clock, store, queue, FileBlobs(Path(f"{path}.blobs")), {"stage": "local", "db": path})

    def keys(self, store: Store) -> list[Key]:
        store = bare(store)
        assert isinstance(store, SqliteStore)
        with store._file.reading() as file:
            return [(pk, sk) for pk, sk in file.execute("SELECT pk, sk FROM rows")]

    def fill(self, store: Store, records: Sequence[Record]) -> None:
        _fill(store, records)


class OnAws:
    name = "aws"

    def __init__(self) -> None:
        self._aws = MockedAws()
        self._made: list[str] = []

    def start(self) -> None:
        self._aws.start()

    def stop(self) -> None:
        self._aws.stop()

    def wrap(self, over: Callable[[Any], Any]) -> None:
        """Put something over each client that is made from now on."""
        self._aws.wrap = over

    @contextmanager
    def one_test(self) -> Iterator[None]:
        """moto keeps its tables in this process's memory."""
        before = len(self._made)
        yield
        while len(self._made) > before:
            self._aws.client("dynamodb").delete_table(TableName=self._made.pop())

    def house(self, at: datetime) -> House:
        clock, name, client = CloudClock(at), fresh(), self._aws.client
        client("dynamodb").create_table(**table_definition(name))
        self._made.append(name)
        make_queues(client("sqs"), name, *NAMES, max_receives=MAX_RECEIVES)
        make_bucket(client("s3"), name)
        store = DynamoDBStore(name, lambda: client("dynamodb"), clock)
        queue = SqsQueue(name, lambda: client("sqs"), wait_seconds=0)
        settings = {"stage": "aws", "table": name, "bucket": name, "queue_prefix": name}
        # Pushes in every mode have their tests; on AWS the two weak ones must be asked for.
        settings |= {"wechat_modes": "safe compatible plaintext"}
        return House(clock, store, queue, S3Blobs(name, lambda: client("s3")), settings)

    def keys(self, store: Store) -> list[Key]:
        return list(self._keys(store))

    def fill(self, store: Store, records: Sequence[Record]) -> None:
        store = bare(store)
        assert isinstance(store, DynamoDBStore)
        puts = [{"PutRequest": {"Item": item_of(record, 1, "filled")}} for record in records]
        for start in range(0, len(puts), 25):
            self._aws.client("dynamodb").batch_write_item(RequestItems={store._table: puts[start : start + 25]})

    def _keys(self, store: Store) -> Iterator[Key]:
        store = bare(store)
        assert isinstance(store, DynamoDBStore)
        pages = self._aws.client("dynamodb").get_paginator("scan").paginate(TableName=store._table)
        return ((item["pk"]["S"], item["sk"]["S"]) for page in pages for item in page["Items"])


class OnAwsInBadWeather(OnAws):
    """One call of seven meets something that its adapter must get over: no test may notice."""

    name = "aws-weather"

    def start(self) -> None:
        self.wrap(PassingWeather(share=0.15).over)
        super().start()


def _fill(store: Store, records: Sequence[Record]) -> None:
    for start in range(0, len(records), MAX_TRANSACT):
        store.transact([Put(record) for record in records[start : start + MAX_TRANSACT]])


STAGES: Mapping[str, type[Stage]] = {stage.name: stage for stage in (InMemory, OnOneMachine, OnAws, OnAwsInBadWeather)}

_chosen: list[Stage] = [InMemory()]


def current() -> Stage:
    return _chosen[-1]


def choose(stage: Stage) -> None:
    _chosen[:] = [stage]

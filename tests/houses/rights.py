"""Rights as on AWS (最小权限): what a function does with rows, queues and files must be granted by its own policy.

The functional suite runs every function; here each of its calls on the ports is held against ``infra/policies``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from chalice.app import Chalice, Request

from chalicelib.ports import Blobs, Check, Delete, Index, JsonObject, Message, Page, Put, Queue, Record, Store, Write
from infra.access import POLICIES
from infra.functions import API, functions_of
from infra.queues import dead_letters_id, queue_id

running: ContextVar[str | None] = ContextVar("running", default=None)
"""The Lambda function that runs, None outside of all: a command on this machine, or a test's own hands."""

missing: list[str] = []
"""What was done without a right, as ``function: action on resource``; emptied by whoever reads it."""


def watch(app: Chalice) -> None:
    """Know from now on which function runs."""
    consumers = {each.queue: each.name for each in functions_of(app) if each.queue}

    def name_of(event: Any) -> str | None:
        if isinstance(event, Request):
            return API
        records = event.to_dict().get("Records") if hasattr(event, "to_dict") else None
        if records:
            queue = records[0]["eventSourceARN"].rpartition(":")[2]
            return next(
                (name for known, name in consumers.items() if queue == known or queue.endswith(f"-{known}")), None
            )
        return getattr(getattr(event, "context", None), "function_name", None)

    def known(event: Any, get_response: Callable[[Any], Any]) -> Any:
        token = running.set(name_of(event))
        try:
            return get_response(event)
        finally:
            running.reset(token)

    app.register_middleware(known, "all")


@cache
def allows(function: str, action: str, resource: str, partition: str = "") -> bool:
    """As IAM decides: a Deny that fits wins, an Allow is needed. ``resource``: a logical id, an index or a file;
    ``partition``: the partition key of the call, its LeadingKeys."""
    fitting = [each for each in _statements(function) if _fits(each, action, resource, partition)]
    return {each["Effect"] for each in fitting} == {"Allow"}


@cache
def _statements(function: str) -> list[JsonObject]:
    found: list[JsonObject] = json.loads((POLICIES / f"{function}.json").read_text(encoding="utf-8"))["Statement"]
    return found


def _fits(statement: JsonObject, action: str, resource: str, partition: str) -> bool:
    named = action in statement["Action"] and any(
        fnmatchcase(resource, _resource(each)) for each in statement["Resource"]
    )
    return named and _on_such_a_row(statement.get("Condition", {}), partition)


def _on_such_a_row(condition: JsonObject, partition: str) -> bool:
    """One row has one partition key, so that any and all of them are the same here."""
    assert set(condition) <= {"ForAnyValue:StringLike", "ForAllValues:StringLike", "Null"}
    patterns = [each["dynamodb:LeadingKeys"] for name, each in condition.items() if name != "Null"]
    return all(any(fnmatchcase(partition, pattern) for pattern in each) for each in patterns)


def _resource(raw: JsonObject) -> str:
    if "Fn::GetAtt" in raw:
        return str(raw["Fn::GetAtt"][0])
    return str(raw["Fn::Sub"]).removeprefix("${Content.Arn}/").removeprefix("${Table.Arn}/")


def _need(action: str, resource: str, partition: str = "") -> None:
    function = running.get()
    if function is None or not (POLICIES / f"{function}.json").exists():
        return
    if not allows(function, action, resource, partition):
        missing.append(f"{function}: {action} on {resource}{f' {partition}' if partition else ''}")
        raise PermissionError(missing[-1])


class GuardedStore:
    """``bare`` is the store without the guard."""

    def __init__(self, store: Store) -> None:
        self.bare = store

    def get(self, pk: str, sk: str) -> Record | None:
        _row(pk, "GetItem")
        return self.bare.get(pk, sk)

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        for pk, _ in keys:
            _row(pk, "BatchGetItem")
        return self.bare.get_many(keys)

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        _row(record.pk, *_actions(Put(record, if_absent, if_version)))
        return self.bare.put(record, if_absent=if_absent, if_version=if_version)

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        _row(pk, "DeleteItem")
        self.bare.delete(pk, sk, if_version=if_version)

    def query(self, pk: str, **how: Any) -> Page:
        _row(pk, "Query")
        return self.bare.query(pk, **how)

    def query_index(self, index: Index, pk: str, **how: Any) -> Page:
        _need("dynamodb:Query", f"index/{index}", pk)
        return self.bare.query_index(index, pk, **how)

    def transact(self, writes: Sequence[Write]) -> None:
        for write in writes:
            _row(write.record.pk if isinstance(write, Put) else write.pk, *_actions(write))
        self.bare.transact(writes)

    def add(
        self,
        pk: str,
        sk: str,
        counts: Mapping[str, int],
        *,
        at_most: Mapping[str, int] | None = None,
        expires_at: int | None = None,
    ) -> dict[str, int]:
        _row(pk, "UpdateItem", "PutItem")
        return self.bare.add(pk, sk, counts, at_most=at_most, expires_at=expires_at)


def bare(store: Store) -> Store:
    return store.bare if isinstance(store, GuardedStore) else store


def _row(partition: str, *actions: str) -> None:
    for action in actions:
        _need(f"dynamodb:{action}", "Table", partition)


def _actions(write: Write) -> tuple[str, ...]:
    """What adapters/dynamodb_requests makes of it: an unconditional Put goes over an expired row by PutItem."""
    match write:
        case Put(if_absent=False, if_version=None):
            return ("UpdateItem", "PutItem")
        case Put():
            return ("PutItem",)
        case Delete():
            return ("DeleteItem",)
        case Check():
            return ("ConditionCheckItem",)


class GuardedQueue:
    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def send(self, queue: str, bodies: Sequence[JsonObject], *, delay_seconds: int = 0) -> None:
        _need("sqs:SendMessage", queue_id(queue))
        self._queue.send(queue, bodies, delay_seconds=delay_seconds)

    def receive(self, queue: str, *, limit: int = 10, visibility_seconds: int = 60) -> list[Message]:
        _need("sqs:ReceiveMessage", queue_id(queue))
        return self._queue.receive(queue, limit=limit, visibility_seconds=visibility_seconds)

    def ack(self, queue: str, *receipts: str) -> None:
        _need("sqs:DeleteMessage", queue_id(queue))
        self._queue.ack(queue, *receipts)

    def release(self, queue: str, receipt: str, *, delay_seconds: int = 0) -> None:
        _need("sqs:ChangeMessageVisibility", queue_id(queue))
        self._queue.release(queue, receipt, delay_seconds=delay_seconds)

    def depth(self, queue: str) -> int:
        _need("sqs:GetQueueAttributes", queue_id(queue))
        return self._queue.depth(queue)

    def dead(self, queue: str, *, limit: int = 10) -> list[Message]:
        _need("sqs:ReceiveMessage", dead_letters_id(queue))
        return self._queue.dead(queue, limit=limit)

    def redrive(self, queue: str) -> int:
        _need("sqs:ReceiveMessage", dead_letters_id(queue))
        _need("sqs:SendMessage", queue_id(queue))
        return self._queue.redrive(queue)


class GuardedBlobs:
    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def put(self, name: str, data: bytes) -> None:
        _need("s3:PutObject", name)
        self._blobs.put(name, data)

    def get(self, name: str) -> bytes | None:
        _need("s3:GetObject", name)
        _need("s3:ListBucket", "Content")  # else a file that is not there would be a forbidden one
        return self._blobs.get(name)

    def list(self, prefix: str) -> list[str]:
        _need("s3:ListBucket", "Content")
        return self._blobs.list(prefix)

    def delete(self, name: str) -> None:
        _need("s3:DeleteObject", name)
        self._blobs.delete(name)

"""Rights as on AWS (最小权限): what a function does with queues and files must be granted by its own policy.

The functional suite runs every function; here each of its calls on the ports is held against ``infra/policies``. Rows
are left out: every function has the whole table but for the audit log (tests/unit/infra/test_audit_policies.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from chalice.app import Chalice, Request

from chalicelib.ports import Blobs, JsonObject, Message, Queue
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
def _grants(function: str) -> frozenset[tuple[str, str]]:
    """(action, resource): a queue's logical id, or a pattern of files; empty for a name that has no policy."""
    path = POLICIES / f"{function}.json"
    statements = json.loads(path.read_text(encoding="utf-8"))["Statement"] if path.exists() else []
    return frozenset(
        (action, _resource(resource))
        for each in statements
        if each["Effect"] == "Allow"
        for action in each["Action"]
        for resource in each["Resource"]
    )


def _resource(raw: JsonObject) -> str:
    if "Fn::GetAtt" in raw:
        return str(raw["Fn::GetAtt"][0])
    return str(raw["Fn::Sub"]).removeprefix("${Content.Arn}/")


def _need(action: str, resource: str) -> None:
    function = running.get()
    if function is None or not (POLICIES / f"{function}.json").exists():
        return
    if any(granted == action and fnmatchcase(resource, pattern) for granted, pattern in _grants(function)):
        return
    missing.append(f"{function}: {action} on {resource}")
    raise PermissionError(missing[-1])


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

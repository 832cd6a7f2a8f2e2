"""Queue consumers of the embedded run: messages go through the app's own handlers, as SQS would call them."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

from chalice.app import Chalice, SQSEventConfig

from chalicelib.notices.kinds import QUEUES
from chalicelib.ports import Message, Queue, Throttled

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2
VISIBILITY_SECONDS = 60
AT_ONCE = 3
"""Consumers of one queue of notices: while one waits for the platform or the disk, another works."""
RETRY_SECONDS = 5
HANDFUL, HANDFULS = 10, 2
"""What a queue gives at once, and how many of these a consumer of notices works off together: a batch costs the same
synced commits, however large it is."""


class Consumer(threading.Thread):
    """One queue's consumer: receive, call the handler, acknowledge what it did not report as failed."""

    def __init__(
        self, app: Chalice, handler: str, queue_name: str, queue: Queue, stop: threading.Event, handfuls: int = 1
    ) -> None:
        super().__init__(name=f"consumer-{queue_name}", daemon=True)
        self._call = app.handler_map[handler]
        self.queue_name = queue_name
        self._queue = queue
        self._stop_event = stop
        self._handfuls = handfuls

    def run(self) -> None:
        while not self._stop_event.is_set():
            if not self.work_once():
                self._stop_event.wait(IDLE_SECONDS)

    def work_once(self) -> bool:
        """Take and handle one batch; False when there was none. A busy file, also while acknowledging, must not end
        the thread: what was not acknowledged comes again, and the handlers know what is done."""
        try:
            messages = self._receive()
            if messages:
                self._handle(messages)
        except Throttled:
            log.warning("queue busy", extra={"queue": self.queue_name})
            return False
        return bool(messages)

    def _receive(self) -> list[Message]:
        """As many handfuls as are wanted and there are. One that a busy file refuses ends it: what is in hand already
        is worked off now, not when it may be seen again."""
        messages = self._handful()
        for _ in range(self._handfuls - 1):
            if len(messages) % HANDFUL:
                break
            try:
                messages += self._handful()
            except Throttled:
                break
        return messages

    def _handful(self) -> list[Message]:
        return self._queue.receive(self.queue_name, limit=HANDFUL, visibility_seconds=VISIBILITY_SECONDS)

    def _handle(self, messages: list[Message]) -> None:
        failed = {m.id for m in messages}
        try:
            result = self._call(_event(self.queue_name, messages), Context(self.queue_name))
            failed = {row["itemIdentifier"] for row in (result or {}).get("batchItemFailures", [])}
        except Exception:
            # What SQS does with a handler that raises: the whole batch comes again.
            log.exception("consumer failed", extra={"queue": self.queue_name})
        self._queue.ack(self.queue_name, *[message.receipt for message in messages if message.id not in failed])
        for message in messages:
            if message.id in failed:
                self._queue.release(self.queue_name, message.receipt, delay_seconds=RETRY_SECONDS)


def consumers(app: Chalice, queue: Queue, stop: threading.Event) -> list[Consumer]:
    """Those of each queue that the app declares with ``on_sqs_message``."""
    found = []
    for source in (source for source in app.event_sources if isinstance(source, SQSEventConfig)):
        name = logical_name(source)
        at_once, handfuls = (AT_ONCE, HANDFULS) if name in QUEUES.values() else (1, 1)
        found += [Consumer(app, source.name, name, queue, stop, handfuls) for _ in range(at_once)]
    return found


def logical_name(source: SQSEventConfig) -> str:
    """Our name of the queue: the last part of the placeholder ARN (the real one is merged at packaging)."""
    return str(source.queue_arn or source.queue).rsplit(":", 1)[-1]


def _event(queue_name: str, messages: list[Message]) -> dict[str, Any]:
    records = [
        {
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": json.dumps(message.body, ensure_ascii=False),
            "attributes": {"ApproximateReceiveCount": str(message.attempts)},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:local:000000000000:{queue_name}",
            "awsRegion": "local",
        }
        for message in messages
    ]
    return {"Records": records}


class Context:
    """The few attributes of a Lambda context that handlers may look at."""

    def __init__(self, name: str) -> None:
        self.function_name = name
        self.aws_request_id = "local"
        self.invoked_function_arn = f"arn:aws:lambda:local:000000000000:function:{name}"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000

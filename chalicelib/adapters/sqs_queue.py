"""The Queue port on Amazon SQS: standard queues ``{prefix}-{queue}`` with dead letters in ``{prefix}-{queue}-dead``.

The redrive policy (how often a message may be received) belongs to the queue and stands in the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.adapters.aws import ClientFactory, OnFirstUse, attempts, code, patiently
from chalicelib.adapters.messages import (
    MAX_BATCH,
    MAX_BYTES,
    check_delay,
    check_receive,
    decode_message,
    encode_messages,
)
from chalicelib.ports import JsonObject, Message, Throttled
from chalicelib.queue_fields import read_body

_TOO_LONG = {"AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLong"}
_OUTDATED = {  # "The receipt handle has expired" comes as an InvalidParameterValue
    "AWS.SimpleQueueService.MessageNotInflight",
    "InvalidParameterValue",
    "MessageNotInflight",
    "ReceiptHandleIsInvalid",
}
_LOOKING_SECONDS = 20
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SendRefused(Exception):
    """SQS refuses some messages for what they are; sending them again will not help."""


class SqsQueue:
    """``wait_seconds`` is how long a receive waits for a message; 0 may miss some that are there (short polling)."""

    def __init__(self, prefix: str, client_factory: ClientFactory, wait_seconds: int = 1) -> None:
        self._prefix = prefix
        self._client = OnFirstUse(client_factory)
        self._wait_seconds = wait_seconds
        self._urls: dict[str, str] = {}

    def send(self, queue: str, bodies: Sequence[JsonObject], *, delay_seconds: int = 0) -> None:
        texts = encode_messages(bodies, delay_seconds)
        url = self._url(queue)
        for batch in _batches(texts):
            self._send(url, batch, delay_seconds)

    def receive(self, queue: str, *, limit: int = 10, visibility_seconds: int = 60) -> list[Message]:
        check_receive(limit, visibility_seconds)
        return [_message(raw) for raw in self._receive(self._url(queue), limit, visibility_seconds)]

    def ack(self, queue: str, *receipts: str) -> None:
        url = self._url(queue)
        for batch in _batches(receipts):
            self._delete(url, batch)

    def _delete(self, url: str, receipts: list[str]) -> None:
        """One batch; those that SQS fails for its own reasons are tried again."""
        left = receipts
        for _ in attempts():
            entries = [{"Id": str(i), "ReceiptHandle": receipt} for i, receipt in enumerate(left)]
            failed = self._call("delete_message_batch", QueueUrl=url, Entries=entries).get("Failed", [])
            left = [left[int(failure["Id"])] for failure in failed if failure["Code"] not in _OUTDATED]
            if not left:
                return
        raise Throttled(f"{len(left)} messages not deleted")

    def release(self, queue: str, receipt: str, *, delay_seconds: int = 0) -> None:
        check_delay(delay_seconds)
        self._on_receipt("change_message_visibility", queue, receipt, VisibilityTimeout=delay_seconds)

    def depth(self, queue: str) -> int:
        answer = self._call("get_queue_attributes", QueueUrl=self._url(queue), AttributeNames=list(_COUNTS))
        return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)

    def dead(self, queue: str, *, limit: int = 10) -> list[Message]:
        """Hides them while it looks, then shows them again; what is no JSON object as ``{"unreadable": text}``."""
        url = self._url(f"{queue}-dead")
        found: dict[str, Message] = {}
        while len(found) < limit:
            batch = self._receive(url, min(MAX_BATCH, limit - len(found)), _LOOKING_SECONDS)
            if not batch:
                break
            found |= {raw["MessageId"]: _dead_message(raw) for raw in batch}
        for message in found.values():
            self._on_receipt("change_message_visibility", f"{queue}-dead", message.receipt, VisibilityTimeout=0)
        return [Message(message.id, message.body, "", message.attempts) for message in found.values()]

    def redrive(self, queue: str) -> int:
        """Send first, then delete: a crash between the two doubles a message, which at-least-once allows."""
        moved = 0
        while batch := self._receive(self._url(f"{queue}-dead"), MAX_BATCH, _LOOKING_SECONDS):
            for texts in _batches(
                [raw["Body"] for raw in batch]
            ):  # as they are: what nobody can read must move as well
                self._send(self._url(queue), texts, 0)
            self.ack(f"{queue}-dead", *[raw["ReceiptHandle"] for raw in batch])
            moved += len(batch)
        return moved

    def _send(self, url: str, texts: list[str], delay_seconds: int) -> None:
        """One batch; what SQS fails for its own reasons is tried again, a batch too long for it is halved."""
        left = texts
        for _ in attempts():
            entries = [
                {"Id": str(i), "MessageBody": text, "DelaySeconds": delay_seconds} for i, text in enumerate(left)
            ]
            try:
                failed = self._call("send_message_batch", QueueUrl=url, Entries=entries).get("Failed", [])
            except self._client().exceptions.ClientError as error:
                if code(error) not in _TOO_LONG or len(left) == 1:
                    raise
                self._send(url, left[: len(left) // 2], delay_seconds)
                return self._send(url, left[len(left) // 2 :], delay_seconds)
            if not failed:
                return None
            if any(failure["SenderFault"] for failure in failed):
                raise SendRefused(", ".join(sorted({failure["Code"] for failure in failed})))
            left = [left[int(failure["Id"])] for failure in failed]
        raise Throttled("queue is busy")

    def _receive(self, url: str, limit: int, visibility_seconds: int) -> list[dict[str, Any]]:
        answer = self._call(
            "receive_message",
            QueueUrl=url,
            MaxNumberOfMessages=limit,
            VisibilityTimeout=visibility_seconds,
            WaitTimeSeconds=self._wait_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return list(answer.get("Messages", []))

    def _on_receipt(self, operation: str, queue: str, receipt: str, **options: Any) -> None:
        """An outdated receipt is no error: somebody else has the message now, or it is done."""
        try:
            self._call(operation, QueueUrl=self._url(queue), ReceiptHandle=receipt, **options)
        except self._client().exceptions.ClientError as error:
            if code(error) not in _OUTDATED:
                raise

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._call("get_queue_url", QueueName=f"{self._prefix}-{queue}")["QueueUrl"]
        return self._urls[queue]

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """A lost answer of a send doubles a message, which at-least-once allows; that of a receive hides some till
        their visibility ends."""
        client = self._client()

        def call() -> dict[str, Any]:
            answer: dict[str, Any] = getattr(client, operation)(**arguments)
            return answer

        return patiently(client, call)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """At most ten messages and 256 KiB together. The texts are ASCII, so characters are bytes."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == MAX_BATCH or size + len(text) > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


def _message(raw: dict[str, Any]) -> Message:
    return _with_body(raw, decode_message(raw["Body"]))


def _dead_message(raw: dict[str, Any]) -> Message:
    """Being unreadable is what may have killed it: the look at the dead must not fail over that."""
    body = read_body(raw["Body"])
    return _with_body(raw, {"unreadable": raw["Body"]} if body is None else body)


def _with_body(raw: dict[str, Any], body: JsonObject) -> Message:
    count = int(raw.get("Attributes", {}).get("ApproximateReceiveCount", 1))
    return Message(raw["MessageId"], body, raw["ReceiptHandle"], count)

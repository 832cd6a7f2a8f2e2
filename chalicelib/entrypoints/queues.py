"""Consumers of the queues: notices together, the rest one record at a time; what failed comes again, what worked does
not."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap, logs
from chalicelib.bootstrap import Application
from chalicelib.entrypoints.late_replies import late_replies_of
from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.ports import JsonObject
from chalicelib.queue_fields import PoisonedMessage, field, read_body
from chalicelib.queue_names import MATCHING, MATCHING_SHARDS

if TYPE_CHECKING:
    from chalicelib.notices.delivery import DeliveryResult

log = logging.getLogger(__name__)

queues = Blueprint(__name__)

# The real queues are merged in at packaging; Chalice wants a string here (infra/template.py puts the ARNs).
PLACEHOLDER = "arn:aws:sqs:us-east-1:123456789012:"
BATCH = 10

NAMES = (*QUEUES.values(), MATCHING, MATCHING_SHARDS)
"""Every queue there is; each has its consumer here."""


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.URGENT], batch_size=BATCH, name="deliver_urgent")
def deliver_urgent(event: SQSEvent) -> dict[str, Any]:
    return _notices(event)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.NORMAL], batch_size=BATCH, name="deliver")
def deliver(event: SQSEvent) -> dict[str, Any]:
    return _notices(event)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.BULK], batch_size=BATCH, name="deliver_bulk")
def deliver_bulk(event: SQSEvent) -> dict[str, Any]:
    return _notices(event)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + MATCHING, batch_size=1, name="match")
def match(event: SQSEvent) -> dict[str, Any]:
    """What changed is matched again (即时匹配); one message is a batch of enterprises already."""
    return _one_by_one(event, _match)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + MATCHING_SHARDS, batch_size=1, name="match_shard")
def match_shard(event: SQSEvent) -> dict[str, Any]:
    """One shard of a province's night (全省匹配); deployed where ``XIXINBAN_PROVINCE`` is on."""
    return _one_by_one(event, _match_shard)


def _notices(event: SQSEvent) -> dict[str, Any]:
    """Together what can go together, and whatever else the records ask for by itself."""
    application = bootstrap.current()
    records = _records(event, application)
    return _each(application, records, partial(_work_off, _together(application, records)))


def _one_by_one(event: SQSEvent, work_off: Callable[[Application, JsonObject, str], object]) -> dict[str, Any]:
    application = bootstrap.current()
    return _each(application, _records(event, application), work_off)


@dataclass(frozen=True, slots=True)
class _Record:
    """A message of a queue as the handler got it; ``body`` is empty where nobody can read it."""

    id: str
    queue: str
    body: JsonObject

    @property
    def correlation_id(self) -> str:
        """That of the callback or run which sent it; its own id where nobody gave it one."""
        return str(self.body.get("correlation_id", self.id))


def _records(event: SQSEvent, application: Application) -> list[_Record]:
    prefix = f"{application.settings.queue_prefix}-"
    return [
        _Record(
            id=record["messageId"],
            queue=record["eventSourceARN"].rpartition(":")[2].removeprefix(prefix),
            body=read_body(record["body"]) or {},
        )
        for record in event.to_dict()["Records"]
    ]


def _together(application: Application, records: list[_Record]) -> dict[str, DeliveryResult]:
    """Results by notice id. Notices of one callback or run go together, so that its id is on their lines and on the
    messages of a second try."""
    ids: dict[str, list[str]] = defaultdict(list)
    for body in (record.body for record in records):
        if isinstance(body.get("notice"), str):
            ids[str(body.get("correlation_id", ""))].append(body["notice"])
    sent: dict[str, DeliveryResult] = {}
    for correlation_id, notices in ids.items():
        with logs.bind(**({"correlation_id": correlation_id} if correlation_id else {})):
            try:
                sent |= application.notices.deliver_together(notices, application.clock.now())
            except Exception:
                # One row that nobody can read must not hold up the nine beside it: each is tried by itself.
                log.exception("notices not worked off together")
    return sent


def _each(
    application: Application, records: list[_Record], work_off: Callable[[Application, JsonObject, str], object]
) -> dict[str, Any]:
    """Reports the failed records only (ReportBatchItemFailures), so that the others are not done again."""
    failed = [record.id for record in records if not _worked_off(application, record, work_off)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _worked_off(
    application: Application, record: _Record, work_off: Callable[[Application, JsonObject, str], object]
) -> bool:
    with logs.bind(correlation_id=record.correlation_id, queue=record.queue):
        try:
            if not record.body:
                raise PoisonedMessage("the message is no JSON object, or an empty one")
            work_off(application, record.body, record.queue)
        except Exception:
            # One poisoned record must not hold up the nine beside it; it returns, and ends in the dead letters.
            log.exception("message not worked off", extra={"message_id": record.id})
            application.metrics.failed(record.queue, application.clock.now())
            return False
        return True


def _match(application: Application, body: JsonObject, queue: str) -> int:
    from jobs.rematch import Rematching  # every job: nothing for who delivers a notice or answers a message
    from jobs.runner import context_of

    return Rematching(context_of(application), application.rematch).work_off(body)


def _match_shard(application: Application, body: JsonObject, queue: str) -> object:
    from jobs.province.consumer import ShardMatching  # numpy: only this function has it
    from jobs.runner import context_of

    return ShardMatching(context_of(application), application.blobs, application.rematch).work_off(body)


def _work_off(sent: dict[str, DeliveryResult], application: Application, body: JsonObject, queue: str) -> None:
    """``{"notice": id}`` is a notice to deliver unless it was sent just now, ``{"inbound": key}`` a late answer,
    ``{"ticket": "jsapi"}`` the ticket that a page goes without."""
    if "inbound" in body:
        late_replies_of(application).carry(field(body, "inbound", str), field({"looks": 0, **body}, "looks", int))
        return
    if "ticket" in body:
        application.share_tickets.renew()
        return
    now = application.clock.now()
    notice = field(body, "notice", str)
    result = sent.pop(notice, None) or application.notices.deliver(notice, now)
    log.info("notice worked off", extra={"notice": notice, "state": result.state})
    if result.waited is not None:
        application.metrics.delivered(result.waited, queue, now)

"""Consumers of the queues: one record, one call; what failed comes again, what worked does not."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.entrypoints.late_replies import late_replies_of
from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.policies import rematch
from chalicelib.ports import JsonObject
from jobs.rematch import Rematching
from jobs.runner import context_of

log = logging.getLogger(__name__)

queues = Blueprint(__name__)

# The real queues are merged in at packaging; Chalice wants a string here (infra/template.py puts the ARNs).
PLACEHOLDER = "arn:aws:sqs:us-east-1:123456789012:"
BATCH = 10

NAMES = (*QUEUES.values(), rematch.QUEUE)
"""Every queue there is; each has its consumer here."""


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.URGENT], batch_size=BATCH, name="deliver_urgent")
def deliver_urgent(event: SQSEvent) -> dict[str, Any]:
    return _each(event, _work_off)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.NORMAL], batch_size=BATCH, name="deliver")
def deliver(event: SQSEvent) -> dict[str, Any]:
    return _each(event, _work_off)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.BULK], batch_size=BATCH, name="deliver_bulk")
def deliver_bulk(event: SQSEvent) -> dict[str, Any]:
    return _each(event, _work_off)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + rematch.QUEUE, batch_size=1, name="match")
def match(event: SQSEvent) -> dict[str, Any]:
    """What changed is matched again (即时匹配); one message is a batch of enterprises already."""
    return _each(event, _match)


def _each(event: SQSEvent, work_off: Callable[[Application, JsonObject], object]) -> dict[str, Any]:
    """Reports the failed records only (ReportBatchItemFailures), so that the others are not done again."""
    application = bootstrap.current()
    failures = []
    for record in event.to_dict()["Records"]:
        try:
            work_off(application, json.loads(record["body"]))
        except Exception:
            # One poisoned record must not hold up the nine beside it; it returns, and ends in the dead letters.
            log.exception("message not worked off", extra={"message_id": record["messageId"]})
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _match(application: Application, body: JsonObject) -> int:
    return Rematching(context_of(application), application.rematch).work_off(body)


def _work_off(application: Application, body: JsonObject) -> None:
    """``{"notice": id}`` is a notice to deliver, ``{"inbound": key}`` a late answer to send."""
    if "inbound" in body:
        late_replies_of(application).carry(body["inbound"], body.get("looks", 0))
    else:
        application.notices.deliver(body["notice"], application.clock.now())

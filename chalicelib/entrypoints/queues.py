"""Consumers of the queues: one record, one call; what failed comes again, what worked does not."""

from __future__ import annotations

import json
import logging
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.entrypoints.late_replies import late_replies_of
from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.ports import JsonObject

log = logging.getLogger(__name__)

queues = Blueprint(__name__)

# The real queues are merged in at packaging; Chalice wants a string here (infra/template.py puts the ARNs).
PLACEHOLDER = "arn:aws:sqs:us-east-1:123456789012:"
BATCH = 10


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.URGENT], batch_size=BATCH, name="deliver_urgent")
def deliver_urgent(event: SQSEvent) -> dict[str, Any]:
    return _deliver(event)


@queues.on_sqs_message(queue_arn=PLACEHOLDER + QUEUES[Priority.NORMAL], batch_size=BATCH, name="deliver")
def deliver(event: SQSEvent) -> dict[str, Any]:
    return _deliver(event)


def _deliver(event: SQSEvent) -> dict[str, Any]:
    """Reports the failed records only (ReportBatchItemFailures), so that the others are not sent again."""
    application = bootstrap.current()
    failures = []
    for record in event.to_dict()["Records"]:
        try:
            _work_off(application, json.loads(record["body"]))
        except Exception:
            # One poisoned record must not hold up the nine beside it; it returns, and ends in the dead letters.
            log.exception("message not worked off", extra={"message_id": record["messageId"]})
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _work_off(application: Application, body: JsonObject) -> None:
    """``{"notice": id}`` is a notice to deliver, ``{"inbound": key}`` a late answer to send."""
    if "inbound" in body:
        late_replies_of(application).carry(body["inbound"], body.get("looks", 0))
    else:
        application.notices.deliver(body["notice"], application.clock.now())

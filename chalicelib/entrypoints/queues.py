"""Consumers of the notice queues: one record, one call; what failed comes again, what worked does not."""

from __future__ import annotations

import json
import logging
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib import bootstrap
from chalicelib.notices.kinds import QUEUES, Priority

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
            notice_id = json.loads(record["body"])["notice"]
            application.notices.deliver(notice_id, application.clock.now())
        except Exception:
            # One poisoned record must not hold up the nine beside it; it returns, and ends in the dead letters.
            log.exception("notice not delivered", extra={"message": record["messageId"]})
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}

"""What every Queue adapter must agree on. The limits are those of Amazon SQS (Developer Guide, "Message quotas")."""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib import logs
from chalicelib.ports import JsonObject

MAX_BATCH = 10
MAX_BYTES = 262_144
MAX_DELAY_SECONDS = 900
MAX_VISIBILITY_SECONDS = 43_200


def encode_messages(bodies: Sequence[JsonObject], delay_seconds: int) -> list[str]:
    """JSON in ASCII (SQS refuses some code points). Raises ValueError for what one message cannot carry.

    The correlation id of the moment goes along as ``correlation_id``: the consumer logs under it, so that a callback
    or a job's run can be followed to the delivery.
    """
    check_delay(delay_seconds)
    correlation = logs.bound("correlation_id")
    along = {"correlation_id": correlation} if correlation else {}
    texts = [json.dumps({**body, **along}, separators=(",", ":"), allow_nan=False) for body in bodies]
    if any(len(text) > MAX_BYTES for text in texts):
        raise ValueError(f"a message carries at most {MAX_BYTES} bytes")
    return texts


def decode_message(text: str) -> JsonObject:
    body: JsonObject = json.loads(text)
    return body


def check_delay(seconds: int) -> None:
    if not 0 <= seconds <= MAX_DELAY_SECONDS:
        raise ValueError(f"delay_seconds must be 0 to {MAX_DELAY_SECONDS}")


def check_receive(limit: int, visibility_seconds: int) -> None:
    if not 1 <= limit <= MAX_BATCH:
        raise ValueError(f"limit must be 1 to {MAX_BATCH}")
    if not 0 <= visibility_seconds <= MAX_VISIBILITY_SECONDS:
        raise ValueError(f"visibility_seconds must be 0 to {MAX_VISIBILITY_SECONDS}")

"""Figures of the service level (服务水平) as CloudWatch reads them out of the log: embedded metric format (EMF).

Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format". A line costs no call and no library;
infra/dashboard.py draws these metrics by the same names. Nothing personal is in them: a queue's name and numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TextIO

CALLBACK_MS = "callback_ms"
DELIVERY_SECONDS = "delivery_seconds"
WITHIN_10S, WITHIN_60S = "delivered_within_10s", "delivered_within_60s"
"""1 or 0 for each notice that the platform took: the average is the share, the sample count how many there were."""
FAILED_MESSAGES = "failed_messages"

UNITS: Mapping[str, str] = {
    CALLBACK_MS: "Milliseconds",
    DELIVERY_SECONDS: "Seconds",
    WITHIN_10S: "None",
    WITHIN_60S: "None",
    FAILED_MESSAGES: "Count",
}


class Metrics:
    """Writes to ``stream``; without one (stage local) it measures nothing. ``namespace`` is the stack's name."""

    def __init__(self, namespace: str, stream: TextIO | None) -> None:
        self._namespace = namespace
        self._stream = stream

    def callback(self, took_ms: float, now: datetime) -> None:
        """A push was answered after so many milliseconds: the platform waits 5,000."""
        self._write({CALLBACK_MS: round(took_ms, 1)}, {}, now)

    def delivered(self, waited: timedelta, queue: str, now: datetime) -> None:
        """The platform took a notice so long after it could first go."""
        seconds = waited.total_seconds()
        figures = {DELIVERY_SECONDS: seconds, WITHIN_10S: int(seconds <= 10), WITHIN_60S: int(seconds <= 60)}
        self._write(figures, {"queue": queue}, now)

    def failed(self, queue: str, now: datetime) -> None:
        """A message was not worked off: it comes again, or ends in the dead letters."""
        self._write({FAILED_MESSAGES: 1}, {"queue": queue}, now)

    def _write(self, figures: Mapping[str, float], dimensions: Mapping[str, str], now: datetime) -> None:
        if self._stream is None:
            return
        directive = {
            "Namespace": self._namespace,
            "Dimensions": [[]] if not dimensions else [[], list(dimensions)],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in figures],
        }
        head = {"_aws": {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [directive]}}
        self._stream.write(json.dumps({**head, **dimensions, **figures}) + "\n")
        self._stream.flush()

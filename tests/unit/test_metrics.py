"""Lines in embedded metric format: what CloudWatch needs is in them, nothing else is, and stage local prints none."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import metrics
from chalicelib.metrics import Metrics

NOW = datetime(2026, 11, 23, 2, 0, 0, 500_000, tzinfo=UTC)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("seconds", "within_10", "within_60"), [(0, 1, 1), (10, 1, 1), (10.001, 0, 1), (60, 0, 1), (61, 0, 0)]
)
def test_a_delivery_counts_for_the_service_level(seconds: float, within_10: int, within_60: int) -> None:
    stream = io.StringIO()
    Metrics("xixinban-test", stream).delivered(timedelta(seconds=seconds), "notices", NOW)
    (line,) = written(stream)
    assert line["_aws"]["Timestamp"] == int(NOW.timestamp() * 1000)
    assert (line["delivered_within_10s"], line["delivered_within_60s"]) == (within_10, within_60)
    assert line["delivery_seconds"] == pytest.approx(seconds)
    assert line["queue"] == "notices"


def test_every_line_is_whole_by_the_specification() -> None:
    """Each metric and each dimension that the directive names is a member at the top; units are CloudWatch's."""
    stream = io.StringIO()
    measured = Metrics("xixinban-test", stream)
    measured.callback(12.3456, NOW)
    measured.delivered(timedelta(seconds=3), "notices-urgent", NOW)
    measured.failed("matching", NOW)
    lines = written(stream)
    assert len(lines) == 3
    for text, line in zip(stream.getvalue().splitlines(), lines, strict=True):
        assert text.isascii() and len(text) < 256 * 1024
        assert set(line["_aws"]) == {"Timestamp", "CloudWatchMetrics"} and isinstance(line["_aws"]["Timestamp"], int)
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 0 < len(directive["Metrics"]) <= 100 and len(directive["Dimensions"]) >= 1
        assert all(len(group) <= 30 for group in directive["Dimensions"])
        assert all(0 < len(line[each]) <= 1024 for group in directive["Dimensions"] for each in group)
        assert directive["Namespace"] == "xixinban-test"
        for dimension in (each for group in directive["Dimensions"] for each in group):
            assert isinstance(line[dimension], str)
        for metric in directive["Metrics"]:
            assert isinstance(line[metric["Name"]], int | float)
            assert metric["Unit"] in {"Milliseconds", "Seconds", "Count", "None"}
    named = {metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert named == set(metrics.UNITS)


def test_without_a_stream_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    Metrics("xixinban", None).callback(1, NOW)
    assert capsys.readouterr().out == ""

"""Cron of the jobs in the words of EventBridge Scheduler."""

from __future__ import annotations

import pytest

from infra.schedules import expression


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 8 * * *", "cron(30 8 * * ? *)"),
        ("*/5 * * * *", "cron(*/5 * * * ? *)"),
        ("* * * * *", "cron(* * * * ? *)"),
        ("0 9 1 * *", "cron(0 9 1 * ? *)"),
    ],
)
def test_five_fields_become_six(cron: str, expected: str) -> None:
    assert expression(cron) == expected


def test_weekdays_are_refused_since_aws_counts_them_from_sunday() -> None:
    with pytest.raises(ValueError, match="weekdays"):
        expression("0 9 * * 1")

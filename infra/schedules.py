"""Every job's schedule on EventBridge Scheduler, in Asia/Shanghai, all for the one ``scheduled`` function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from chalice.utils import to_cfn_resource_name

from infra import province
from infra.functions import SCHEDULED, Function
from infra.stage import Stage

Json = dict[str, Any]

TIME_ZONE = "Asia/Shanghai"


class Timed(Protocol):
    """What is asked of a job's schedule: five-field cron, Asia/Shanghai."""

    @property
    def cron(self) -> str: ...


def schedules(stage: Stage, timetable: Mapping[str, Timed]) -> Json:
    """For merging into the ``scheduled`` function: one event for each job of ``timetable``."""
    function = Function(SCHEDULED)
    events = {to_cfn_resource_name(job): _event(stage, job, timed.cron) for job, timed in timetable.items()}
    # A run that failed is seen by the alarm and made up for by the next run; Lambda's own two retries only blur that.
    once = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 3600}
    return {function.id: {"Properties": {"Events": events, "EventInvokeConfig": once}}}


def expression(cron: str) -> str:
    """Five-field cron in AWS's six fields. Raises ValueError for a weekday: AWS counts them from another day."""
    minute, hour, day, month, weekday = cron.split()
    if weekday != "*":
        raise ValueError(f"schedule {cron!r}: weekdays are not translated")
    return f"cron({minute} {hour} {day} {month} ? *)"


def _event(stage: Stage, job: str, cron: str) -> Json:
    return {
        "Type": "ScheduleV2",
        "Properties": {
            "Name": stage.named(job),  # SAM's own name would be the same in two stages of one account
            "ScheduleExpression": expression(cron),
            "ScheduleExpressionTimezone": TIME_ZONE,
            "Input": json.dumps({"job": job}),
            **province.state_of(job),
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
        },
    }

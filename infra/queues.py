"""Queues with their dead letters, and what Chalice leaves out of their consumers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalice.utils import to_cfn_resource_name

from chalicelib.entrypoints.queues import NAMES
from infra import keys
from infra.functions import Function
from infra.province import is_for_province
from infra.stage import Stage

Json = dict[str, Any]

CONSUMER_TIMEOUT_SECONDS = 60
SHARD_TIMEOUT_SECONDS = 900
"""``lambda_timeout`` of the consumers in .chalice/config.json (a test compares them)."""

TIMEOUTS = 6
"""A message is hidden so many times its consumer's timeout, as AWS asks: a throttled consumer must not see its messages
come back while it works."""

MAX_RECEIVES = 5
CONCURRENT_CONSUMERS = 4
"""Of each queue. The platform's own limit is kept by SendLimits in the store; this bounds how many wait at it."""

CONCURRENT_SHARDS = 10
"""Of the shards of a province's night, which call nobody outside."""

_DAY = 24 * 3600


def queue_id(queue: str) -> str:
    """``notices-urgent`` → ``NoticesUrgentQueue``."""
    return f"{to_cfn_resource_name(queue)}Queue"


def dead_letters_id(queue: str) -> str:
    return f"{to_cfn_resource_name(queue)}DeadLetters"


def timeout_of(queue: str) -> int:
    """Seconds that the queue's consumer may take for a batch."""
    return SHARD_TIMEOUT_SECONDS if is_for_province(queue) else CONSUMER_TIMEOUT_SECONDS


def queues(stage: Stage) -> Json:
    resources: Json = {}
    for queue in NAMES:
        resources[queue_id(queue)] = _queue(
            stage.named(queue),
            VisibilityTimeout=TIMEOUTS * timeout_of(queue),
            MessageRetentionPeriod=4 * _DAY,
            RedrivePolicy={
                "deadLetterTargetArn": {"Fn::GetAtt": [dead_letters_id(queue), "Arn"]},
                "maxReceiveCount": MAX_RECEIVES,
            },
        )
        resources[dead_letters_id(queue)] = _queue(stage.named(f"{queue}-dead"), MessageRetentionPeriod=14 * _DAY)
    return resources


def consumers(functions: Sequence[Function]) -> Json:
    """For merging into the consumers: the real queue, partial batch answers, and a bound on concurrency."""
    return {
        function.id: {"Properties": {"Events": {function.event_id: {"Properties": _event_source(function.queue)}}}}
        for function in functions
        if function.queue
    }


def _event_source(queue: str) -> Json:
    return {
        "Queue": {"Fn::GetAtt": [queue_id(queue), "Arn"]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],  # else one failure is taken for ten successes
        "ScalingConfig": {"MaximumConcurrency": CONCURRENT_SHARDS if is_for_province(queue) else CONCURRENT_CONSUMERS},
    }


def _queue(name: str, **properties: Any) -> Json:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, **keys.of_queue(), **properties}}

"""The stage's dashboard (看板): queues, dead letters, errors, throttles and the service level on one page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chalicelib import metrics
from chalicelib.entrypoints.queues import NAMES
from chalicelib.notices.kinds import QUEUES
from infra.functions import Function
from infra.stage import Stage

Json = dict[str, Any]
Line = list[Any]

_WIDTH, _HEIGHT, _COLUMNS = 8, 6, 3
_PERIOD = 300
_WAITING, _AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"


def dashboard(stage: Stage, functions: Sequence[Function]) -> Json:
    """Drawn in the region where the stack is; names of its metrics are those of watch.py and chalicelib.metrics."""
    dead = [f"{name}-dead" for name in NAMES]
    shares = [_ours(stage, name) for name in (metrics.WITHIN_10S, metrics.WITHIN_60S)]
    seconds = [_ours(stage, metrics.DELIVERY_SECONDS, name) for name in QUEUES.values()]
    graphs = [
        _graph("Delivered in time (share)", "Average", shares),
        _graph("Delivery, seconds (p95)", "p95", seconds),
        _graph("Callback, ms (p95)", "p95", [_ours(stage, metrics.CALLBACK_MS)]),
        _graph("Waiting", "Maximum", [_of_queue(_WAITING, stage, name) for name in NAMES]),
        _graph("Age of the oldest, seconds", "Maximum", [_of_queue(_AGE, stage, name) for name in NAMES]),
        _graph("Dead letters", "Maximum", [_of_queue(_WAITING, stage, name) for name in dead]),
        _graph("Errors", "Sum", [_of_function("Errors", stage, each) for each in functions]),
        _graph("Throttles", "Sum", [_of_function("Throttles", stage, each) for each in functions]),
        _graph("Failed messages", "Sum", [_ours(stage, metrics.FAILED_MESSAGES, name) for name in NAMES]),
    ]
    body = json.dumps({"widgets": [_placed(number, graph) for number, graph in enumerate(graphs)]})
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": stage.stack, "DashboardBody": {"Fn::Sub": body}},
        }
    }


def _ours(stage: Stage, name: str, queue: str = "") -> Line:
    return [stage.stack, name, *(("queue", queue) if queue else ())]


def _of_queue(name: str, stage: Stage, queue: str) -> Line:
    return ["AWS/SQS", name, "QueueName", stage.named(queue), {"label": queue}]


def _of_function(name: str, stage: Stage, function: Function) -> Line:
    return ["AWS/Lambda", name, "FunctionName", stage.named(function.name), {"label": function.name}]


def _graph(title: str, statistic: str, lines: Sequence[Line]) -> Json:
    return {
        "title": title,
        "stat": statistic,
        "period": _PERIOD,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "metrics": lines,
    }


def _placed(number: int, graph: Json) -> Json:
    x, y = number % _COLUMNS * _WIDTH, number // _COLUMNS * _HEIGHT
    return {"type": "metric", "x": x, "y": y, "width": _WIDTH, "height": _HEIGHT, "properties": graph}

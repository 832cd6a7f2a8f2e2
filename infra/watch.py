"""Log groups and alarms: what tells an operator that something is wrong before a citizen does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import metrics
from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.queue_names import MATCHING, MATCHING_SHARDS
from infra.functions import API, RUN_JOB, SCHEDULED, Function
from infra.province import is_for_province, only_there
from infra.queues import dead_letters_id, queue_id
from infra.stage import Stage
from jobs import alarms

Json = dict[str, Any]

LOG_DAYS = 365
"""At least six months (《网络安全法》第二十一条); CloudWatch offers 180 days, which is less, and then a year."""

MAX_AGE_SECONDS: Mapping[str, int] = {
    QUEUES[Priority.URGENT]: 20 * 60,
    QUEUES[Priority.NORMAL]: 2 * 3600,
    QUEUES[Priority.BULK]: 6 * 3600,
    MATCHING: 2 * 3600,
    MATCHING_SHARDS: 2 * 3600,
}
"""A postponed message waits up to 15 minutes by itself; a county's digests, a walk over all its enterprises, and the
shards of a province, are done within the hour; a shard that broke off comes back after an hour and a half."""

SLOW_CALLBACK_MS = 4000
"""The patience of our callback (dialogue.inbox.PATIENCE); the platform's own is 5 s."""

LEAST_WITHIN_60S = 0.95

LEAST_CERTIFICATE_DAYS = 30
"""ACM begins to renew its own well before that (AWS Certificate Manager User Guide, "Managed certificate renewal")."""

_MINUTES_5 = 300
_DAY = 86_400


def watch(stage: Stage, functions: Sequence[Function]) -> Json:
    resources: Json = {
        "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": stage.named("alarms")}},
        "AlarmEmails": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "SendAlarms",
            "Properties": {"TopicArn": {"Ref": "Alarms"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}},
        },
    }
    for function in functions:
        made = _function(stage, function)
        resources |= only_there(made) if is_for_province(function.name) else made
    for queue, max_age in MAX_AGE_SECONDS.items():
        made = _queue(stage, queue, max_age)
        resources |= only_there(made) if is_for_province(queue) else made
    return resources | _verification(stage) | _clocks(stage) | _certificate() | _api(stage) | _service_level(stage)


def logging(stage: Stage, functions: Sequence[Function]) -> Json:
    """For merging into the functions: their names, and the log groups they write to."""
    return {
        function.id: {
            "Properties": {
                "FunctionName": stage.named(function.name),
                "LoggingConfig": {"LogGroup": {"Ref": function.log_group_id}},
            }
        }
        for function in functions
    }


def _function(stage: Stage, function: Function) -> Json:
    """Chalice's own log_retention_in_days breaks the template of an app with routes, so the groups are made here."""
    metric = {"Namespace": stage.stack, "MetricName": f"{function.name}-error-lines"}
    of_function = {"Dimensions": [{"Name": "FunctionName", "Value": stage.named(function.name)}]}
    return {
        function.log_group_id: {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "RetainExceptOnCreate",  # else the group of a failed first deployment bars the second
            "UpdateReplacePolicy": "Retain",
            "Properties": {"LogGroupName": f"/aws/lambda/{stage.named(function.name)}", "RetentionInDays": LOG_DAYS},
        },
        f"{function.id}ErrorLines": _count_lines(function, '{ $.level = "ERROR" }', metric),
        f"{function.id}ErrorLinesAlarm": _alarm(f"{function.name}: error in the log", 0, metric),
        f"{function.id}ErrorsAlarm": _alarm(
            f"{function.name}: failed, or ran out of time",
            0,
            {"Namespace": "AWS/Lambda", "MetricName": "Errors", **of_function},
        ),
        f"{function.id}ThrottlesAlarm": _alarm(
            f"{function.name}: throttled, the account's concurrency is used up",
            0,
            {"Namespace": "AWS/Lambda", "MetricName": "Throttles", **of_function},
        ),
    }


def _queue(stage: Stage, queue: str, max_age: int) -> Json:
    def metric(name: str, of: str) -> Json:
        return {
            "Namespace": "AWS/SQS",
            "MetricName": name,
            "Statistic": "Maximum",
            "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": [of, "QueueName"]}}],
        }

    return {
        f"{dead_letters_id(queue)}Alarm": _alarm(
            f"{queue}: dead letters", 0, metric("ApproximateNumberOfMessagesVisible", dead_letters_id(queue))
        ),
        f"{queue_id(queue)}AgeAlarm": _alarm(
            f"{queue}: not worked off", max_age, metric("ApproximateAgeOfOldestMessage", queue_id(queue))
        ),
    }


def _verification(stage: Stage) -> Json:
    """The account's verification (认证) is about to end or has ended: messages stop with it. The platform tells the
    callback; the daily report knows the day that the settings name."""
    metric = {"Namespace": stage.stack, "MetricName": "verification-events"}
    told = _lines_with(alarms.VERIFICATION)
    return {
        "Verification": _count_lines(Function(API), told, metric),
        "VerificationDay": _count_lines(Function(SCHEDULED), told, metric),
        "VerificationAlarm": _alarm("the service account's verification needs renewal", 0, metric),
    }


def _clocks(stage: Stage) -> Json:
    """A 48-hour clock ran out (within five minutes), or cases are past due (each morning)."""
    metric = {"Namespace": stage.stack, "MetricName": "breached-clocks"}
    jobs = {"Clocks": Function(SCHEDULED), "ClocksByHand": Function(RUN_JOB)}
    filters = {name: _count_lines(function, _lines_with(alarms.CLOCK), metric) for name, function in jobs.items()}
    return {**filters, "ClocksAlarm": _alarm("a promised time was not kept", 0, metric)}


def _certificate() -> Json:
    """ACM counts the days of its certificates itself; an imported one is not renewed by anybody."""
    alarm = _alarm(
        "the domain's certificate ends soon",
        0,
        {
            "Namespace": "AWS/CertificateManager",
            "MetricName": "DaysToExpiry",
            "Statistic": "Minimum",
            "Period": _DAY,
            "Dimensions": [{"Name": "CertificateArn", "Value": {"Ref": "CertificateArn"}}],
        },
    )
    alarm["Properties"] |= {"ComparisonOperator": "LessThanThreshold", "Threshold": LEAST_CERTIFICATE_DAYS}
    return {"CertificateAlarm": {**alarm, "Condition": "UseOwnDomain"}}


def _api(stage: Stage) -> Json:
    metric = {
        "Namespace": "AWS/ApiGateway",
        "MetricName": "5XXError",
        "Dimensions": [{"Name": "ApiName", "Value": stage.stack}],
    }
    return {"ApiFailuresAlarm": _alarm("answers with status 5xx", 0, metric)}


def _service_level(stage: Stage) -> Json:
    """What WeChat gives up on (a push after 5 s), and what the county promised (a notice within a minute)."""

    def metric(name: str, **how: Any) -> Json:
        return {"Namespace": stage.stack, "MetricName": name, **how}

    slow = _alarm("pushes take long to answer", SLOW_CALLBACK_MS, metric(metrics.CALLBACK_MS, ExtendedStatistic="p95"))
    late = _alarm("notices leave late", 0, metric(metrics.WITHIN_60S, Statistic="Average"))
    del slow["Properties"]["Statistic"]  # CloudWatch takes one of the two
    late["Properties"] |= {"ComparisonOperator": "LessThanThreshold", "Threshold": LEAST_WITHIN_60S}
    return {"CallbackTimeAlarm": slow, "DeliveryTimeAlarm": _lasting(late)}


def _lasting(alarm: Json) -> Json:
    """Raised when it has held for half an hour: one notice that had to be tried again is no breach."""
    return {**alarm, "Properties": {**alarm["Properties"], "EvaluationPeriods": 6}}


def _lines_with(alarm: str) -> str:
    return f'{{ $.alarm = "{alarm}" }}'


def _count_lines(function: Function, pattern: str, metric: Json) -> Json:
    transformation = {"MetricNamespace": metric["Namespace"], "MetricName": metric["MetricName"], "MetricValue": "1"}
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": function.log_group_id},
            "FilterPattern": pattern,
            "MetricTransformations": [transformation],
        },
    }


def _alarm(description: str, threshold: int, metric: Json) -> Json:
    """Raised when the metric, a sum over five minutes unless it says otherwise, is over the threshold."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"{description} (docs/operations.md)",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": threshold,
            "EvaluationPeriods": 1,
            "Period": _MINUTES_5,
            "Statistic": "Sum",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alarms"}],
            "OKActions": [{"Ref": "Alarms"}],
            **metric,
        },
    }

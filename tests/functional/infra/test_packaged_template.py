"""Guards on the template that is deployed: what Chalice leaves out is in it, and what app.py registers is complete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalice.app import SQSEventConfig

from app import app
from chalicelib import metrics
from chalicelib.adapters.dynamodb_store import table_definition
from chalicelib.adapters.sqs_queue import SqsQueue
from chalicelib.dialogue.inbox import PATIENCE
from chalicelib.entrypoints.queues import NAMES
from infra import queues
from infra.failed import PackagingFailed
from infra.functions import functions_of
from infra.package import ROOT, check_template
from infra.watch import LOG_DAYS
from jobs.cli import remote
from jobs.province.files import name_of
from jobs.registry import JOBS

Json = dict[str, Any]

AUTHENTICATED_BY_US = {
    ("/wechat", "GET"): "signed by the platform with the callback's Token (chalicelib.wechat.codec)",
    ("/wechat", "POST"): "signed by the platform, and encrypted in safe mode (chalicelib.wechat.codec)",
    ("/h5/{page}", "GET"): "personal pages ask who opens them by OAuth (docs/adr/0006); guides are public",
    ("/h5/{page}", "POST"): "as GET, with a form token of the session",
    ("/h5/{page}/{key}", "GET"): "as /h5/{page}, with a signed link for its person only",
    ("/h5/{page}/{key}", "POST"): "as /h5/{page}, with a form token of the session",
    ("/partners/{partner}/{kind}", "POST"): "signed by the partner with its key (docs/partners.md)",
}
PUBLIC = {
    ("/partners/openapi.json", "GET"): "the description of the interface, which docs/partners.md tells as well",
    ("/{file}", "GET"): "the platform's domain files by their code, nothing else (chalicelib.entrypoints.wechat)",
    ("/healthz", "GET"): "tells the stage and the content version only; the smoke test and monitors need it",
}


def of_type(template: Json, kind: str) -> dict[str, Json]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def properties(template: Json, name: str) -> Json:
    found: Json = template["Resources"][name]["Properties"]
    return found


# ------------------------------------------------------------------------------------------------ queues and consumers


def test_every_consumer_reports_single_failures_from_a_queue_with_dead_letters(template: Json) -> None:
    consumers = [function for function in functions_of(app) if function.queue]
    assert len(consumers) == sum(isinstance(source, SQSEventConfig) for source in app.event_sources)
    for function in consumers:
        source = properties(template, function.id)["Events"][function.event_id]
        assert source["Type"] == "SQS"
        assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["Properties"]["ScalingConfig"]["MaximumConcurrency"] >= 2
        queue = source["Properties"]["Queue"]["Fn::GetAtt"][0]
        assert list(source["Properties"]["Queue"]) == ["Fn::GetAtt"]
        redrive = properties(template, queue)["RedrivePolicy"]
        assert redrive["maxReceiveCount"] == queues.MAX_RECEIVES
        dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert dead in of_type(template, "AWS::SQS::Queue")
        assert dead != queue
        assert (
            properties(template, dead)["MessageRetentionPeriod"] > properties(template, queue)["MessageRetentionPeriod"]
        )


def test_every_queue_has_exactly_one_consumer() -> None:
    assert sorted(function.queue for function in functions_of(app) if function.queue) == sorted(NAMES)


def test_queues_have_the_names_that_the_adapter_looks_for(template: Json) -> None:
    asked: list[str] = []

    class Names:
        """Stands for the SQS client: keeps what it is asked for."""

        def get_queue_url(self, QueueName: str) -> dict[str, str]:
            asked.append(QueueName)
            return {"QueueUrl": QueueName}

        def get_queue_attributes(self, **_: object) -> Json:
            return {"Attributes": {}}

    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    queue = SqsQueue(variables["XIXINBAN_QUEUE_PREFIX"], Names)
    for name in NAMES:
        queue.depth(name)
        queue.depth(f"{name}-dead")
    made = [each["Properties"]["QueueName"] for each in of_type(template, "AWS::SQS::Queue").values()]
    assert sorted(made) == sorted(asked)


def test_a_message_is_hidden_six_times_as_long_as_its_consumer_may_run(template: Json) -> None:
    for function in functions_of(app):
        if function.queue:
            timeout = properties(template, function.id)["Timeout"]
            assert timeout == queues.timeout_of(function.queue)
            assert properties(template, queues.queue_id(function.queue))["VisibilityTimeout"] >= 6 * timeout


# ----------------------------------------------------------------------------------------------------------- schedules


def test_every_job_has_its_schedule_in_shanghai_time_and_nothing_else_has(template: Json) -> None:
    found = {}
    for event in properties(template, "Scheduled")["Events"].values():
        assert event["Type"] == "ScheduleV2"
        assert event["Properties"]["ScheduleExpressionTimezone"] == "Asia/Shanghai"
        job = json.loads(event["Properties"]["Input"])["job"]
        assert event["Properties"]["Name"] == f"xixinban-test-{job}"
        found[job] = event["Properties"]["ScheduleExpression"]
        on, off = ("ENABLED", "DISABLED") if job == "province-match" else ("DISABLED", "ENABLED")
        state = {"Fn::If": ["UseProvince", on, off]} if job in ("province-match", "policy-push") else None
        assert event["Properties"].get("State") == state
    expected = {}
    for name, job in JOBS.items():
        minute, hour, *_ = job.schedule.cron.split()
        expected[name] = f"cron({minute} {hour} * * ? *)"
    assert found == expected
    assert found["policy-push"] == "cron(30 8 * * ? *)"


# ----------------------------------------------------------------------------------------------------- table and bucket


def test_the_table_is_the_one_that_the_adapter_is_tested_on(template: Json) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    definition = table_definition("xixinban-test")
    assert {name: table["Properties"][name] for name in definition} == definition
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert table["Properties"]["DeletionProtectionEnabled"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_is_closed_versioned_and_kept(template: Json) -> None:
    (bucket,) = of_type(template, "AWS::S3::Bucket").values()
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert len(bucket["Properties"]["PublicAccessBlockConfiguration"]) == 4
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_what_a_failed_first_deployment_leaves_behind_bars_no_second_one_but_the_table(template: Json) -> None:
    """The table is protected against deletion from its first moment (docs/operations.md step 4)."""
    kept = {name for name, each in template["Resources"].items() if each.get("DeletionPolicy") == "Retain"}
    assert kept == {"Table"}


# ----------------------------------------------------------------------------------------------------------- functions


def test_functions_are_named_kept_logs_of_and_watched(template: Json) -> None:
    functions = functions_of(app)
    assert sorted(of_type(template, "AWS::Serverless::Function")) == sorted(each.id for each in functions)
    watched = of_type(template, "AWS::CloudWatch::Alarm").values()
    for function in functions:
        own = properties(template, function.id)
        assert own["FunctionName"] == f"xixinban-test-{function.name}"
        assert own["LoggingConfig"] == {"LogGroup": {"Ref": function.log_group_id}}
        assert properties(template, function.log_group_id)["RetentionInDays"] == LOG_DAYS
        dimension = [{"Name": "FunctionName", "Value": own["FunctionName"]}]
        metrics = {
            each["Properties"]["MetricName"] for each in watched if each["Properties"].get("Dimensions") == dimension
        }
        assert metrics == {"Errors", "Throttles"}


def test_the_operators_command_invokes_a_function_that_is_there(template: Json) -> None:
    assert f"{remote.APP}-test-run_job" == properties(template, "RunJob")["FunctionName"]


def test_every_alarm_reaches_somebody(template: Json) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    assert all(alarm["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}] for alarm in alarms.values())
    for queue in NAMES:
        assert f"{queues.dead_letters_id(queue)}Alarm" in alarms
        assert f"{queues.queue_id(queue)}AgeAlarm" in alarms


def test_every_alarm_has_its_row_in_the_runbook(template: Json) -> None:
    rows = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").split("| alarm |")[1].split("\n\n")[0]
    named = {name for row in rows.splitlines() for name in re.findall(r"`([^`]+Alarm)`", row.split("|")[1])}
    alarms = set(of_type(template, "AWS::CloudWatch::Alarm"))
    assert {name for name in named if "…" not in name} <= alarms
    ends = tuple(name.removeprefix("…") for name in named if "…" in name)
    assert [alarm for alarm in sorted(alarms - named) if not alarm.endswith(ends)] == []


def test_the_service_level_is_watched_by_the_metrics_that_are_written(template: Json) -> None:
    slow, late = properties(template, "CallbackTimeAlarm"), properties(template, "DeliveryTimeAlarm")
    assert slow["Namespace"] == late["Namespace"] == "xixinban-test"
    assert slow["MetricName"] in metrics.UNITS and late["MetricName"] in metrics.UNITS
    assert slow["Threshold"] == PATIENCE * 1000
    assert ("ExtendedStatistic" in slow, "Statistic" in slow) == (True, False)
    assert (late["ComparisonOperator"], late["EvaluationPeriods"]) == ("LessThanThreshold", 6)


def test_only_what_calls_wechat_is_in_the_network_with_fixed_addresses(template: Json) -> None:
    inside = {
        name
        for name, each in of_type(template, "AWS::Serverless::Function").items()
        if "VpcConfig" in each["Properties"]
    }
    assert inside == {"Deliver", "DeliverBulk", "DeliverUrgent"}
    for name in inside:
        assert properties(template, name)["VpcConfig"]["Fn::If"][0] == "UseFixedEgress"
    policy = template["Resources"]["WechatCallersPolicy"]
    assert policy["Condition"] == "UseFixedEgress"
    *allowed, denied = policy["Properties"]["PolicyDocument"]["Statement"]
    rights = [action for each in allowed for action in each["Action"]]
    assert all(right.startswith("ec2:") and "*" not in right for right in rights)
    assert (denied["Effect"], sorted(denied["Action"])) == ("Deny", sorted(rights)), "the functions' own code may not"
    arns = {properties(template, name)["FunctionName"] for name in inside}
    assert {each["Fn::Sub"].rpartition(":")[2] for each in denied["Condition"]["ArnEquals"].popitem()[1]} == arns
    network = [each for each in template["Resources"].values() if each["Type"].startswith("AWS::EC2::")]
    assert len(network) > 10
    assert all(each["Condition"] == "UseFixedEgress" for each in network)


def test_the_dashboard_draws_only_metrics_that_there_are(template: Json) -> None:
    body = json.loads(properties(template, "Dashboard")["DashboardBody"]["Fn::Sub"])
    made = {each["Properties"]["QueueName"] for each in of_type(template, "AWS::SQS::Queue").values()}
    functions = {each["Properties"]["FunctionName"] for each in of_type(template, "AWS::Serverless::Function").values()}
    drawn: dict[str, set[str]] = {}
    for widget in body["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        for namespace, name, *rest in widget["properties"]["metrics"]:
            drawn.setdefault(namespace, set()).update([name] if namespace == "xixinban-test" else [rest[1]])
    assert drawn == {"AWS/SQS": made, "AWS/Lambda": functions, "xixinban-test": set(metrics.UNITS)}


def test_a_key_of_ones_own_encrypts_everything_that_is_kept_or_none_does(template: Json) -> None:
    def own(value: Json) -> Json:
        condition, with_key, _ = value["Fn::If"]
        assert condition == "UseOwnKey"
        return with_key  # type: ignore[no-any-return]

    key = {"Ref": "KmsKeyArn"}
    assert own(properties(template, "Table")["SSESpecification"])["KMSMasterKeyId"] == key
    (rule,) = properties(template, "Content")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert own(rule["ServerSideEncryptionByDefault"])["KMSMasterKeyID"] == key
    for queue in of_type(template, "AWS::SQS::Queue").values():
        assert own(queue["Properties"]["KmsMasterKeyId"]) == key
        assert queue["Properties"]["SqsManagedSseEnabled"]["Fn::If"][2] is True
    roles = {
        each["Properties"]["Role"]["Fn::GetAtt"][0] for each in of_type(template, "AWS::Serverless::Function").values()
    }
    assert {each["Ref"] for each in properties(template, "KeyPolicy")["Roles"]} == roles
    (statement,) = properties(template, "KeyPolicy")["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [key] and not any("*" in action for action in statement["Action"])


def test_operators_may_read_every_log_and_handle_every_queue(template: Json) -> None:
    statements = {each["Sid"]: each for each in properties(template, "OperatorPolicy")["PolicyDocument"]["Statement"]}
    assert {each["Fn::GetAtt"][0] for each in statements["ReadLogs"]["Resource"]} == set(
        of_type(template, "AWS::Logs::LogGroup")
    )
    handled = {each["Fn::GetAtt"][0] for each in statements["QueuesAndDeadLetters"]["Resource"]}
    assert handled == set(of_type(template, "AWS::SQS::Queue"))


# ------------------------------------------------------------------------------------------------------------ province


def test_a_county_does_not_pay_for_a_province(template: Json) -> None:
    """What runs or is paid by the piece is there on condition only, and nothing unconditional refers to it."""
    assert template["Parameters"]["Province"]["Default"] == "false"
    assert template["Conditions"]["UseProvince"] == {"Fn::Equals": [{"Ref": "Province"}, "true"]}
    there = {name for name, each in template["Resources"].items() if each.get("Condition") == "UseProvince"}
    alarms = {name for name in of_type(template, "AWS::CloudWatch::Alarm") if name.startswith("MatchShard")}
    alarms |= {"MatchingShardsQueueAgeAlarm", "MatchingShardsDeadLettersAlarm"}
    assert len(alarms) == 5 and there == {"MatchShard", "NumpyLayer", "OperatorOfProvincePolicy"} | alarms
    rest = json.dumps({name: each for name, each in template["Resources"].items() if name not in there})
    assert not [name for name in there if f'"{name}"' in rest or f"${{{name}}}" in rest]


def test_only_the_function_that_uses_numpy_has_its_layer(template: Json) -> None:
    having = {
        name: each["Properties"]["Layers"]
        for name, each in of_type(template, "AWS::Serverless::Function").items()
        if "Layers" in each["Properties"]
    }
    assert having == {"MatchShard": [{"Ref": "NumpyLayer"}]}
    layer = properties(template, "NumpyLayer")
    assert (layer["CompatibleRuntimes"], layer["CompatibleArchitectures"]) == (["python3.12"], ["x86_64"])
    assert layer["ContentUri"] == "./layer-numpy.zip"


def test_files_of_nights_are_gone_after_a_while(template: Json) -> None:
    rules = {each["Id"]: each for each in properties(template, "Content")["LifecycleConfiguration"]["Rules"]}
    night = rules["nights-of-a-province"]
    assert name_of("2026-11-23", "columns", 1).startswith(night["Prefix"])
    assert night["ExpirationInDays"] >= 2 and night["Status"] == "Enabled"
    assert [rule for rule in rules.values() if rule.get("Prefix") is None and "ExpirationInDays" in rule] == []


# ----------------------------------------------------------------------------------------------------------- the border


def test_every_route_is_authenticated_or_public_for_a_reason() -> None:
    routes = {(path, method) for path, methods in app.routes.items() for method in methods}
    assert routes == set(AUTHENTICATED_BY_US) | set(PUBLIC)


def test_the_api_is_regional_and_bounded(template: Json) -> None:
    api = properties(template, "RestAPI")
    assert api["EndpointConfiguration"] == "REGIONAL"
    assert api["MethodSettings"][0]["ThrottlingRateLimit"] > 0
    assert api["DefinitionBody"]["info"]["title"] == "xixinban-test"
    assert api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_the_template_is_for_any_partition_and_cfn_lint_has_nothing_to_say(template: Json, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    # The lint also looks for the zip beside the template.
    (tmp_path / "deployment.zip").touch()
    (tmp_path / "layer-numpy.zip").touch()
    file.write_text(json.dumps(template))
    check_template(file)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t["Resources"]["Table"]["Properties"].update(Wrong=1), "'Wrong' was unexpected"),
        (lambda t: t["Resources"]["Deliver"]["Properties"].update(Role={"Fn::GetAtt": ["Nobody", "Arn"]}), "Nobody"),
        (lambda t: t["Resources"]["Alarms"]["Properties"].update(TopicName="arn:aws:sns:x"), "arn:aws:"),
    ],
)
def test_a_spoilt_template_is_refused(template: Json, tmp_path: Path, spoil: Any, said: str) -> None:
    spoilt = json.loads(json.dumps(template))
    spoil(spoilt)
    (tmp_path / "template.json").write_text(json.dumps(spoilt))
    with pytest.raises(PackagingFailed, match=said):
        check_template(tmp_path / "template.json")

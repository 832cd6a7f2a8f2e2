"""Least privilege: every call the adapters can make is allowed to somebody, and nothing that none of them makes."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from app import app
from infra.access import POLICIES
from infra.functions import functions_of
from infra.queues import queue_id

ROOT = Path(__file__).resolve().parents[3]
ADAPTERS = {"dynamodb": "dynamodb_store.py", "sqs": "sqs_queue.py", "s3": "s3.py"}
FUNCTIONS = [function.name for function in functions_of(app)]
NEEDS_MORE = {
    # API operations whose right has another name (service authorization reference of each service)
    "dynamodb:TransactWriteItems": {f"dynamodb:{each}" for each in ("PutItem", "UpdateItem", "DeleteItem")}
    | {"dynamodb:ConditionCheckItem"},
    "sqs:SendMessageBatch": {"sqs:SendMessage"},
    "sqs:DeleteMessageBatch": {"sqs:DeleteMessage"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
}


@cache
def calls(service: str) -> frozenset[str]:
    """The rights behind every client method that the adapter names."""
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="cn-north-1")
    methods = session.client(service).meta.method_to_api_mapping  # type: ignore[call-overload]
    tree = ast.parse((ROOT / "chalicelib" / "adapters" / ADAPTERS[service]).read_text(encoding="utf-8"))
    words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    operations = {f"{service}:{methods[word]}" for word in words & set(methods)}
    assert operations, f"no call found in the adapter of {service}: does this test still read it right?"
    return frozenset(right for operation in operations for right in NEEDS_MORE.get(operation, {operation}))


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((POLICIES / f"{name}.json").read_text(encoding="utf-8"))["Statement"]
    return found


def granted(name: str) -> set[str]:
    return {action for each in statements(name) if each["Effect"] == "Allow" for action in each["Action"]}


@pytest.mark.parametrize("name", [*FUNCTIONS, "operator"])
def test_no_wildcard_action_and_every_resource_is_one_of_the_stack(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow" or statement["Sid"] in {"RowsOfOthers", "AuditIsOnlyAddedTo"}
        assert not any("*" in action for action in statement["Action"])
        for resource in statement["Resource"]:
            ((kind, value),) = resource.items()
            target = value[0] if kind == "Fn::GetAtt" else value.removeprefix("${").partition(".")[0]
            assert kind in ("Fn::GetAtt", "Fn::Sub")
            assert target in {"Table", "Content", "RunJob"} or target.endswith(("Queue", "DeadLetters", "Logs"))
            folders = [
                {"Fn::Sub": f"${{Content.Arn}}/{folder}/*"} for folder in ("catalogue", "documents", "drop", "province")
            ]
            assert resource in folders or "*" not in str(value)


def test_what_adapters_call_is_what_somebody_may_do() -> None:
    everybody = set().union(*(granted(name) for name in [*FUNCTIONS, "operator"]))
    ours = {right for right in everybody if right.split(":")[0] in ADAPTERS}
    assert ours == calls("dynamodb") | calls("sqs") | calls("s3")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_reads_the_rows_and_writes_those_of_its_work(name: str) -> None:
    """Who answers people or runs jobs may write all but what is named; a consumer only what is named."""
    assert {f"dynamodb:{each}" for each in ("GetItem", "BatchGetItem", "Query")} <= granted(name)
    writes = [each for each in statements(name) if "dynamodb:PutItem" in each["Action"]]
    if name in {"api_handler", "deliver_urgent", "scheduled", "run_job"}:
        assert calls("dynamodb") <= granted(name)
        assert [each.get("Condition", {}).keys() for each in writes] == [set(), {"ForAnyValue:StringLike"}]
    else:
        (written,) = writes
        assert written["Condition"]["Null"] == {"dynamodb:LeadingKeys": "false"}, "no call without a partition key"
        assert written["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_its_own_log(name: str) -> None:
    rights = granted(name)
    assert {"logs:CreateLogStream", "logs:PutLogEvents"} <= rights
    assert "logs:CreateLogGroup" not in rights  # a group made by a function would have no retention
    logs = [each["Resource"] for each in statements(name) if "logs:PutLogEvents" in each["Action"]]
    own = next(function for function in functions_of(app) if function.name == name)
    assert logs == [[{"Fn::GetAtt": [own.log_group_id, "Arn"]}]]


def test_only_consumers_take_messages_and_only_their_own() -> None:
    for function in functions_of(app):
        taken = [each for each in statements(function.name) if "sqs:ReceiveMessage" in each["Action"]]
        if function.queue is None:
            assert taken == []
        else:
            resource = queue_id(function.queue)
            assert [each["Resource"] for each in taken] == [[{"Fn::GetAtt": [resource, "Arn"]}]]


def test_whoever_answers_people_or_runs_jobs_reads_the_catalogue() -> None:
    """``deliver`` sends what is written; ``deliver_urgent`` also carries late answers, which are made there."""
    readers = {name for name in FUNCTIONS if {"s3:GetObject", "s3:ListBucket"} <= granted(name)}
    assert readers == {"api_handler", "deliver_urgent", "match", "match_shard", "scheduled", "run_job"}


def test_who_may_run_the_same_code_has_the_same_rights() -> None:
    """Late answers are made in ``deliver_urgent`` by the code of the callback; jobs run by the clock and by hand. What
    one of them may do is watched in the functional suite (tests/houses/rights.py) and so is known of the other."""

    def rights(name: str) -> set[tuple[str, str]]:
        pairs = (
            (action, f"{each['Effect']} {resource} {each.get('Condition')}")
            for each in statements(name)
            for action in each["Action"]
            for resource in each["Resource"]
        )
        return {(action, resource) for action, resource in pairs if not action.startswith("logs:")}

    own = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert {each for each in rights("deliver_urgent") if each[0] not in own} == rights("api_handler")
    assert rights("scheduled") == rights("run_job")
    assert rights("deliver") - {each for each in rights("deliver") if each[0] in own} == {
        each for each in rights("deliver_bulk") if each[0] not in own
    }


def test_no_function_writes_content_or_reads_secrets() -> None:
    """Files that back offices leave are put away by those who run jobs; filled-in forms are kept by those who answer
    people, and removed by both; a province's nights by those who match them."""
    box, documents, nights = (
        [{"Fn::Sub": f"${{Content.Arn}}/{folder}/*"}] for folder in ("drop", "documents", "province")
    )
    may = {"scheduled": [box, documents], "run_job": [box, documents]}
    may |= {"api_handler": [documents], "deliver_urgent": [documents], "match_shard": [nights]}
    for name in FUNCTIONS:
        writes = [each for each in statements(name) if {"s3:PutObject", "s3:DeleteObject"} & set(each["Action"])]
        assert [each["Resource"] for each in writes] == may.get(name, [])
        assert not any(action.startswith(("secretsmanager", "kms", "iam", "lambda")) for action in granted(name))

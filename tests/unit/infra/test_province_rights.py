"""Who exports the table may ask what ``jobs/province/asking.py`` asks, read and write a province's files: no more."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import boto3

from infra import access, province
from infra.access import POLICIES
from infra.stage import Stage

ROOT = Path(__file__).resolve().parents[3]
FOR_THE_EXPORT = {"s3:AbortMultipartUpload", "s3:PutObjectAcl"}
"""Besides writing, what DynamoDB does to the bucket for the caller (Developer Guide, "Requesting a table export")."""
FILES = {"s3:GetObject", "s3:PutObject"}


def test_rights_are_those_of_the_calls() -> None:
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="cn-north-1")
    methods = session.client("dynamodb").meta.method_to_api_mapping
    tree = ast.parse((ROOT / "jobs" / "province" / "asking.py").read_text(encoding="utf-8"))
    words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = {f"dynamodb:{methods[word]}" for word in words & set(methods)}
    statements = json.loads((POLICIES / "operator_of_province.json").read_text(encoding="utf-8"))["Statement"]
    assert {action for each in statements for action in each["Action"]} == called | FILES | FOR_THE_EXPORT
    resources = [next(iter(resource.values())) for each in statements for resource in each["Resource"]]
    assert resources == [["Table", "Arn"], "${Table.Arn}/export/*", "${Content.Arn}/province/*"]


def test_a_county_has_no_such_policy() -> None:
    made = access.operators(Stage("prod"))
    conditions = {name: each.get("Condition") for name, each in made.items()}
    assert conditions == {"OperatorPolicy": None, "OperatorOfProvincePolicy": province.CONDITION}
    told = access.outputs()
    assert set(told) == {"OperatorPolicyArn", "OperatorOfProvincePolicyArn"}
    assert told["OperatorOfProvincePolicyArn"]["Condition"] == province.CONDITION

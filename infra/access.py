"""What operators may do with a stage by their own AWS identity: managed policies to attach to their role.

Who makes a province's columns reads the whole table: a policy of its own, only where a stage has a province.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra import province
from infra.stage import Stage

POLICIES = Path(__file__).parent / "policies"


def operators(stage: Stage) -> dict[str, Any]:
    return {
        "OperatorPolicy": _policy("operator", f"Operators of {stage.stack}"),
        "OperatorOfProvincePolicy": {
            **_policy("operator_of_province", f"Who exports the table of {stage.stack} for a province's match"),
            "Condition": province.CONDITION,
        },
    }


def outputs() -> dict[str, Any]:
    return {
        "OperatorPolicyArn": {"Value": {"Ref": "OperatorPolicy"}},
        "OperatorOfProvincePolicyArn": {
            "Condition": province.CONDITION,
            "Value": {"Ref": "OperatorOfProvincePolicy"},
        },
    }


def _policy(name: str, description: str) -> dict[str, Any]:
    document = json.loads((POLICIES / f"{name}.json").read_text(encoding="utf-8"))
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"Description": description, "PolicyDocument": document},
    }

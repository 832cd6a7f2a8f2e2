"""What operators may do with a stage by their own AWS identity: a managed policy to attach to their role."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.stage import Stage

POLICIES = Path(__file__).parent / "policies"


def operators(stage: Stage) -> dict[str, Any]:
    document = json.loads((POLICIES / "operator.json").read_text(encoding="utf-8"))
    return {
        "OperatorPolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Description": f"Operators of {stage.stack}", "PolicyDocument": document},
        }
    }

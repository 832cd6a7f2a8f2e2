"""What a stack has only for a province (全省匹配), by its setting ``province``: a county's must not pay for it.

Only what costs money is conditional: the function (its event source asks the queue all day), its alarms and its
schedule. An empty queue, a role and an empty log group cost nothing and are always there, so that policies, dashboard
and commands are the same for all.
"""

from __future__ import annotations

from typing import Any

from chalicelib.queue_names import MATCHING_SHARDS
from infra.functions import Function

Json = dict[str, Any]

CONDITION = "UseProvince"
FUNCTION = "match_shard"
INSTEAD_OF = {"province-match": "policy-push"}
"""Jobs that run by the clock only for a province, and the jobs that then do not: a province has too many enterprises
for one run over all of them."""


def condition() -> Json:
    return {CONDITION: {"Fn::Equals": [{"Ref": "Province"}, "true"]}}


def function() -> Json:
    """For merging into the function that Chalice writes."""
    return {Function(FUNCTION).id: {"Condition": CONDITION}}


def is_for_province(name: str) -> bool:
    """``name`` of a function or queue."""
    return name in (FUNCTION, MATCHING_SHARDS)


def state_of(job: str) -> Json:
    """``State`` of a job's schedule; nothing for those that run anywhere."""
    if job in INSTEAD_OF:
        return {"State": {"Fn::If": [CONDITION, "ENABLED", "DISABLED"]}}
    if job in INSTEAD_OF.values():
        return {"State": {"Fn::If": [CONDITION, "DISABLED", "ENABLED"]}}
    return {}


def only_there(resources: Json) -> Json:
    """The same resources with the condition on each that costs money."""
    paid = ("AWS::CloudWatch::Alarm",)
    return {
        name: {**each, "Condition": CONDITION} if each["Type"] in paid else each for name, each in resources.items()
    }

"""Two stages live side by side in one account: nothing that has a name of its own has the same one in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app import app
from infra.layers import LAYERS
from infra.stage import Stage
from infra.template import Built, build
from jobs.registry import JOBS

NAMES = {
    "AlarmName", "ApiName", "DashboardName", "FunctionName", "LayerName", "LogGroupName", "ManagedPolicyName", "Name",
    "QueueName", "RoleName", "TableName", "TopicName", "BucketName", "title",
}  # fmt: skip
"""Properties that hold the name a resource has in its account."""
ONLY_SHOWN = {"Tags", "Dimensions", "Metrics"}


def names(value: Any) -> Iterator[str]:
    """Written out in the template, wherever it is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in NAMES and isinstance(inner, str):
                yield inner
            elif key not in ONLY_SHOWN:
                yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def template(name: str) -> dict[str, Any]:
    timetable = {job: each.schedule for job, each in JOBS.items()}
    return build(Stage(name), app, timetable, Built("arm64", "python3.13", tuple(LAYERS)))


def test_no_name_is_in_both() -> None:
    prod, trial = template("prod"), template("trial")
    named = list(names(prod["Resources"]))
    assert len(named) > 40 and len(set(named)) > 30
    assert all(name.startswith(("xixinban-prod", "/aws/lambda/xixinban-prod-")) for name in named)
    assert set(named).isdisjoint(names(trial["Resources"]))
    assert not any("Export" in output for output in prod["Outputs"].values()), "exports are one namespace as well"


def test_one_that_begins_like_the_other_has_none_of_its_names() -> None:
    """``prod`` and ``prod2``: whoever filters by prefix ends it with a hyphen."""
    assert set(names(template("prod")["Resources"])).isdisjoint(names(template("prod2")["Resources"]))


def test_their_secrets_are_two() -> None:
    assert Stage("prod").secret != Stage("trial").secret
    variables = template("prod")["Globals"]["Function"]["Environment"]["Variables"]
    assert "xixinban/prod:" in str(variables) and "trial" not in str(variables)

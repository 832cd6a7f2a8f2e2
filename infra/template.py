"""The part of the template that is ours: ``chalice package --merge-template`` lays it over what Chalice writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from chalice.app import Chalice
from chalice.package import TemplateDeepMerger

from infra import (
    access,
    dashboard,
    http,
    keys,
    layers,
    network,
    parameters,
    province,
    queues,
    schedules,
    storage,
    watch,
)
from infra.functions import functions_of
from infra.schedules import Timed
from infra.stage import Stage
from infra.staging import Architecture

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Built:
    """What of the functions is decided before the template is made: their runtime (``python3.13``), and their layers by
    name, which must have been built for both."""

    architecture: Architecture
    runtime: str
    layers: Collection[str] = ()


def build(stage: Stage, app: Chalice, timetable: Mapping[str, Timed], built: Built) -> Json:
    """A CloudFormation template without the functions and the API, which Chalice brings."""
    functions = functions_of(app)
    return {
        "Parameters": parameters.parameters(),
        "Conditions": parameters.conditions(),
        "Globals": {"Function": {"Environment": {"Variables": parameters.environment(stage)}}},
        "Resources": _merged(
            storage.storage(stage),
            queues.queues(stage),
            queues.consumers(functions),
            schedules.schedules(stage, timetable),
            watch.logging(stage, functions),
            watch.watch(stage, functions),
            dashboard.dashboard(stage, functions),
            keys.use(functions),
            network.network(stage.stack),
            network.inside(functions),
            province.function(),
            layers.resources(stage, built.layers, built.architecture, built.runtime),
            http.api(stage),
            access.operators(stage),
        ),
        "Outputs": {
            **http.outputs(),
            **network.addresses(),
            **keys.outputs(),
            "TableName": {"Value": {"Ref": "Table"}},
            "BucketName": {"Value": {"Ref": "Content"}},
            "QueuePrefix": {"Value": stage.stack},
            **access.outputs(),
        },
    }


def _merged(*parts: Json) -> Json:
    """Chalice's own merge, so that what is laid together here is laid together as it will be there."""
    whole: Json = {}
    for part in parts:
        whole = TemplateDeepMerger().merge(part, whole)
    return whole

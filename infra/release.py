"""A release (版本): one template and one zip, kept in the releases bucket so that it can be brought back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from infra import layers
from infra.cloud import Cloud
from infra.failed import DeploymentFailed
from infra.package import TEMPLATE, ZIP
from infra.stage import Stage

OUTPUT = "Release"
"""The stack's output that names the release which runs."""


@dataclass(frozen=True, slots=True)
class Release:
    """``id`` is made of the content: the same package is the same release. ``url`` is where its template lies."""

    id: str
    url: str
    template: dict[str, Any]

    def parameters(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """A value for each parameter of this template: chosen, or its default.

        Said in full, since what is left out of an update is not the default but whatever it was before.
        """
        defaults = {name: each["Default"] for name, each in self.template["Parameters"].items() if "Default" in each}
        return {name: value for name, value in {**defaults, **chosen}.items() if name in self.template["Parameters"]}

    def lacks(self, wanted: Collection[str]) -> list[str]:
        """Which of these layers it was packaged without."""
        return [layer.name for layer in layers.chosen(wanted) if layer.id not in self.template["Resources"]]


def publish(cloud: Cloud, stage: Stage, package: Path, bucket: str) -> Release:
    """Put the packaged stage into the bucket."""
    code, text = (package / ZIP).read_bytes(), (package / TEMPLATE).read_bytes()
    beside = {path.name: path.read_bytes() for path in sorted(package.glob("layer-*.zip"))}
    keys = {name: f"layers/{hashlib.sha256(data).hexdigest()}.zip" for name, data in beside.items()}
    release_id = hashlib.sha256(b"".join([text, code, *(key.encode() for key in keys.values())])).hexdigest()[:12]
    zip_key, template_key = _keys(stage, release_id)
    template = with_code(json.loads(text), bucket, zip_key, keys)
    template.setdefault("Outputs", {})[OUTPUT] = {"Value": release_id}
    cloud.upload(bucket, zip_key, code)
    for name, data in beside.items():
        cloud.upload(bucket, keys[name], data)
    cloud.upload(bucket, template_key, json.dumps(template, ensure_ascii=False).encode())
    return Release(release_id, cloud.url(bucket, template_key), template)


def earlier(cloud: Cloud, stage: Stage, release_id: str, bucket: str) -> Release:
    """A release that was published before. Raises DeploymentFailed."""
    key = _keys(stage, release_id)[1]
    text = cloud.download(bucket, key)
    if text is None:
        raise DeploymentFailed(
            f"没有版本 {release_id}。有哪些版本，用 python -m infra.deploy --stage {stage.name} --releases 看。"
        )
    return Release(release_id, cloud.url(bucket, key), json.loads(text))


def note_deployed(cloud: Cloud, stage: Stage, release_id: str, bucket: str, now: datetime) -> None:
    """It ran at this time for the first time; one that comes back keeps its place among the others."""
    mark = _mark(stage, release_id)
    if cloud.download(bucket, mark) is None:
        cloud.upload(bucket, mark, now.isoformat().encode())


def deployed(cloud: Cloud, stage: Stage, bucket: str) -> list[tuple[datetime, str]]:
    """(when it first ran, id) of each release that ran, the earliest first."""
    marks = [name for name in cloud.names(bucket, f"{stage.name}/") if name.endswith(f"/{_DEPLOYED}")]
    found = ((cloud.download(bucket, name), name.split("/")[1]) for name in marks)
    return sorted((datetime.fromisoformat(data.decode()), release_id) for data, release_id in found if data)


def before(releases: list[tuple[datetime, str]], current: str) -> str:
    """The id of the one that ran before the current one. Raises DeploymentFailed."""
    ids = [release_id for _, release_id in releases]
    if current not in ids[1:]:
        raise DeploymentFailed("现在的版本以前没有别的版本，退不回去。")
    return ids[ids.index(current) - 1]


def with_code(
    template: dict[str, Any], bucket: str, key: str, layer_keys: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The template with every function's code, and each layer by the name of its file, in the bucket.

    A layer's key is made of its content, so one that has not changed is not made anew.
    """
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": bucket, "Key": key}
        elif resource["Type"] == "AWS::Serverless::LayerVersion" and layer_keys is not None:
            file = properties["ContentUri"].removeprefix("./")
            properties["ContentUri"] = {"Bucket": bucket, "Key": layer_keys[file]}
    return template


_DEPLOYED = "deployed"


def _mark(stage: Stage, release_id: str) -> str:
    return f"{stage.name}/{release_id}/{_DEPLOYED}"


def _keys(stage: Stage, release_id: str) -> tuple[str, str]:
    return f"{stage.name}/{release_id}/{ZIP}", f"{stage.name}/{release_id}/{TEMPLATE}"

"""The account that an operator's own AWS credentials lead to, and the secrets of a stage there."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.errors import BadInput
from infra.cloud import Cloud
from infra.failed import DeploymentFailed
from infra.parameters import FORMER, SECRETS
from infra.stage import Stage


def known_secrets(stage: Stage, secrets: Mapping[str, str]) -> dict[str, str]:
    """Those that the settings know. Raises DeploymentFailed naming the missing ones."""
    missing = [name for name in SECRETS if not secrets.get(name)]
    if missing:
        raise DeploymentFailed(f"{stage.secret} 里缺少 {'、'.join(missing)}。请按 docs/operations.md 第 3 步补上。")
    return {name: value for name, value in secrets.items() if name in (*SECRETS, *FORMER)}


def this_cloud() -> Cloud:
    """The account and region of the operator's credentials. Raises BadInput where no region is set."""
    import boto3

    session = boto3.session.Session()
    if not session.region_name:
        raise BadInput("不知道部署到哪个区域：请设置 AWS_DEFAULT_REGION，例如 cn-northwest-1。")
    region = session.region_name

    def client(service: str) -> object:
        return session.client(service)  # type: ignore[call-overload]

    return Cloud(client, region, session.get_partition_for_region(region))

"""What the deployment asks of AWS, by the operator's own identity and region."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from infra.failed import DeploymentFailed
from infra.stage import APP, Stage

Json = dict[str, Any]

_SUFFIX = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_POLL_SECONDS = 5.0
_MANY = 500
_GRACE = 12
"""So often a status may be asked for before CloudFormation shows that it has begun."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a change set: ``action`` Add, Modify, Remove…; ``replaces`` when the resource is made anew."""

    action: str
    id: str
    kind: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """``arn`` is None when there is nothing to change; ``is_first`` where there is no stack yet."""

    arn: str | None
    changes: tuple[Change, ...] = ()
    is_first: bool = False


class Cloud:
    """``client`` gives a boto3 client by service name; ``partition`` is ``aws`` or ``aws-cn``."""

    def __init__(
        self, client: Callable[[str], Any], region: str, partition: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self.region = region
        self._partition = partition
        self._pause = pause

    def identity(self) -> tuple[str, str]:
        """Account number and the ARN of who is asking."""
        caller = self._client("sts").get_caller_identity()
        return caller["Account"], caller["Arn"]

    def secret(self, stage: Stage) -> tuple[dict[str, str], str]:
        """The stage's secrets and their version id. Raises DeploymentFailed where there are none."""
        client = self._client("secretsmanager")
        try:
            found = client.get_secret_value(SecretId=stage.secret)
        except client.exceptions.ResourceNotFoundException:
            raise DeploymentFailed(
                f"Secrets Manager 里没有 {stage.secret}。请按 docs/operations.md 第 3 步建好，再部署。"
            ) from None
        try:
            values = {str(name): str(value) for name, value in json.loads(found["SecretString"]).items()}
        except (ValueError, AttributeError, KeyError):
            raise DeploymentFailed(
                f"{stage.secret} 的内容不是 JSON 对象，请按 docs/operations.md 第 3 步重写。"
            ) from None
        return values, found["VersionId"]

    def artifacts(self, account: str) -> str:
        """The bucket for releases, made when it is not there: private, versioned."""
        bucket = f"{APP}-releases-{account}-{self.region}"
        client = self._client("s3")
        if bucket not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
            where = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
            client.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            client.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        return bucket

    def upload(self, bucket: str, key: str, data: bytes) -> None:
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=data)

    def download(self, bucket: str, key: str) -> bytes | None:
        client = self._client("s3")
        try:
            data: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
        return data

    def names(self, bucket: str, prefix: str) -> list[str]:
        pages = self._client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def url(self, bucket: str, key: str) -> str:
        return f"https://{bucket}.s3.{self.region}.{_SUFFIX[self._partition]}/{key}"

    def change_set(self, stage: Stage, name: str, template_url: str, parameters: Mapping[str, str]) -> ChangeSet:
        """Ask CloudFormation what the template would change. Raises DeploymentFailed."""
        client = self._client("cloudformation")
        is_first = not self._is_there(stage)
        arn = client.create_change_set(
            StackName=stage.stack,
            ChangeSetName=name,
            ChangeSetType="CREATE" if is_first else "UPDATE",
            TemplateURL=template_url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": "app", "Value": APP}, {"Key": "stage", "Value": stage.name}],
        )["Id"]
        for _ in range(_MANY):
            found = client.describe_change_set(ChangeSetName=arn)
            if found["Status"] == "CREATE_COMPLETE":
                return ChangeSet(arn, tuple(self._changes(arn, found)), is_first)
            if found["Status"] == "FAILED":
                reason = found.get("StatusReason", "")
                client.delete_change_set(ChangeSetName=arn)
                if any(words in reason for words in _NO_CHANGES):
                    return ChangeSet(None)
                raise DeploymentFailed(f"CloudFormation 不接受这次变更：{reason}。什么都没有改动。")
            self._pause(_POLL_SECONDS)
        raise DeploymentFailed("CloudFormation 一直没有算出变更，什么都没有改动。请稍后再试。")

    def drop(self, change_set: str) -> None:
        self._client("cloudformation").delete_change_set(ChangeSetName=change_set)

    def execute(self, stage: Stage, change_set: str, tell: Callable[[str], None]) -> dict[str, str]:
        """Carry the change set out and wait; the stack's outputs. ``tell`` gets each new status.

        Raises DeploymentFailed with the first reasons; CloudFormation has then gone back to what was there.
        """
        client = self._client("cloudformation")
        before = self._stack(stage).get("LastUpdatedTime")
        client.execute_change_set(ChangeSetName=change_set)
        last, unchanged = "", 0
        while True:
            stack = self._stack(stage)
            status = stack["StackStatus"]
            is_over = not status.endswith("_IN_PROGRESS")
            if is_over and stack.get("LastUpdatedTime") == before and unchanged < _GRACE:
                unchanged += 1  # what it says is still of the deployment before
                self._pause(_POLL_SECONDS)
                continue
            if status != last:
                tell(status)
                last = status
            if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
                return _outputs(stack)
            if is_over:
                reasons = "；".join(self._failures(stage)) or "见 CloudFormation 控制台"
                raise DeploymentFailed(f"部署没有成功（{status}），已回到原来的版本。原因：{reasons}")
            self._pause(_POLL_SECONDS)

    def outputs(self, stage: Stage) -> dict[str, str]:
        """Of a stack that is there. Raises DeploymentFailed."""
        if not self._is_there(stage):
            raise DeploymentFailed(f"{self.region} 里没有 {stage.stack}。请检查区域和环境名，或先部署。")
        return _outputs(self._stack(stage))

    def _stack(self, stage: Stage) -> Json:
        found: Json = self._client("cloudformation").describe_stacks(StackName=stage.stack)["Stacks"][0]
        return found

    def _is_there(self, stage: Stage) -> bool:
        client = self._client("cloudformation")
        try:
            status = client.describe_stacks(StackName=stage.stack)["Stacks"][0]["StackStatus"]
        except client.exceptions.ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return False
            raise
        if status == "ROLLBACK_COMPLETE":
            raise DeploymentFailed(
                f"{stage.stack} 第一次部署没有成功，留下了空壳。"
                "请按 docs/operations.md 第 4 步“第一次部署没有成功”清掉，再部署。"
            )
        return bool(status != "REVIEW_IN_PROGRESS")

    def _changes(self, arn: str, first: Json) -> Iterator[Change]:
        page = first
        while True:
            for each in page["Changes"]:
                change = each["ResourceChange"]
                replaces = change.get("Replacement") in ("True", "Conditional")
                yield Change(change["Action"], change["LogicalResourceId"], change["ResourceType"], replaces)
            if "NextToken" not in page:
                return
            page = self._client("cloudformation").describe_change_set(ChangeSetName=arn, NextToken=page["NextToken"])

    def _failures(self, stage: Stage) -> list[str]:
        """The oldest failures of the last operation: the ones that caused the others."""
        failed = [
            f"{event['LogicalResourceId']}：{event.get('ResourceStatusReason', '')}"
            for event in takewhile(lambda event: not _is_start(event, stage), self._events(stage))
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        return failed[::-1][:3]

    def _events(self, stage: Stage) -> Iterator[Json]:
        """Of all operations, newest first."""
        more: Json = {}
        while True:
            page = self._client("cloudformation").describe_stack_events(StackName=stage.stack, **more)
            yield from page["StackEvents"]
            if "NextToken" not in page:
                return
            more = {"NextToken": page["NextToken"]}


def _is_start(event: Json, stage: Stage) -> bool:
    """The event with which an operation on the stack begins."""
    return event["LogicalResourceId"] == stage.stack and event["ResourceStatus"] in _STARTS


def _outputs(stack: Json) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

"""A deployment is shown before it is done, refuses what would lose data, and says what to do when it fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import Refusal
from chalicelib.settings import SettingsError
from infra.cloud import Cloud
from infra.deploy import Deployment
from infra.failed import DeploymentFailed
from infra.package import TEMPLATE, ZIP
from infra.parameters import SECRETS, parameter_name
from infra.smoke import smoke
from infra.stage import Stage
from infra.stagefile import StageFile

Json = dict[str, Any]

PROD = Stage("prod")
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CHOSEN = StageFile({"public_url": "https://xxb.example.gov.cn"}, {"fixed_egress": True})
GOOD_SECRETS = {**dict.fromkeys(SECRETS, "secret"), "wechat_aes_key": "k" * 43}
FORMER = ("WechatAesKeyPrevious", "WechatTokenPrevious", "SessionSecretPrevious")
PACKAGED = {
    "Parameters": {
        "PublicUrl": {"Type": "String"},
        "FixedEgress": {"Type": "String", "Default": "false"},
        "LogLevel": {"Type": "String", "Default": "INFO"},
        "SecretVersion": {"Type": "String"},
        **{f"Keep{name}": {"Type": "String", "Default": "false"} for name in FORMER},
    },
    "Resources": {"Deliver": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}}},
}


class ClientError(Exception):
    def __init__(self, message: str) -> None:
        self.response = {"Error": {"Message": message}}
        super().__init__(message)


class Missing(Exception):
    """The services' own not-found errors."""


class Aws:
    """Secrets Manager, STS, S3 and CloudFormation, as far as a deployment asks them."""

    class exceptions:
        ClientError = ClientError
        NoSuchKey = ResourceNotFoundException = Missing

    def __init__(self, stack: str | None = None, changes: list[tuple[str, str, str, str]] | None = None) -> None:
        self.secrets: str | None = json.dumps(GOOD_SECRETS)
        self.objects: dict[tuple[str, str], bytes] = {}
        self.buckets: list[str] = []
        self.stack = stack
        self.changes = changes if changes is not None else [("Modify", "Deliver", "AWS::Lambda::Function", "False")]
        self.asked: Json = {}
        self.done: list[str] = []
        self.refusal = ""
        self.after = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]

    def get_caller_identity(self) -> Json:
        return {"Account": "123456789012", "Arn": "arn:aws-cn:iam::123456789012:user/ops"}

    def get_secret_value(self, SecretId: str) -> Json:
        if self.secrets is None:
            raise Missing
        assert SecretId == "xixinban/prod"
        return {"SecretString": self.secrets, "VersionId": "v-1"}

    def list_buckets(self) -> Json:
        return {"Buckets": [{"Name": name} for name in self.buckets]}

    def create_bucket(self, Bucket: str, CreateBucketConfiguration: Json) -> None:
        assert CreateBucketConfiguration == {"LocationConstraint": "cn-northwest-1"}
        self.buckets.append(Bucket)

    def put_public_access_block(self, Bucket: str, PublicAccessBlockConfiguration: Json) -> None:
        assert all(PublicAccessBlockConfiguration.values())

    def put_bucket_versioning(self, Bucket: str, VersioningConfiguration: Json) -> None:
        assert VersioningConfiguration == {"Status": "Enabled"}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        assert Bucket in self.buckets
        self.objects[Bucket, Key] = Body

    def get_object(self, Bucket: str, Key: str) -> Json:
        if (Bucket, Key) not in self.objects:
            raise Missing
        import io

        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def get_paginator(self, operation: str) -> Aws:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[Json]:
        keys = [key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix)]
        return [{"Contents": [{"Key": key}]} for key in keys] or [{}]

    def describe_stacks(self, StackName: str) -> Json:
        if "execute" in self.done and self.after:
            self.stack = self.after.pop(0)
        if self.stack is None:
            raise ClientError(f"Stack with id {StackName} does not exist")
        outputs = {"EndpointURL": "https://x.execute-api/api/", "CallbackUrl": "https://xxb.example.gov.cn/wechat"}
        if self.asked:
            outputs["Release"] = self.asked["TemplateURL"].split("/")[-2]
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {"Stacks": [{"StackStatus": self.stack, "Outputs": listed}]}

    def create_change_set(self, **asked: Any) -> Json:
        self.asked = asked
        self.stack = self.stack or "REVIEW_IN_PROGRESS"
        return {"Id": "arn:change-set"}

    def describe_change_set(self, ChangeSetName: str, NextToken: str = "") -> Json:
        if self.refusal:
            return {"Status": "FAILED", "StatusReason": self.refusal}
        names = ("Action", "LogicalResourceId", "ResourceType", "Replacement")
        listed = [{"ResourceChange": dict(zip(names, each, strict=True))} for each in self.changes]
        if not NextToken and len(listed) > 1:
            return {"Status": "CREATE_COMPLETE", "Changes": listed[:1], "NextToken": "more"}
        return {"Status": "CREATE_COMPLETE", "Changes": listed[1:] if NextToken else listed}

    def delete_change_set(self, ChangeSetName: str) -> None:
        self.done.append("delete")

    def execute_change_set(self, ChangeSetName: str) -> None:
        self.done.append("execute")

    def describe_stack_events(self, StackName: str, NextToken: str = "") -> Json:
        newest_first = [
            ("Scheduled", "CREATE_FAILED", "Resource creation cancelled"),
            ("Table", "CREATE_FAILED", "Table already exists: xixinban-prod"),
            ("Content", "CREATE_COMPLETE", ""),
            ("xixinban-prod", "UPDATE_IN_PROGRESS", "User Initiated"),
            ("Deliver", "UPDATE_FAILED", "of the deployment before"),
        ]
        names = ("LogicalResourceId", "ResourceStatus", "ResourceStatusReason")
        listed = [dict(zip(names, each, strict=True)) for each in newest_first]
        return {"StackEvents": listed[1:]} if NextToken else {"StackEvents": listed[:1], "NextToken": "more"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / TEMPLATE).write_text(json.dumps(PACKAGED))
    (tmp_path / ZIP).write_bytes(b"zip")
    return tmp_path


def deploy(
    aws: Aws,
    package: Path,
    agree: bool = True,
    earlier: str = "",
    chosen: StageFile = CHOSEN,
    check: Callable[[str], list[str]] = lambda base: [],
    publish_menu: Callable[[], bool] = lambda: True,
) -> str:
    """What was said."""
    said: list[str] = []
    cloud = Cloud(lambda service: aws, "cn-northwest-1", "aws-cn", pause=lambda seconds: None)
    steps = Deployment(cloud, said.append, lambda question: agree, check, publish_menu)
    steps.run(PROD, chosen, package, earlier, NOW)
    return "\n".join(said)


def test_a_first_deployment_creates_with_every_parameter_said_in_full(package: Path) -> None:
    aws = Aws()
    said = deploy(aws, package)
    assert aws.done == ["execute"]
    assert aws.asked["ChangeSetType"] == "CREATE"
    assert aws.asked["StackName"] == "xixinban-prod"
    assert {each["ParameterKey"]: each["ParameterValue"] for each in aws.asked["Parameters"]} == {
        "PublicUrl": "https://xxb.example.gov.cn",
        "FixedEgress": "true",
        "LogLevel": "INFO",
        "SecretVersion": "v-1",
        **{f"Keep{name}": "false" for name in FORMER},
    }
    bucket = "xixinban-releases-123456789012-cn-northwest-1"
    assert aws.asked["TemplateURL"].startswith(f"https://{bucket}.s3.cn-northwest-1.amazonaws.com.cn/prod/")
    key = aws.asked["TemplateURL"].partition(".com.cn/")[2]
    code = json.loads(aws.objects[bucket, key])["Resources"]["Deliver"]["Properties"]["CodeUri"]
    assert aws.objects[code["Bucket"], code["Key"]] == b"zip"
    assert "Deliver" in said and "https://xxb.example.gov.cn/wechat" in said and "冒烟检查通过" in said


def test_an_earlier_release_comes_back_as_it_was(package: Path) -> None:
    aws = Aws("UPDATE_COMPLETE")
    deploy(aws, package)
    first = aws.asked["TemplateURL"]
    (package / ZIP).write_bytes(b"newer")
    aws.done, aws.after = [], ["UPDATE_COMPLETE"]
    deploy(aws, package)
    assert aws.asked["TemplateURL"] != first
    aws.done, aws.after = [], ["UPDATE_COMPLETE"]
    deploy(aws, package, earlier=first.split("/")[-2])
    assert aws.asked["TemplateURL"] == first
    assert aws.asked["ChangeSetType"] == "UPDATE"


def test_the_release_before_comes_back_by_one_command(package: Path) -> None:
    aws = Aws("UPDATE_COMPLETE")
    cloud = Cloud(lambda service: aws, "cn-northwest-1", "aws-cn", pause=lambda seconds: None)
    steps = Deployment(cloud, lambda line: None, lambda question: True, lambda base: [])
    ran = []
    for hour, code in enumerate((b"1", b"2", b"3")):
        (package / ZIP).write_bytes(code)
        aws.done, aws.after = [], ["UPDATE_COMPLETE"]
        steps.run(PROD, CHOSEN, package, "", NOW + timedelta(hours=hour))
        ran.append(steps.current(PROD))
    assert [release for _, release in steps.releases(PROD)] == ran
    for earlier in (ran[1], ran[0]):
        assert steps.before(PROD) == earlier
        aws.done, aws.after = [], ["UPDATE_COMPLETE"]
        steps.run(PROD, CHOSEN, package, earlier, NOW + timedelta(days=1))
        assert steps.current(PROD) == earlier
    with pytest.raises(DeploymentFailed, match="退不回去"):
        steps.before(PROD)
    assert [release for _, release in steps.releases(PROD)] == ran


def test_the_end_of_the_deployment_before_is_not_taken_for_this_one(package: Path) -> None:
    class Slow(Aws):
        """CloudFormation that goes on telling the old status for a while."""

        def describe_stacks(self, StackName: str) -> Json:
            stack = super().describe_stacks(StackName)["Stacks"][0]
            began = "execute" in self.done and len(self.after) < 2
            return {"Stacks": [{**stack, "LastUpdatedTime": "now" if began else "before"}]}

    aws = Slow("UPDATE_COMPLETE")
    aws.after = ["UPDATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE"):
        deploy(aws, package)


def test_a_release_that_never_was_is_refused(package: Path) -> None:
    with pytest.raises(DeploymentFailed, match="没有版本 abc"):
        deploy(Aws("UPDATE_COMPLETE"), package, earlier="abc")


def test_no_without_consent(package: Path) -> None:
    aws = Aws("UPDATE_COMPLETE")
    assert "什么都没有改动" in deploy(aws, package, agree=False)
    assert aws.done == ["delete"]


@pytest.mark.parametrize(
    "change", [("Remove", "Table", "AWS::DynamoDB::Table", "False"), ("Modify", "Content", "AWS::S3::Bucket", "True")]
)
def test_what_holds_data_is_not_replaced_whoever_agrees(package: Path, change: tuple[str, str, str, str]) -> None:
    aws = Aws("UPDATE_COMPLETE", [("Modify", "Deliver", "AWS::Lambda::Function", "False"), change])
    said = deploy(aws, package)
    assert f"{change[1]} 存着数据" in said
    assert aws.done == ["delete"]


def test_nothing_to_change_is_no_failure(package: Path) -> None:
    aws = Aws("UPDATE_COMPLETE")
    aws.refusal = "The submitted information didn't contain changes."
    assert "没有变化" in deploy(aws, package)
    assert aws.done == ["delete"]


def test_a_refused_change_set_says_why(package: Path) -> None:
    aws = Aws("UPDATE_COMPLETE")
    aws.refusal = "Parameters: [PublicUrl] must have values"
    with pytest.raises(DeploymentFailed, match="PublicUrl"):
        deploy(aws, package)


def test_a_failed_deployment_names_the_first_cause(package: Path) -> None:
    aws = Aws("UPDATE_COMPLETE")
    aws.after = ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
    with pytest.raises(DeploymentFailed, match=r"原因：Table：Table already exists[^；]*；Scheduled：[^；]*$"):
        deploy(aws, package)


def test_the_shell_of_a_failed_first_deployment_is_named(package: Path) -> None:
    with pytest.raises(DeploymentFailed, match="第一次部署没有成功”清掉"):
        deploy(Aws("ROLLBACK_COMPLETE"), package)


def test_the_menu_follows_an_update_and_waits_after_the_first_deployment_and_an_earlier_release(package: Path) -> None:
    published: list[str] = []

    def publish() -> bool:
        published.append("menu")
        return True

    aws = Aws()
    first = deploy(aws, package, publish_menu=publish)
    assert published == [] and "python -m infra.within --stage prod menu publish" in first
    aws = Aws("UPDATE_COMPLETE")
    said = deploy(aws, package, publish_menu=publish)
    assert published == ["menu"] and "第一次部署" not in said
    release = said.partition("部署完成，版本 ")[2].partition("。")[0]
    aws.done, aws.after = [], ["UPDATE_COMPLETE"]
    deploy(aws, package, earlier=release, publish_menu=publish)
    assert published == ["menu"]
    aws.done, aws.after = [], ["UPDATE_COMPLETE"]
    with pytest.raises(DeploymentFailed, match=r"已经部署，菜单没有发布.*menu publish"):
        deploy(aws, package, publish_menu=lambda: False)


def test_a_release_that_was_packaged_without_a_layer_is_refused_before_anything_changes(package: Path) -> None:
    chosen = StageFile({"public_url": "https://xxb.example.gov.cn", "province": True})
    aws = Aws("UPDATE_COMPLETE")
    with pytest.raises(DeploymentFailed, match="没有层 numpy"):
        deploy(aws, package, chosen=chosen)
    assert aws.asked == {} and aws.done == []
    with_layer = json.loads(json.dumps(PACKAGED))
    with_layer["Resources"]["NumpyLayer"] = {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {"ContentUri": "./layer-numpy.zip"},
    }
    (package / TEMPLATE).write_text(json.dumps(with_layer))
    (package / "layer-numpy.zip").write_bytes(b"numpy")
    deploy(aws, package, chosen=chosen)
    bucket, key = next(each for each in aws.objects if each[1].startswith("layers/"))
    assert aws.objects[bucket, key] == b"numpy"
    template = next(json.loads(data) for (_, name), data in aws.objects.items() if f'"{key}"'.encode() in data)
    assert template["Resources"]["NumpyLayer"]["Properties"]["ContentUri"] == {"Bucket": bucket, "Key": key}


def test_a_stage_that_is_up_but_does_not_answer_is_a_failure(package: Path) -> None:
    with pytest.raises(DeploymentFailed, match="healthz"):
        deploy(Aws("UPDATE_COMPLETE"), package, check=lambda base: [f"{base}/healthz 应回答 200，实际是 502"])


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        (None, "没有 xixinban/prod"),
        ("[]", "不是 JSON 对象"),
        ("{", "不是 JSON 对象"),
        (json.dumps({**GOOD_SECRETS, "wechat_token": ""}), "缺少 wechat_token"),
        (json.dumps({**GOOD_SECRETS, "wechat_aes_key": "short"}), "XIXINBAN_WECHAT_AES_KEY"),
    ],
)
def test_wrong_secrets_stop_before_anything_is_made(package: Path, secrets: str | None, said: str) -> None:
    aws = Aws()
    aws.secrets = secrets
    with pytest.raises((Refusal, SettingsError), match=said) as caught:
        deploy(aws, package)
    assert "short" not in str(caught.value)
    assert (aws.objects, aws.asked, aws.buckets) == ({}, {}, [])


@pytest.mark.parametrize("former", ["wechat_aes_key_previous", "wechat_token_previous", "session_secret_previous"])
def test_a_rotation_is_passed_on(package: Path, former: str) -> None:
    aws = Aws("UPDATE_COMPLETE")
    aws.secrets = json.dumps({**GOOD_SECRETS, former: "p" * 43})
    deploy(aws, package)
    said = {each["ParameterKey"]: each["ParameterValue"] for each in aws.asked["Parameters"]}
    kept = f"Keep{parameter_name(former)}"
    assert {name: said[f"Keep{name}"] for name in FORMER} == {
        name: "true" if f"Keep{name}" == kept else "false" for name in FORMER
    }


def test_smoke_wants_health_and_a_refusal() -> None:
    assert smoke("https://x", lambda url: 200 if url.endswith("healthz") else 403) == []
    (blocked,) = smoke("https://x", lambda url: 403)
    assert "备案" in blocked
    assert len(smoke("https://x", lambda url: 500)) == 2

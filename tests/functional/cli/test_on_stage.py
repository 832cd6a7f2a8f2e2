"""``--stage``: the same commands on a deployed stage on moto, as the operator whom AWS knows, audited over there."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from botocore.exceptions import ClientError

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.dynamodb_store import table_definition
from chalicelib.audit.log import AuditLog
from chalicelib.bootstrap import Application
from chalicelib.entrypoints.queues import NAMES
from chalicelib.policies.columns import Columns, encode
from chalicelib.queue_names import MATCHING_SHARDS
from chalicelib.settings import Settings
from jobs.cli import main
from jobs.cli.remote import RemoteStage
from jobs.embedded.worker import Context, _event
from jobs.province.files import name_of
from jobs.province.shards import Shard, pack_shard
from jobs.upgrade import LAYOUT, layout
from tests.functional.cli.conftest import Done
from tests.functional.county import E01
from tests.functional.support import DATA, SETTINGS, make_application
from tests.houses.mocked_aws import REGION, MockedAws, fresh, make_bucket, make_queues

OPERATOR = "assumed-role/operators/zhang"


class Deployed:
    """A stage on moto: its real handler answers ``lambda.invoke``; ``client`` is what the operator's machine gets."""

    def __init__(self, aws: MockedAws, name: str, **more: object) -> None:
        aws.client("dynamodb").create_table(**table_definition(name))
        make_queues(aws.client("sqs"), name, *NAMES, max_receives=5)
        make_bucket(aws.client("s3"), name)
        names = {"stage": "aws", "table": name, "bucket": name, "queue_prefix": name}
        self.application = Application(Settings(**{**SETTINGS, **names, **more}))  # type: ignore[arg-type]
        self.invoked: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": f"arn:aws-cn:sts::123456789012:{OPERATOR}"}

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        if FunctionName != "xixinban-prod-run_job":
            response: Any = {"Error": {"Code": "ResourceNotFoundException", "Message": "no such function"}}
            raise ClientError(response, "Invoke")
        event = json.loads(Payload)
        self.invoked.append(event)
        here = bootstrap.installed()
        bootstrap.install(self.application)
        try:
            answer = app.handler_map["run_job"](event, Context("run_job"))
        except Exception as error:
            failed = json.dumps({"errorMessage": str(error)}).encode()
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(failed)}
        finally:
            bootstrap.install(here)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def acts(self) -> list[tuple[str, str, str]]:
        return [(entry.who, entry.action, entry.result.value) for entry in AuditLog(self.application.store).entries()]


@pytest.fixture(scope="module")
def aws() -> Iterator[MockedAws]:
    made = MockedAws()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def deployed(aws: MockedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    make_application()  # this machine's own, which no command here may touch
    yield Deployed(aws, fresh())
    bootstrap.install(None)


Stage = Callable[..., Done]


@pytest.fixture
def on_prod(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> Stage:
    def run(*words: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main.run([str(word) for word in words], lambda name: RemoteStage(name, deployed.client))
        printed = capsys.readouterr()
        return Done(left.value.code if isinstance(left.value.code, int) else 0, printed.out, printed.err)

    return run


def test_content_goes_to_the_stage_and_jobs_run_there(deployed: Deployed, on_prod: Stage, tmp_path: Path) -> None:
    for name in ("enterprises.yaml", "items.yaml", "policies.yaml"):
        shutil.copy(DATA / name, tmp_path)
    here = bootstrap.current()
    assert "没有错误" in on_prod("content", "check", tmp_path, "--stage", "prod").out
    loaded = on_prod("content", "load", tmp_path, "--stage", "prod", "--json")
    assert loaded.json["version"] == 1
    assert deployed.application.enterprises.get(E01) is not None
    assert here.enterprises.get(E01) is None and list(AuditLog(here.store).entries()) == []
    ran = on_prod("run", "policy-push", "--stage", "prod")
    assert ran.code == 0 and "已处理" in ran.out and "环境 prod 现在执行 policy-push" in ran.err
    assert [event.get("dry_run") for event in deployed.invoked if "job" in event] == [True, False]
    document = on_prod("run", "policy-push", "--stage", "prod", "--dry-run", "--json").json
    assert set(document) == {"job", "run_id", "as_of", "dry_run", "planned", "queued", "skipped", "failed"}
    (row,) = on_prod("runs", "policy-push", "--stage", "prod", "--json").json
    assert (row["job"], row["state"]) == ("policy-push", "done")
    assert [("run", "done"), ("content load", "done")] == [
        (action, result) for who, action, result in reversed(deployed.acts()) if result == "done" and who == OPERATOR
    ][1:]
    assert bootstrap.current() is here


def test_a_stage_is_upgraded_and_its_content_proposed_and_exported(
    deployed: Deployed, on_prod: Stage, tmp_path: Path
) -> None:
    assert layout(deployed.application) == 1
    assert f"第 {LAYOUT} 版" in on_prod("upgrade", "--stage", "prod").out
    assert layout(deployed.application) == LAYOUT and layout(bootstrap.current()) == 1
    terms = yaml.safe_load((DATA / "terms.yaml").read_text(encoding="utf-8"))
    alone = [{name: value for name, value in terms[0].items() if name != "items"}]
    (tmp_path / "terms.yaml").write_text(yaml.safe_dump(alone, allow_unicode=True), encoding="utf-8")
    proposed = on_prod("content", "load", tmp_path / "terms.yaml", "--draft", "--by", "甲", "--stage", "prod")
    assert proposed.code == 0, proposed.out
    (draft,) = on_prod("content", "drafts", "--stage", "prod", "--json").json
    for step in ("review", "publish"):
        done = on_prod("content", step, draft["id"], "--by", "乙", "--stage", "prod")
        assert done.code == 0, done.err
    assert on_prod("content", "export", tmp_path / "out", "--stage", "prod").code == 0
    acts = [(who, action) for who, action, result in deployed.acts() if result == "done"]
    assert {who for who, _ in acts} == {OPERATOR}
    assert {"upgrade", "content load", "content review", "content publish", "content export"} <= {
        action for _, action in acts
    }


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("notice", "show", "none", "--stage", "prod"), 2, "没有编号为 none 的通知"),
        (("notice", "retry", "none", "--stage", "prod"), 2, "没有编号为 none 的通知"),
        (("notice", "cancel", "none", "--stage", "prod"), 2, "没有编号为 none 的通知"),
        (("notice", "list", "--state", "gone", "--stage", "prod"), 2, "没有“gone”这种状态"),
        (("runs", "--stage", "PROD!"), 2, "环境名“PROD!”不对"),
        (("runs", "--stage", "elsewhere"), 1, "连不上环境 elsewhere：这个区域里没有部署它。请先运行 make deploy"),
        (("doctor", "--stage", "elsewhere"), 1, "make deploy STAGE=elsewhere"),
        (("doctor", "--online", "--stage", "prod"), 2, "python -m infra.within --stage prod doctor --online"),
        (("run", "policy-push", "--enterprise", E01, "--stage", "prod"), 2, E01),
        (("content", "load", "nowhere", "--stage", "prod"), 2, "没有 nowhere"),
    ],
)
def test_what_cannot_be_is_told_in_chinese(words: tuple[str, ...], code: int, told: str, on_prod: Stage) -> None:
    done = on_prod(*words)
    assert (done.code, told in done.err) == (code, True), (done.code, done.err)


def test_what_fails_over_there_is_told_with_where_to_look(deployed: Deployed) -> None:
    stage = RemoteStage("prod", deployed.client)
    with pytest.raises(Exception, match="看函数 xixinban-prod-run_job 的日志"):
        stage.run_job("no-such-job", as_of=None, dry_run=True, enterprise=None)


def test_no_secret_leaves_the_stage(deployed: Deployed) -> None:
    answer = deployed.invoke("xixinban-prod-run_job", b'{"describe": true}')["Payload"].read().decode()
    assert SETTINGS["public_url"] in answer
    for name in ("wechat_token", "wechat_app_secret", "wechat_aes_key", "session_secret"):
        assert str(SETTINGS[name]) not in answer and name not in answer


def test_a_province_is_matched_by_shards_and_followed_to_its_end(
    aws: MockedAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    make_application()
    deployed = Deployed(aws, fresh(), province=True, quiet_hours="off")
    day, queue = "2026-11-23", deployed.application.queue
    for number in range(2):
        columns = Columns(1, {"has_severe_dishonesty": encode("flag", [False])})
        shard = Shard(np.array([f"91360323MA{number:08}".encode()]), columns)
        deployed.application.blobs.put(name_of(day, "columns", number), pack_shard(shard))

    def run(*words: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main.run(["run", *words, "--stage", "prod"], lambda name: RemoteStage(name, deployed.client, pause))
        printed = capsys.readouterr()
        return Done(left.value.code if isinstance(left.value.code, int) else 0, printed.out, printed.err)

    def pause(seconds: float) -> None:
        """Stands for the time that passes, in which one function works off one message."""
        (message,) = queue.receive(MATCHING_SHARDS, limit=1)
        here = bootstrap.installed()
        bootstrap.install(deployed.application)
        try:
            answer = app.handler_map["match_shard"](_event(MATCHING_SHARDS, [message]), Context("match_shard"))
        finally:
            bootstrap.install(here)
        assert answer == {"batchItemFailures": []}
        queue.ack(MATCHING_SHARDS, message.receipt)

    planned = run("province-match", "--as-of", day, "--dry-run")
    assert planned.code == 0 and "分片 1" in planned.out and "片，" not in planned.out
    done = run("province-match", "--as-of", day)
    assert done.code == 0, done.err
    assert "已处理 2 项" in done.out and "全省匹配 2026-11-23：2/2 片，2 家，符合 2 项，第一次只记住" in done.out
    again = run("province-match", "--as-of", day, "--json")
    assert (again.json["planned"], again.json["skipped"]) == (0, {"这一天已匹配": 2})
    bootstrap.install(None)

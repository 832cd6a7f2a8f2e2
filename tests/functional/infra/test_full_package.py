"""The whole packaging with real wheels, and its result deployed by the real deployment on an emulator of AWS."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import requests

from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.dynamodb_store import DynamoDBStore
from chalicelib.notices.kinds import QUEUES
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.nights import NightBook, ShardResult
from chalicelib.wechat.codec import Codec
from infra import archive, layers
from infra.deploy import Deployment
from infra.failed import PackagingFailed
from infra.interpreter import Interpreter
from infra.package import ROOT, TEMPLATE, ZIP, chalice_package, check_imports, check_template, make
from infra.release import with_code
from infra.smoke import smoke
from infra.stage import Stage
from infra.stagefile import StageFile
from infra.staging import stage_copy
from infra.template import Built
from infra.within import environment
from jobs.province.files import name_of
from jobs.province.shards import Shard, pack_shard
from jobs.registry import JOBS
from tests.functional.infra import emulator
from tests.functional.infra.emulator import Emulated

STAGE = Stage("test")
HERE = Interpreter(Path(sys.executable), sys.version_info[:2])
CHOSEN = StageFile({"public_url": "https://xxb.example.gov.cn", "province": True, "quiet_hours": "off"}, {})
SECRETS = {
    "wechat_token": "tokenfortests",
    "wechat_app_id": "wx0123456789abcdef",
    "wechat_app_secret": "not-a-secret",
    "wechat_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "session_secret": "session-secret-for-tests",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is now: somebody may be editing it."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("chalicelib", "jobs", "infra", ".chalice"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def package(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("package") / "1"
    make(STAGE, "x86_64", out, HERE, tree, CHOSEN.layers)
    return out


@pytest.fixture(scope="module")
def deployed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    with emulator.running(tmp_path_factory.mktemp("ministack")) as cloud:
        cloud.client("secretsmanager").create_secret(Name=STAGE.secret, SecretString=json.dumps(SECRETS))
        said: list[str] = []
        steps = Deployment(cloud, said.append, lambda question: True, check=lambda base: [])
        steps.run(STAGE, CHOSEN, package, "", datetime.now(UTC))
        assert any("CREATE_COMPLETE" in line for line in said)
        yield cloud


def address(cloud: Emulated) -> str:
    return f"{cloud.base}/restapis/{cloud.outputs(STAGE)['RestAPIId']}/api/_user_request_"


@pytest.mark.slow
def test_two_builds_are_the_same_bytes(
    tree: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder, with files made in another order, by somebody with another umask, time zone and hash seed."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("PYTHONHASHSEED", "4711")
    before = os.umask(0o077)
    try:
        other = copied_backwards(tree, tmp_path / "somewhere" / "else")
        make(STAGE, "x86_64", tmp_path / "2", HERE, other, CHOSEN.layers)
    finally:
        os.umask(before)
    assert differences(package / ZIP, tmp_path / "2" / ZIP) == []
    for name in (ZIP, TEMPLATE, "manifest.json", layers.NUMPY.zip):
        assert (package / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


@pytest.mark.slow
def test_the_zip_holds_what_runs_and_nothing_else(package: Path, tmp_path: Path) -> None:
    names = set(archive.unpack(package / ZIP, tmp_path))
    assert {"app.py", "jobs/policy_push.py", "chalicelib/pages/static/weui.css"} <= names
    assert any(name.startswith("chalicelib/__pycache__/") for name in names)
    assert not any(name.startswith(("tests/", "simulator/", "data/", "jobs/cli/", "boto3/")) for name in names)
    manifest = json.loads((package / "manifest.json").read_text())
    assert manifest["bytes"] < 50_000_000 and manifest["unzipped"] < 100_000_000
    (layer,) = manifest["layers"]
    assert not any(name.startswith("numpy/") for name in names)
    assert manifest["unzipped"] + layer["unzipped"] < archive.MAX_UNZIPPED
    assert (package / layers.NUMPY.zip).stat().st_size == layer["bytes"]
    (tmp_path / "xmltodict.py").unlink()
    with pytest.raises(PackagingFailed, match="xmltodict"):
        check_imports(tmp_path, HERE.python)


def test_a_wheel_that_is_not_found_stops_the_packaging(tmp_path: Path) -> None:
    """Chalice itself only prints it. The staged copy has no wheels at all here, so each pin must be missed."""
    stage_copy(ROOT, tmp_path / "app", "x86_64", requirements="")
    chalice_package(tmp_path / "app", tmp_path / "out", STAGE, HERE.python, Built("x86_64", "python3.12"))
    names = archive.unpack(tmp_path / "out" / ZIP, tmp_path / "files")
    pins = archive.pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    found = list(archive.problems(names, pins))
    assert len(found) == len(pins)
    assert all(sentence.startswith("缺少依赖 ") for sentence in found)


@pytest.mark.slow
def test_cfn_lint_has_nothing_to_say_of_the_expanded_template_either(package: Path, tmp_path: Path) -> None:
    """cfn-lint does not look inside the events of SAM functions; expanded, they are resources like others."""
    template = with_code(
        json.loads((package / TEMPLATE).read_text()), "releases", "code.zip", {layers.NUMPY.zip: "layer.zip"}
    )
    (tmp_path / TEMPLATE).write_text(emulator.expanded(json.dumps(template)))
    check_template(tmp_path / TEMPLATE)


@pytest.mark.slow
def test_the_deployed_callback_answers_in_safe_mode_and_refuses_the_unsigned(deployed: Emulated) -> None:
    assert smoke(address(deployed)) == []
    codec = Codec(SECRETS["wechat_token"], SECRETS["wechat_app_id"], SECRETS["wechat_aes_key"], None)
    stamp = str(int(time.time()))
    sealed = codec.encrypt(
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>o{'x' * 27}</FromUserName><CreateTime>{stamp}</CreateTime>"
        "<MsgType>text</MsgType><Content>帮助</Content><MsgId>23000000000000001</MsgId></xml>".encode()
    )
    query = {"timestamp": stamp, "nonce": "n", "signature": codec.signature(stamp, "n"), "encrypt_type": "aes"}
    query["msg_signature"] = codec.signature(stamp, "n", sealed)
    push = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed}</Encrypt></xml>".encode()
    url = f"{address(deployed)}/wechat?{urlencode(query)}"
    answers = [requests.post(url, data=push, headers={"Content-Type": "text/xml"}, timeout=30) for _ in range(2)]
    replies = []
    for answer in answers:
        assert answer.status_code == 200, answer.text
        found = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]></Encrypt>", answer.text)
        assert found
        replies.append(codec.decrypt(found[1]).decode())
    for section in ("服务升级", "创新赋能", "政策直达", "法治护航"):
        assert section in replies[0]
    contents = {re.search(r"<Content>.*</Content>", reply, re.S)[0] for reply in replies}  # type: ignore[index]
    assert len(contents) == 1, "a repeated push gets the stored answer"


@pytest.mark.slow
def test_an_operator_runs_a_job_on_the_deployed_stage(deployed: Emulated) -> None:
    asked = json.dumps({"job": "policy-push", "dry_run": True}).encode()
    answer = deployed.client("lambda").invoke(FunctionName=STAGE.named("run_job"), Payload=asked)
    assert "FunctionError" not in answer
    document = json.loads(answer["Payload"].read())
    assert (document["job"], document["dry_run"], document["failed"]) == ("policy-push", True, 0)


@pytest.mark.slow
def test_of_a_batch_the_deployed_consumer_leaves_only_the_poisoned_message(deployed: Emulated) -> None:
    sqs = deployed.client("sqs")
    for queue in QUEUES.values():
        url = sqs.get_queue_url(QueueName=STAGE.named(queue))["QueueUrl"]
        bodies = ['{"notice": "unknown-1"}', "junk", '{"notice": "unknown-2"}']
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        for _ in range(150):
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            if sum(map(int, counts.values())) == 1:
                break
            time.sleep(0.2)
        assert sum(map(int, counts.values())) == 1, counts


@pytest.mark.slow
def test_a_shard_of_a_province_is_matched_by_the_deployed_function(deployed: Emulated) -> None:
    """With numpy out of its layer; the job only asks."""
    day, bucket = "2026-11-23", deployed.outputs(STAGE)["BucketName"]
    columns = Columns(3, {"has_severe_dishonesty": encode("flag", [False, True, None])})
    shard = Shard(np.array([f"91360323MA{n:08}".encode() for n in range(3)]), columns)
    deployed.client("s3").put_object(Bucket=bucket, Key=name_of(day, "columns", 0), Body=pack_shard(shard))
    asked = json.dumps({"job": "province-match", "as_of": day}).encode()
    answer = json.loads(
        deployed.client("lambda").invoke(FunctionName=STAGE.named("run_job"), Payload=asked)["Payload"].read()
    )
    assert (answer["planned"], answer["queued"], answer["failed"]) == (1, 1, 0)
    store = DynamoDBStore(STAGE.stack, lambda: deployed.client("dynamodb"), SystemClock())
    for _ in range(300):
        if results := NightBook(store).results(day):
            break
        time.sleep(0.2)
    assert results == {0: ShardResult(enterprises=3, matches=3)}


@pytest.mark.slow
def test_every_job_is_scheduled_on_the_deployed_stage(deployed: Emulated) -> None:
    found = deployed.client("scheduler").list_schedules()["Schedules"]
    assert sorted(each["Name"] for each in found) == sorted(STAGE.named(job) for job in JOBS)


@pytest.mark.slow
def test_the_operators_machine_gets_the_settings_of_the_functions(deployed: Emulated) -> None:
    configuration = deployed.client("lambda").get_function_configuration(FunctionName=STAGE.named("run_job"))
    of_function = configuration["Environment"]["Variables"]
    here = environment(deployed, STAGE, CHOSEN)
    assert here == {name: value for name, value in of_function.items() if name in here}
    assert here["XIXINBAN_WECHAT_TOKEN"] == SECRETS["wechat_token"]


def copied_backwards(tree: Path, into: Path) -> Path:
    for path in sorted((each for each in tree.rglob("*") if each.is_file()), reverse=True):
        copy = into / path.relative_to(tree)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return into


def differences(one: Path, other: Path) -> list[str]:
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        sums = [{entry.filename: entry.CRC for entry in each.infolist()} for each in (first, second)]
    return sorted(name for name in sums[0].keys() | sums[1].keys() if sums[0].get(name) != sums[1].get(name))

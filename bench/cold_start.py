"""A fresh process to its first answered callback (冷启动), from the built zip, beside the imports that nobody can do
without.

Both run in turns, in fresh processes that see the unpacked zip and, behind it, what Lambda has itself (boto3);
nothing may be written beside the sources, as in Lambda, and its temporary folder is empty. The callback is a text
message in safe mode from somebody new (``empty_cloud``). Sizes are those of the same build.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import empty_cloud
from bench.report import Section, table
from chalicelib.wechat.codec import Codec
from infra import archive
from infra.interpreter import Interpreter
from infra.package import ZIP, Package, make
from infra.parameters import NO_PLUGINS
from infra.stage import Stage

TURNS = 9
PROMISE = 1.5
"""Times the bare imports."""
_SECRETS = {
    "XIXINBAN_WECHAT_TOKEN": "benchtoken",
    "XIXINBAN_WECHAT_APP_ID": "wx0123456789abcdef",
    "XIXINBAN_WECHAT_APP_SECRET": "bench-secret",
    "XIXINBAN_WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "XIXINBAN_SESSION_SECRET": "bench-session-secret",
}
_BARE = """
import boto3, chalice, pydantic, wechatpy
boto3.client("dynamodb")
"""
_CALLBACK = """
import json, os, sys
import app

class Context:
    aws_request_id = "bench"
    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = ""
    log_group_name = log_stream_name = "bench"
    @staticmethod
    def get_remaining_time_in_millis():
        return 5000

answer = app.app(json.loads(os.environ["BENCH_EVENT"]), Context())
print(json.dumps(answer["body"]))
"""


@dataclass
class _Process:
    """One kind of process, what it is asked and must answer, and the seconds and calls of AWS of each that ran."""

    label: str
    script: str
    said: str = ""
    answers: str = ""
    seconds: list[float] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


def section() -> Section:
    bare = _Process("bare: chalice, boto3, wechatpy, pydantic, one DynamoDB client", _BARE)
    promised = _Process("to the first answered callback: 帮助", _CALLBACK, "帮助", "溪小办")
    processes = [
        bare,
        _Process("`import app`", "import app"),
        promised,
        _Process("to the first answer from a guide: 换法人要带什么", _CALLBACK, "换法人要带什么", "法定代表人"),
    ]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        package, files = _built(Path(name))
        cloud = empty_cloud.with_sample_content(Path(name))
        with empty_cloud.serving(cloud) as address:
            for process in processes * TURNS:
                before = len(cloud.asked)
                process.seconds.append(_seconds(process, files, address))
                process.calls.append(len(cloud.asked) - before)
    ratio = _ratio(promised.seconds, bare.seconds)
    rows = [[each.label, *_told(each), f"{_ratio(each.seconds, bare.seconds):.2f}"] for each in processes]
    text = (
        f"`python -m bench cold_start`: fresh processes in turns, {TURNS} each, from the built zip with its compiled "
        "files; the sample content and its index are published. Ratios are medians over the turns.\n\n"
        + table(["process", "median, ms", "least, ms", "calls of AWS", "× bare"], rows)
        + f"\n\nThe zip has {package.bytes / 1e6:.1f} MB, {package.unzipped / 1e6:.1f} MB unpacked. Promised: the "
        f"first answered callback at most {PROMISE} times bare."
    )
    return Section("Cold start and sizes", text, ratio <= PROMISE)


def _built(folder: Path) -> tuple[Package, Path]:
    here = Interpreter(Path(sys.executable), sys.version_info[:2])
    package = make(Stage("bench"), "x86_64", folder / "package", here)
    archive.unpack(folder / "package" / ZIP, folder / "task")
    return package, folder / "task"


def _seconds(process: _Process, files: Path, address: str) -> float:
    """From the start of the process to its end, without the time that Python itself takes to start."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(files),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "XIXINBAN_STAGE": "aws",
        "XIXINBAN_PUBLIC_URL": "https://xxb.example.gov.cn",
        "XIXINBAN_AWS_ENDPOINT_URL": address,
        "XIXINBAN_BUCKET": "bench",
        "BENCH_EVENT": json.dumps(_event(process.said)),
        "TMPDIR": tempfile.mkdtemp(dir=files.parent),
        **NO_PLUGINS,
        **_SECRETS,
    }
    timed = "import time\nstarted = time.perf_counter()\n" + process.script + "\nprint(time.perf_counter() - started)"
    done = subprocess.run(
        [sys.executable, "-c", timed], env=environment, cwd=files, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    *_, answer, seconds = ["", *done.stdout.splitlines()]
    if process.answers and process.answers not in _opened(answer):
        raise RuntimeError(f"{process.label}: no such answer\n{done.stderr[-2000:]}")
    return float(seconds)


def _opened(answer: str) -> str:
    """The reply in the sealed answer."""
    found = re.search(r"<Encrypt><!\[CDATA\[(.+?)]]>", json.loads(answer))
    return _codec().decrypt(found[1]).decode() if found else ""


def _codec() -> Codec:
    return Codec(
        _SECRETS["XIXINBAN_WECHAT_TOKEN"], _SECRETS["XIXINBAN_WECHAT_APP_ID"], _SECRETS["XIXINBAN_WECHAT_AES_KEY"], None
    )


def _event(said: str) -> dict[str, Any]:
    """A text message as API Gateway hands it over, sealed now: old ones are refused."""
    codec, stamp = _codec(), str(int(time.time()))
    sealed = codec.encrypt(
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>o{'x' * 27}</FromUserName><CreateTime>{stamp}</CreateTime>"
        f"<MsgType>text</MsgType><Content>{said}</Content><MsgId>23000000000000001</MsgId></xml>".encode()
    )
    query = {
        "timestamp": stamp,
        "nonce": "n",
        "encrypt_type": "aes",
        "signature": codec.signature(stamp, "n"),
        "msg_signature": codec.signature(stamp, "n", sealed),
    }
    return {
        "resource": "/wechat",
        "path": "/wechat",
        "httpMethod": "POST",
        "headers": {"content-type": "text/xml"},
        "multiValueHeaders": {"content-type": ["text/xml"]},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": "/wechat", "httpMethod": "POST", "path": "/api/wechat", "identity": {}},
        "body": f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed}</Encrypt></xml>",
        "isBase64Encoded": False,
    }


def _told(process: _Process) -> tuple[str, str, str]:
    seconds, calls = process.seconds, statistics.median(process.calls)
    return f"{statistics.median(seconds) * 1000:.0f}", f"{min(seconds) * 1000:.0f}", f"{calls:.0f}"


def _ratio(ours: list[float], bare: list[float]) -> float:
    return statistics.median(o / b for o, b in zip(ours, bare, strict=True))


if __name__ == "__main__":
    sys.stdout.write(section().text + "\n")

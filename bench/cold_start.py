"""A fresh process to its first answered callback (冷启动), from the built zip, beside the imports that nobody can do
without.

Both run in turns, in fresh processes that see the unpacked zip and, behind it, what Lambda has itself (boto3);
nothing may be written beside the sources, as in Lambda. The callback is a text message in safe mode; its store is a
stand-in for DynamoDB on 127.0.0.1 that holds nothing, so that only our own time counts. Sizes are those of the same
build.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.report import Section, table
from chalicelib.wechat.codec import Codec
from infra import archive
from infra.interpreter import Interpreter
from infra.package import ZIP, Package, make
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
_IMPORT = "import app"
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
assert answer["statusCode"] == 200 and "Encrypt" in answer["body"], answer
"""
_ANSWERS: dict[str, Any] = {
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "UpdateItem": {"Attributes": {}},
}


def section() -> Section:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _empty_store() as (address, asked):
        package, files = _built(Path(name))
        scripts = {"bare": _BARE, "import": _IMPORT, "callback": _CALLBACK}
        spent: dict[str, list[float]] = {script: [] for script in scripts}
        for _ in range(TURNS):
            for script, text in scripts.items():
                spent[script].append(_seconds(text, files, address))
    ratio = _ratio(spent["callback"], spent["bare"])
    rows = [
        ["bare: chalice, boto3, wechatpy, pydantic, one DynamoDB client", *_told(spent["bare"]), "1.00"],
        ["`import app`", *_told(spent["import"]), f"{_ratio(spent['import'], spent['bare']):.2f}"],
        ["to the first answered callback", *_told(spent["callback"]), f"{ratio:.2f}"],
    ]
    text = (
        f"`python -m bench cold_start`: fresh processes in turns, {TURNS} each, from the built zip with its compiled "
        "files. Ratios are medians over the turns.\n\n"
        + table(["process", "median, ms", "least, ms", "× bare"], rows)
        + f"\n\nThe callback asked its store {len(asked) // TURNS} times. The zip has {package.bytes / 1e6:.1f} MB, "
        f"{package.unzipped / 1e6:.1f} MB unpacked. Promised: at most {PROMISE} times bare."
    )
    return Section("Cold start and sizes", text, ratio <= PROMISE)


def _built(folder: Path) -> tuple[Package, Path]:
    here = Interpreter(Path(sys.executable), sys.version_info[:2])
    package = make(Stage("bench"), "x86_64", folder / "package", here)
    archive.unpack(folder / "package" / ZIP, folder / "task")
    return package, folder / "task"


def _seconds(script: str, files: Path, address: str) -> float:
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
        "BENCH_EVENT": json.dumps(_event()),
        **_SECRETS,
    }
    timed = "import time\nstarted = time.perf_counter()\n" + script + "\nprint(time.perf_counter() - started)"
    done = subprocess.run(
        [sys.executable, "-c", timed], env=environment, cwd=files, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(done.stdout.split()[-1])


def _event() -> dict[str, Any]:
    """A text message as API Gateway hands it over, sealed now: old ones are refused."""
    codec = Codec(
        _SECRETS["XIXINBAN_WECHAT_TOKEN"], _SECRETS["XIXINBAN_WECHAT_APP_ID"], _SECRETS["XIXINBAN_WECHAT_AES_KEY"], None
    )
    stamp = str(int(time.time()))
    sealed = codec.encrypt(
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>o{'x' * 27}</FromUserName><CreateTime>{stamp}</CreateTime>"
        "<MsgType>text</MsgType><Content>帮助</Content><MsgId>23000000000000001</MsgId></xml>".encode()
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


@contextmanager
def _empty_store() -> Iterator[tuple[str, list[str]]]:
    """A DynamoDB that holds nothing and takes everything; the names of what it was asked."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            asked.append(operation)
            body = json.dumps(_ANSWERS.get(operation, {})).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the figures are what is to be read."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def _told(seconds: list[float]) -> tuple[str, str]:
    return f"{statistics.median(seconds) * 1000:.0f}", f"{min(seconds) * 1000:.0f}"


def _ratio(ours: list[float], bare: list[float]) -> float:
    return statistics.median(o / b for o, b in zip(ours, bare, strict=True))


if __name__ == "__main__":
    sys.stdout.write(section().text + "\n")

"""ministack, an emulator of AWS, in a venv of its own in build/ (its pins are not ours), on the loopback only."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.cloud import Cloud
from infra.package import ROOT

WANTED = ("ministack==1.5.33", "aws-sam-translator==1.115.0", "boto3==1.43.106")
REGION = "cn-north-1"
_SECONDS = 60

EXPAND = """
import json, sys
from samtranslator.translator.transform import transform

class NoManagedPolicies:
    def load(self):
        return {}

json.dump(transform(json.load(sys.stdin), {}, NoManagedPolicies()), sys.stdout)
"""


def venv() -> Path:
    """The venv's bin/. Skips the test where it cannot be made: the packages are not there."""
    key = hashlib.sha256(" ".join(WANTED).encode()).hexdigest()[:8]
    folder = ROOT / "build" / f"ministack-{key}-{sys.version_info.minor}"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run([*pip, *WANTED], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"ministack cannot be installed here: {done.stderr.strip()[-300:]}")
        (folder / "ready").touch()
    return folder / "bin"


def expanded(template: str) -> str:
    """A SAM template as CloudFormation's transform would expand it."""
    command = [str(venv() / "python"), "-c", EXPAND]
    environment = os.environ | {"AWS_DEFAULT_REGION": REGION}
    done = subprocess.run(command, input=template, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


class Emulated(Cloud):
    """The deployment's view of the emulator; only its addresses are other than those of AWS."""

    def __init__(self, base: str) -> None:
        self.base = base
        session = boto3.session.Session("test", "test", region_name=REGION)
        self.client: Any = lambda service: session.client(service, endpoint_url=base)  # type: ignore[call-overload]
        super().__init__(self.client, REGION, "aws-cn", pause=lambda seconds: time.sleep(0.2))

    def url(self, bucket: str, key: str) -> str:
        return f"{self.base}/{bucket}/{key}"


@contextmanager
def running(folder: Path) -> Iterator[Emulated]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen([str(venv() / "ministack")], env=environment, stdout=log, stderr=log)
    try:
        _wait(f"{base}/_ministack/health", process)
        yield Emulated(base)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(_SECONDS * 5):
        assert process.poll() is None, "ministack ended by itself"
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("ministack did not answer")

"""The product as its users run it: ``python -m jobs serve`` and the operators' commands, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 20.0
COMMAND_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """One database and the server on it, which can be stopped, killed and started again on the same port.

    ``settings`` are further ``XIXINBAN_…`` variables. What the server logs lies in ``server.log`` beside the database.
    """

    db: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.db.with_name("server.log")

    def start(self, *, wait: bool = True) -> None:
        command = [sys.executable, "-m", "jobs", "serve", "--port", str(self.port), "--db", str(self.db)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/healthz", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """As Ctrl-C or a service manager does it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does it."""
        self._end(signal.SIGKILL)

    def command(self, *words: str) -> dict[str, Any]:
        """An operator's command in a second terminal, with ``--json``; returns its document."""
        environment = self._environment() | {
            "XIXINBAN_DB": str(self.db),
            "XIXINBAN_PUBLIC_URL": self.address,
        }
        ended = subprocess.run(
            [sys.executable, "-m", "jobs", *words, "--json"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, (words, ended.stdout, ended.stderr)
        document: dict[str, Any] = json.loads(ended.stdout)
        return document

    def _environment(self) -> dict[str, str]:
        """This process's own, without settings that its developer may have exported."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("XIXINBAN_")}
        return plain | self.settings

    def _end(self, by: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(by)
        self.process.wait(STOP_SECONDS)
        self.process = None

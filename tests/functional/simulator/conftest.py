"""A simulator with a callback of ours behind it, on 127.0.0.1, with time moved by hand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import xmltodict

from simulator import Config, Request, Response, Simulator, crypto
from simulator.http import Server, text_response
from simulator.inbound.xml import render

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
LOAN = {"thing1": {"value": "融资进度"}, "phrase2": {"value": "审批通过"}, "time3": {"value": "2026年11月22日 15:02"}}
POLICY = {
    "thing1": {"value": "稳岗返还等3项"},
    "thing2": {"value": "芦溪溪华电瓷"},
    "phrase3": {"value": "符合条件"},
    "time4": {"value": "2026年12月31日 23:59"},
}


class Clock:
    """Unix time that moves only when told."""

    def __init__(self) -> None:
        self.time = 1_795_000_000.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Callback:
    """The account's server: keeps every push and answers with ``answer``, which may be replaced."""

    config: Config
    pushes: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], Response] | None = None
    echo: str = "{}"

    def handle(self, request: Request) -> Response:
        if request.method == "GET":
            return text_response(self.echo.format(request.query["echostr"]))
        fields = xmltodict.parse(request.body)["xml"]
        if "Encrypt" in fields:
            fields = self.open(fields, request)
        self.requests.append(request)
        self.pushes.append(fields)
        return self.answer(fields) if self.answer else text_response("success")

    def open(self, fields: dict[str, Any], request: Request) -> dict[str, Any]:
        query = request.query
        assert crypto.signed(
            query["msg_signature"], self.config.token, query["timestamp"], query["nonce"], fields["Encrypt"]
        )
        clear = crypto.decrypt(fields["Encrypt"], self.config.aes_key, self.config.app_id)
        inner: dict[str, Any] = xmltodict.parse(clear)["xml"]
        return inner

    def named(self, name: str) -> list[dict[str, Any]]:
        return [push for push in self.pushes if name in (push.get("Event"), push["MsgType"])]

    def pack(self, clear: str) -> Response:
        """An answer in safe mode."""
        encrypted = crypto.encrypt(clear, self.config.aes_key, self.config.app_id)
        signature = crypto.sign(self.config.token, "1", "2", encrypted)
        fields = {"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": 1, "Nonce": "2"}
        return text_response(render(fields))


def reply(push: dict[str, Any], **fields: Any) -> str:
    """A text answer to the push, or another with ``fields``."""
    usual = {
        "ToUserName": push["FromUserName"],
        "FromUserName": push["ToUserName"],
        "CreateTime": 1,
        "MsgType": "text",
        "Content": "好",
    }
    return render({**usual, **fields})


@dataclass
class Bench:
    """What a test holds: the simulator, the callback, the clock, and a follower."""

    config: Config
    clock: Clock
    callback: Callback
    simulator: Simulator
    user: str = ""

    def api(self, path: str, token: str | None = None, **body: Any) -> dict[str, Any]:
        """POST to the API with a token; the answer's JSON."""
        query = {"access_token": self.token() if token is None else token}
        raw = json.dumps(body, ensure_ascii=False).encode()
        answer: dict[str, Any] = self.answer("POST", path, query, raw).json()
        return answer

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.answer("GET", path, {"access_token": self.token(), **query}).json()
        return answer

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes = b"", **headers: str) -> Response:
        return self.simulator.handle(method, f"/simulator/api/{path}", query, headers, body)

    def token(self, **options: Any) -> str:
        return str(self.fetch_token(**options)["access_token"])

    def fetch_token(self, **options: Any) -> dict[str, Any]:
        body = {
            "grant_type": "client_credential",
            "appid": self.config.app_id,
            "secret": self.config.app_secret,
            **options,
        }
        answer: dict[str, Any] = self.answer("POST", "cgi-bin/stable_token", {}, json.dumps(body).encode()).json()
        return answer

    def send_loan(self, **more: Any) -> dict[str, Any]:
        body = {"touser": self.user, "template_id": "tmpl-loan-progress", "data": LOAN, **more}
        return self.api("cgi-bin/message/template/send", **body)

    def scenario(self, *rules: dict[str, Any], seed: int = 1) -> None:
        body = json.dumps({"seed": seed, "rules": rules}).encode()
        headers = {"Content-Type": "application/json"}
        answer = self.simulator.handle("POST", "/simulator/scenario", {}, headers, body)
        assert answer.status == 200, answer.body

    def settle(self) -> None:
        deadline = time.monotonic() + 10
        while self.simulator.world.pending():
            assert time.monotonic() < deadline, "pushes are still on their way"
            time.sleep(0.005)

    def seen(self, channel: str = "") -> list[str]:
        """What stands in the follower's chat: the text, or the kind of what has none."""
        rows = self.simulator.world.chat.messages(self.user)
        return [row["body"].get("text", row["kind"]) for row in rows if channel in ("", row["channel"])]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Builds a bench; options are those of ``Config``, ``now`` the time it starts at, and ``handle`` who answers in
    place of its callback. The follower is there and settled."""
    closers: list[Callable[[], None]] = []

    def build(**options: Any) -> Bench:
        clock = Clock()
        clock.time = options.pop("now", clock.time)
        handle = options.pop("handle", None)
        usual = {
            "token": "token-of-tests",
            "app_id": "wx49f0ab532d5d035a",
            "app_secret": "secret-of-tests",
            "aes_key": AES_KEY,
            "push_timeout": 0.4,
            "retry_pause": 0.01,
            "receipt_delay": 0,
            "mode": "plaintext",
        }
        state_file = options.pop("state_file", tmp_path / "simulator.db")
        config = Config(state_file=state_file, callback="", clock=clock, **{**usual, **options})
        callback = Callback(config)
        server = Server("127.0.0.1", 0, handle or callback.handle)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        config = replace(config, callback=f"http://127.0.0.1:{server.server_port}/wechat")
        simulator = Simulator(config)
        simulator.start()
        closers.extend([server.server_close, server.shutdown, simulator.close])
        bench = Bench(config, clock, callback, simulator)
        bench.user = simulator.phone.add_user("陈先生")
        simulator.phone.follow(bench.user)
        bench.settle()
        return bench

    yield build
    for close in reversed(closers):
        close()


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    return make()

"""The stand-alone run over HTTP, its client, its pages, and what is still there after ``kill -9``."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import xmltodict

from simulator import crypto
from simulator.client import Client, ClientError
from simulator.http import Request, Response, Server, text_response
from simulator.inbound.xml import render
from tests.functional.simulator.conftest import AES_KEY, LOAN, Bench, reply

TOKEN, APP_ID, SECRET = "token-of-tests", "wx49f0ab532d5d035a", "secret-of-tests"


def echo(request: Request) -> Response:
    """Says back what it gets, sealed."""
    if request.method == "GET":
        return text_response(request.query["echostr"])
    sealed = xmltodict.parse(request.body)["xml"]["Encrypt"]
    push = xmltodict.parse(crypto.decrypt(sealed, AES_KEY, APP_ID))["xml"]
    words = push.get("Content") or push.get("Event", push["MsgType"])
    answer = crypto.encrypt(reply(push, Content=f"收到：{words}"), AES_KEY, APP_ID)
    signature = crypto.sign(TOKEN, "1", "2", answer)
    return text_response(render({"Encrypt": answer, "MsgSignature": signature, "TimeStamp": 1, "Nonce": "2"}))


@dataclass
class Process:
    """One stand-alone simulator that can be killed and started again."""

    state: Path
    callback: str
    running: subprocess.Popen[str] | None = None
    clients: list[Client] = field(default_factory=list)

    def start(self, *more: str) -> Client:
        words = f"--port 0 --callback {self.callback} --token {TOKEN} --app-id {APP_ID} --app-secret {SECRET}".split()
        command = [sys.executable, "-m", "simulator", *words, "--aes-key", AES_KEY, "--state", str(self.state), *more]
        self.running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.running.stdout is not None
        address = self.running.stdout.readline().split()[-1]
        assert address.startswith("http://127.0.0.1:")
        self.clients.append(Client(address))
        return self.clients[-1]

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()
        self.close()

    def close(self) -> None:
        if self.running is not None:
            self.running.terminate()
            self.running.wait(10)
            assert self.running.stdout is not None
            self.running.stdout.close()
            self.running = None
        while self.clients:
            self.clients.pop().close()


@pytest.fixture
def callback() -> Iterator[str]:
    with Server("127.0.0.1", 0, echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/wechat"
        server.shutdown()


@pytest.fixture
def process(tmp_path: Path, callback: str) -> Iterator[Process]:
    made = Process(tmp_path / "simulator.db", callback)
    yield made
    made.close()


def address_of(client: Client) -> str:
    return client._base


def fetch_token(client: Client) -> str:
    body = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}
    return str(post(client, "cgi-bin/stable_token", "", body)["access_token"])


def post(client: Client, path: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{address_of(client)}/api/{path}"
    answer: dict[str, Any] = requests.post(url, params={"access_token": token}, json=body, timeout=10).json()
    return answer


def test_a_conversation_over_http_is_there_after_kill_9(process: Process) -> None:
    sim = process.start()
    assert sim.verify()
    user = sim.add_user("陈先生")
    assert sim.follow(user) == ["收到：subscribe"]
    assert sim.say(user, "我想开个粉店") == ["收到：我想开个粉店"]
    sim.consent(user, {"tmpl-policy-digest": True}, long_term=False)
    token = fetch_token(sim)
    loan = {"touser": user, "template_id": "tmpl-loan-progress", "client_msg_id": "n1", "data": LOAN}
    first = post(sim, "cgi-bin/message/template/send", token, loan)
    sim.settle()
    before = [(message.id, message.text) for message in sim.messages(user)]
    process.kill()

    sim = process.start()
    assert [(message.id, message.text) for message in sim.messages(user)] == before
    assert fetch_token(sim) == token
    assert post(sim, "cgi-bin/message/template/send", token, loan)["msgid"] == first["msgid"]
    assert [(row["openid"], row["client_msg_id"], row["count"]) for row in sim.deliveries()] == [(user, "n1", 1)]
    assert sim.calls("template/send") == 2
    body = {"touser": user, "template_id": "tmpl-policy-digest", "data": {}}
    assert post(sim, "cgi-bin/message/subscribe/bizsend", token, body)["errcode"] == 47003
    assert sim.say(user, "还在吗") == ["收到：还在吗"]
    with pytest.raises(ClientError, match="已经关注"):
        sim.follow(user)


def test_a_push_under_way_at_kill_9_is_delivered_afterwards(tmp_path: Path, callback: str) -> None:
    hanging = threading.Event()

    def hang(request: Request) -> Response:
        hanging.set()
        time.sleep(0.5)
        return text_response("success")

    with Server("127.0.0.1", 0, hang) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        process = Process(tmp_path / "simulator.db", f"http://127.0.0.1:{server.server_port}/")
        sim = process.start()
        user = sim.add_user("陈先生")
        sim.act("follow", user=user)
        assert hanging.wait(5)
        process.kill()
        server.shutdown()
    process.callback = callback
    sim = process.start()
    sim.settle(user)
    assert [message.text for message in sim.messages(user)] == ["收到：subscribe"]
    process.close()


def test_a_bad_scenario_file_ends_the_start_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text('{"rules": [{"api": "*"}]}', encoding="utf-8")
    words = f"--port 0 --callback http://127.0.0.1:1 --token t --app-id a --app-secret s --aes-key {AES_KEY}".split()
    command = [sys.executable, "-m", "simulator", *words, "--state", str(tmp_path / "s.db"), "--scenario", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert f"{path}：第 1 条规则的 fault：没有写" in ended.stderr


@pytest.mark.parametrize(("path", "base"), [("/simulator", "simulator/"), ("/simulator/", "./")])
def test_the_page_loads_from_any_mount_with_nothing_from_outside(bench: Bench, path: str, base: str) -> None:
    page = bench.simulator.handle("GET", path, {}, {}, b"")
    html = page.body.decode("utf-8")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<html" in html
    assert f'<base href="{base}">' in html
    addresses = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert {"phone.css", "phone.js", "inspect"} <= set(addresses)
    assert not [address for address in addresses if "//" in address or address.startswith("/")]
    for name in ("phone.css", "phone.js", "inspect", "inspect.js", "picture.svg"):
        assert bench.simulator.handle("GET", f"/simulator/{name}", {}, {}, b"").status == 200
    for name in ("../routes.py", "nothing", "phone.html"):
        assert bench.simulator.handle("GET", f"/simulator/{name}", {}, {}, b"").status == 404


def test_another_site_cannot_act_for_a_user(bench: Bench) -> None:
    body = f'{{"user": "{bench.user}"}}'.encode()
    headers = {"Content-Type": "text/plain"}
    assert bench.simulator.handle("POST", "/simulator/unfollow", {}, headers, body).status == 415
    assert bench.simulator.phone.users()[0]["following"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("say", b'{"text": "x"}', "缺少 user"),
        ("say", b'{"user": "oNobody", "text": "x"}', "没有这个用户"),
        ("say", b"[]", "not a JSON object"),
        ("users", b'{"name": " "}', "用户名不能为空"),
        ("menu", b'{"user": "USER", "path": [0]}', "还没有菜单"),
        ("scan", b'{"user": "USER", "ticket": "x"}', "二维码不存在或已过期"),
    ],
)
def test_what_cannot_be_done_is_said(bench: Bench, path: str, body: bytes, words: str) -> None:
    headers = {"Content-Type": "application/json"}
    raw = body.replace(b"USER", bench.user.encode())
    answer = bench.simulator.handle("POST", f"/simulator/{path}", {}, headers, raw)
    assert answer.status == 400
    assert words in answer.json()["error"]


def test_the_state_of_a_user_has_what_the_page_draws(bench: Bench) -> None:
    bench.api("cgi-bin/menu/create", button=[{"type": "click", "name": "政策直达", "key": "policies"}])
    bench.simulator.phone.say(bench.user, "一")
    bench.simulator.phone.say(bench.user, "二")
    bench.settle()
    state = bench.simulator.handle("GET", "/simulator/state", {"user": bench.user}, {}, b"").json()
    assert [message["body"]["text"] for message in state["messages"]] == ["一", "二"]
    assert state["menu"]["button"][0]["name"] == "政策直达"
    assert state["user"]["following"]
    after = {"user": bench.user, "after": str(state["messages"][0]["id"])}
    later = bench.simulator.handle("GET", "/simulator/state", after, {}, b"").json()
    assert [message["body"]["text"] for message in later["messages"]] == ["二"]


def test_many_senders_at_once_are_all_counted(make: Callable[..., Bench]) -> None:
    bench = make()
    token = bench.token()
    answers: list[int] = []

    def send(first: int) -> None:
        answers.extend(bench.send_loan(token=token, client_msg_id=f"n{first + n}")["errcode"] for n in range(25))

    threads = [threading.Thread(target=send, args=(start,)) for start in (0, 0, 25, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.settle()
    assert answers == [0] * 100
    deliveries = bench.simulator.world.chat.deliveries()
    assert sorted(row["client_msg_id"] for row in deliveries) == sorted(f"n{n}" for n in range(75))
    assert {row["count"] for row in deliveries} == {1}
    assert len(bench.callback.named("TEMPLATESENDJOBFINISH")) == 75

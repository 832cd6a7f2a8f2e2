"""A hand-written stand-in for api.weixin.qq.com on 127.0.0.1: answers by script, remembers what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.wechat_tokens import StoreTokenCache
from chalicelib.ports import Clock, Store
from chalicelib.wechat.client import Account, PlatformClient

APP_ID = "wx0123456789abcdef"
SECRET = "5ec2e75ec2e75ec2e75ec2e75ec2e75e"  # only ever sent to the fake
STABLE_TOKEN = "/cgi-bin/stable_token"
TEMPLATE = "/cgi-bin/message/template/send"


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    raw: bytes
    connection: int


@dataclass
class Raw:
    """An answer that is not the platform's JSON."""

    status: int = 200
    body: bytes = b""
    delay: float = 0
    drop: bool = False  # close the connection without an answer
    headers: dict[str, str] = field(default_factory=dict)


Answer = dict[str, Any] | Raw
Handler = Callable[[Call], Answer]


@dataclass
class FakePlatform:
    """``handlers`` by path take precedence, ``otherwise`` answers all but the fetch of a token; ``valid`` are the
    access tokens that calls may carry, None for any."""

    base: str = ""
    handlers: dict[str, Handler] = field(default_factory=dict)
    otherwise: Answer | None = None
    valid: set[str] | None = None
    calls: list[Call] = field(default_factory=list)
    issued: int = 0
    expires_in: int = 7200
    rolls: bool = False  # hand out another token each time, as after a leak; else the same one unless forced
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, call: Call) -> Answer:
        with self.lock:
            self.calls.append(call)
        if call.path in self.handlers:
            return self.handlers[call.path](call)
        if call.path == STABLE_TOKEN:
            return self.issue(call)
        if self.valid is not None and call.query.get("access_token") not in self.valid:
            return {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest rid: 61-2-3"}
        if self.otherwise is not None:
            return self.otherwise
        return {"errcode": 0, "errmsg": "ok", "msgid": 3487542469355618313}

    def issue(self, call: Call) -> Answer:
        time.sleep(0.02)  # long enough for others to come meanwhile
        with self.lock:
            if self.rolls or call.body["force_refresh"] or not self.issued:
                self.issued += 1
            return {"access_token": f"TOKEN-{self.issued}", "expires_in": self.expires_in}

    def count(self, path: str) -> int:
        return Counter(call.path for call in self.calls)[path]

    def last(self, path: str) -> Call:
        return [call for call in self.calls if call.path == path][-1]


@contextmanager
def fake_platform() -> Iterator[FakePlatform]:
    fake = FakePlatform()

    class Handle(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw.startswith(b"{") else None
            query = dict(parse_qsl(parts.query))
            answer = fake.answer(Call(self.command, parts.path, query, body, raw, self.client_address[1]))
            self.respond(answer if isinstance(answer, Raw) else Raw(body=json.dumps(answer).encode()))

        do_POST = do_GET

        def respond(self, raw: Raw) -> None:
            time.sleep(raw.delay)
            if raw.drop:
                self.close_connection = True
                return
            try:
                self.send_response(raw.status)
                self.send_header("Content-Length", str(len(raw.body)))
                for name, value in raw.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw.body)
            except OSError:
                self.close_connection = True  # the client gave up waiting

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handle)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    fake.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TestClock:
    """Stands still until told to move."""

    __test__ = False

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@contextmanager
def client_of(base: str, clock: Clock, store: Store | None = None, timeout: float = 2.0) -> Iterator[PlatformClient]:
    """One cold process: its own local caches over a store that may be shared."""
    store = store or MemoryStore(clock)
    tokens, tickets = StoreTokenCache(store, APP_ID), StoreTokenCache(store, APP_ID, "jsapi")
    client = PlatformClient(Account(APP_ID, SECRET, base), tokens, tickets, clock, timeout=timeout)
    try:
        yield client
    finally:
        client.close()

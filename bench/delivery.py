"""Delivery of notices against the simulator over plain HTTP, beside a bare loop of the same HTTP client.

Both post the same bodies over kept connections, in turns of BLOCK, so that a busy machine slows both alike. Ours does
all that a delivery does: queue, ledger on SQLite with synchronous=FULL, consent, limits, outcome. The platform's
receipts are left out on both sides. The simulator is a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.report import Section, table
from chalicelib.bootstrap import Application
from chalicelib.enterprises.consent import Scope
from chalicelib.enterprises.model import Role
from chalicelib.notices.kinds import QUEUES, NoticeKind, Priority
from chalicelib.notices.model import Draft, Notice, NoticeState, address
from chalicelib.settings import Settings
from chalicelib.wechat import transport
from simulator.client import Client
from simulator.state import State

MESSAGES, BLOCK, PEOPLE, AT_ONCE = 800, 80, 200, 4
PROMISE = 0.7
_ROOT = Path(__file__).resolve().parent.parent
_QUEUE = QUEUES[Priority.URGENT]
_SECRETS = {
    "wechat_token": "bench-token",
    "wechat_app_id": "wx0123456789abcdef",
    "wechat_app_secret": "bench-secret",
    "wechat_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "session_secret": "bench-session-secret",
}


def section() -> Section:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _simulator(Path(folder)) as base:
        application = Application(_settings(Path(folder), base))
        now = application.clock.now()
        _people(application, now)
        notices = [_notice(number, now) for number in range(2 * MESSAGES)]
        application.notices.place(notices, now)
        spent = _race(application, notices)
        accepted = sum(application.notices.show(notice.id).state is NoticeState.ACCEPTED for notice in notices)
    if accepted != len(notices):
        raise RuntimeError(f"only {accepted} of {len(notices)} were accepted")
    ratio = {at_once: spent["bare", at_once] / spent["ours", at_once] for at_once in (1, AT_ONCE)}
    rows = [
        [
            f"{name}, {at_once} at once",
            f"{MESSAGES / spent[who, at_once]:.0f}",
            f"{spent['bare', at_once] / spent[who, at_once]:.2f}",
        ]
        for at_once in (1, AT_ONCE)
        for who, name in (("bare", "bare loop of requests"), ("ours", "our delivery"))
    ]
    text = table(["", "messages a second", "of the bare loop"], rows)
    promise = f"Promised: at least {PROMISE} of the bare loop, with {AT_ONCE} workers as in service."
    return Section("Delivery of notices", f"{text}\n\n{promise}", ratio[AT_ONCE] >= PROMISE)


def _race(application: Application, notices: list[Notice]) -> dict[tuple[str, int], float]:
    """Seconds of each runner for MESSAGES, by (who, at once), taken in turns."""
    bare = _Bare(application)
    spent = {(who, at_once): 0.0 for who in ("bare", "ours") for at_once in (1, AT_ONCE)}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, MESSAGES, BLOCK):
            block = notices[start : start + BLOCK]
            spent["bare", 1] += _timed(lambda block=block: bare.post(block, "a"))
            spent["ours", 1] += _timed(lambda: _deliver(application, BLOCK))
            parts = [block[n::AT_ONCE] for n in range(AT_ONCE)]
            spent["bare", AT_ONCE] += _timed(lambda parts=parts: list(pool.map(bare.post, parts, "bbbb")))
            shares = [BLOCK // AT_ONCE] * AT_ONCE
            spent["ours", AT_ONCE] += _timed(
                lambda shares=shares: list(pool.map(partial(_deliver, application), shares))
            )
    return spent


class _Bare:
    """The same client, bodies and address, and nothing else."""

    def __init__(self, application: Application) -> None:
        self._token = application.wechat_client.tokens.get().value
        self._url = f"{application.settings.wechat_api_base}/cgi-bin/message/template/send"
        self._session = transport.pooled_session(AT_ONCE, application.settings.wechat_api_base)
        self._template = application.settings.template_loan
        self._links = application.links
        self._now = application.clock.now()

    def post(self, notices: list[Notice], run: str) -> None:
        for notice in notices:
            body = {
                "touser": notice.openid,
                "template_id": self._template,
                "data": {key: {"value": value} for key, value in notice.fields.items()},
                "url": self._links.page(notice.path, notice.openid, self._now),
                "client_msg_id": f"{run}{notice.id}"[:32],
            }
            answer = self._session.post(self._url, params={"access_token": self._token}, data=transport.encode(body))
            found: dict[str, Any] = json.loads(answer.content)
            if found["errcode"]:
                raise RuntimeError(found)


def _deliver(application: Application, count: int) -> None:
    """What the consumer does, for so many messages."""
    queue, done = application.queue, 0
    while done < count:
        for message in queue.receive(_QUEUE, limit=min(10, count - done)):
            application.notices.deliver(str(message.body["notice"]), application.clock.now())
            queue.ack(_QUEUE, message.receipt)
            done += 1


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _settings(folder: Path, base: str) -> Settings:
    return Settings(
        db=folder / "bench.db",
        wechat_api_base=f"{base}/simulator/api",
        wechat_rate_per_second=1000,
        quiet_hours="off",
        **_SECRETS,  # type: ignore[arg-type]
    )


@contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    state = State(folder / "simulator.db")
    with state.write():
        for person in range(PEOPLE):
            state.insert("users", openid=_openid(person), name="企业", created=time.time(), following=1)
    state.close()
    (folder / "scenario.json").write_text(json.dumps({"rules": [{"push": "*", "fault": "lost"}]}))
    words = {
        "port": 0,
        "state": folder / "simulator.db",
        "scenario": folder / "scenario.json",
        "callback": "http://127.0.0.1:9/wechat",
        "token": _SECRETS["wechat_token"],
        "app-id": _SECRETS["wechat_app_id"],
        "app-secret": _SECRETS["wechat_app_secret"],
        "aes-key": _SECRETS["wechat_aes_key"],
    }
    command = [sys.executable, "-m", "simulator", *(f"--{name}={value}" for name, value in words.items())]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address_ = process.stdout.readline().split()[-1].removesuffix("/simulator")
        Client(f"{address_}/simulator").inspect()
        yield address_
    finally:
        process.terminate()
        process.wait()


def _people(application: Application, now: datetime) -> None:
    for person in range(PEOPLE):
        openid = _openid(person)
        application.followers.follow(openid, now)
        code = application.bindings.issue_code(_uscc(person), Role.LEGAL, "bench", now).code
        application.bindings.redeem(openid, code, now)
        application.consents.grant(openid, [Scope.LOAN_ALERT], "1", "chat", now)


def _notice(number: int, now: datetime) -> Notice:
    person = number % PEOPLE
    draft = Draft(
        uscc=_uscc(person),
        kind=NoticeKind.LOAN_PROGRESS,
        subject=f"loan#{number}",
        version="1",
        event="approved",
        title="融资进度：审批通过",
        lines=("审批已通过。",),
        fields={"thing1": "融资业务", "phrase2": "审批通过", "time3": "2026年11月22日 15:02"},
        path="/h5/inbox",
        expires_at=now + timedelta(days=3),
        why="bench",
    )
    return address(draft, _openid(person), now)


def _openid(person: int) -> str:
    return f"o{person:027d}"


def _uscc(person: int) -> str:
    return f"91360323MA{person:08}"


if __name__ == "__main__":
    sys.stdout.write(section().text + "\n")

"""Delivery of notices against the simulator over plain HTTP, beside a bare loop of the same HTTP client.

Both post the same bodies over kept connections, in turns of BLOCK, so that a busy machine slows both alike; the ratio
is the median over the turns. The bare loop is a session of requests; beside it stands one over our own transport, which
uses the same connections with less around a call. Read strictly, that is "the same HTTP client": delivery beside it is
told below the table, reached or not. Ours is the embedded run's own consumer and the app's own handler,
with all that a delivery does: queue, ledger on SQLite with synchronous=FULL, consent, limits, outcome. The last runner
is ours without syncing, to tell what the disk costs. The platform's receipts are left out on all sides. The simulator
is a process of its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal

import requests
from requests.adapters import HTTPAdapter

from app import app
from bench.report import Section, table
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import QUEUES, NoticeKind, Priority
from chalicelib.notices.model import Draft, Notice, NoticeState, address
from chalicelib.settings import Settings
from chalicelib.wechat import transport
from jobs.embedded.worker import AT_ONCE, Consumer, consumers
from simulator.client import Client
from simulator.state import State

TURNS, WARM_UP, BLOCK, PEOPLE = 15, 1, 180, 600
"""BLOCK: the same number of whole batches for each consumer, as the bare loop's threads have the same number each."""
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


@dataclass
class _Spent:
    """Of one runner: seconds for each BLOCK, and CPU seconds of this process for all of them."""

    walls: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Messages a second."""
        return len(self.walls) * BLOCK / sum(self.walls)

    @property
    def cpu_ms(self) -> float:
        """Of a message."""
        return self.cpu / len(self.walls) / BLOCK * 1000


def section() -> Section:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, _simulator(Path(folder)) as base:
        application, unsynced = (_application(Path(folder), base, mode) for mode in ("FULL", "NORMAL"))
        spent = _race(application, unsynced)
    ratios = {at_once: _ratio(spent["bare", at_once], spent["ours", at_once]) for at_once in (1, AT_ONCE)}
    strict = {at_once: _ratio(spent["own", at_once], spent["ours", at_once]) for at_once in (1, AT_ONCE)}
    own = {at_once: _ratio(spent["bare", at_once], spent["own", at_once]) for at_once in (1, AT_ONCE)}
    unsynced_ratio = _ratio(spent["bare", AT_ONCE], spent["unsynced", AT_ONCE])
    rows = [
        _row("bare loop of requests, 1 at once", spent["bare", 1], 1.0),
        _row("bare loop of our own calls, 1 at once", spent["own", 1], own[1]),
        _row("our delivery, 1 consumer", spent["ours", 1], ratios[1]),
        _row(f"bare loop of requests, {AT_ONCE} at once", spent["bare", AT_ONCE], 1.0),
        _row(f"bare loop of our own calls, {AT_ONCE} at once", spent["own", AT_ONCE], own[AT_ONCE]),
        _row(f"our delivery, {AT_ONCE} consumers", spent["ours", AT_ONCE], ratios[AT_ONCE]),
        _row(f"our delivery, {AT_ONCE} consumers, no sync", spent["unsynced", AT_ONCE], unsynced_ratio),
    ]
    text = table(["", "messages a second", "of the bare loop", "CPU ms of a message, simulator not counted"], rows)
    promise = (
        f"Promised: at least {PROMISE} of the bare loop of requests, with {AT_ONCE} consumers as in service. "
        f"Read strictly, of the bare loop of our own calls: 1 at once {strict[1]:.2f}, {_verdict(strict[1])}; "
        f"{AT_ONCE} at once {strict[AT_ONCE]:.2f}, {_verdict(strict[AT_ONCE])}."
    )
    return Section("Delivery of notices", f"{text}\n\n{promise}", ratios[AT_ONCE] >= PROMISE)


def _verdict(ratio: float) -> str:
    return "reached as well" if ratio >= PROMISE else f"short of {PROMISE}"


def _row(name: str, spent: _Spent, ratio: float) -> list[object]:
    return [name, f"{spent.rate:.0f}", f"{ratio:.2f}", f"{spent.cpu_ms:.2f}"]


def _ratio(bare: _Spent, ours: _Spent) -> float:
    """The median over the turns: one that something else slowed down does not count."""
    return statistics.median(theirs / own for theirs, own in zip(bare.walls, ours.walls, strict=True))


def _race(application: Application, unsynced: Application) -> dict[tuple[str, int], _Spent]:
    """What each runner spent, by (who, at once), all in turns."""
    loops = {"bare": _Bare(application), "own": _Own(application)}
    one, all_ = ("bare", "own", "ours"), ("bare", "own", "ours", "unsynced")
    spent = {(who, n): _Spent() for n, runners in ((1, one), (AT_ONCE, all_)) for who in runners}
    numbers = count()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for turn in range(-WARM_UP, TURNS):
            block = [_notice(next(numbers), application.clock.now()) for _ in range(BLOCK)]
            for (who, at_once), sum_ in spent.items():
                if who in loops:
                    parts = [block[n::at_once] for n in range(at_once)]
                    took = _timed(partial(_bare_turn, pool, loops[who], parts, f"{turn % 100:02}{at_once}{who}"))
                else:
                    took = _our_turn(pool, application if who == "ours" else unsynced, numbers, at_once)
                if turn >= 0:
                    sum_.walls.append(took[0])
                    sum_.cpu += took[1]
    return spent


def _bare_turn(pool: ThreadPoolExecutor, bare: _Bare, parts: list[list[Notice]], run: str) -> None:
    list(pool.map(bare.post, parts, [run] * len(parts)))


def _our_turn(
    pool: ThreadPoolExecutor, application: Application, numbers: Iterator[int], at_once: int
) -> tuple[float, float]:
    """Place notices, then let the consumers work them off; the placing is not counted."""
    bootstrap.install(application)
    now = application.clock.now()
    notices = [_notice(next(numbers), now) for _ in range(BLOCK)]
    application.notices.place(notices, now)
    found = [c for c in consumers(app, application.queue, threading.Event()) if c.queue_name == _QUEUE][:at_once]
    took = _timed(lambda: list(pool.map(_until_empty, found)))
    states = {application.notices.show(notice.id).state for notice in notices}
    if states != {NoticeState.ACCEPTED}:
        raise RuntimeError(f"not all were accepted: {states}")
    return took


def _until_empty(consumer: Consumer) -> None:
    while consumer.work_once():
        pass


class _Bare:
    """The same client, bodies and address, and nothing else."""

    def __init__(self, application: Application) -> None:
        self._token = application.wechat_client.tokens.get().value
        self._url = f"{application.settings.wechat_api_base}/cgi-bin/message/template/send"
        self._session = _session()
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
            found = self._send(body)
            if found["errcode"]:
                raise RuntimeError(found)

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._session.post(self._url, params={"access_token": self._token}, data=transport.encode(body))
        found: dict[str, Any] = json.loads(answer.content)
        return found


def _session() -> requests.Session:
    """As fast as a session can be: no look at the environment for every call, a connection for each thread."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=AT_ONCE))
    return session


class _Own(_Bare):
    """The bare loop over our own way to call the platform, which does less around a call than a session."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._connections = transport.Connections(AT_ONCE, application.settings.wechat_api_base)

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        return transport.call(
            self._connections,
            "POST",
            self._url,
            "bench",
            timeout=5.0,
            params={"access_token": self._token},
            data=transport.encode(body),
        )


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and CPU seconds of this process."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - cpu


def _application(folder: Path, base: str, synchronous: Literal["FULL", "NORMAL"]) -> Application:
    application = Application(
        Settings(
            db=folder / f"{synchronous}.db",
            sqlite_synchronous=synchronous,
            wechat_api_base=f"{base}/simulator/api",
            wechat_rate_per_second=1000,
            quiet_hours="off",
            **_SECRETS,  # type: ignore[arg-type]
        )
    )
    _people(application, application.clock.now())
    return application


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

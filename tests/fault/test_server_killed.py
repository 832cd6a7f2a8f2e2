"""The running server is killed -9 at ten random moments of a push of 1,000 notices: each arrives, none arrives twice.

Everything is a process of its own, as in service: the simulator keeps what reached people and is the only witness.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from chalicelib.bootstrap import Application
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.uscc import check_character, inner_check_character
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, Notice, NoticeState, address
from chalicelib.settings import Settings, local_secrets
from simulator.client import Client
from simulator.state import State
from tests.e2e.server import ROOT, Server, free_port

ROUNDS, EACH, ENTERPRISES = 10, 100, 50
NOTICES = ROUNDS * EACH
LIMIT_SECONDS = 420.0
"""A guard against standing still, longer than the waits of the design for one notice: a simulator that took over five
seconds to answer four times in a row is asked again after 5, 15, 45 and 120 seconds; a lease runs out after 120,
and the sweep comes once a minute."""
LIVE = (NoticeState.CREATED, NoticeState.QUEUED, NoticeState.SENDING, NoticeState.FAILED_FOR_NOW)
OPENIDS = [f"o{number:027d}" for number in range(NOTICES)]


@dataclass
class Killing:
    """One row of the table: what stood where at the kill, and how long the server was away."""

    placed: int
    delivered: int
    sending: int
    held: int
    seconds_down: float = 0.0


class World:
    """A server on one port, the simulator on another, and the two files that survive them."""

    def __init__(self, folder: Path) -> None:
        self.state_file = folder / "simulator.db"
        port = free_port()
        self.client = Client(f"http://127.0.0.1:{port}/simulator", wait=LIMIT_SECONDS)
        db = folder / "push.db"
        self.server = Server(
            db,
            {
                "XIXINBAN_SQLITE_SYNCHRONOUS": "NORMAL",
                "XIXINBAN_WECHAT_API_BASE": f"http://127.0.0.1:{port}/simulator/api",
                "XIXINBAN_WECHAT_RATE_PER_SECOND": "1000",
                "XIXINBAN_QUIET_HOURS": "off",
            },
        )
        self.settings = Settings(db=db, sqlite_synchronous="NORMAL", **local_secrets(db))  # type: ignore[arg-type]
        self.application = Application(self.settings)
        self._simulator = self._start_simulator(port)

    def _start_simulator(self, port: int) -> subprocess.Popen[bytes]:
        state = State(self.state_file)
        with state.write():
            for openid in OPENIDS:
                state.insert("users", openid=openid, name="企业", created=time.time(), following=1)
        state.close()
        settings = self.settings
        words = {
            "port": port,
            "state": self.state_file,
            "callback": f"{self.server.address}/wechat",
            "token": settings.wechat_token.get_secret_value(),
            "app-id": settings.wechat_app_id,
            "app-secret": settings.wechat_app_secret.get_secret_value(),
            "aes-key": settings.wechat_aes_key.get_secret_value(),
        }
        command = [sys.executable, "-m", "simulator", *(f"--{name}={value}" for name, value in words.items())]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def simulator_ended(self) -> int | None:
        """Its exit status; nothing arrives any more then, however long one waits."""
        return self._simulator.poll()

    def delivered(self) -> int:
        """Read from the simulator's file, so that asking costs it nothing."""
        return self._count(self.state_file, "SELECT count(*) FROM messages WHERE channel = 'template'")

    def has_delivered(self, at_least: int) -> bool:
        return self.delivered() >= at_least

    def place(self, planned: list[Notice]) -> None:
        assert self.application.notices.place(planned, datetime.now(UTC)) == len(planned)

    def killing(self, placed: int) -> Killing:
        held = self._count(self.server.db, "SELECT count(*) FROM messages WHERE receipt IS NOT NULL")
        sending = len(self.application.notices.list(NoticeState.SENDING, NOTICES))
        return Killing(placed, self.delivered(), sending, held)

    def live(self) -> Counter[str]:
        """What is still to be sent, by state and why it stands there."""
        found = (notice for state in LIVE for notice in self.application.notices.list(state, NOTICES))
        return Counter(f"{notice.state}: {notice.history[-1].cause}" for notice in found)

    def close(self) -> None:
        self.server.kill()
        self._simulator.terminate()
        self._simulator.wait(20)
        self.client.close()

    @staticmethod
    def _count(file: Path, sql: str) -> int:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)
        try:
            return int(connection.execute(sql).fetchone()[0])
        finally:
            connection.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def uscc(number: int) -> str:
    organisation = f"MAXX9{number:03d}"
    body = f"91360323{organisation}{inner_check_character(organisation)}"
    return body + check_character(body)


def settle_in(application: Application, now: datetime) -> None:
    """50 enterprises, each with 20 people who follow, are bound and agreed."""
    for number in range(ENTERPRISES):
        application.enterprises.save(Enterprise(uscc=uscc(number), name=f"示例企业{number}", prov="R"), now)
    for number, openid in enumerate(OPENIDS):
        application.followers.follow(openid, now)
        code = application.bindings.issue_code(uscc(number % ENTERPRISES), Role.LEGAL, "test", now).code
        application.bindings.redeem(openid, code, now)
        application.consents.grant(openid, [Scope.LOAN_ALERT], NOTICE_VERSION, "chat", now)


def notices(now: datetime) -> list[Notice]:
    """One loan of each enterprise went a step on; its 20 people are told."""
    drafts = [
        Draft(
            uscc=uscc(number),
            kind=NoticeKind.LOAN_PROGRESS,
            subject=f"loan#LN-{number}",
            version="e1",
            event="loan_step",
            title="融资进度：审批通过",
            lines=("审批已通过。",),
            fields={"thing1": "融资业务", "phrase2": "审批通过", "time3": "2026年11月22日 15:02"},
            path=f"/h5/loan/LN-{number}",
            expires_at=now + timedelta(days=3),
            why="test",
        )
        for number in range(ENTERPRISES)
    ]
    return [address(drafts[number % ENTERPRISES], openid, now) for number, openid in enumerate(OPENIDS)]


@pytest.mark.slow
def test_killed_ten_times_in_the_middle_of_a_push(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    started, chance = time.monotonic(), random.Random()
    now = datetime.now(UTC)
    settle_in(world.application, now)
    world.server.start()
    planned = notices(now)
    table = []
    for number in range(ROUNDS):
        some = world.delivered() + chance.randrange(1, EACH // 2)
        world.place(planned[number * EACH : (number + 1) * EACH])
        wait_until(world, partial(world.has_delivered, some), started)
        time.sleep(chance.uniform(0, 0.02))
        world.server.kill()
        table.append(world.killing((number + 1) * EACH))
        down = time.monotonic()
        world.server.start()
        table[-1].seconds_down = time.monotonic() - down
    wait_until(world, lambda: not world.live(), started)
    world.client.settle()

    with capsys.disabled():
        show(table, time.monotonic() - started)
    assert sum(row.delivered < row.placed for row in table) >= ROUNDS // 3  # kills were in the middle of the push
    assert any(row.sending for row in table)  # and some in the middle of a notice
    arrived = Counter({row["client_msg_id"]: row["count"] for row in world.client.deliveries()})
    assert set(arrived) == {notice.id for notice in planned}  # none is lost
    assert set(arrived.values()) == {1}  # none came twice
    states = Counter(world.application.notices.show(notice.id).state for notice in planned)
    assert set(states) <= {NoticeState.ACCEPTED, NoticeState.DELIVERED}, states


def wait_until(world: World, holds: Callable[[], bool], started: float) -> None:
    while not holds():
        assert world.simulator_ended() is None, "the simulator has ended"
        assert time.monotonic() - started < LIMIT_SECONDS, world.live()
        time.sleep(0.005)


def show(table: list[Killing], seconds: float) -> None:
    lines = [
        f"{NOTICES} notices, {len(table)} kills, {seconds:.0f} s",
        " kill  placed  delivered  sending  messages held  seconds down",
        *(
            f"{number:5}{row.placed:8}{row.delivered:11}{row.sending:9}{row.held:15}{row.seconds_down:14.1f}"
            for number, row in enumerate(table, 1)
        ),
    ]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")

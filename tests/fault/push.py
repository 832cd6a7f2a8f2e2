"""``python -m tests.fault.push``: 10,000 notices to 2,000 people through 4 worker processes, with every fault of the
platform mixed in and a worker killed -9 every few seconds. Prints what became of them; exit 1 when one was lost, came
twice, or did not end.

The platform is the stand-alone simulator, and its own count decides. The long waits of the design (a minute after
45011, four hours after 43117, the next day after 45009, a day without a receipt) pass by moving the clock that all
processes share, with the workers stopped.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chalicelib.notices.model import CHINESE, FINAL, Notice, NoticeState
from chalicelib.notices.service import NoticeService
from tests.fault.push_scene import Scene, people, users

ROOT = Path(__file__).parents[2]
ENDED = FINAL | {NoticeState.MAYBE_SENT}
_MARK = re.compile(r"N(\d{5})N")
_WAITS = (65, 65, 65, 120, 120, 120, 4 * 3600 + 60, 4 * 3600 + 60, 24 * 3600, 4 * 3600 + 60, 24 * 3600, 24 * 3600)
"""Seconds to move on at each rest: first inside the platform's 10 minutes of memory, then the long ones."""


@dataclass(frozen=True)
class Report:
    """``states`` of the ledger, ``causes`` of those nobody knows the end of, ``twice`` the notices that reached a
    person more than once, ``lost`` those not in the ledger, ``open`` those that did not end."""

    notices: int
    seconds: float
    push_seconds: float
    cpu_seconds: Counter[str]
    kills: int
    states: Counter[NoticeState]
    causes: Counter[str]
    arrived: int
    calls: Counter[str]
    twice: list[Notice] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    open: list[Notice] = field(default_factory=list)
    false: list[Notice] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not (self.twice or self.lost or self.open or self.false)

    def table(self) -> str:
        lines = [
            f"{self.notices} notices, {self.kills} kills -9, {self.seconds:.0f} s ({self.push_seconds:.0f} s pushing)",
            "CPU seconds: " + ", ".join(f"{role} {seconds}" for role, seconds in self.cpu_seconds.items()),
            "",
            "the platform's calls".ljust(42) + "calls",
            *(f"{name:<42}{count:5}" for name, count in sorted(self.calls.items())),
            "",
            "where the notices ended".ljust(42) + "notices",
            *(f"{state:<18}{CHINESE[state]:　<10}{count:>14}" for state, count in self.states.most_common()),
            *(f"  maybe_sent: {cause:<40}{count:5}" for cause, count in self.causes.most_common()),
            "",
            f"reached a person {self.arrived}; twice {len(self.twice)}; lost {len(self.lost)}",
            f"not ended {len(self.open)}; said to be delivered and was not {len(self.false)}",
        ]
        return "\n".join(lines + [self._story(notice) for notice in (*self.twice, *self.open, *self.false)])

    @staticmethod
    def _story(notice: Notice) -> str:
        """What happened to one that did not go as it should."""
        steps = (f"  {change.at:%d %H:%M:%S} {change.state} {change.cause}" for change in notice.history)
        return "\n".join((f"\n{notice.id} {notice.title}", *steps))


class Crowd:
    """The processes of one run."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._alive: dict[subprocess.Popen[bytes], str] = {}
        self.kills = 0
        self.cpu_seconds: Counter[str] = Counter()

    def start(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.fault.push_process", role, self._scene.folder]
        with (Path(self._scene.folder) / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self._alive[process] = role
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            self._note(process)
            os.kill(process.pid, signal.SIGKILL)
            self.kills += 1
        process.wait()
        del self._alive[process]

    def end(self) -> None:
        for process in self._alive:
            if process.poll() is None:
                self._note(process)
                process.kill()
            process.wait()

    def _note(self, process: subprocess.Popen[bytes]) -> None:
        """Add what the process has used to its role's account."""
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        self.cpu_seconds[self._alive[process]] += round(ticks / os.sysconf("SC_CLK_TCK"))


class Run:
    """One run in ``folder``: set the scene, push with kills, let time pass, count."""

    def __init__(self, folder: Path, notices: int, persons: int, workers: int, kill_every: float) -> None:
        self.scene = Scene(str(folder), notices, persons, _free_port(), _free_port())
        self.scene.save()
        self.workers = workers
        self.kill_every = kill_every
        self.application = self.scene.application()
        self.crowd = Crowd(self.scene)
        self.chance = random.Random(20261122)
        self.push_seconds = 0.0

    def go(self, limit: float) -> Report:
        started = time.monotonic()
        people(self.scene, self.application.store, self.scene.clock.now())
        users(self.scene)
        try:
            for role in ("simulator", "callback"):
                self.crowd.start(role)
            _until(lambda: _listens(self.scene.simulator_port) and _listens(self.scene.callback_port), limit)
            self._push(started + limit)
            for wait in _WAITS:
                if not self._open():
                    break
                self.scene.clock.jump(wait)
                self._round(started + limit)
        finally:
            self.crowd.end()
        return self._report(time.monotonic() - started)

    @property
    def notices(self) -> NoticeService:
        return self.application.notices

    def _push(self, deadline: float) -> None:
        """The job and the workers at once; every few seconds one of them is killed and started again."""
        started = time.monotonic()
        placing = self.crowd.start("place")
        working = [self.crowd.start("work") for _ in range(self.workers)]
        kills, swept = time.monotonic() + self.kill_every, 0.0
        quick = self.kill_every / 2  # the job is killed once, early, and runs again
        job_dies = time.monotonic() + quick + 1
        while placing.poll() is None or self._in_hand():
            _in_time(deadline)
            now = time.monotonic()
            if job_dies and now > job_dies and placing.poll() is None:
                job_dies = 0.0
                self.crowd.kill(placing)
                placing = self.crowd.start("place")
            if now > kills:
                kills = now + self.kill_every * self.chance.uniform(0.7, 1.3)
                victim = self.chance.randrange(self.workers)
                self.crowd.kill(working[victim])
                working[victim] = self.crowd.start("work")
            if now - swept > 5:
                swept = now
                self.notices.sweep(self.scene.clock.now())
            time.sleep(0.1)
        for process in working:
            self.crowd.kill(process)
        self.push_seconds = time.monotonic() - started

    def _round(self, deadline: float) -> None:
        """After the clock has moved: sweep, and deliver in this process until there is nothing to do now."""
        clock = self.scene.clock
        self.notices.sweep(clock.now())
        _until(self._pushed, deadline - time.monotonic())
        while messages := [
            (queue, message) for queue in _queues() for message in self.application.queue.receive(queue, limit=10)
        ]:
            _in_time(deadline)
            for queue, message in messages:
                self.notices.deliver(str(message.body["notice"]), clock.now())
                self.application.queue.ack(queue, message.receipt)
        _until(self._pushed, deadline - time.monotonic())

    def _in_hand(self) -> bool:
        """Whether a worker could take something now. What the dead hold, and what waits, is for the clock's moves."""
        connection = sqlite3.connect(f"file:{self.scene.settings().db}?mode=ro", uri=True, timeout=10)
        try:
            now = self.scene.clock.now().timestamp()
            return (
                connection.execute("SELECT 1 FROM messages WHERE visible_at <= ? LIMIT 1", (now,)).fetchone()
                is not None
            )
        finally:
            connection.close()

    def _pushed(self) -> bool:
        """Whether the platform has told us everything that is due."""
        now = self.scene.clock.now().timestamp()
        return self._ask("SELECT COUNT(*) FROM outbox WHERE due <= ?", now)[0][0] == 0

    def _open(self) -> list[Notice]:
        live = [state for state in NoticeState if state not in ENDED]
        return [notice for state in live for notice in self.notices.list(state, self.scene.notices)]

    def _ask(self, sql: str, *values: object) -> list[tuple[int, ...]]:
        connection = sqlite3.connect(f"file:{self.scene.config().state_file}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def _report(self, seconds: float) -> Report:
        arrived: Counter[int] = Counter()
        for (body,) in self._ask("SELECT body FROM messages WHERE sender = 'account'"):
            arrived[int(_MARK.findall(str(body))[0])] += 1
        states: Counter[NoticeState] = Counter()
        causes: Counter[str] = Counter()
        lost: list[str] = []
        twice, false, left = [], [], []
        for number, planned in enumerate(self.scene.planned()):
            if not self.notices.placed(planned.id):
                lost.append(planned.id)
                continue
            notice = self.notices.show(planned.id)
            states[notice.state] += 1
            if notice.state is NoticeState.MAYBE_SENT:
                causes[notice.history[-1].cause] += 1
            if arrived[number] > 1:
                twice.append(notice)
            if notice.state not in ENDED:
                left.append(notice)
            if notice.state is NoticeState.DELIVERED and not arrived[number]:
                false.append(notice)
        calls = Counter({f"{p.removeprefix('cgi-bin/')} {o}": n for p, o, n in self._ask("SELECT * FROM api_counts")})  # type: ignore[attr-defined]
        return Report(
            self.scene.notices,
            seconds,
            self.push_seconds,
            self.crowd.cpu_seconds,
            self.crowd.kills,
            states,
            causes,
            len(arrived),
            calls,
            twice,
            lost,
            left,
            false,
        )


def _queues() -> list[str]:
    from chalicelib.notices.kinds import QUEUES

    return list(QUEUES.values())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        _in_time(deadline)
        time.sleep(0.05)


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError("the fault run takes too long")


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.fault.push", description=__doc__)
    words.add_argument("--notices", type=int, default=10_000)
    words.add_argument("--people", type=int, default=2_000)
    words.add_argument("--workers", type=int, default=4)
    words.add_argument("--kill-every", type=float, default=5.0, help="seconds")
    words.add_argument("--limit", type=float, default=600.0, help="seconds after which it gives up")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="push-") as folder:
        run = Run(Path(folder), asked.notices, asked.people, asked.workers, asked.kill_every)
        report = run.go(asked.limit)
    sys.stdout.write(report.table() + "\n")
    return 0 if report.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())

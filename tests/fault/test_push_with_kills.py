"""Processes that place and deliver are killed -9 again and again: every notice arrives, none arrives twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from chalicelib.notices.model import NoticeState
from tests.fault.push_platform import Platform
from tests.fault.push_worker import NOTICES, SkewedClock, planned, service

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 60
LIVE = (NoticeState.CREATED, NoticeState.QUEUED, NoticeState.SENDING, NoticeState.FAILED_FOR_NOW)


class Crowd:
    """The processes of one run, and the clock they share, which only ever goes forward."""

    def __init__(self, db: Path, port: int) -> None:
        self._db, self._port = db, port
        self.skew = 0.0
        self._alive: list[subprocess.Popen[bytes]] = []

    def start(self, role: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "tests.fault.push_worker",
            str(self._db),
            str(self._port),
            str(self.skew),
            role,
        ]
        process = subprocess.Popen(command, cwd=ROOT)
        self._alive.append(process)
        return process

    def kill_all(self) -> None:
        for process in self._alive:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.wait()
        self._alive.clear()


def _until_more_arrived(platform: Platform, more: int, patience: float) -> None:
    """By what was done and not by time: on a busy machine a process is long in starting, and one that is killed before
    it has done anything tells nothing."""
    goal, until = len(platform.delivered) + more, time.monotonic() + patience
    while len(platform.delivered) < goal and time.monotonic() < until:
        time.sleep(0.02)


def test_killed_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    platform = Platform(seed=7)
    db = tmp_path / "push.db"
    crowd = Crowd(db, platform.port)
    notices, _ = service(db, platform.port, SkewedClock(0))
    started = time.monotonic()
    try:
        for _ in range(5):  # the job and two workers, all killed in the middle of it
            crowd.start("place")
            crowd.start("work")
            crowd.start("work")
            _until_more_arrived(platform, chance.randint(10, 50), 10)
            crowd.kill_all()
            crowd.skew += 95  # past the lease of what they were sending, within the platform's memory
        assert crowd.start("place").wait(LIMIT_SECONDS) == 0
        while live := [notice for state in LIVE for notice in notices.list(state, NOTICES)]:
            assert time.monotonic() - started < LIMIT_SECONDS, [notice.history for notice in live]
            crowd.start("work")
            crowd.start("work")
            _until_more_arrived(platform, 50, 3)
            crowd.kill_all()
            crowd.skew += 95
    finally:
        crowd.kill_all()
        platform.stop()

    accepted = {notice.id for notice in notices.list(NoticeState.ACCEPTED, NOTICES)}
    unclear = {notice.id for notice in notices.list(NoticeState.MAYBE_SENT, NOTICES)}
    assert accepted | unclear == {notice.id for notice in planned()}  # nothing is lost
    assert accepted <= set(platform.delivered) <= accepted | unclear
    assert set(platform.delivered.values()) == {1}  # nothing comes twice
    assert len(unclear) < NOTICES / 20  # killed five times over for longer than the platform remembers

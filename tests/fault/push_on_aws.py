"""``python -m tests.fault.push_on_aws``: the notice pipeline on DynamoDB and SQS (moto) on AWS's bad days.

The platform is well and its own count decides: each notice must reach its person exactly once and end as delivered.
Where a rival wrote over our own marks until the platform's ten minutes were over, one may end as maybe sent, with an
operator, and has then reached its person at most once.
Everything is in this process: the simulator and our callback for its receipts on threads, the job and the consumers
here, again and again. Some messages come twice, as SQS may. The simulator's clock, ours and the queues' are moved
together.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.dynamodb_store import DynamoDBStore, table_definition
from chalicelib.adapters.sqs_queue import SqsQueue
from chalicelib.bootstrap import Application
from chalicelib.entrypoints.queues import NAMES
from chalicelib.notices.model import NoticeState
from chalicelib.ports import Conflict, Throttled
from jobs.embedded.server import make_server
from jobs.embedded.worker import Consumer, consumers
from simulator.http import Server
from simulator.simulator import Simulator
from tests.fault.push import _MARK, ENDED, _free_port, _listens, _until
from tests.fault.push_scene import Scene, people, users
from tests.houses.mocked_aws import MockedAws, fresh, later, make_queues
from tests.houses.weather import Weather

_WAITS = (6, 6, 6, 65, 65, 65, 65, 120, 120, 120, 4 * 3600, 24 * 3600, 24 * 3600)
MAX_RECEIVES = 50
"""More than on AWS: at this share of faults five deliveries of a message are soon used up, and the sweep has to mend
what the dead letters hold; a run that never gets there proves less."""
_IN_DOUBT = 20
"""At most one of so many may."""


@dataclass(frozen=True)
class Report:
    """``met``: the faults by operation; ``arrived``: how often a notice reached its person, by number; ``in_doubt``:
    the numbers of those that ended as maybe sent."""

    notices: int
    calls: int
    met: Counter[str]
    states: Counter[NoticeState]
    arrived: Counter[int]
    in_doubt: set[int]
    lost: int

    @property
    def holds(self) -> bool:
        once = all(
            self.arrived[number] in ({0, 1} if number in self.in_doubt else {1}) for number in range(self.notices)
        )
        ended = set(self.states) <= {NoticeState.DELIVERED, NoticeState.MAYBE_SENT}
        return once and ended and not self.lost and len(self.in_doubt) <= max(1, self.notices // _IN_DOUBT)

    def text(self) -> str:
        never = sum(not self.arrived[number] for number in range(self.notices))
        twice = sum(count > 1 for count in self.arrived.values())
        lines = [
            f"{self.notices} notices, {self.calls} calls of AWS, {self.met.total()} of them with a fault",
            *(f"  {what:<50}{count:6}" for what, count in sorted(self.met.items())),
            f"reached nobody {never}; twice {twice}; not in the ledger {self.lost}",
            "ended: " + ", ".join(f"{state} {count}" for state, count in self.states.most_common()),
        ]
        return "\n".join(lines)


class Run:
    def __init__(self, folder: Path, notices: int, persons: int, share: float) -> None:
        self.scene = Scene(str(folder), notices, persons, _free_port(), _free_port())
        self.scene.save()
        self.weather = Weather(share)

    def go(self) -> Report:
        aws = MockedAws()
        aws.start()
        try:
            self.application = self._application(aws)
            people(self.scene, self.application.store, self.scene.clock.now())
            users(self.scene)
            with self._platform(), self._callback():
                self._work()
            return self._report()
        finally:
            bootstrap.install(None)
            aws.stop()

    def _application(self, aws: MockedAws) -> Application:
        aws.wrap = self.weather.over
        name, clock, client = fresh(), self.scene.clock, aws.client
        client("dynamodb").create_table(**table_definition(name))
        make_queues(client("sqs"), name, *NAMES, max_receives=MAX_RECEIVES)
        store = DynamoDBStore(name, lambda: client("dynamodb"), clock)
        queue = SqsQueue(name, lambda: client("sqs"), wait_seconds=0)
        return Application(self.scene.settings(), clock=clock, store=store, queue=queue)

    @contextmanager
    def _platform(self) -> Iterator[None]:
        simulator = Simulator(self.scene.config())
        with simulator, Server("127.0.0.1", self.scene.simulator_port, simulator.answer) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    @contextmanager
    def _callback(self) -> Iterator[None]:
        bootstrap.install(self.application)
        server = make_server(app, "127.0.0.1", self.scene.callback_port, None).server
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        _until(lambda: _listens(self.scene.callback_port), 30)
        yield
        server.shutdown()
        server.server_close()
        thread.join()

    def _work(self) -> None:
        """Place as a job would, run again until it went through; deliver, let time pass, sweep."""
        self.weather.calm = False
        _again(lambda: self.application.notices.place(self.scene.planned(), self.application.clock.now()))
        workers = {
            consumer.queue_name: consumer for consumer in consumers(app, self.application.queue, threading.Event())
        }
        for wait in _WAITS:
            self._deliver(list(workers.values()))
            self.weather.calm = True
            if not self._open():
                break
            self.weather.calm = False
            self.scene.clock.jump(wait)
            later(wait)
            _again(lambda: self.application.notices.sweep(self.application.clock.now()))
        self.weather.calm = True

    def _deliver(self, workers: list[Consumer]) -> None:
        """Until every queue was found empty a few times (a receive may fail, or look away)."""
        empty = 0
        while empty < 3:
            later(0.2)  # what was released just now
            found = [worker.work_once() for worker in workers]
            empty = 0 if any(found) else empty + 1
        _until(self._pushed, 60)

    def _pushed(self) -> bool:
        now = self.scene.clock.now().timestamp()
        return self._ask("SELECT COUNT(*) FROM outbox WHERE due <= ?", now)[0][0] == 0

    def _open(self) -> int:
        live = [state for state in NoticeState if state not in ENDED]
        return sum(len(self.application.notices.list(state, self.scene.notices)) for state in live)

    def _ask(self, sql: str, *values: object) -> list[tuple[int, ...]]:
        connection = sqlite3.connect(f"file:{self.scene.config().state_file}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def _report(self) -> Report:
        arrived: Counter[int] = Counter()
        for (body,) in self._ask("SELECT body FROM messages WHERE sender = 'account'"):
            arrived[int(_MARK.findall(str(body))[0])] += 1
        states: Counter[NoticeState] = Counter()
        in_doubt = set[int]()
        lost = 0
        for number, planned in enumerate(self.scene.planned()):
            if not self.application.notices.placed(planned.id):
                lost += 1
                continue
            state = self.application.notices.show(planned.id).state
            states[state] += 1
            if state is NoticeState.MAYBE_SENT:
                in_doubt.add(number)
        return Report(self.scene.notices, self.weather.calls, self.weather.met, states, arrived, in_doubt, lost)


def _again(act: object) -> None:
    assert callable(act)
    for _ in range(50):
        try:
            act()
        except (Throttled, Conflict):
            continue
        return
    raise AssertionError("never went through")


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.fault.push_on_aws", description=__doc__)
    words.add_argument("--notices", type=int, default=1_000)
    words.add_argument("--people", type=int, default=100)
    words.add_argument("--share", type=float, default=0.1, help="of the calls that meet a fault")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="push-on-aws-") as folder:
        report = Run(Path(folder), asked.notices, asked.people, asked.share).go()
    sys.stdout.write(report.text() + "\n")
    return 0 if report.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())

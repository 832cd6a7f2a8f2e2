"""One process of the push with kills: ``python -m tests.fault.push_worker DB PORT SKEW ROLE``.

ROLE ``place`` puts NOTICES into the ledger, as a job would; ``work`` delivers and sweeps until it is killed. ``SKEW``
seconds are added to the clock, so that a restart "a while later" needs no waiting.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.links import Links
from chalicelib.notices.kinds import QUEUES, NoticeKind
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.model import Notice
from chalicelib.notices.service import NoticeService
from chalicelib.ports import Conflict, Outbound, Outcome, Reaction, Throttled
from tests.unit.notices.support import USCC, County, notice

NOTICES = 300
PEOPLE = 20


class SkewedClock:
    def __init__(self, skew: float) -> None:
        self._skew = timedelta(seconds=skew)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skew


class HttpMessenger:
    def __init__(self, port: int) -> None:
        self._port = port

    def send(self, message: Outbound) -> Outcome:
        body = json.dumps({"client_id": message.client_id})
        connection = HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("POST", "/", body)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, HTTPException, ValueError):
            return Outcome(Reaction.AMBIGUOUS, retry_after=1)
        finally:
            connection.close()
        if answer["errcode"]:
            return Outcome(Reaction.RETRY, code=answer["errcode"], retry_after=1)
        return Outcome(Reaction.ACCEPTED, message_id=answer["msgid"])


def service(db: Path, port: int, clock: SkewedClock) -> tuple[NoticeService, SqliteQueue]:
    store = SqliteStore(db, clock, "NORMAL")
    queue = SqliteQueue(db, clock, synchronous="NORMAL")
    county = County(store)
    if not county.followers.is_following(f"o-{PEOPLE - 1}"):
        for person in range(PEOPLE):
            county.bind(USCC, f"o-{person}")
    notices = NoticeService(
        store,
        queue,
        HttpMessenger(port),
        bindings=county.bindings,
        consents=county.consents,
        followers=county.followers,
        links=Links("https://example.test", "s" * 32),
        templates={NoticeKind.LOAN_PROGRESS: "tmpl-loan"},
        limits=SendLimits(store, per_second=10_000, per_person=10_000),
    )
    return notices, queue


def planned() -> list[Notice]:
    born = datetime(2026, 1, 1, tzinfo=UTC)
    far = datetime(2099, 1, 1, tzinfo=UTC)
    return [notice(f"loan#{n}", f"o-{n % PEOPLE}", now=born, expires_at=far) for n in range(NOTICES)]


def work(notices: NoticeService, queue: SqliteQueue, clock: SkewedClock) -> None:
    swept = 0.0
    while True:
        if time.monotonic() - swept > 0.5:
            notices.sweep(clock.now())
            swept = time.monotonic()
        messages = [(name, m) for name in QUEUES.values() for m in queue.receive(name, limit=10)]
        sent = notices.deliver_together([str(message.body["notice"]) for _, message in messages], clock.now())
        for name, message in messages:
            try:
                if message.body["notice"] not in sent:
                    notices.deliver(str(message.body["notice"]), clock.now())
            except (Throttled, Conflict):
                queue.release(name, message.receipt)
            else:
                queue.ack(name, message.receipt)
        if not messages:
            time.sleep(0.05)


def main(db: str, port: str, skew: str, role: str) -> None:
    clock = SkewedClock(float(skew))
    notices, queue = service(Path(db), int(port), clock)
    if role == "place":
        notices.place(planned(), clock.now())
    else:
        work(notices, queue, clock)


if __name__ == "__main__":
    main(*sys.argv[1:])

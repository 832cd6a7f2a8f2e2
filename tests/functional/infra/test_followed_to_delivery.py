"""One id from what began it (a callback, a run) to the delivery's log lines; and the figures of the service level."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap, logs
from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.metrics import Metrics
from chalicelib.notices.kinds import QUEUES, NoticeKind
from chalicelib.notices.model import Draft, NoticeState, address
from chalicelib.ports import Record
from tests.functional.county import E01, make_county
from tests.functional.support import clock_of, work_off

OPENID = "oFOLLOWED___________________"


@pytest.fixture
def county() -> Iterator[Application]:
    yield make_county()
    bootstrap.install(None)


@pytest.fixture
def figures(county: Application) -> io.StringIO:
    stream = io.StringIO()
    county.__dict__["metrics"] = Metrics("xixinban-test", stream)  # what the cached property holds on stage aws
    return stream


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def place(county: Application) -> str:
    now = county.clock.now()
    county.followers.follow(OPENID, now)
    county.bindings.redeem(OPENID, county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    county.consents.grant(OPENID, list(Scope), "v1", "page", now)
    draft = Draft(
        uscc=E01,
        kind=NoticeKind.LOAN_PROGRESS,
        subject="loan#1",
        version="1",
        event="approved",
        title="融资进度",
        lines=("审批已通过。",),
        fields={"thing1": "融资", "phrase2": "审批通过", "time3": "2026年11月23日 09:00"},
        path="/h5/inbox",
        expires_at=now + timedelta(days=3),
        why="银行已审批",
    )
    notice = address(draft, OPENID, now)
    assert county.notices.place([notice], now) == 1
    return notice.id


def test_a_notice_is_delivered_under_the_id_of_what_placed_it(
    county: Application, figures: io.StringIO, log: io.StringIO
) -> None:
    with logs.bind(correlation_id="text-abc"):
        notice = place(county)
    clock_of(county).advance(7)
    with Client(app) as client:
        assert work_off(county, client) == 1
    (line,) = [each for each in map(json.loads, log.getvalue().splitlines()) if each["message"] == "notice worked off"]
    assert (line["correlation_id"], line["notice"], line["queue"]) == ("text-abc", notice, line["queue"])
    assert line["queue"] in QUEUES.values()
    (figure,) = map(json.loads, figures.getvalue().splitlines())
    assert (figure["delivery_seconds"], figure["delivered_within_10s"], figure["queue"]) == (7, 1, line["queue"])


def test_a_poisoned_message_is_counted_and_logged_by_its_own_id(
    county: Application, figures: io.StringIO, log: io.StringIO
) -> None:
    with Client(app) as client:
        event = client.events.generate_sqs_event(["junk", "[]"], queue_name=f"{county.settings.queue_prefix}-notices")
        answer = client.lambda_.invoke("deliver", event)
    assert len(answer.payload["batchItemFailures"]) == 2
    failed = [each for each in map(json.loads, log.getvalue().splitlines()) if each["level"] == "ERROR"]
    assert [each["correlation_id"] for each in failed] == [each["message_id"] for each in failed]
    assert [(each["failed_messages"], each["queue"]) for each in map(json.loads, figures.getvalue().splitlines())] == [
        (1, "notices")
    ] * 2


def test_a_row_that_cannot_be_read_holds_up_nobody_beside_it(
    county: Application, figures: io.StringIO, log: io.StringIO
) -> None:
    good = place(county)
    county.store.put(Record("notice#broken", "row", {"state": "nonsense"}))
    bodies = [json.dumps({"notice": each, "correlation_id": "run-1"}) for each in ("broken", good)]
    with Client(app) as client:
        event = client.events.generate_sqs_event(bodies, queue_name=f"{county.settings.queue_prefix}-notices-urgent")
        answer = client.lambda_.invoke("deliver_urgent", event)
    assert len(answer.payload["batchItemFailures"]) == 1
    assert county.notices.show(good).state is NoticeState.ACCEPTED

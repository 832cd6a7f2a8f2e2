"""The guard of the functional suite really guards: who does what its policy does not grant is stopped and named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.wechat_tokens import StoreTokenCache
from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, address
from chalicelib.policies.columns import Columns, encode
from chalicelib.ports import Delete, Outbound, Outcome, Reaction, Record
from chalicelib.queue_names import MATCHING, MATCHING_SHARDS
from chalicelib.wechat.errors import ApiError
from chalicelib.wechat.tokens import Token
from jobs.province.files import name_of
from jobs.province.shards import Shard, pack_shard
from jobs.registry import JOBS
from tests.functional.county import E01, make_county
from tests.functional.support import Person
from tests.houses import rights


def test_what_no_policy_grants_is_stopped_and_named() -> None:
    county = make_county()
    token = rights.running.set("deliver")
    try:
        with pytest.raises(PermissionError):
            county.blobs.put("catalogue/mine", b"")
        with pytest.raises(PermissionError):
            county.queue.send("matching", [{}])
        with pytest.raises(PermissionError):
            county.store.put(Record("case#1", "row", {}))
        with pytest.raises(PermissionError):
            county.store.transact([Delete("audit#2026-11", "1")])
        with pytest.raises(PermissionError):
            county.store.query_index("gsi1", "cases-due#1")
        county.queue.send("notices", [])
    finally:
        rights.running.reset(token)
        bootstrap.install(None)
    assert rights.missing == [
        "deliver: s3:PutObject on catalogue/mine",
        "deliver: sqs:SendMessage on MatchingQueue",
        "deliver: dynamodb:UpdateItem on Table case#1",
        "deliver: dynamodb:DeleteItem on Table audit#2026-11",
        "deliver: dynamodb:Query on index/gsi1 cases-due#1",
    ]
    rights.missing.clear()


@pytest.mark.parametrize("name", ["deliver", "deliver_bulk", "deliver_urgent"])
def test_whatever_the_platform_answers_its_outcome_can_be_written(name: str) -> None:
    county = make_county(Answering(), quiet_hours="off")
    now = county.clock.now()
    county.followers.follow("o-1", now)
    county.bindings.redeem("o-1", county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    county.consents.grant("o-1", tuple(Scope), "v1", "page", now)
    for number, reaction in enumerate(Reaction):
        county.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
        now = county.clock.now()
        county.notices.returned("o-1")
        county.notices.subscriptions.accepted("o-1", "tmpl-policy-digest", now)
        kind = NoticeKind.LOAN_PROGRESS if number % 2 else NoticeKind.POLICY_DIGEST
        one = address(_draft(kind, f"{kind}#{reaction}", now), "o-1", now)
        county.notices.place([one], now)
        token = rights.running.set(name)
        try:
            county.messenger.reaction = reaction  # type: ignore[attr-defined]
            assert county.notices.deliver(one.id, now).attempted
        finally:
            rights.running.reset(token)
    bootstrap.install(None)


@pytest.mark.parametrize("name", ["api_handler", "deliver", "deliver_bulk", "deliver_urgent"])
def test_who_calls_the_platform_can_renew_the_token(name: str) -> None:
    county = make_county()
    cache, now = StoreTokenCache(county.store, "wx1"), county.clock.now()
    running = rights.running.set(name)
    try:
        assert cache.claim(now, 20) and cache.may_force(now)
        kept = cache.replace(Token("one", int(now.timestamp()) + 60, 0), over=None)
        cache.replace(Token("two", int(now.timestamp()) + 60, 1), over=kept)
        cache.hold(ApiError("stable_token", -1), now, 3)
        cache.release()
        assert cache.shared(now) and cache.held(now)
    finally:
        rights.running.reset(running)
        bootstrap.install(None)


class Answering:
    """A platform that answers as it is told."""

    reaction = Reaction.ACCEPTED

    def send(self, message: Outbound) -> Outcome:
        return Outcome(self.reaction, message_id="3487542469355618313", code=1)


def _draft(kind: NoticeKind, subject: str, now: datetime) -> Draft:
    until = now + timedelta(days=3)
    return Draft(
        E01, kind, subject, "1", "told", "有新进展", ("有新进展。",), {"thing1": "融资"}, "/h5/inbox", until, "test"
    )


def test_every_way_in_is_known_by_its_function(monkeypatch: pytest.MonkeyPatch) -> None:
    county = make_county()
    seen: set[str | None] = set()
    current = bootstrap.current

    def noting() -> bootstrap.Application:
        seen.add(rights.running.get())
        return current()

    monkeypatch.setattr(bootstrap, "current", noting)
    with Client(app) as client:
        Person(client, county, "rights").say("帮助")
        for name, queue in (("deliver", "notices"), ("match", "matching"), ("match_shard", "t1-matching-shards")):
            client.lambda_.invoke(name, client.events.generate_sqs_event(["{}"], queue_name=queue))
        client.lambda_.invoke("scheduled", {"job": next(iter(JOBS))})
        client.lambda_.invoke("run_job", {"describe": True})
    bootstrap.install(None)
    assert seen == {"api_handler", "deliver", "match", "match_shard", "scheduled", "run_job"}


@pytest.fixture
def province() -> Iterator[Application]:
    """The county's files are shared by tests; these are taken away again."""
    county = make_county(province=True, quiet_hours="off")
    yield county
    for name in county.blobs.list("province/"):
        county.blobs.delete(name)
    bootstrap.install(None)


@pytest.mark.parametrize("asked", ["scheduled", "run_job"])
def test_a_night_of_a_province_stays_within_the_rights_of_its_functions(province: Application, asked: str) -> None:
    county = province
    now = county.clock.now()
    county.bindings.redeem("o-1", county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    shard = Shard(np.array([E01.encode()]), Columns(1, {"has_severe_dishonesty": encode("flag", [True])}))
    for day, number in (("2026-11-22", 0), ("2026-11-23", 0)):
        county.blobs.put(name_of(day, "columns", number), pack_shard(shard))
    with Client(app) as client:
        for day in ("2026-11-22", "2026-11-23"):
            assert client.lambda_.invoke(asked, {"job": "province-match", "as_of": day}).payload["failed"] == 0
            county.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
            for queue, handler in ((MATCHING_SHARDS, "match_shard"), (MATCHING, "match")):
                while messages := county.queue.receive(queue, limit=10):
                    event = client.events.generate_sqs_event([json.dumps(m.body) for m in messages], queue_name=queue)
                    assert client.lambda_.invoke(handler, event).payload == {"batchItemFailures": []}
                    county.queue.ack(queue, *[message.receipt for message in messages])

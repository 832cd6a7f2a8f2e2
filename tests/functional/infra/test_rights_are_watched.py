"""The guard of the functional suite really guards: who does what its policy does not grant is stopped and named."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.enterprises.roles import Role
from chalicelib.policies.columns import Columns, encode
from chalicelib.queue_names import MATCHING, MATCHING_SHARDS
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
        county.queue.send("notices", [])
    finally:
        rights.running.reset(token)
        bootstrap.install(None)
    assert rights.missing == ["deliver: s3:PutObject on catalogue/mine", "deliver: sqs:SendMessage on MatchingQueue"]
    rights.missing.clear()


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


@pytest.mark.parametrize("asked", ["scheduled", "run_job"])
def test_a_night_of_a_province_stays_within_the_rights_of_its_functions(asked: str) -> None:
    county = make_county(province=True, quiet_hours="off")
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
    bootstrap.install(None)

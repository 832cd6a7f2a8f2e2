"""The guard of the functional suite really guards: who does what its policy does not grant is stopped and named."""

from __future__ import annotations

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from jobs.registry import JOBS
from tests.functional.county import make_county
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

"""即时匹配 through the real application: whatever changes an enterprise or a policy ends in the matching queue, and its
consumer tells who is newly eligible."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from chalice.test import Client

from app import app
from chalicelib.bootstrap import Application
from chalicelib.content.fact_import import FactImport, open_rows
from chalicelib.content.fact_mapping import Columns
from chalicelib.content.publishing import PolicyPublisher
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.policies.rematch import SETTLES_SECONDS, Gathered
from chalicelib.queue_names import MATCHING
from tests.functional.county import E01, make_county
from tests.functional.support import clock_of, work_off
from tests.unit.partners.caller import OFFICE, signed


@pytest.fixture
def county() -> Application:
    """The sample county, with one person of E01 who has not been told anything yet."""
    application = make_county()
    now = application.clock.now()
    application.followers.follow("o-1", now)
    code = application.bindings.issue_code(E01, Role.LEGAL, "op", now).code
    application.bindings.redeem("o-1", code, now)
    application.consents.grant("o-1", (Scope.POLICY_PUSH,), "v1", "page", now)
    clock_of(application).advance(timedelta(minutes=11))
    return application


def worked_off(application: Application) -> list[object]:
    """What the consumer of the queue was given, until there is no more."""
    clock_of(application).advance(timedelta(seconds=SETTLES_SECONDS))
    bodies: list[object] = []
    with Client(app, stage_name="aws") as client:
        while messages := application.queue.receive(MATCHING):
            event = client.events.generate_sqs_event([json.dumps(m.body) for m in messages], queue_name=MATCHING)
            assert client.lambda_.invoke("match", event).payload == {"batchItemFailures": []}
            for message in messages:
                application.queue.ack(MATCHING, message.receipt)
                bodies.append(message.body)
        work_off(application, client)
    return bodies


def titles(application: Application) -> list[str]:
    return [notice.title for notice in application.notices.inbox(E01)]


def test_a_partner_reports_an_enterprise(county: Application) -> None:
    now = county.clock.now()
    county.partners.register(OFFICE)
    key = county.partners.issue_key(OFFICE.id, now)
    held = county.enterprises.get(E01)
    assert held is not None
    row = held.model_dump(mode="json", exclude_none=True) | {"name_used": "芦溪老电瓷厂"}
    reply = county.partners.receive(signed(key, "enterprises", {"rows": [row]}, now).call(), now)
    assert reply.body["counts"]["accepted"] == 1
    assert len(worked_off(county)) == 1
    assert len(titles(county)) == 1


def test_a_file_of_facts_is_imported(county: Application, tmp_path: Path) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_text(json.dumps({"uscc": E01, "revenue": 9100}) + "\n", encoding="utf-8")
    gathered, now = Gathered(county.rematch), county.clock.now()
    FactImport(county.store, Columns(None), "op", now, path.name, gathered.add).run(
        open_rows(path), lambda counts, mistakes: None
    )
    gathered.ask(now)
    assert len(worked_off(county)) == 1
    assert len(titles(county)) == 1


def test_content_is_loaded_and_loading_it_again_asks_for_nothing(county: Application, tmp_path: Path) -> None:
    held = county.enterprises.get(E01)
    assert held is not None
    rows = [held.model_dump(mode="json") | {"name_used": "芦溪老电瓷厂"}]
    (tmp_path / "enterprises.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    county.content.load(tmp_path, "op", county.clock.now())
    assert len(worked_off(county)) == 1
    county.content.load(tmp_path, "op", county.clock.now())
    assert worked_off(county) == []


def test_a_policy_is_published_again_after_a_pause(county: Application) -> None:
    publisher = PolicyPublisher(county.store, county.blobs, county.rematch)
    publisher.step("P14", "suspend", "甲", county.clock.now())
    assert worked_off(county) == []
    publisher.step("P14", "publish", "甲", county.clock.now())
    assert worked_off(county) == [{"policies": ["P14"], "after": ""}]
    assert len(titles(county)) == 1

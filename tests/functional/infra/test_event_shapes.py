"""Every shape of event that AWS sends to the app, through Chalice's own test client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from jobs.registry import JOBS
from tests.functional.support import Person, make_application, work_off
from tests.unit.pages.house import FakeClient


@pytest.fixture
def application() -> Iterator[Application]:
    yield make_application()
    bootstrap.install(None)


@pytest.fixture
def client(application: Application) -> Iterator[Client]:
    with Client(app) as client:
        yield client


def test_health(client: Client, application: Application) -> None:
    answer = client.http.get("/healthz")
    assert answer.status_code == 200
    assert answer.json_body == {"status": "ok", "stage": application.settings.stage, "content": 0}


def test_verification_of_the_callback_url_answers_the_echo_as_it_is(client: Client, application: Application) -> None:
    stamp = str(int(application.clock.now().timestamp()))
    signature = application.codec.signature(stamp, "n0nce")
    answer = client.http.get(f"/wechat?signature={signature}&timestamp={stamp}&nonce=n0nce&echostr=4711")
    assert (answer.status_code, answer.body) == (200, b"4711")


@pytest.mark.parametrize("content_type", ["text/xml", "text/xml; charset=utf-8", "application/xml"])
def test_a_push_is_taken_whatever_kind_of_xml_it_says_it_is(
    client: Client, application: Application, content_type: str
) -> None:
    person = Person(client, application, "shape")
    query, body = person.signed(
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{person.openid}</FromUserName><CreateTime>1</CreateTime>"
        "<MsgType>text</MsgType><Content>你好</Content><MsgId>1</MsgId></xml>"
    )
    path = "/wechat?" + "&".join(f"{key}={value}" for key, value in query.items())
    answer = client.http.post(path, headers={"Content-Type": content_type}, body=body.encode())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert person.text_of(answer.body.decode())


def test_a_push_nobody_signed_is_refused(client: Client) -> None:
    answer = client.http.post(
        "/wechat?signature=0&timestamp=0&nonce=0", headers={"Content-Type": "text/xml"}, body=b"<x/>"
    )
    assert answer.status_code == 403


def test_of_a_batch_only_the_poisoned_records_come_back(client: Client) -> None:
    bodies = [json.dumps({"notice": "unknown"}), "not json", json.dumps({"notice": "unknown too"}), "[1]"]
    for name in ("deliver", "deliver_bulk", "deliver_urgent"):
        event = client.events.generate_sqs_event(bodies)
        for number, record in enumerate(event["Records"]):
            record["messageId"] = f"m{number}"
        answer = client.lambda_.invoke(name, event)
        assert answer.payload == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}


DAY = {"day": "2026-11-23"}
POISONED = {
    "deliver": [({}, "no JSON object"), ({"notice": 7}, "'notice' is int"), ({"notices": "n"}, "no field 'notice'")],
    "deliver_urgent": [
        ({"inbound": None}, "'inbound' is NoneType"),
        ({"inbound": "k", "looks": "1"}, "'looks' is str"),
    ],
    "match": [
        ({"shard": "3"}, "'shard' is str"),
        ({"shard": True}, "'shard' is bool"),
        ({"policies": ["a", 1], "after": ""}, "'policies' is list"),
        ({"policies": []}, "no field 'after'"),
        ({"walk": 1}, "no field 'policies', only walk"),
    ],
    "match_shard": [
        ({"shard": 1}, "no field 'day'"),
        ({"shard": 1, "day": "tomorrow"}, "'day' is no day"),
        (DAY, "no field 'shard'"),
        ({**DAY, "shard": 1.5}, "'shard' is float"),
    ],
}
GOOD = {"deliver": {"notice": "n"}, "deliver_urgent": {"inbound": "k"}, "match": {"shard": 1}, "match_shard": None}


@pytest.mark.parametrize(("name", "body", "words"), [(n, body, words) for n in POISONED for body, words in POISONED[n]])
def test_a_poisoned_message_says_what_is_wrong_with_it_and_nine_beside_it_are_done(
    client: Client, caplog: pytest.LogCaptureFixture, name: str, body: object, words: str
) -> None:
    others = [GOOD[name]] * 9 if GOOD[name] else []
    event = client.events.generate_sqs_event([json.dumps(each) for each in [*others, body]])
    for number, record in enumerate(event["Records"]):
        record["messageId"] = f"m{number}"
    answer = client.lambda_.invoke(name, event)
    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": f"m{len(others)}"}]}
    (line,) = [line for line in caplog.records if line.exc_info]
    assert words in str(line.exc_info and line.exc_info[1])


def test_the_ticket_that_a_page_goes_without_is_fetched_by_those_in_the_whitelist(
    client: Client, application: Application
) -> None:
    application.__dict__["wechat_client"] = FakeClient()  # what the cached property would hold
    asked = f"/h5/jssdk?url={quote(application.settings.public_url + '/h5/points', safe='')}"
    assert client.http.get(asked).status_code == 404
    assert work_off(application, client) == 1
    assert client.http.get(asked).status_code == 200


@pytest.mark.parametrize("job", sorted(JOBS))
def test_every_schedule_runs_its_job(client: Client, job: str) -> None:
    answer = client.lambda_.invoke("scheduled", {"job": job}).payload
    assert answer["job"] == job
    assert answer["dry_run"] is False
    assert answer["failed"] == 0


def test_an_operator_runs_a_job_for_a_day_as_a_rehearsal(client: Client) -> None:
    asked = {"job": "policy-push", "dry_run": True, "as_of": "2026-11-02", "enterprise": None}
    answer = client.lambda_.invoke("run_job", asked).payload
    assert (answer["job"], answer["as_of"], answer["dry_run"], answer["queued"]) == (
        "policy-push",
        "2026-11-02",
        True,
        0,
    )
    assert answer["sentence"]


def test_a_job_that_is_not_there_fails_loudly(client: Client) -> None:
    with pytest.raises(Exception, match="没有“nope”这个任务"):
        client.lambda_.invoke("run_job", {"job": "nope"})

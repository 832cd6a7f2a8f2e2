"""The partner routes through Chalice: shapes, headers, and that nothing which is thrown at them breaks them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.partners import openapi, signing
from chalicelib.partners.model import Answer, ErrorBody, Kind
from chalicelib.partners.refusals import Reason
from chalicelib.ports import Throttled
from tests.functional.partners.county_app import county_of_stage, install
from tests.unit.partners.caller import OFFICE, START, County, Signed, case_row, signed

DOCS = Path(__file__).resolve().parents[3] / "docs"
BODY = {"rows": [case_row()]}


@pytest.fixture
def county() -> Iterator[County]:
    county = county_of_stage()
    county.partners.register(OFFICE.model_copy(update={"per_second": 1000, "per_minute": 60_000}))
    yield county
    bootstrap.install(None)


@pytest.fixture
def client(county: County) -> Client:
    return Client(install(county))


def post(client: Client, sent: Signed, suffix: str = "") -> HTTPResponse:
    path = f"/partners/{sent.partner}/{sent.kind}{suffix}"
    return client.http.post(path, headers=sent.headers, body=sent.body)


def checked(answer: HTTPResponse) -> Answer | ErrorBody:
    """The answer in one of the two shapes that are documented; everything else is a failure."""
    assert answer.headers["Content-Type"] == "application/json"
    body = json.loads(answer.body)
    if answer.status_code == 200:
        return Answer.model_validate(body)
    error = ErrorBody.model_validate(body)
    [reason] = [reason for reason in Reason if reason.code == error.error.code]
    assert (answer.status_code, error.error.message) == (reason.status, reason.message)
    assert "Traceback" not in answer.body.decode()
    return error


def test_a_call_and_its_repeat(client: Client, county: County) -> None:
    first = post(client, signed(county.office, "cases", BODY, START, **{"Idempotency-Key": "job-1"}))
    again = post(client, signed(county.office, "cases", BODY, START, **{"idempotency-key": "job-1"}))
    assert first.status_code == again.status_code == 200 and first.body == again.body
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    answer = checked(first)
    assert isinstance(answer, Answer) and answer.counts.accepted == 1


def test_headers_of_refusals(client: Client, county: County) -> None:
    sent = signed(county.office, "cases", BODY, START)
    post(client, sent)
    replayed = post(client, sent)
    assert (replayed.status_code, replayed.headers["WWW-Authenticate"]) == (401, "XIXINBAN-HMAC-SHA256")
    county.partners.register(OFFICE.model_copy(update={"per_second": 1}))
    flood = post(client, signed(county.office, "cases", BODY, START))
    assert (flood.status_code, flood.headers["Retry-After"]) == (429, "1")
    assert json.loads(flood.body)["error"]["detail"] == {"retry_after": 1}


@pytest.mark.parametrize(
    ("headers", "body", "suffix", "code"),
    [
        ({"Content-Type": "text/xml"}, b"<xml/>", "", "not_json"),
        ({"Content-Type": ""}, b"{}", "", "not_json"),
        ({}, b"x" * (1024 * 1024 + 1), "", "too_large"),
        ({}, b"{}", "?a=1", "query_not_allowed"),
        ({}, b"{", "", "bad_json"),
        ({}, b"{}", "", "bad_body"),
        ({signing.NONCE: "short"}, b"{}", "", "unsigned"),
        ({"Idempotency-Key": "ä b"}, b'{"rows": [1]}', "", "bad_idempotency_key"),
    ],
)
def test_each_refusal_has_the_one_shape(
    client: Client, county: County, headers: dict[str, str], body: bytes, suffix: str, code: str
) -> None:
    error = checked(post(client, signed(county.office, "cases", body, START, **headers), suffix))
    assert isinstance(error, ErrorBody) and error.error.code == code


def test_a_busy_store_and_an_error_of_ours_are_told_in_the_same_shape(
    county: County, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing:
        def receive(self, call: object, now: object) -> object:
            raise self.error

        error: Exception = Throttled("13812345678")

    failing = Failing()
    county.partners = failing  # type: ignore[assignment]
    client = Client(install(county))
    busy = post(client, signed(county.office, "cases", BODY, START))
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
    failing.error = RuntimeError("no such column")
    internal = checked(post(client, signed(county.office, "cases", BODY, START)))
    assert isinstance(internal, ErrorBody) and internal.error.code == "internal"
    assert "no such column" not in internal.model_dump_json() and "no such column" in caplog.text


def test_logs_hold_ids_only(client: Client, county: County, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    contact = {"name": "张三丰", "mobile": "13812345678", "role": "法人"}
    good = {"uscc": "91360323MAXX00015C", "name": "示例电瓷有限公司", "contacts": [contact]}
    bad = good | {"contacts": [contact | {"mobile": "138123456789"}]}
    sent = signed(county.office, "enterprises", {"rows": [good, bad]}, START)
    assert post(client, sent).status_code == 200
    assert caplog.records
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    for private in ("张三丰", "13812345678", "示例电瓷", county.office.secret, sent.headers[signing.SIGNATURE]):
        assert private not in logged


# -------------------------------------------------------------------------------------------------------------- fuzzing

HEADER_TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=70)
NAMES = st.sampled_from([*signing.FORMS, "Content-Type", "Idempotency-Key", "Content-Length", "X-Other"])
PATH_PART = st.sampled_from([*Kind, "lx-sjj", "bank-a", "nobody", "%00", "%2e%2e", "a" * 3000]) | st.from_regex(
    r"[A-Za-z0-9%._~-]{1,20}", fullmatch=True
)
THROWN = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(headers=st.dictionaries(NAMES, HEADER_TEXT), body=st.binary(max_size=300), partner=PATH_PART, kind=PATH_PART)
@THROWN
def test_arbitrary_calls(client: Client, headers: dict[str, str], body: bytes, partner: str, kind: str) -> None:
    answer = client.http.post(f"/partners/{partner}/{kind}", headers=headers, body=body)
    assert answer.status_code in (400, 401, 404, 413, 415)
    checked(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=15,
)
BODIES = st.binary(max_size=200) | (
    JSON
    | st.fixed_dictionaries({}, optional={"rows": st.lists(JSON, max_size=4), "events": st.lists(JSON, max_size=4)})
).map(lambda value: json.dumps(value).encode())


@given(body=BODIES, kind=st.sampled_from(list(Kind)), key=st.none() | HEADER_TEXT)
@THROWN
def test_arbitrary_signed_bodies(client: Client, county: County, body: bytes, kind: Kind, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = post(client, signed(county.office, kind, body, START, **headers))
    assert answer.status_code in (200, 400, 409)
    checked(answer)


@given(drop=st.sets(NAMES), swap=st.dictionaries(NAMES, HEADER_TEXT, max_size=2))
@THROWN
def test_arbitrary_changes_of_a_good_call(client: Client, county: County, drop: set[str], swap: dict[str, str]) -> None:
    sent = signed(county.office, "cases", BODY, START)
    sent.headers = {name: value for name, value in sent.headers.items() if name not in drop} | swap
    checked(post(client, sent))


# ---------------------------------------------------------------------------------------------------------- description


def test_the_description_is_public_and_whole(client: Client) -> None:
    answer = client.http.get("/partners/openapi.json")
    document = json.loads(answer.body)
    assert (answer.status_code, document["openapi"]) == (200, "3.1.0")
    assert list(document["paths"]) == [f"/partners/{{partner}}/{kind}" for kind in Kind]
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for step in reference.split("/"):
            found = found[step]
        assert found
    for path in document["paths"].values():
        parameters = {one["name"]: one["required"] for one in path["post"]["parameters"]}
        assert parameters == {"partner": True, **dict.fromkeys(signing.FORMS, True), "Idempotency-Key": False}
        statuses = {int(status) for status in path["post"]["responses"]}
        assert statuses == {200} | {reason.status for reason in Reason}


def test_what_the_description_asks_for_is_what_is_asked_for() -> None:
    schemas = openapi.document("https://x")["components"]["schemas"]
    assert set(schemas["CaseRow"]["required"]) == {"no", "title", "dept"}
    assert "case_no" in schemas["CaseEvent"]["required"] and "case_no" not in schemas["CaseEventInRow"]["required"]
    assert schemas["CaseRow"]["properties"]["no"]["title"] == "办件编号"
    assert set(schemas["EnterprisesBody"]["properties"]) == {"rows"}
    assert schemas["LoansBody"]["properties"]["events"]["maxItems"] == 500


def test_the_page_for_partners_lists_every_refusal_as_it_is() -> None:
    page = (DOCS / "partners.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (\d{3}) \| `([a-z_]+)` \| (.+) \|$", page, re.M)
    assert table == [(str(reason.status), reason.code, reason.message) for reason in Reason]


def test_the_examples_of_the_page_work(client: Client, county: County) -> None:
    page = (DOCS / "partners.md").read_text(encoding="utf-8")
    blocks = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.S)]
    request: dict[str, Any] = next(block for block in blocks if "rows" in block)
    answer = checked(post(client, signed(county.office, "cases", request, START)))
    assert isinstance(answer, Answer) and answer.counts.accepted == 2
    for block in blocks:
        if "counts" in block:
            Answer.model_validate(block)
        elif "error" in block:
            ErrorBody.model_validate(block)

"""The partner interface from its own OpenAPI document, by schemathesis: no 5xx, no answer that the document lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from chalice.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib import bootstrap
from chalicelib.partners import openapi
from chalicelib.partners.model import Kind
from tests.functional.partners.county_app import county_of_stage, install
from tests.unit.partners.caller import OFFICE, START, County, signed

SCHEMA = schemathesis.openapi.from_dict(openapi.document("https://xixinban.example"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 6


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    county = county_of_stage()
    county.partners.register(OFFICE.model_copy(update={"per_second": 1000, "per_minute": 60_000}))
    yield county
    bootstrap.install(None)


@pytest.fixture(scope="module")
def client(county: County) -> Client:
    return Client(install(county))


def cases(kind: Kind, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    return SCHEMA[f"/partners/{{partner}}/{kind}"]["POST"].as_strategy(generation_mode=mode)


def send(client: Client, case: schemathesis.Case, path: str, headers: dict[str, str], body: bytes) -> int:
    """The app's answer, held against what the document says of this operation."""
    answer = client.http.post(path, headers=headers, body=body)
    asked = requests.Request("POST", f"https://xixinban.example{path}").prepare()
    told = {name.lower(): [str(value)] for name, value in answer.headers.items()}
    case.validate_response(Response(answer.status_code, told, answer.body, asked, 0.0, False), checks=CHECKS)
    assert b"Traceback" not in answer.body
    return int(answer.status_code)


def data_of(body: Any) -> bytes:
    """As it goes over the wire; what breaks the document on purpose may be bytes."""
    if isinstance(body, schemathesis.core.NotSet):
        return b""
    return body if isinstance(body, bytes) else json.dumps(body, default=lambda raw: raw.decode("latin-1")).encode()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("kind", list(Kind))
def test_signed_bodies_from_the_document(client: Client, county: County, kind: Kind, mode: GenerationMode) -> None:
    """What the document allows, and what it does not, signed by a partner who may send it."""
    statuses: set[int] = set()

    @seed(6)
    @given(case=cases(kind, mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def every(case: schemathesis.Case) -> None:
        call = signed(county.office, kind, data_of(case.body), START)
        statuses.add(send(client, case, f"/partners/{call.partner}/{kind}", call.headers, call.body))

    every()
    assert statuses and statuses <= {200, 400}


@pytest.mark.parametrize("kind", list(Kind))
def test_calls_that_nobody_signed(client: Client, kind: Kind) -> None:
    @seed(6)
    @given(case=cases(kind, GenerationMode.POSITIVE))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def every(case: schemathesis.Case) -> None:
        headers = {str(k): str(v) for k, v in (case.headers or {}).items()} | {"Content-Type": "application/json"}
        status = send(client, case, f"/partners/{OFFICE.id}/{kind}", headers, data_of(case.body))
        assert status in (400, 401)

    every()

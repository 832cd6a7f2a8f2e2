"""The sample county with the real Chalice app in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from tests.functional.county import make_county
from tests.functional.support import Person

Meet = Callable[[str], Person]


@pytest.fixture
def county() -> Iterator[Application]:
    yield make_county()
    bootstrap.install(None)


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as made:
        yield made


@pytest.fixture
def meet(county: Application, client: Client) -> Meet:
    """A person by name; one name is always the same person."""
    return lambda name: Person(client, county, name)


@pytest.fixture
def person(meet: Meet) -> Person:
    return meet("somebody")

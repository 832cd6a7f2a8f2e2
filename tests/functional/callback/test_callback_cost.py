"""How often a message goes to the store: each trip is a request to DynamoDB, and the platform waits 5 seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.ports import Store
from tests.functional.county import DATA, E01, make_county
from tests.functional.support import Person

TRIPS = ("get", "get_many", "put", "delete", "transact", "add", "query", "query_index")


class Counting:
    """Passes every call on to a store and writes down its name and key."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.trips: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in TRIPS:
            return method

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.trips.append(f"{name} {args[0] if isinstance(args[0], str) else ''}".strip())
            return method(*args, **kwargs)

        return counted


@pytest.fixture
def county() -> Iterator[Application]:
    made = make_county()
    counted = Application(
        made.settings,
        clock=made.clock,
        store=Counting(made.store),
        queue=made.queue,
        blobs=made.blobs,
        messenger=made.messenger,
    )
    bootstrap.install(counted)
    counted.guide()  # opened once a version, not once a message
    yield counted
    bootstrap.install(None)


@pytest.fixture
def person(county: Application) -> Iterator[Person]:
    with Client(app) as client:
        someone = Person(client, county, "cost")
        someone.say(f"绑定 {county.bindings.issue_code(E01, '法人', 'op', county.clock.now()).code}")
        yield someone


def trips(county: Application) -> list[str]:
    assert isinstance(county.store, Counting)
    return county.store.trips


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("换法人要带什么", 3),
        ("帮助", 3),
        ("离我最近的网点在哪", 3),
        ("设备更新那个一点五的贴息，贷款八百万能补多少", 8 + 1),  # the pools, which may be empty
        ("我的办件", 5 + 3),  # the events of each of its three cases
        ("贷款进度", 5 + 3),
    ],
)
def test_what_a_message_costs(text: str, most: int, county: Application, person: Person) -> None:
    before = len(trips(county))
    assert person.say(text)
    used = trips(county)[before:]
    assert len(used) <= most, used


def test_a_guide_question_takes_three_trips(county: Application, person: Person) -> None:
    """Take the message, the session together with the content's head, one write for reply and session together."""
    before = len(trips(county))
    person.say("换法人要带什么")
    assert [trip.split()[0] for trip in trips(county)[before:]] == ["put", "get_many", "transact"]


def test_what_is_published_is_in_the_next_answer(county: Application, person: Person, tmp_path: Path) -> None:
    """The head that is read beside the session is this message's, never an earlier one's."""
    assert "公司变更登记" in (person.say("换法人要带什么") or "")
    rows = (DATA / "items.yaml").read_text("utf-8").replace("公司变更登记", "公司换法人登记")
    (tmp_path / "items.yaml").write_text(rows, "utf-8")
    county.content.load(tmp_path, "test", county.clock.now())
    assert "公司换法人登记" in (person.say("换法人要带什么") or "")


def test_a_duplicate_costs_two(county: Application, person: Person) -> None:
    text = "<MsgType>text</MsgType><Content>换法人要带什么</Content>"
    person.push(text, msg_id=3)
    before = len(trips(county))
    person.push(text, msg_id=3)
    assert len(trips(county)) - before == 2

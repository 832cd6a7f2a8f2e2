"""How often a delivery goes to the store: each trip is a request to DynamoDB."""

from __future__ import annotations

from typing import Any

from chalicelib.links import Links
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.model import NoticeState
from chalicelib.notices.service import NoticeService
from chalicelib.ports import Store
from tests.unit.notices.support import LEGAL, TEMPLATES, USCC, World, notice

TRIPS = frozenset({"get", "put", "delete", "transact", "add", "query", "query_index"})


class Recording:
    """A Store that writes down the calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name in TRIPS:
            self.calls.append(name)
        return getattr(self._store, name)


def test_a_delivery_takes_four_trips() -> None:
    world = World()
    recording = Recording(world.memory)
    worker = worker_on(world, recording)
    world.place(notice("loan#1"), notice("loan#2"))
    worker.deliver(notice("loan#1").id, world.now)  # the first one reads the pauses and takes a block of tokens
    recording.calls.clear()
    assert worker.deliver(notice("loan#2").id, world.now).state is NoticeState.ACCEPTED
    assert recording.calls == ["get", "query", "transact", "transact"]


def test_one_that_is_done_already_takes_one() -> None:
    world = World()
    recording = Recording(world.memory)
    worker = worker_on(world, recording)
    world.place(notice())
    worker.deliver(notice().id, world.now)
    recording.calls.clear()
    worker.deliver(notice().id, world.now)
    assert recording.calls == ["get"]


def test_two_notices_of_one_person_at_once_are_both_counted() -> None:
    """The person's count is written with the mark: a lost race reads again, and no send goes uncounted."""
    world = World(per_person=3)
    many = [notice(f"loan#{n}") for n in range(5)]
    world.place(*many)
    overtaking = worker_on(world, _Overtaken(world, many[1:]))
    overtaking.deliver(many[0].id, world.now)
    assert len(world.platform.calls) == 3
    row = world.memory.get(f"person#{LEGAL}", "channel#sent")
    assert row is not None
    assert row.body["n"] == 3


class _Overtaken:
    """Before the first transaction of this worker, another delivers all of ``others``."""

    def __init__(self, world: World, others: list[Any]) -> None:
        self._world, self._others = world, others

    def __getattr__(self, name: str) -> Any:
        if name == "transact":
            others, self._others = self._others, []
            for other in others:
                self._world.notices.deliver(other.id, self._world.now)
        return getattr(self._world.memory, name)


def worker_on(world: World, store: Any) -> NoticeService:
    assert world.county.bindings.of(LEGAL, USCC)
    return NoticeService(
        store,
        world.queue,
        world.platform,
        bindings=world.county.bindings,
        consents=world.county.consents,
        followers=world.county.followers,
        links=Links("https://example.test", "s" * 32),
        templates=TEMPLATES,
        limits=SendLimits(store, per_second=1000, per_person=3),
    )

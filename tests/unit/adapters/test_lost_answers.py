"""A write whose answer is lost was made: asked for again, by botocore or by us, it is not read as somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from chalicelib.adapters import aws as adapter
from chalicelib.adapters.aws import ATTEMPTS, TRIES
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.dynamodb_store import DynamoDBStore, table_definition
from chalicelib.adapters.sqs_queue import SqsQueue
from chalicelib.ports import Check, Conflict, Delete, Put, Record, Throttled
from tests.houses.mocked_aws import MockedAws, fresh, later, make_queues
from tests.houses.weather import Weather

LOST = ("answer lost", "500 after it was done")
A, B = Record("p", "a", {"by": "us"}), Record("p", "b", {"by": "us"})


class Sky:
    """A store and a queue of one process under its own weather, and another process under a clear sky."""

    def __init__(self, aws: MockedAws, weather: Weather) -> None:
        self.weather, name = weather, fresh()
        aws.client("dynamodb").create_table(**table_definition(name))
        make_queues(aws.client("sqs"), name, "work", max_receives=5)
        clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
        self.store = DynamoDBStore(name, lambda: aws.client("dynamodb"), clock)
        self.queue = SqsQueue(name, lambda: aws.client("sqs"), wait_seconds=0)

    def coming(self, *events: str | None) -> None:
        self.weather.coming = list(events)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[MockedAws, Weather]]:
    aws, weather = MockedAws(), Weather()
    aws.wrap = weather.over
    aws.start()
    yield aws, weather
    aws.stop()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter.random, "uniform", lambda low, high: 0.0)


@pytest.fixture
def sky(world: tuple[MockedAws, Weather]) -> Iterator[Sky]:
    aws, weather = world
    weather.remembers_tokens = False  # the harder case: only our own marks are there to tell
    yield Sky(aws, weather)
    weather.coming.clear()


@pytest.mark.parametrize("lost", LOST)
def test_a_put_made_without_an_answer_is_ours(sky: Sky, lost: str) -> None:
    sky.coming(lost)
    assert sky.store.put(A, if_absent=True).version == 1
    sky.coming(lost, lost)
    assert sky.store.put(A, if_version=1).version == 2
    with pytest.raises(Conflict):
        sky.store.put(A, if_absent=True)
    with pytest.raises(Conflict):
        sky.store.put(A, if_version=1)
    sky.coming(lost)
    assert sky.store.put(A).version >= 3


@pytest.mark.parametrize("lost", LOST)
def test_a_transaction_made_without_an_answer_is_ours(sky: Sky, lost: str) -> None:
    sky.coming(lost)
    sky.store.transact([Put(A, if_absent=True), Check("p", "b", if_absent=True)])
    sky.coming(lost)
    sky.store.transact([Put(A, if_version=1), Put(B, if_absent=True)])
    with pytest.raises(Conflict):
        sky.store.transact([Put(A, if_version=1), Delete("p", "b")])
    found = sky.store.get("p", "b")
    assert found is not None and found.version == 1


def test_a_transaction_of_deletions_has_dynamodbs_own_token(sky: Sky) -> None:
    sky.weather.remembers_tokens = True
    sky.store.transact([Put(A), Put(B)])
    sky.coming("answer lost")
    sky.store.transact([Delete("p", "a", if_version=1), Check("p", "b", if_version=1)])
    assert sky.store.get("p", "a") is None


@pytest.mark.parametrize("lost", LOST)
def test_an_addition_made_without_an_answer_counts_once(sky: Sky, lost: str) -> None:
    for total in (1, 2, 3):
        sky.coming(lost)
        assert sky.store.add("p", "n", {"n": 1}, at_most={"n": 3}) == {"n": total}
    with pytest.raises(Conflict):
        sky.store.add("p", "n", {"n": 1}, at_most={"n": 3})


def test_a_deletion_made_without_an_answer_is_done(sky: Sky) -> None:
    sky.store.put(A)
    sky.coming("answer lost")
    sky.store.delete("p", "a", if_version=1)
    with pytest.raises(Conflict):
        sky.store.delete("p", "a", if_version=1)


def test_a_rival_in_between_is_a_conflict_and_nothing_of_ours_stays(sky: Sky) -> None:
    sky.store.put(A)
    sky.coming("a rival before")
    with pytest.raises(Conflict) as put:
        sky.store.put(Record("p", "a", {"by": "late"}), if_version=1)
    sky.coming("a rival before")
    with pytest.raises(Conflict) as transaction:
        sky.store.transact([Put(B, if_absent=True), Put(Record("p", "a", {"by": "late"}), if_version=2)])
    assert put.value.keys == transaction.value.keys == [("p", "a")]
    found = sky.store.get("p", "a")
    assert found is not None and (found.body, found.version) == ({"by": "us"}, 3)
    assert sky.store.get("p", "b") is None


def test_a_rival_over_our_write_that_had_no_answer_is_a_conflict_too(sky: Sky) -> None:
    """Ours was made, and whoever came next saw it: to be told of a conflict is to look again, which is right."""
    sky.store.put(A)
    sky.coming("a rival after, answer lost")
    with pytest.raises(Conflict):
        sky.store.put(Record("p", "a", {"by": "us again"}), if_version=1)
    found = sky.store.get("p", "a")
    assert found is not None and (found.body, found.version) == ({"by": "us again"}, 3)


def test_rows_left_out_of_an_answer_are_asked_for_again(sky: Sky) -> None:
    keys = [("p", f"{n:02}") for n in range(9)]
    for pk, sk in keys[1:]:
        sky.store.put(Record(pk, sk, {"sk": sk}))
    sky.coming("left out", "busy", "left out", "answer lost")
    found = sky.store.get_many(keys)
    assert [row and row.body["sk"] for row in found] == [None, *(sk for _, sk in keys[1:])]
    sky.coming(*["left out"] * 30)
    with pytest.raises(Throttled):
        sky.store.get_many(keys[:1])


def test_silence_that_lasts_is_no_conflict(sky: Sky) -> None:
    sky.coming(*["answer lost"] * TRIES)
    with pytest.raises(Throttled):
        sky.store.put(A, if_absent=True)
    sky.coming(*["no connection"] * TRIES)
    with pytest.raises(Throttled):
        sky.store.get("p", "a")
    sky.coming(*["no connection"] * TRIES)
    with pytest.raises(Throttled):
        sky.queue.send("work", [{"n": 1}])


def test_of_a_half_failed_batch_the_failed_half_goes_again(sky: Sky) -> None:
    sky.queue.send("work", [{}])  # the queue's address is asked for once
    sky.queue.ack("work", *[message.receipt for message in sky.queue.receive("work")])
    sky.coming("partly", "busy", "partly")
    sky.queue.send("work", [{"n": n} for n in range(10)])
    messages = sky.queue.receive("work")
    assert sorted(message.body["n"] for message in messages) == list(range(10))
    sky.coming("partly", None, "partly")
    sky.queue.ack("work", *[message.receipt for message in messages])
    assert sky.queue.depth("work") == 0


@pytest.mark.parametrize("lost", LOST)
def test_a_message_sent_without_an_answer_comes_and_perhaps_twice(sky: Sky, lost: str) -> None:
    sky.queue.depth("work")  # the queue's address is asked for once
    sky.coming(lost)
    sky.queue.send("work", [{"n": 1}, {"n": 2}])
    assert sorted(message.body["n"] for message in sky.queue.receive("work")) == [1, 1, 2, 2]


@pytest.mark.parametrize("lost", LOST)
def test_a_message_deleted_without_an_answer_is_gone(sky: Sky, lost: str) -> None:
    sky.queue.send("work", [{"n": 1}])
    (message,) = sky.queue.receive("work")
    sky.coming(lost)
    sky.queue.ack("work", message.receipt)
    assert sky.queue.depth("work") == 0


def test_transactions_in_each_others_way_take_turns(sky: Sky) -> None:
    sky.coming(*["in each other's way"] * 3)
    sky.store.transact([Put(A, if_absent=True), Put(B)])
    found = sky.store.get_many([("p", "a"), ("p", "b")])
    assert [row and row.version for row in found] == [1, 1]


WRITES: dict[str, Callable[[DynamoDBStore], object]] = {
    "put": lambda store: store.put(B),
    "put over a version": lambda store: store.put(A, if_version=1),
    "delete": lambda store: store.delete("p", "a", if_version=1),
    "add": lambda store: store.add("p", "n", {"n": 1}),
    "transact": lambda store: store.transact([Put(A, if_version=1), Put(B, if_absent=True)]),
}


TROUBLES = [(name, trouble) for name in WRITES for trouble in ("busy", "no connection")]


@pytest.mark.parametrize(("name", "trouble"), [*TROUBLES, ("transact", "in each other's way")])
def test_who_gives_up_has_done_nothing_and_may_come_again(sky: Sky, name: str, trouble: str) -> None:
    sky.store.put(A)
    sky.coming(*[trouble] * TRIES * ATTEMPTS)
    with pytest.raises(Throttled):
        WRITES[name](sky.store)
    sky.coming()
    assert [row and row.version for row in sky.store.get_many([("p", "a"), ("p", "b"), ("p", "n")])] == [1, None, None]
    WRITES[name](sky.store)


def test_of_a_long_send_that_gives_up_the_rest_is_not_there_and_all_of_it_comes_when_it_is_sent_again(sky: Sky) -> None:
    bodies = [{"n": n} for n in range(25)]
    sky.queue.depth("work")  # the queue's address is asked for once
    sky.coming(None, *["busy"] * TRIES * ATTEMPTS)
    with pytest.raises(Throttled):
        sky.queue.send("work", bodies)
    sky.coming()
    assert sky.queue.depth("work") == 10
    sky.queue.send("work", bodies)
    found = [message.body["n"] for _ in range(4) for message in sky.queue.receive("work")]
    assert sorted(found) == sorted([*range(10), *range(25)])


def test_a_message_received_without_an_answer_comes_again_when_its_time_is_over(sky: Sky) -> None:
    sky.queue.send("work", [{"n": 1}])
    sky.coming("answer lost")
    assert sky.queue.receive("work", visibility_seconds=60) == []  # botocore asked again, and it is hidden
    later(61)
    (message,) = sky.queue.receive("work")
    assert (message.body, message.attempts) == ({"n": 1}, 2)

"""An answer that comes after the platform has hung up: acknowledged in time, said once as a custom message."""

from __future__ import annotations

import contextlib
import time
from threading import Thread

import pytest

from chalicelib.ports import Outcome, Reaction
from tests.fault.callback_house import House
from tests.unit.notices.support import Killed

PATIENCE = 0.15
SLOW = 0.4


@pytest.fixture
def house() -> House:
    house = House(PATIENCE)
    house.echo.delay = SLOW
    return house


def _finish(house: House) -> None:
    """Let the work under way end, then a minute of consumers."""
    time.sleep(SLOW)
    house.echo.delay = 0
    for _ in range(30):
        house.clock.advance(2)
        with contextlib.suppress(Killed):
            house.work()


def test_acknowledged_in_time_and_answered_later(house: House) -> None:
    started = time.monotonic()
    assert house.deliver(1) is None
    assert time.monotonic() - started < SLOW
    _finish(house)
    assert house.ear.heard == ["第1句：m1"]
    assert house.effects() == ["m1"]
    assert house.deliver(1) is None  # a delivery after that hears no second answer
    _finish(house)
    assert len(house.ear.heard) == 1


def test_a_quick_answer_is_said_on_its_delivery_only(house: House) -> None:
    house.echo.delay = 0
    assert house.deliver(1) == "第1句：m1"
    _finish(house)
    assert house.ear.heard == []
    assert house.deliver(1) == "第1句：m1"


def test_no_delivery_gets_what_is_owed(house: House) -> None:
    assert house.deliver(1) is None
    assert house.deliver(1) is None  # while it is being worked on
    time.sleep(SLOW)
    assert house.deliver(1) is None  # when it is there and not sent yet
    _finish(house)
    assert house.ear.heard == ["第1句：m1"]


def test_two_deliveries_at_once_of_a_slow_message(house: House) -> None:
    house.pause = lambda seconds: time.sleep(0.01)
    answers: list[str | None] = []
    threads = [Thread(target=lambda: answers.append(house.deliver(1))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _finish(house)
    assert answers == [None] * 4
    assert house.ear.heard == ["第1句：m1"]
    assert house.echo.calls == ["m1"]


def test_the_platform_is_busy_then_takes_it(house: House) -> None:
    house.ear.script = [Outcome(Reaction.RETRY, code=-1), Outcome(Reaction.RETRY, code=45011, retry_after=10)]
    house.deliver(1)
    _finish(house)
    assert house.ear.heard == ["第1句：m1"]


def test_an_outage_of_the_token_delays_it(house: House) -> None:
    house.ear.script = [Outcome(Reaction.STOP_ALL, code=40001, retry_after=30)]
    house.deliver(1)
    _finish(house)
    assert house.ear.heard == ["第1句：m1"]


@pytest.mark.parametrize("reaction", [Reaction.AMBIGUOUS, Reaction.NEXT_CHANNEL, Reaction.PERSON_GONE])
def test_never_sent_again_after_any_other_word(house: House, reaction: Reaction) -> None:
    house.ear.script = [Outcome(reaction)]
    house.deliver(1)
    _finish(house)
    assert len(house.ear.heard) <= 1
    assert house.ear.script == []
    assert house.queue.depth("notices-urgent") == 0


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2, 3])
def test_the_process_dies_at_each_write_of_the_work(house: House, write: int, after: bool) -> None:
    """Take, late mark, answer: whichever it dies at, the message has one effect and one answer."""
    house.store.left, house.store.after = write, after
    with contextlib.suppress(Killed):
        house.deliver(1)
    time.sleep(SLOW)
    house.revive()
    house.echo.delay = 0
    house.clock.advance(9)  # the platform's next delivery, when the first was not acknowledged
    on_delivery = house.deliver(1)
    for _ in range(30):
        house.clock.advance(2)
        house.work()
    assert [text for text in (on_delivery, *house.ear.heard) if text] == ["第1句：m1"]
    assert house.effects() == ["m1"]


def test_a_delivery_that_waited_in_vain_for_a_dead_one_loses_nothing(house: House) -> None:
    """A connection that breaks is delivered again at once, before a dead process can be told from a slow one. Our
    ``success`` then ends the platform's deliveries: from there on the answer is ours to bring."""
    house.echo.delay = 0
    house.store.left = 2
    with pytest.raises(Killed):
        house.deliver(1)
    house.revive()
    house.clock.advance(0.5)
    assert house.deliver(1) is None
    for _ in range(30):
        house.clock.advance(2)
        house.work()
    assert house.ear.heard == ["第1句：m1"]
    assert house.effects() == ["m1"]


@pytest.mark.parametrize("after", [False, True])
def test_the_sender_dies_at_its_mark(house: House, after: bool) -> None:
    """Before the mark it is sent by the next; after it, rather never than twice."""
    house.deliver(1)
    time.sleep(SLOW)
    house.clock.advance(3)
    house.store.left, house.store.after = 1, after
    with pytest.raises(Killed):
        house.work()
    house.revive()
    house.clock.advance(61)  # the queue shows the message again
    _finish(house)
    assert house.ear.heard == ([] if after else ["第1句：m1"])


def test_the_sender_dies_after_the_platform_had_it(house: House) -> None:
    house.deliver(1)
    time.sleep(SLOW)
    house.clock.advance(3)
    house.ear.dies = True
    with pytest.raises(Killed):
        house.work()
    house.clock.advance(61)
    _finish(house)
    assert house.ear.heard == ["第1句：m1"]

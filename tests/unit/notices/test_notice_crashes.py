"""Whatever order deliveries, answers, receipts and crashes come in: told once, and nothing forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import FINAL, Notice, NoticeState
from chalicelib.ports import Outcome, Reaction
from tests.unit.notices.support import LEGAL, OK, Killed, Script, World, notice

S = NoticeState
LOOSE_ENDS_ARE_FINE = FINAL | {S.ACCEPTED, S.HELD, S.MAYBE_SENT}

SCRIPTS: list[Script] = [
    OK,
    (Outcome(Reaction.RETRY, code=-1), False),
    (Outcome(Reaction.RETRY, code=45011, retry_after=60), False),
    (Outcome(Reaction.AMBIGUOUS), True),
    (Outcome(Reaction.AMBIGUOUS), False),
    (Outcome(Reaction.HELD, code=40252), True),
    (Outcome(Reaction.NEXT_CHANNEL, code=45015), False),
    (Outcome(Reaction.CONSENT_LOST, code=43101), False),
    (Outcome(Reaction.STOP_ALL, code=40164, retry_after=300), False),
]
KINDS = [NoticeKind.LOAN_PROGRESS, NoticeKind.POLICY_DIGEST, NoticeKind.CASE_PROGRESS]

steps = st.one_of(
    st.tuples(st.just("place"), st.integers(0, 5)),
    st.tuples(st.just("message"), st.integers(0, 5)),  # a queue message that came again, or out of turn
    st.tuples(st.just("work"), st.just(0)),
    st.tuples(st.just("sweep"), st.just(0)),
    st.tuples(st.just("receipt"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 91, 400, 700])),
    st.tuples(st.just("die before write"), st.integers(1, 9)),
    st.tuples(st.just("die after write"), st.integers(1, 9)),
    st.tuples(st.just("die after the platform had it"), st.just(0)),
)


def _candidates() -> list[Notice]:
    return [notice(f"s{n}", kind=KINDS[n % len(KINDS)]) for n in range(6)]


def _act(world: World, step: tuple[str, int], placed: set[str]) -> None:
    name, value = step
    one = _candidates()[value % 6]
    actions: dict[str, Callable[[], object]] = {
        "place": lambda: world.place(one),
        "message": lambda: world.notices.deliver(one.id, world.now),
        "work": world.work,
        "sweep": lambda: world.notices.sweep(world.now),
        "receipt": lambda: world.notices.receipt(LEGAL, _message_id(world, one.id), True, "success", world.now),
        "wait": lambda: world.clock.advance(value),
        "die before write": lambda: _arm(world, value, after=False),
        "die after write": lambda: _arm(world, value, after=True),
        "die after the platform had it": lambda: setattr(world.platform, "die_after_delivery", True),
    }
    with contextlib.suppress(Killed):
        actions[name]()
    if world.notices.placed(one.id):
        placed.add(one.id)


def _arm(world: World, left: int, *, after: bool) -> None:
    world.store.left, world.store.after = left, after


def _message_id(world: World, notice_id: str) -> str:
    return (world.notices.show(notice_id).message_id if world.notices.placed(notice_id) else None) or "0"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=40), st.lists(st.sampled_from(SCRIPTS), max_size=12))
def test_told_once_and_nothing_lost(history: list[tuple[str, int]], answers: list[Script]) -> None:
    world = World()
    world.notices.subscriptions.accepted(LEGAL, "tmpl-policy", world.now)
    world.platform.script = list(answers)
    placed: set[str] = set()
    for step in history:
        _act(world, step, placed)

    world.store.left, world.platform.die_after_delivery, world.platform.script = None, False, []
    world.settle(50)  # the longest wait is the platform's 10 minutes, a lost message, a pause

    for notice_id in placed:
        end = world.notices.show(notice_id)
        assert end.state in LOOSE_ENDS_ARE_FINE, end.history
        assert world.platform.seen[notice_id] <= 1, end.history
        if end.state in (S.ACCEPTED, S.DELIVERED) and world.platform.seen[notice_id] == 0:
            assert any(c.state is S.DELIVERED and "回执" in c.cause for c in end.history)
    assert set(world.platform.seen) <= placed
    assert world.work() == 0


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(1, 16))
def test_killed_at_each_write_of_the_whole_way(write: int, after: bool) -> None:
    """From placing to acceptance there are fewer than 15 writes: whichever it dies at, the message comes once."""
    world = World()
    one = notice()
    _arm(world, write, after=after)
    with contextlib.suppress(Killed):
        world.place(one)
        world.work()
    if not world.notices.placed(one.id):
        world.store.left = None
        world.place(one)  # the job that planned it runs again
    world.store.left = None
    world.settle(20)
    assert world.notices.show(one.id).state is S.ACCEPTED
    assert world.platform.seen[one.id] == 1


def test_killed_after_the_platform_had_it() -> None:
    world = World()
    one = notice()
    world.place(one)
    world.platform.die_after_delivery = True
    with pytest.raises(Killed):
        world.work()
    assert world.notices.show(one.id).state is S.SENDING
    world.settle(5)
    assert world.notices.show(one.id).state is S.ACCEPTED
    assert world.platform.seen[one.id] == 1
    assert len(world.platform.calls) == 2


def test_found_too_late_to_repeat() -> None:
    world = World()
    one = notice()
    world.place(one)
    world.platform.die_after_delivery = True
    with pytest.raises(Killed):
        world.work()
    world.clock.advance(timedelta(minutes=11))  # the whole service was down
    world.settle(20)
    assert world.notices.show(one.id).state is S.MAYBE_SENT
    assert world.platform.seen[one.id] == 1


def test_a_queue_that_lost_everything() -> None:
    world = World()
    many = [notice(f"loan#{n}") for n in range(5)]
    world.place(*many)
    for name in ("notices", "notices-urgent"):
        for message in world.queue.receive(name):
            world.queue.ack(name, message.receipt)
    world.settle(12)
    assert {world.notices.show(n.id).state for n in many} == {S.ACCEPTED}

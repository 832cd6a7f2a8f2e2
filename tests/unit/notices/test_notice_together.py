"""A batch costs a few writes for all of them, and promises the same as one at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import FINAL, Notice, NoticeState
from chalicelib.notices.standing import standing
from chalicelib.ports import Outbound, Outcome, Reaction
from tests.unit.notices.support import NOW, OK, USCC, Killed, Script, World, notice
from tests.unit.notices.test_notice_crashes import LOOSE_ENDS_ARE_FINE, SCRIPTS
from tests.unit.notices.test_notice_trips import Recording, worker_on

S = NoticeState
PEOPLE = [f"o-{n}" for n in range(10)]


def crowd(per_second: int = 1000) -> World:
    world = World(per_second=per_second)
    for openid in PEOPLE:
        world.county.bind(USCC, openid)
    return world


def placed(world: World, people: list[str] = PEOPLE, kind: NoticeKind = NoticeKind.LOAN_PROGRESS) -> list[Notice]:
    notices = [notice(f"loan#{n}", openid, kind=kind) for n, openid in enumerate(people)]
    world.place(*notices)
    return notices


def together(world: World, notices: list[Notice]) -> set[str]:
    return set(world.notices.deliver_together([each.id for each in notices], world.now))


def states(world: World, notices: list[Notice]) -> list[NoticeState]:
    return [world.notices.show(each.id).state for each in notices]


def test_ten_go_out_with_two_writes() -> None:
    world = crowd()
    first, *rest = placed(world)
    recording = Recording(world.memory)
    worker = worker_on(world, recording)
    worker.deliver(first.id, world.now)  # reads the pauses and takes a block of tokens
    recording.calls.clear()
    done = worker.deliver_together([each.id for each in rest], world.now)
    assert {result.state for result in done.values()} == {S.ACCEPTED}
    assert all(result.attempted and result.waited is not None for result in done.values())
    assert [call for call in recording.calls if call not in ("get", "query")] == ["transact", "transact"]
    assert set(world.platform.seen.values()) == {1}
    assert len(world.platform.calls) == 10


def test_each_is_counted_for_its_person() -> None:
    world = crowd()
    together(world, placed(world))
    counts = [standing(world.memory, openid).sent for openid in PEOPLE]
    assert [row.body["n"] if row else 0 for row in counts] == [1] * 10


def test_who_withdrew_gets_nothing_and_holds_up_nobody() -> None:
    world = crowd()
    notices = placed(world)
    world.county.withdraw(PEOPLE[3], Scope.LOAN_ALERT)
    assert notices[3].id not in together(world, notices)
    assert PEOPLE[3] not in {call.openid for call in world.platform.calls}
    assert states(world, notices).count(S.ACCEPTED) == 9
    assert world.notices.deliver(notices[3].id, world.now).state is S.CANCELLED


def test_the_second_of_one_person_is_left_for_its_own_turn() -> None:
    world = crowd()
    notices = placed(world, ["o-1", "o-1", "o-2"])
    assert together(world, notices) == {notices[0].id, notices[2].id}
    assert states(world, notices) == [S.ACCEPTED, S.QUEUED, S.ACCEPTED]


def test_one_alone_is_left_too() -> None:
    world = crowd()
    assert together(world, placed(world, ["o-1"])) == set()
    assert world.platform.calls == []


def test_a_channel_that_knows_no_id_is_never_claimed_with_others() -> None:
    """A worker that dies would leave ten messages that nobody may repeat."""
    world = crowd()
    for openid in PEOPLE:
        world.notices.subscriptions.accepted(openid, "tmpl-policy", world.now)
    notices = placed(world, kind=NoticeKind.POLICY_DIGEST)
    assert together(world, notices) == set()
    assert world.platform.calls == []
    world.work()
    assert states(world, notices) == [S.ACCEPTED] * 10


def test_what_is_done_or_unknown_is_left_alone() -> None:
    world = crowd()
    notices = placed(world)
    together(world, notices)
    assert world.notices.deliver_together([notices[0].id, notices[1].id, "nosuch"], world.now) == {}
    assert len(world.platform.calls) == 10


def test_a_channel_that_is_used_up_ends_the_batch_and_each_looks_for_another_way() -> None:
    world = crowd()
    notices = placed(world)
    world.platform.script = [OK, (Outcome(Reaction.STOP_CHANNEL, code=45009, retry_after=3600), False)]
    assert together(world, notices) == {notices[0].id}
    world.work()
    assert states(world, notices) == [S.ACCEPTED, *[S.DELIVERED] * 9]  # by custom message, which has no receipt


@pytest.mark.parametrize("reaction", [Reaction.RETRY, Reaction.AMBIGUOUS, Reaction.STOP_TEMPLATE, Reaction.STOP_ALL])
def test_trouble_gives_the_rest_back_as_it_was(reaction: Reaction) -> None:
    world = crowd()
    notices = placed(world)
    before = [world.notices.show(each.id) for each in notices]
    world.platform.script = [OK, OK, (Outcome(reaction, code=-1), False)]
    assert together(world, notices) == {each.id for each in notices[:3]}
    assert states(world, notices)[:3] == [S.ACCEPTED, S.ACCEPTED, S.FAILED_FOR_NOW]
    after = [world.notices.show(each.id) for each in notices]
    assert [each.model_copy(update={"history": ()}) for each in after[3:]] == [
        each.model_copy(update={"history": ()}) for each in before[3:]
    ]
    assert len(world.platform.calls) == 3
    world.notices.resume("all"), world.notices.resume("template#tmpl-loan")
    world.settle(15)
    counts = [standing(world.memory, openid).sent for openid in PEOPLE]
    assert [row.body["n"] if row else 0 for row in counts] == [1] * 10


@pytest.mark.parametrize(
    ("reaction", "state"),
    [(Reaction.PERSON_GONE, S.FAILED_FOR_GOOD), (Reaction.BAD_DATA, S.FAILED_FOR_GOOD), (Reaction.HELD, S.HELD)],
)
def test_an_answer_about_one_person_stops_nobody_else(reaction: Reaction, state: NoticeState) -> None:
    world = crowd()
    notices = placed(world)
    world.platform.script = [OK, (Outcome(reaction, code=1), False)]
    assert len(together(world, notices)) == 10
    assert states(world, notices) == [S.ACCEPTED, state, *[S.ACCEPTED] * 8]


def test_the_next_channel_is_tried_in_its_own_turn() -> None:
    world = crowd()
    notices = placed(world)
    world.platform.script = [(Outcome(Reaction.NEXT_CHANNEL, code=45015), False)]
    assert notices[0].id not in together(world, notices)
    assert states(world, notices) == [S.QUEUED, *[S.ACCEPTED] * 9]
    assert world.notices.deliver(notices[0].id, world.now).state is S.DELIVERED  # a custom message


def test_a_messenger_that_breaks_leaves_the_others_written_down() -> None:
    world = crowd()
    notices = placed(world)
    send = world.platform.send
    world.platform.send = _breaks_at(world, notices[1].id)  # type: ignore[method-assign, assignment]
    together(world, notices)
    assert states(world, notices) == [S.ACCEPTED, S.FAILED_FOR_NOW, *[S.QUEUED] * 8]
    world.platform.send = send  # type: ignore[method-assign]
    world.settle(5)
    assert states(world, notices) == [S.ACCEPTED] * 10


def _breaks_at(world: World, client_id: str) -> Callable[[Outbound], Outcome]:
    send = world.platform.send

    def breaking(message: Outbound) -> Outcome:
        if message.client_id == client_id:
            raise RuntimeError("a bug")
        return send(message)

    return breaking


def test_receipts_that_come_before_the_yes_is_written() -> None:
    """The platform reports while the rest of the batch is being sent."""
    world = crowd()
    notices = placed(world)
    send = world.platform.send

    def reporting(message: Outbound) -> Outcome:
        outcome = send(message)
        world.notices.receipt(message.openid, outcome.message_id or "0", True, "success", world.now)
        return outcome

    world.platform.send = reporting  # type: ignore[method-assign]
    together(world, notices)
    assert states(world, notices) == [S.DELIVERED] * 10
    assert set(world.platform.seen.values()) == {1}


def test_only_as_many_as_there_are_tokens() -> None:
    world = crowd(per_second=8)
    notices = placed(world)
    assert len(together(world, notices)) == 5
    assert len(together(world, notices)) == 2
    assert len(world.platform.calls) == 7
    world.settle(2)
    assert set(states(world, notices)) == {S.ACCEPTED}


def test_a_row_changed_while_claiming_makes_all_of_them_wait_their_turn() -> None:
    world = crowd()
    notices = placed(world)
    overtaken = worker_on(world, _Cancelling(world, notices[4]))
    assert overtaken.deliver_together([each.id for each in notices], world.now) == {}
    assert world.platform.calls == []
    assert states(world, notices) == [*[S.QUEUED] * 4, S.CANCELLED, *[S.QUEUED] * 5]


class _Cancelling:
    """An operator cancels one notice between the reading and the claim."""

    def __init__(self, world: World, victim: Notice) -> None:
        self._world, self._victim = world, victim

    def __getattr__(self, name: str) -> object:
        if name == "transact" and self._world.notices.show(self._victim.id).state is S.QUEUED:
            self._world.notices.cancel(self._victim.id, self._world.now)
        return getattr(self._world.memory, name)


# ----------------------------------------------------------------------------------------------------------- crashes

steps = st.one_of(
    st.tuples(st.just("together"), st.integers(0, 2**10 - 1)),
    st.tuples(st.just("message"), st.integers(0, 9)),
    st.tuples(st.just("work"), st.just(0)),
    st.tuples(st.just("sweep"), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 91, 400, 700])),
    st.tuples(st.just("die before write"), st.integers(1, 9)),
    st.tuples(st.just("die after write"), st.integers(1, 9)),
    st.tuples(st.just("die after the platform had it"), st.just(0)),
)


def _act(world: World, notices: list[Notice], name: str, value: int) -> None:
    if name == "together":
        together(world, [each for n, each in enumerate(notices) if value >> n & 1])
    elif name == "message":
        world.notices.deliver(notices[value].id, world.now)
    elif name == "work":
        world.work()
    elif name == "sweep":
        world.notices.sweep(world.now)
    elif name == "wait":
        world.clock.advance(value)
    elif name == "die after the platform had it":
        world.platform.die_after_delivery = True
    else:
        world.store.left, world.store.after = value, name == "die after write"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25), st.lists(st.sampled_from(SCRIPTS), max_size=12))
def test_batches_too_tell_once_and_lose_nothing(history: list[tuple[str, int]], answers: list[Script]) -> None:
    world = crowd()
    notices = placed(world, PEOPLE[:7] + PEOPLE[:3])
    world.platform.script = list(answers)
    for name, value in history:
        with contextlib.suppress(Killed):
            _act(world, notices, name, value)
    world.store.left, world.platform.die_after_delivery, world.platform.script = None, False, []
    world.settle(50)
    for each in notices:
        end = world.notices.show(each.id)
        assert end.state in LOOSE_ENDS_ARE_FINE, end.history
        assert world.platform.seen[each.id] <= 1, end.history
        if end.state is S.ACCEPTED:
            assert world.platform.seen[each.id] == 1
    assert world.work() == 0


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", range(1, 6))
def test_killed_at_each_write_of_a_batch(write: int, after: bool) -> None:
    world = crowd()
    notices = placed(world)
    world.store.left, world.store.after = write, after
    with contextlib.suppress(Killed):
        together(world, notices)
    world.store.left = None
    world.settle(5)
    assert states(world, notices) == [S.ACCEPTED] * 10
    assert set(world.platform.seen.values()) == {1}


def test_killed_in_the_middle_of_a_batch_and_found_too_late() -> None:
    """Those that were sent and those that were not look the same by then: all are for an operator, none is repeated."""
    world = crowd()
    notices = placed(world)
    world.platform.die_after_delivery = True
    with pytest.raises(Killed):
        together(world, notices)
    world.clock.advance(timedelta(minutes=11))
    world.settle(5)
    assert set(states(world, notices)) == {S.MAYBE_SENT}
    assert not set(states(world, notices)) & FINAL
    assert sum(world.platform.seen.values()) == 1
    assert world.now > NOW


def test_one_in_doubt_goes_by_itself() -> None:
    """Behind nine slow ones it would be sent again after the ten minutes in which the platform knows it."""
    world = crowd()
    *_, last = notices = placed(world)
    world.platform.script = [(Outcome(Reaction.AMBIGUOUS), True)]
    world.notices.deliver(last.id, world.now)
    world.clock.advance(timedelta(minutes=9, seconds=25))
    together(world, notices)
    assert states(world, notices) == [S.ACCEPTED] * 9 + [S.FAILED_FOR_NOW]

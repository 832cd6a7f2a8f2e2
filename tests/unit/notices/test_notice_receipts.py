"""Receipts: by id, early, late, doubled, without id, for what was never confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.notices.kinds import Channel
from chalicelib.notices.model import NoticeState
from chalicelib.notices.receipts import Verdict, failure
from chalicelib.ports import Outbound, Outcome, Reaction
from tests.unit.notices.support import LEGAL, Killed, World, notice

S = NoticeState


@pytest.fixture
def world() -> World:
    return World()


def accepted(world: World, subject: str = "loan#1") -> str:
    one = notice(subject, now=world.now)
    world.place(one)
    world.work()
    assert world.notices.show(one.id).state is S.ACCEPTED
    return one.id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("failed:user block", Verdict.USER_BLOCK),
        ("failed: system failed", Verdict.SYSTEM_FAILED),
        ("failed:system  failed", Verdict.SYSTEM_FAILED),
        ("Failed:freq limit", Verdict.FREQ_LIMIT),
        ("failed:something new", Verdict.FAILED),
        ("success", Verdict.FAILED),  # told that it failed, a word cannot make it a success
        ("", Verdict.FAILED),
    ],
)
def test_failures_as_the_platform_spells_them(text: str, expected: Verdict) -> None:
    assert failure(text) is expected


def test_repeated_and_contradicting_receipts_change_nothing(world: World) -> None:
    one = accepted(world)
    message_id = world.notices.show(one).message_id or ""
    assert int(message_id) > 2**53
    world.notices.receipt(LEGAL, message_id, True, "success", world.now)
    for delivered, status in [(True, "success"), (False, "failed:user block")]:
        assert world.notices.receipt(LEGAL, message_id, delivered, status, world.now) is None
    assert world.notices.show(one).state is S.DELIVERED


def test_the_person_blocks_us(world: World) -> None:
    one = accepted(world)
    world.notices.receipt(LEGAL, world.notices.show(one).message_id or "", False, "failed:user block", world.now)
    assert world.notices.show(one).state is S.FAILED_FOR_GOOD


def test_a_failure_of_the_platform_goes_on_to_the_next_channel(world: World) -> None:
    one = accepted(world)
    message_id = world.notices.show(one).message_id or ""
    world.notices.receipt(LEGAL, message_id, False, "failed: system failed", world.now)
    world.notices.receipt(LEGAL, message_id, False, "failed: system failed", world.now)
    world.work()
    shown = world.notices.show(one)
    assert (shown.state, shown.channel) == (S.DELIVERED, Channel.CUSTOM)
    world.notices.receipt(LEGAL, message_id, False, "failed: system failed", world.now)
    assert world.notices.show(one).state is S.DELIVERED


def test_receipt_of_the_first_channel_does_not_touch_the_second(world: World) -> None:
    """A doubled failure report of the template must not count against the message that followed it."""
    one = notice("case#1")
    world.place(one)
    world.work()
    first = world.notices.show(one.id).message_id or ""
    world.notices.receipt(LEGAL, first, False, "failed: system failed", world.now)
    world.platform.script = [(Outcome(Reaction.RETRY, code=-1), False)]
    world.work(limit=1)
    assert world.notices.receipt(LEGAL, first, False, "failed: system failed", world.now) is None
    assert world.notices.show(one.id).state is S.FAILED_FOR_NOW


def test_a_receipt_that_overtakes_the_answer(world: World) -> None:
    """The report is there before the worker has written the acceptance, in the middle of the call."""
    one = notice()
    real = world.platform.send

    def send_and_report(message: Outbound) -> Outcome:
        outcome = real(message)
        world.place(notice("loan#other"))  # with another one waiting, the unknown id cannot be guessed
        world.notices.receipt(LEGAL, outcome.message_id or "", True, "success", world.now)
        return outcome

    world.platform.send = send_and_report  # type: ignore[method-assign]
    world.place(one)
    world.notices.deliver(one.id, world.now)
    assert world.notices.show(one.id).state is S.DELIVERED


def test_id_zero_is_joined_by_person_and_template(world: World) -> None:
    older, newer = accepted(world, "loan#1"), None
    world.clock.advance(60)
    newer = accepted(world, "loan#2")
    assert world.notices.receipt(LEGAL, "0", True, "success", world.now, template_id="tmpl-case") is None
    world.notices.receipt(LEGAL, "0", True, "success", world.now)
    assert (world.notices.show(older).state, world.notices.show(newer).state) == (S.DELIVERED, S.ACCEPTED)
    world.clock.advance(timedelta(days=2))
    assert world.notices.receipt(LEGAL, "0", True, "success", world.now) is None


def test_a_receipt_settles_what_a_killed_worker_left_open(world: World) -> None:
    one = notice()
    world.place(one)
    world.platform.die_after_delivery = True
    with pytest.raises(Killed):
        world.work()
    world.notices.receipt(LEGAL, "3487542469355618399", True, "success", world.now)
    assert world.notices.show(one.id).state is S.DELIVERED
    world.settle(20)
    assert len(world.platform.calls) == 1


def test_unknown_receipts_are_no_error(world: World) -> None:
    assert world.notices.receipt("o-stranger", "5", True, "success", world.now) is None
    assert world.notices.receipt("o-stranger", "5", True, "success", world.now) is None


def test_a_missing_receipt_is_counted_once_a_day(world: World) -> None:
    accepted(world)
    world.clock.advance(timedelta(hours=25))
    assert world.notices.sweep(world.now).found == {"没有回执": 1}
    assert world.notices.sweep(world.now).found == {}


def test_a_receipt_days_late_still_settles_it(world: World) -> None:
    one = accepted(world)
    world.clock.advance(timedelta(hours=25))
    world.notices.sweep(world.now)
    assert world.notices.show(one).state is S.MAYBE_SENT
    world.clock.advance(timedelta(days=2))
    world.notices.receipt(LEGAL, world.notices.show(one).message_id or "", True, "success", world.now)
    assert world.notices.show(one).state is S.DELIVERED


def test_several_held_for_review_are_settled_in_turn(world: World) -> None:
    """Their receipts have ids that we were never told."""
    ones = [notice(f"loan#{n}") for n in range(3)]
    world.platform.script = [(Outcome(Reaction.HELD, code=40252), True)] * 3
    world.place(*ones)
    world.work()
    for message_id in ("71", "72", "73"):
        world.notices.receipt(LEGAL, message_id, True, "success", world.now)
    assert {world.notices.show(one.id).state for one in ones} == {S.DELIVERED}

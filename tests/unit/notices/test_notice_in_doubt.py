"""What may have gone out already (结果不明) ends as maybe sent, whatever else happens: a receipt can still tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.notices.quiet import QuietHours
from chalicelib.ports import Outcome, Reaction
from tests.unit.notices.support import LEGAL, NOW, World, notice

S = NoticeState
UNCLEAR = (Outcome(Reaction.AMBIGUOUS), True)  # no answer, and the person has it


def in_doubt(world: World) -> Notice:
    world.place(one := notice("loan#doubt"))
    world.platform.script = [UNCLEAR]
    world.work()
    assert world.notices.show(one.id).state is S.FAILED_FOR_NOW
    return one


@pytest.mark.parametrize("reaction", [Reaction.PERSON_GONE, Reaction.BAD_DATA])
def test_an_end_at_the_repeat_says_nothing_of_the_first_try(reaction: Reaction) -> None:
    world = World()
    one = in_doubt(world)
    world.platform.script = [(Outcome(reaction, code=43004), False)]
    world.settle(2)
    found = world.notices.show(one.id)
    assert found.state is S.MAYBE_SENT
    assert "43004" in found.history[-1].cause
    world.notices.receipt(LEGAL, "3487542469355618314", True, "success", world.now)
    assert world.notices.show(one.id).state is S.DELIVERED


def _operator(world: World, one: Notice) -> None:
    world.notices.cancel(one.id, world.now)


def _person(world: World, one: Notice) -> None:
    world.notices.cancel_for(LEGAL, None, world.now)


def _before_sending(world: World, one: Notice) -> None:
    world.county.withdraw(LEGAL, Scope.LOAN_ALERT)
    world.settle(2)


@pytest.mark.parametrize("cancel", [_operator, _person, _before_sending])
def test_cancelled_it_goes_out_no_more_and_a_receipt_still_counts(cancel: Callable[[World, Notice], None]) -> None:
    world = World()
    one = in_doubt(world)
    cancel(world, one)
    assert world.notices.show(one.id).state is S.MAYBE_SENT
    world.settle(15)
    assert len(world.platform.calls) == 1
    world.notices.receipt(LEGAL, "3487542469355618314", True, "success", world.now)
    assert world.notices.show(one.id).state is S.DELIVERED


def test_an_operator_settles_what_is_maybe_sent() -> None:
    world = World()
    one = in_doubt(world)
    world.notices.cancel(one.id, world.now)
    assert world.notices.cancel(one.id, world.now).state is S.CANCELLED


def test_the_night_does_not_keep_it_from_being_parked() -> None:
    world = World(quiet=QuietHours())
    world.clock.advance(timedelta(hours=11, minutes=59, seconds=58).total_seconds())  # two seconds to 21:00
    world.place(one := notice(now=world.now))
    world.platform.script = [UNCLEAR]
    world.work()
    world.settle(12)
    assert world.notices.show(one.id).state is S.MAYBE_SENT


def test_a_used_up_day_does_not_keep_it_from_being_parked() -> None:
    """The 100,000 of a day are gone when its repeat is due."""
    world = World(per_day=1)
    one = in_doubt(world)
    world.settle(12)
    assert len(world.platform.calls) == 1
    assert world.notices.show(one.id).state is S.MAYBE_SENT


def test_a_person_s_limit_counts_notices_and_not_tries() -> None:
    world = World(per_person=2)
    world.place(first := notice("loan#1"))
    world.platform.script = [(Outcome(Reaction.RETRY, code=-1), False)] * 3
    world.settle(10)
    assert world.notices.show(first.id).state is S.ACCEPTED
    world.place(second := notice("loan#2", now=world.now))
    world.work()
    assert world.notices.show(second.id).state is S.ACCEPTED
    world.place(third := notice("loan#3", now=world.now))
    world.work()
    assert world.notices.show(third.id).state is S.QUEUED


def test_the_night_is_no_delay_of_what_came_in_the_evening() -> None:
    world = World(quiet=QuietHours())
    world.clock.advance(timedelta(hours=12).total_seconds())  # 21:00
    world.place(one := notice(now=world.now, kind=NoticeKind.CASE_PROGRESS))
    world.work()
    assert world.notices.show(one.id).not_before == NOW + timedelta(hours=23)
    world.settle(11 * 60 + 2)
    level = world.notices.stats(NOW.date(), world.now)
    assert (level.sent, level.within_60s) == (1, 1.0)

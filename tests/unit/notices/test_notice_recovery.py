"""A server that starts alone takes up at once what a dead one was sending."""

from __future__ import annotations

import pytest

from chalicelib.notices.model import NoticeState
from tests.unit.notices.support import Killed, World, notice


def test_what_dead_workers_were_sending_goes_on_at_once_and_arrives_once() -> None:
    world = World()
    world.place(sent := notice("loan#L1"), waiting := notice("loan#L2"))
    world.platform.die_after_delivery = True
    with pytest.raises(Killed):
        world.notices.deliver(sent.id, world.now)
    assert world.notices.sweep(world.now).total == 0  # its lease has not run out
    assert world.notices.recover(world.now).found == {"中断重试": 1}
    assert world.notices.recover(world.now).total == 0
    world.work()
    assert world.platform.seen == {sent.id: 1, waiting.id: 1}
    assert {world.notices.show(each.id).state for each in (sent, waiting)} == {NoticeState.ACCEPTED}

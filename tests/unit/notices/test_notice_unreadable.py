"""A row that this release cannot read is an alarm, and holds up nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Notice, NoticeState, UnreadableNotice
from chalicelib.notices.sweeping import BATCH
from tests.unit.notices.support import LEGAL, NOW, USCC, World, notice

S = NoticeState


@pytest.fixture
def world() -> World:
    world = World()
    world.county.bind(USCC, "o-other")
    return world


def two(world: World) -> tuple[Notice, Notice]:
    """One that a later release wrote, and one of ours; both are waiting."""
    world.place(theirs := notice("loan#theirs"), ours := notice("loan#ours", "o-other"))
    row = world.memory.get(f"notice#{theirs.id}", "row")
    assert row is not None
    world.memory.put(replace(row, body={**row.body, "colour": LEGAL}), if_version=row.version)
    return theirs, ours


def test_the_sweep_goes_on_behind_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    theirs, ours = two(world)
    later = NOW + timedelta(minutes=11)
    assert [one.id for one, _ in world.notices.sweep_plan(later)] == [ours.id]
    assert world.notices.sweep(later).found == {"重新入队": 1}
    [alarm, *_] = [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]
    assert alarm.startswith("alarm: ") and theirs.id in alarm and "colour" in alarm
    assert LEGAL not in alarm


def test_a_batch_goes_on_without_it_and_it_fails_by_itself(world: World) -> None:
    theirs, ours = two(world)
    world.place(third := notice("loan#third", LEGAL))
    done = world.notices.deliver_together([theirs.id, ours.id, third.id], world.now)
    assert set(done) == {ours.id, third.id}
    with pytest.raises(UnreadableNotice, match=f"{theirs.id}.*colour"):
        world.notices.deliver(theirs.id, world.now)


def test_lists_the_level_and_a_withdrawal_go_on_without_it(world: World) -> None:
    _, ours = two(world)
    world.place(mine := notice("loan#mine"))
    assert {one.id for one in world.notices.list(S.QUEUED)} == {ours.id, mine.id}
    assert {one.id for one in world.notices.inbox(USCC)} == {ours.id, mine.id}
    assert world.notices.stats(NOW.date(), NOW).created == 2
    assert world.notices.cancel_for(LEGAL, None, NOW) == 1
    assert world.notices.show(mine.id).state is S.CANCELLED


def test_the_sweep_takes_what_is_urgent_first() -> None:
    """However many digests wait, and for however long."""
    world = World()
    digests = [notice(f"policy#{n}", kind=NoticeKind.POLICY_DIGEST) for n in range(12)]
    world.place(*digests)
    world.place(alert := notice("loan#late"))
    plan = [one.id for one, _ in world.notices.sweep_plan(NOW + timedelta(minutes=11))]
    assert plan[0] == alert.id
    assert len(plan) == 13 <= BATCH

"""A digest to the whole county goes through a queue that nothing else stands in."""

from __future__ import annotations

from chalicelib.notices.kinds import QUEUES, NoticeKind, Priority
from tests.unit.notices.support import World, notice


def test_a_case_notice_and_a_reminder_stand_in_queues_without_the_digest() -> None:
    world = World()
    for n in range(60):
        world.county.bind(f"u{n}", f"o-{n}")
        world.place(notice("digest", f"o-{n}", kind=NoticeKind.POLICY_DIGEST, uscc=f"u{n}"))
    world.place(notice())
    assert {p: world.queue.depth(QUEUES[p]) for p in Priority} == {
        Priority.URGENT: 1,
        Priority.NORMAL: 0,
        Priority.BULK: 60,
    }

"""删除权: all rooms forget a person, in the right order, and nobody who is back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.dialogue.tickets import TicketService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.scopes import Scope
from chalicelib.privacy.erasure import ErasureService

ME = "oMe"
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process ended here."""


class Notices:
    """Told to forget; ``pushable`` notes whether a push could still have been placed behind it."""

    def __init__(self, followers: FollowerService, consents: ConsentService) -> None:
        self._followers, self._consents = followers, consents
        self.forgotten: list[str] = []
        self.pushable: list[bool] = []
        self.lives: int | None = None

    def forget(self, openid: str, now: datetime) -> int:
        if self.lives == 0:
            raise Killed
        self.forgotten.append(openid)
        self.pushable.append(self._followers.is_following(openid) or self._consents.allows(openid, Scope.POLICY_PUSH))
        return 0


class World:
    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        store = MemoryStore(self.clock)
        self.followers, self.consents = FollowerService(store), ConsentService(store)
        self.tickets = TicketService(store)
        self.notices = Notices(self.followers, self.consents)
        self.erasure = ErasureService(self.notices, self.followers, [self.tickets.forget])  # type: ignore[arg-type]
        self.erasure.come(ME, NOW, happened=NOW)
        self.consents.grant(ME, Scope, "v1", "chat", NOW)
        self.tickets.open(ME, "投诉建议", "没人管", NOW)
        self.clock.advance(60)

    @property
    def mine(self) -> int:
        return len(self.tickets.of_person(ME))


@pytest.fixture
def world() -> World:
    return World()


def test_nothing_can_be_pushed_from_before_the_rooms_forget(world: World) -> None:
    world.erasure.leave(ME, world.clock.now(), world.clock.now())
    assert (world.notices.forgotten, world.notices.pushable) == ([ME], [False])
    assert world.mine == 0
    assert not world.followers.is_following(ME)


def test_a_late_copy_takes_nothing_from_who_is_back(world: World) -> None:
    """Resumed after a crash, or delivered once more: by then the person follows again."""
    left = world.clock.now()
    world.erasure.leave(ME, left, left)
    world.erasure.come(ME, left + MINUTE, happened=left + MINUTE)
    world.tickets.open(ME, "人工答复", "怎么换法人", left + MINUTE)
    world.erasure.leave(ME, left + 2 * MINUTE, left)
    assert world.notices.forgotten == [ME]
    assert world.mine == 1
    assert world.followers.is_following(ME)


def test_who_comes_back_to_a_leave_that_was_cut_short_is_forgotten_first(world: World) -> None:
    world.notices.lives = 0
    with pytest.raises(Killed):
        world.erasure.leave(ME, world.clock.now(), world.clock.now())
    assert world.mine == 1
    assert world.consents.current(ME) == {}
    world.notices.lives = None
    world.erasure.come(ME, world.clock.now() + MINUTE, happened=world.clock.now() + MINUTE)
    assert world.mine == 0
    assert world.followers.is_following(ME)


def test_who_deletes_everything_still_follows_since_they_came(world: World) -> None:
    """By the platform's clock, so that an older unfollowing that comes late is still an older one."""
    world.erasure.erase(ME, world.clock.now())
    assert world.mine == 0
    assert world.consents.current(ME) == {}
    world.erasure.leave(ME, world.clock.now(), NOW - MINUTE)
    assert world.followers.is_following(ME)
    world.erasure.leave(ME, world.clock.now(), NOW + MINUTE)
    assert not world.followers.is_following(ME)

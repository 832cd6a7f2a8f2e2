from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises import uscc
from chalicelib.enterprises.binding import BindingRefused, BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.tries import LOOKUP, tries_key
from chalicelib.ports import Record
from tests.unit.enterprises.recording import Killed, RecordingStore

ME, NEIGHBOUR = "oMINE", "oNEIGHBOUR"
LEFT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""By the platform's clock."""


def code(number: int) -> str:
    body = f"91360323MAXX{number:05d}"
    return body + uscc.check_character(body)


def settle(store: MemoryStore, clock: FixedClock, openid: str, bindings: int = 3) -> None:
    """A person with a bit of everything that this product keeps."""
    FollowerService(store).follow(openid, clock.now(), scene="hall-1")
    service = BindingService(store)
    for number in range(bindings):
        service.redeem(openid, service.issue_code(code(number), "法人", "op-1", clock.now()).code, clock.now())
    ConsentService(store).grant(openid, Scope, "v1", "chat", clock.now())
    with pytest.raises(BindingRefused):
        service.redeem(openid, "WRONG222", clock.now())
    store.add(tries_key(LOOKUP, openid), "row", {"misses": 2})
    store.put(Record(f"person#{openid}", "session", {"topic": "bind"}))
    store.put(Record(f"person#{openid}", "draft#form-1", {"answers": []}))


def traces(store: MemoryStore, openid: str) -> list[tuple[str, str]]:
    return [key for key, (_, text) in store._rows.items() if openid in f"{key}{text}"]


def test_follow_is_remembered_once_with_its_scene(store: MemoryStore, clock: FixedClock) -> None:
    followers = FollowerService(store)
    assert not followers.is_following(ME)
    followers.follow(ME, clock.now(), scene="hall-1")
    clock.advance(60)
    followers.follow(ME, clock.now(), scene="hall-2")
    row = store.get(f"person#{ME}", "follower")
    assert row is not None
    assert row.body["scene"] == "hall-1"
    assert row.version == 1
    assert row.gsi1 is not None
    assert followers.is_following(ME)


@pytest.mark.parametrize("bindings", [0, 3, 230])
def test_nothing_of_a_person_stays_but_the_pseudonymous_history(
    store: MemoryStore, clock: FixedClock, bindings: int
) -> None:
    settle(store, clock, ME, bindings)
    settle(store, clock, NEIGHBOUR, 2)
    neighbour_before = traces(store, NEIGHBOUR)
    clock.advance(60)
    for _ in range(2):
        FollowerService(store).unfollow(ME, clock.now())
        assert traces(store, ME) == []
        assert traces(store, NEIGHBOUR) == neighbour_before
        history = ConsentService(store).history(ME)
        assert len(history) == 2 * len(Scope)
        assert {line.scope for line in history if line.action == "withdrawn"} == set(Scope)
        assert {line.channel for line in history if line.action == "withdrawn"} == {"unfollow"}


def test_someone_unknown_may_leave(store: MemoryStore, clock: FixedClock) -> None:
    store.put(Record(f"person#{ME}", "session", {}))  # wrote before the account kept followers
    FollowerService(store).unfollow(ME, clock.now())
    assert store._rows == {}


def killed_after(lives: int, clock: FixedClock) -> tuple[RecordingStore, bool]:
    store = RecordingStore(clock)
    settle(store, clock, ME, 130)
    clock.advance(60)
    store.lives = lives
    try:
        FollowerService(store).unfollow(ME, clock.now(), LEFT)
    except Killed:
        store.lives = None
        return store, True
    return store, False


def test_cut_short_anywhere_nothing_can_be_pushed_and_a_second_call_finishes(clock: FixedClock) -> None:
    lives = 0
    while True:
        store, killed = killed_after(lives, clock)
        if not killed:
            break
        untouched = lives == 0
        assert (ConsentService(store).recipients(code(5), Scope.POLICY_PUSH) != []) == untouched
        assert FollowerService(store).is_following(ME) == untouched
        FollowerService(store).unfollow(ME, clock.now())
        assert traces(store, ME) == []
        assert len(ConsentService(store).history(ME)) == 2 * len(Scope)
        lives += 1
    assert lives == 6  # the mark with the consents, four batches of rows, the mark's end


def test_coming_back_after_a_leave_that_was_cut_short_finds_nothing_of_before(clock: FixedClock) -> None:
    store, killed = killed_after(2, clock)
    assert killed
    clock.advance(60)
    FollowerService(store).follow(ME, clock.now())
    assert FollowerService(store).is_following(ME)
    assert traces(store, ME) == [(f"person#{ME}", "follower")]


def test_a_late_copy_of_an_older_event_changes_nothing(store: MemoryStore, clock: FixedClock) -> None:
    followers = FollowerService(store)
    settle(store, clock, ME)
    left = clock.now()
    clock.advance(timedelta(minutes=1))
    followers.unfollow(ME, clock.now(), left)
    followers.follow(ME, clock.now(), happened=clock.now())
    followers.unfollow(ME, clock.now(), left)
    assert followers.is_following(ME)
    followers.unfollow(ME, clock.now(), clock.now())
    assert not followers.is_following(ME)


def test_what_a_person_asks_for_is_never_late(store: MemoryStore, clock: FixedClock) -> None:
    """The platform's clock goes ahead of ours."""
    followers = FollowerService(store)
    followers.follow(ME, clock.now(), happened=clock.now() + timedelta(seconds=5))
    followers.unfollow(ME, clock.now())
    assert not followers.is_following(ME)


def test_a_follow_older_than_an_unfinished_leave_does_not_open_the_door(clock: FixedClock) -> None:
    store, killed = killed_after(1, clock)
    assert killed
    followers = FollowerService(store)
    followers.follow(ME, clock.now(), happened=LEFT - timedelta(seconds=1))
    assert not followers.is_following(ME)
    followers.follow(ME, clock.now(), happened=LEFT)
    assert followers.is_following(ME)


def test_who_is_back_while_the_old_rows_go_keeps_the_new_ones(clock: FixedClock) -> None:
    """The event is worked off slowly, or again after a crash, beside the next one."""
    store = RecordingStore(clock)
    followers = FollowerService(store)
    settle(store, clock, ME, 130)
    mark = followers.shut(ME, clock.now(), LEFT)
    assert mark is not None
    clock.advance(60)
    followers.follow(ME, clock.now(), happened=clock.now())
    bindings = BindingService(store)
    bindings.redeem(ME, bindings.issue_code(code(7), "法人", "op-1", clock.now()).code, clock.now())
    followers.forget(ME, mark)
    assert followers.is_following(ME)
    assert [binding.uscc for binding in bindings.of_person(ME)] == [code(7)]

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises.tries import LOOKUP, LockedOut, Lockout


def test_five_misses_lock_for_thirty_minutes(store: MemoryStore, clock: FixedClock) -> None:
    lockout = Lockout(store, LOOKUP)
    for _ in range(5):
        lockout.check("o1", clock.now())
        lockout.miss("o1", clock.now())
    with pytest.raises(LockedOut, match="30 分钟"):
        lockout.check("o1", clock.now())
    lockout.check("o2", clock.now())
    clock.advance(timedelta(minutes=29, seconds=59))
    with pytest.raises(LockedOut):
        lockout.miss("o1", clock.now())
    clock.advance(1)
    lockout.check("o1", clock.now())
    lockout.miss("o1", clock.now())


def test_being_refused_does_not_make_the_lock_longer(store: MemoryStore, clock: FixedClock) -> None:
    lockout = Lockout(store, LOOKUP, limit=1)
    lockout.miss("o1", clock.now())
    clock.advance(timedelta(minutes=20))
    with pytest.raises(LockedOut):
        lockout.miss("o1", clock.now())
    clock.advance(timedelta(minutes=10))
    lockout.check("o1", clock.now())


def test_getting_it_right_forgets_and_kinds_do_not_mix(store: MemoryStore, clock: FixedClock) -> None:
    lookup, bind = Lockout(store, LOOKUP, limit=2), Lockout(store, "bind", limit=2)
    lookup.miss("o1", clock.now())
    store.transact([lookup.cleared("o1")])
    lookup.miss("o1", clock.now())
    lookup.check("o1", clock.now())
    lookup.miss("o1", clock.now())
    bind.check("o1", clock.now())
    with pytest.raises(LockedOut):
        lookup.check("o1", clock.now())


def test_parallel_misses_all_count_and_never_more_than_the_limit(store: MemoryStore, clock: FixedClock) -> None:
    lockout = Lockout(store, LOOKUP)

    def one(_: int) -> bool:
        try:
            lockout.miss("o1", clock.now())
        except LockedOut:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(40))) == 5

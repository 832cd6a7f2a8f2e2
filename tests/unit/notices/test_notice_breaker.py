"""A pause ends when the longest that was asked for ends."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.notices.breaker import Breaker
from tests.unit.notices.support import NOW

CUSTOM = "channel#custom"


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """A worker that had asked before the quota ran out is told something milder after it."""
    clock = FixedClock(NOW)
    breaker = Breaker(MemoryStore(clock))
    breaker.trip(CUSTOM, NOW, 45009, "今日次数用完", 7200)
    later = NOW + timedelta(seconds=1)
    assert breaker.trip(CUSTOM, later, 45011, "太频繁", 60).until == NOW + timedelta(hours=2)
    assert breaker.holding(later)[CUSTOM].code == 45009


def test_a_longer_pause_takes_the_place_of_a_shorter_and_of_one_that_is_over() -> None:
    clock = FixedClock(NOW)
    breaker = Breaker(MemoryStore(clock))
    breaker.trip(CUSTOM, NOW, 45011, "太频繁", 60)
    assert breaker.trip(CUSTOM, NOW, 45009, "今日次数用完", 7200).until == NOW + timedelta(hours=2)
    clock.advance(7300)
    now = clock.now()
    assert breaker.holding(now) == {}
    assert breaker.trip(CUSTOM, now, 45011, "太频繁", 60).until == now + timedelta(seconds=60)

"""Whatever order the platform's deliveries come in, and wherever the process dies: each message has one effect, and
every delivery of it that is answered gets the same answer."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from threading import Thread

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fault.callback_house import House
from tests.unit.notices.support import Killed

MESSAGES = 4
Step = tuple[str, int]
Heard = dict[int, list[str]]

steps = st.one_of(
    st.tuples(st.just("deliver"), st.integers(1, MESSAGES)),
    st.tuples(st.just("together"), st.integers(1, MESSAGES)),
    st.tuples(st.just("die before write"), st.integers(1, 4)),
    st.tuples(st.just("die after write"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 9, 31])),
    st.tuples(st.just("work"), st.just(0)),
)


class Run:
    """One sequence on a house of its own; ``heard`` are the answers by message."""

    def __init__(self) -> None:
        self.house = House()
        self.house.pause = self._pause
        self.heard: Heard = defaultdict(list)
        self.sent: set[int] = set()

    def _pause(self, seconds: float) -> None:
        self.house.clock.advance(seconds)
        time.sleep(0.0002)  # let the delivery that has it go on

    def act(self, step: Step) -> None:
        name, value = step
        match name:
            case "deliver":
                self.deliver(value)
            case "together":
                threads = [Thread(target=self.deliver, args=(value,)) for _ in range(3)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            case "die before write" | "die after write":
                self.house.store.left, self.house.store.after = value, "after" in name
            case "wait":
                self.house.clock.advance(value)
            case "work":
                with contextlib.suppress(Killed):
                    self.house.work()

    def deliver(self, number: int) -> None:
        self.sent.add(number)
        with contextlib.suppress(Killed):
            answer = self.house.deliver(number)
            if answer is not None:
                self.heard[number].append(answer)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25))
def test_one_effect_and_one_answer(history: list[Step]) -> None:
    run = Run()
    for step in history:
        run.act(step)
    run.house.revive()
    run.house.clock.advance(31)
    for number in sorted(run.sent):
        run.deliver(number)
        run.deliver(number)
    assert sorted(run.house.effects()) == sorted(f"m{number}" for number in run.sent)
    for number in run.sent:
        assert len(run.heard[number]) >= 2
        assert len(set(run.heard[number])) == 1
        assert run.heard[number][0].endswith(f"m{number}")

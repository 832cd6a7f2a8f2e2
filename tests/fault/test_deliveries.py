"""Whatever order the platform's deliveries come in, and wherever the process dies: each message has one effect, and
every delivery of it that is answered gets the same answer; or, where one waited in vain for a dead process, the answer
comes once as a custom message (客服消息) and on no delivery."""

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
    """One sequence on a house of its own; ``heard`` are the answers on deliveries, by message; ``lost`` how often a
    consumer died."""

    def __init__(self) -> None:
        self.house = House()
        self.house.pause = self._pause
        self.heard: Heard = defaultdict(list)
        self.sent: set[int] = set()
        self.lost = 0

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
                self.work()

    def work(self) -> None:
        try:
            self.house.work()
        except Killed:
            self.lost += 1

    def end(self) -> None:
        """Nothing dies any more: late deliveries of everything, and minutes of consumers."""
        self.house.revive()
        self.house.clock.advance(31)
        for number in sorted(self.sent):
            self.deliver(number)
            self.deliver(number)
        for _ in range(40):
            self.house.clock.advance(5)
            self.work()

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
    run.end()
    assert sorted(run.house.effects()) == sorted(f"m{number}" for number in run.sent)
    silent = 0
    for number in run.sent:
        late = [text for text in run.house.ear.heard if text.endswith(f"m{number}")]
        heard = run.heard[number]
        assert len(set(heard)) + len(late) <= 1
        assert not heard or len(heard) >= 2
        assert all(text.endswith(f"m{number}") for text in heard)
        silent += not heard and not late
    assert silent <= run.lost  # who dies between the mark and the call says nothing, rather than it twice

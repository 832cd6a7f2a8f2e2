"""As ``test_deliveries``, where answers may be slow: messages of one person are worked on at the same time, are
acknowledged before their answers are there, and any of it dies at any write. Each message has one effect, and its
answer is said on its deliveries or by one custom message (客服消息), never by both. What was acknowledged once is not
delivered again to mend anything."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from contextvars import ContextVar
from threading import Event, Thread

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.dialogue.model import Incoming, Reply, Session
from tests.fault.callback_house import Echo, House
from tests.unit.notices.support import Killed

MESSAGES = 3
LONG = 60.0
"""Seconds that nothing here takes."""

Step = tuple[str, int]

steps = st.one_of(
    st.tuples(st.sampled_from(["deliver", "deliver hastily", "deliver slowly"]), st.integers(1, MESSAGES)),
    st.tuples(st.sampled_from(["all together", "go on", "work", "die while saying it"]), st.just(0)),
    st.tuples(st.sampled_from(["die before write", "die after write"]), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([2, 5, 9, 31, 61])),
)

_slow: ContextVar[bool] = ContextVar("slow", default=False)


class HeldEcho(Echo):
    """What is delivered slowly stands still in the middle, its session read and nothing written, until ``gate``."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Event()

    def answer(self, incoming: Incoming, session: Session) -> tuple[Reply | None, Session | None]:
        if _slow.get():
            assert self.gate.wait(LONG)
        return super().answer(incoming, session)


class Run:
    """``heard`` are the answers on deliveries, by message; ``late`` the messages that were acknowledged with an answer
    owed; ``lost`` how often a consumer died."""

    def __init__(self) -> None:
        self.echo = HeldEcho()
        self.house = House(LONG, self.echo)
        self.house.pause = self._pause
        self.hasty = self.house.patient(0.0)
        self.heard: dict[int, list[str]] = defaultdict(list)
        self.sent: set[int] = set()
        self.acknowledged: set[int] = set()
        self.late: set[int] = set()
        self.lost = 0

    def _pause(self, seconds: float) -> None:
        self.house.clock.advance(seconds)
        time.sleep(0.0002)  # let the delivery that has it go on

    def act(self, step: Step) -> None:
        name, value = step
        match name:
            case "deliver":
                self.deliver(value)
            case "deliver hastily":
                self.deliver(value, hastily=True)
            case "deliver slowly":
                mark = _slow.set(True)
                self.deliver(value, hastily=True)
                _slow.reset(mark)
            case "all together":
                self.all_together()
            case "go on":
                self.go_on()
            case "work":
                self.work()
            case "wait":
                self.house.clock.advance(value)
            case "die while saying it":
                self.house.ear.dies = True
            case _:
                self.house.store.left, self.house.store.after = value, "after" in name

    def deliver(self, number: int, *, hastily: bool = False) -> None:
        self.sent.add(number)
        with contextlib.suppress(Killed):
            answer = self.house.deliver(number, self.hasty if hastily else None)
            self.acknowledged.add(number)
            if answer is not None:
                self.heard[number].append(answer)
            elif self.house.owes(number):
                self.late.add(number)

    def all_together(self) -> None:
        threads = [Thread(target=self.deliver, args=(n,)) for n in (*range(1, MESSAGES + 1), *range(1, MESSAGES + 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def go_on(self) -> None:
        """Let everything that stands still end."""
        self.echo.gate.set()
        for thread in threading.enumerate():
            if thread.name == "answer":
                thread.join(LONG)
        self.echo.gate.clear()

    def work(self) -> None:
        try:
            self.house.work()
        except Killed:
            self.lost += 1

    def end(self) -> None:
        """Nothing dies any more: the platform's last deliveries of what it got no word on, and minutes of consumers."""
        self.go_on()
        self.house.revive()
        self.house.clock.advance(31)
        for number in sorted(self.sent - self.acknowledged):
            self.deliver(number)
            self.deliver(number)
        for _ in range(40):
            self.house.clock.advance(5)
            self.house.work()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25))
def test_one_effect_and_the_answer_in_one_way(history: list[Step]) -> None:
    run = Run()
    try:
        for step in history:
            run.act(step)
    finally:
        run.end()
    assert sorted(run.house.effects()) == sorted(f"m{number}" for number in run.sent)
    silent = 0
    for number in run.sent:
        late = [text for text in run.house.ear.heard if text.endswith(f"m{number}")]
        assert len(set(run.heard[number])) + len(late) <= 1
        assert not (number in run.late and run.heard[number])
        silent += not run.heard[number] and not late
    assert silent <= run.lost  # who dies between the mark and the call says nothing, rather than it twice

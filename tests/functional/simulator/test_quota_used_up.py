"""The day's template messages are used up on the simulator: other channels go on, and the channel opens at midnight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryQueue, MemoryStore
from chalicelib.adapters.wechat_messenger import WechatMessenger
from chalicelib.links import Links
from chalicelib.notices.kinds import QUEUES, NoticeKind
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.notices.service import NoticeService
from chalicelib.wechat.client import PlatformClient
from simulator import Simulator
from tests.functional.simulator.running import client_to, running
from tests.unit.notices.support import NOW, County, notice

A_DAY = 3


class Town:
    """``talker`` said something within 48 hours, ``silent`` never did."""

    def __init__(self, simulator: Simulator, client: PlatformClient, clock: FixedClock) -> None:
        self.simulator, self.clock = simulator, clock
        store, self.queue = MemoryStore(clock), MemoryQueue(clock)
        county = County(store)
        self.talker, self.silent = (simulator.phone.add_user(name) for name in ("甲", "乙"))
        for openid in (self.talker, self.silent):
            simulator.phone.follow(openid)
            county.bind(f"u-{openid}", openid)
        simulator.phone.say(self.talker, "你好")
        self.notices = NoticeService(
            store,
            self.queue,
            WechatMessenger(client),
            bindings=county.bindings,
            consents=county.consents,
            followers=county.followers,
            links=Links("https://example.test", "s" * 32),
            templates={NoticeKind.LOAN_PROGRESS: "tmpl-loan-progress"},
        )

    def tell(self, openid: str, number: int) -> Notice:
        one = notice(f"loan#{number}", openid, self.clock.now(), uscc=f"u-{openid}", expires_at=NOW + timedelta(days=9))
        self.notices.place([one], self.clock.now())
        return one

    def work(self) -> None:
        for queue in QUEUES.values():
            while messages := self.queue.receive(queue):
                for message in messages:
                    self.notices.deliver(str(message.body["notice"]), self.clock.now())
                    self.queue.ack(queue, message.receipt)

    def got(self, openid: str, channel: str) -> int:
        return sum(row["channel"] == channel for row in self.simulator.world.chat.messages(openid))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = FixedClock(NOW)
    limits = {"daily_limits": {"cgi-bin/message/template/send": A_DAY}, "push_timeout": 0.2, "retry_pause": 0.01}
    with running(tmp_path, clock, **limits) as simulator, client_to(simulator, clock) as client:
        yield Town(simulator, client, clock)


def test_other_channels_go_on_and_the_channel_opens_at_midnight(town: Town) -> None:
    town.clock.advance(timedelta(minutes=2))  # the minute that follows a follow is over
    to_talker = [town.tell(town.talker, n) for n in range(A_DAY + 2)]
    town.work()
    assert (town.got(town.talker, "template"), town.got(town.talker, "custom")) == (A_DAY, 2)
    waiting = town.tell(town.silent, 9)
    town.work()
    assert town.notices.show(waiting.id).state is NoticeState.QUEUED
    [pause] = town.notices.paused(town.clock.now())
    assert (pause.name, pause.code) == ("channel#template", 45009)
    town.clock.advance(pause.until - town.clock.now())
    town.notices.sweep(town.clock.now())
    town.work()
    assert town.notices.show(waiting.id).state is NoticeState.ACCEPTED
    assert (town.got(town.silent, "template"), town.got(town.silent, "custom")) == (1, 0)
    assert {town.notices.show(one.id).state for one in to_talker} == {NoticeState.ACCEPTED, NoticeState.DELIVERED}

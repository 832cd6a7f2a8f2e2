"""政策月报 against the simulator: two people, one mass message, whatever the platform answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.wechat_mass import WechatMass
from chalicelib.notices.monthly import Monthly, MonthlyRefused, MonthlyService, MonthlyState
from chalicelib.notices.monthly_article import Measure, article
from chalicelib.wechat.client import PlatformClient
from simulator import Simulator
from simulator.config import COVER
from tests.functional.simulator.running import client_to, running

MONTH, ANN, BOB = "2026-11", "ann", "bob"
ARTICLE = article(MONTH, [Measure("稳岗<返还>", "县人社局", "按上年缴费返还", date(2026, 12, 31))], "https://x", COVER)


class Office:
    def __init__(self, simulator: Simulator, client: PlatformClient, clock: FixedClock) -> None:
        self.simulator, self.clock = simulator, clock
        self.monthly = MonthlyService(MemoryStore(clock), WechatMass(lambda: client))
        self.readers = [simulator.phone.add_user(name) for name in ("甲", "乙")]
        for reader in self.readers:
            simulator.phone.follow(reader)

    def draft(self, month: str = MONTH) -> Monthly:
        return self.monthly.draft(month, ARTICLE, ANN, self.clock.now())

    def looked_at(self, month: str = MONTH) -> None:
        self.draft(month)
        self.monthly.preview(month, "甲")

    def send(self, month: str = MONTH, by: str = BOB) -> Monthly:
        return self.monthly.send(month, by, self.clock.now())

    def got(self, channel: str = "mass") -> list[int]:
        rows = (self.simulator.world.chat.messages(reader) for reader in self.readers)
        return [sum(row["channel"] == channel for row in each) for each in rows]

    def scenario(self, **rule: object) -> None:
        body = json.dumps({"seed": 1, "rules": [{"api": "message/mass/sendall", "count": 1, **rule}]}).encode()
        answer = self.simulator.handle("POST", "/simulator/scenario", {}, {"Content-Type": "application/json"}, body)
        assert answer.status == 200


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = FixedClock(datetime(2026, 11, 27, 2, 0, tzinfo=UTC))
    with running(tmp_path, clock) as simulator, client_to(simulator, clock) as client:
        yield Office(simulator, client, clock)


def test_made_looked_at_and_sent_once_by_somebody_else(office: Office) -> None:
    with pytest.raises(MonthlyRefused, match="还没有 2026-11 的月报草稿"):
        office.send()
    office.draft()
    with pytest.raises(MonthlyRefused, match="还没有预览"):
        office.send()
    office.monthly.preview(MONTH, "甲")
    assert (office.got("preview"), office.got()) == ([1, 0], [0, 0])
    with pytest.raises(MonthlyRefused, match="另一个人确认"):
        office.send(by=ANN)
    sent = office.send()
    assert (sent.state, sent.confirmed_by, office.got()) == (MonthlyState.SUBMITTED, BOB, [1, 1])
    for again in (office.send, office.draft, lambda: office.monthly.preview(MONTH, "甲")):
        with pytest.raises(MonthlyRefused, match="月报"):
            again()
    assert office.got() == [1, 1]
    assert sent.job_id is not None
    done = office.monthly.finished(sent.job_id, "send success", 2)
    assert done is not None and (done.state, done.sent) == (MonthlyState.FINISHED, 2)
    assert office.monthly.finished(sent.job_id, "send success", 2) is None
    assert office.monthly.finished("1", "send success", 2) is None


@pytest.mark.parametrize(
    "fault",
    [{"fault": "http", "status": 502}, {"fault": "html"}, {"fault": "error", "errcode": -1}, {"fault": "reset"}],
)
@pytest.mark.parametrize("delivered", [True, False])
def test_a_doubtful_answer_is_asked_again_and_nobody_reads_it_twice(
    office: Office, fault: dict[str, object], delivered: bool
) -> None:
    office.looked_at()
    office.scenario(**fault, delivered=delivered)
    with pytest.raises(MonthlyRefused, match="不会重复发"):
        office.send()
    assert office.monthly.show(MONTH).state is MonthlyState.SENDING
    office.clock.advance(timedelta(hours=5))
    assert office.send().state is MonthlyState.SUBMITTED
    assert office.got() == [1, 1]


def test_asked_again_within_a_minute_it_stays_in_doubt_and_is_not_called_unsent(office: Office) -> None:
    office.looked_at()
    office.scenario(fault="http", status=502, delivered=True)
    for _ in range(2):  # the second time the platform says 45066: it went out less than a minute ago
        with pytest.raises(MonthlyRefused, match="24 小时内再运行一次，不会重复发"):
            office.send()
        assert office.monthly.show(MONTH).state is MonthlyState.SENDING
    office.clock.advance(timedelta(minutes=1))
    assert office.send().state is MonthlyState.SUBMITTED
    assert office.got() == [1, 1]


def test_after_a_day_in_doubt_nobody_sends_it_again(office: Office) -> None:
    office.looked_at()
    office.scenario(fault="http", status=502, delivered=True)
    with pytest.raises(MonthlyRefused):
        office.send()
    office.clock.advance(timedelta(hours=24))
    with pytest.raises(MonthlyRefused, match="发表记录"):
        office.send()
    assert office.got() == [1, 1]


def test_a_refusal_leaves_it_to_be_mended_and_a_day_has_one(office: Office) -> None:
    office.looked_at()
    office.scenario(fault="error", errcode=45028)
    with pytest.raises(MonthlyRefused, match="没有发出：本月群发次数已用完"):
        office.send()
    assert office.monthly.show(MONTH).state is MonthlyState.FAILED
    office.monthly.preview(MONTH, "甲")
    office.send()
    office.looked_at("2026-10")
    with pytest.raises(MonthlyRefused, match="一天只允许一次"):
        office.send("2026-10")
    office.clock.advance(timedelta(days=1))
    assert office.send("2026-10").state is MonthlyState.SUBMITTED
    assert office.got() == [2, 2]


def test_what_it_says_is_plain_text_in_its_place() -> None:
    assert ARTICLE.title == "2026年11月惠企政策月报（1 项）"
    assert "稳岗&lt;返还&gt;" in ARTICLE.html and "申报截止 12月31日" in ARTICLE.html
    long = article(MONTH, [Measure("名" * 50, "局", "钱", None) for _ in range(9)], "", "")
    assert len(long.summary) <= 120 and len(long.title) <= 64

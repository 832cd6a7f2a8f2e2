"""award-rounds: what it says, whom it tells what once, and what it does by itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.notices.kinds import NoticeKind
from chalicelib.policies.awards.life import Stage, round_life
from chalicelib.policies.awards.model import AccountRefused
from chalicelib.policies.awards.service import AwardService
from chalicelib.wechat import fields
from jobs.core import RunResult
from tests.unit.jobs.support import JobWorld
from tests.unit.notices.support import Killed
from tests.unit.policies.awards.support import ANN, BOB, POOL, TODAY, account, enterprise, fact, policy

ONE, TWO = enterprise(1), enterprise(2)
ROUND = "P90-2026-1"


class Town(JobWorld):
    """Two enterprises whose award is certain; somebody of the first listens."""

    def __init__(self, **more: object) -> None:
        super().__init__(policy(**more))
        self.add(ONE, TWO)
        self.person("o-boss", ONE.uscc, Role.LEGAL)
        self.awards = AwardService(self.store, lambda: self.policies)

    def daily(self, **more: object) -> RunResult:
        self.clock.advance(timedelta(minutes=1))
        return self.run("award-rounds", as_of=self.today, **more)

    @property
    def today(self) -> date:
        return (self.clock.now() + timedelta(hours=8)).date()

    def public(self) -> None:
        now = self.clock.now()
        self.awards.open("P90", 2026, ANN, now)
        self.awards.confirm(ROUND, BOB, now)
        self.awards.publicise(ROUND, ANN, TODAY, 5, now)

    def paid(self) -> None:
        for firm in (ONE, TWO):
            self.awards.record_account(ROUND, firm.uscc, account(firm), ANN, self.clock.now())
        self.clock.advance(timedelta(days=5))
        now = self.clock.now()
        self.awards.set_pool(POOL, 2026, 10**8, ANN, "", now)
        self.awards.prepare(ROUND, ANN, now)
        rows = self.awards.pay(ROUND, BOB, now).data.decode("utf-8-sig").splitlines()[1:-1]
        said = [f"{row.split(',')[1]},23418.59,成功,{self.today}," for row in rows]
        data = "\n".join(["支付编号,金额（元）,结果,日期,原因", *said]).encode()
        self.awards.take_receipts(ROUND, data, "回执.csv", now)

    def events(self) -> list[str]:
        return [notice.event for notice in self.notices.inbox(ONE.uscc, 50) if notice.kind is NoticeKind.AWARD]


def lines(result: RunResult) -> list[tuple[str, str]]:
    return [(line.what, line.why) for line in result.plan.lines]


def test_says_who_could_be_listed_and_opens_nothing() -> None:
    town = Town()
    town.policies["P91"] = policy("P91", prov=["R"])
    town.policies["P92"] = policy("P92", condition={"all": [{"fact": "assets", "op": ">", "value": 1}]})
    town.policies["P93"] = policy("P93", mode="APPLY")
    result = town.daily()
    assert lines(result) == [("测试返还：2 家可列名单", "award open P90 --year 2026")]
    assert result.skipped == {"示例数据": 2, "结果不确定": 2}
    assert list(town.awards.rounds()) == []


def test_each_stage_says_its_next_step() -> None:
    town = Town()
    now = town.clock.now()
    town.awards.open("P90", 2026, ANN, now)
    assert lines(town.daily()) == [(f"{ROUND} 测试返还", "由另一人核定（award confirm）")]
    town.awards.confirm(ROUND, BOB, now)
    assert "award publicise" in lines(town.daily())[0][1]
    town.awards.publicise(ROUND, ANN, TODAY, 5, now)
    assert lines(town.daily())[0][1] == "公示至 2026-11-27；未处理异议 0 件（award resolve）"
    town.clock.advance(timedelta(days=5))
    assert lines(town.daily())[0][1] == "2 家等企业确认账户"


def test_the_enterprise_hears_of_each_step_once_and_of_no_amount() -> None:
    town = Town()
    town.public()
    assert town.daily().queued == 1
    town.daily()
    assert town.events() == ["entitlement_listed"]
    with pytest.raises(AccountRefused, match="不一致"):
        town.awards.record_account(ROUND, ONE.uscc, account(ONE, name="张三丰"), ANN, town.clock.now())
    town.daily()
    town.daily()
    assert town.events() == ["account_problem", "entitlement_listed"]
    town.paid()
    town.daily()
    town.daily()
    assert town.events() == ["paid", "account_problem", "entitlement_listed"]
    for notice in town.notices.inbox(ONE.uscc, 50):
        texts = (notice.title, *notice.lines, *notice.fields.values())
        assert not any(secret in text for text in texts for secret in ("23,418", "23418", "张三丰", "0123"))
        assert all(fields.fit(key, value) for key, value in notice.fields.items())


def test_a_round_that_is_done_is_ended_by_the_run() -> None:
    town = Town()
    town.public()
    town.paid()
    planned = town.daily(dry_run=True)
    assert lines(planned) == [(f"{ROUND} 测试返还", "全部办完，结束批次")]
    assert round_life(town.awards.round(ROUND)).closed is None
    town.daily()
    assert round_life(town.awards.round(ROUND)).stage(town.today) is Stage.CLOSED
    assert lines(town.daily()) == []


def test_a_list_that_broke_off_is_finished_by_the_run() -> None:
    town = Town()
    town.store.left = 2
    with pytest.raises(Killed):
        town.awards.open("P90", 2026, ANN, town.clock.now())
    assert lines(town.daily()) == [(f"{ROUND} 测试返还", "接着生成名单")]
    assert round_life(town.awards.round(ROUND)).count == 2


def test_a_round_that_cannot_go_on_fails_the_run_but_not_the_others() -> None:
    town = Town()
    town.store.left = 2
    with pytest.raises(Killed):
        town.awards.open("P90", 2026, ANN, town.clock.now())
    town.policies["P90"] = policy(version=2)
    assert town.daily().failed == 1


def test_samples_stay_in_the_demo() -> None:
    town = Town(prov=["R"])
    demo = AwardService(town.store, lambda: town.policies, demo=True)
    demo.open("P90", 2026, ANN, town.clock.now())
    demo.confirm(ROUND, BOB, town.clock.now())
    demo.publicise(ROUND, ANN, TODAY, 5, town.clock.now())
    result = town.daily()
    assert (result.queued, lines(result)) == (0, [])
    town.demo()
    assert town.daily().queued == 1
    assert town.notices.inbox(ONE.uscc)[0].sample


def test_one_enterprise_alone() -> None:
    town = Town()
    town.person("o-two", TWO.uscc, Role.FINANCE)
    town.public()
    assert {item.notice.uscc for item in town.daily(enterprise=TWO.uscc).plan.notices} == {TWO.uscc}


def test_who_is_not_certain_is_counted_by_reason() -> None:
    town = Town()
    town.add(enterprise(3, facts={"unemp_months_paid": fact(24, "企业自填")}))
    assert town.daily().skipped == {"依据企业自填：失业保险足额缴费月数": 1}

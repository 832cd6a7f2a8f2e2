"""融资需求 in conversation: three short questions, banks named before anything is shown, offers side by side."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.finance.bundles import Bundle
from chalicelib.finance.demands import Answer, DemandState
from chalicelib.policies.tree import Outcome
from jobs.core import run
from jobs.registry import JOBS
from jobs.runner import context_of
from tests.functional.county import E01
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person, clock_of


def bind(application: Application, person: Person, role: Role) -> None:
    now = application.clock.now()
    application.followers.follow(person.openid, now)
    application.bindings.redeem(person.openid, application.bindings.issue_code(E01, role, "op", now).code, now)
    application.consents.grant(person.openid, [Scope.LOAN_ALERT], "v1", "chat", now)


@pytest.fixture
def boss(county: Application, meet: Meet) -> Person:
    person = meet("boss")
    bind(county, person, Role.LEGAL)
    return person


def registered(county: Application, boss: Person) -> str:
    assert "想贷多少" in boss.say("登记融资需求")
    assert "用多久" in boss.say("三百万元")
    assert "做什么" in boss.say("1年")
    told = boss.say("买原材料")
    assert "300 万元，12 个月，用于买原材料" in told and "先经您同意" in told
    assert "已登记" in boss.say("1")
    (demand,) = county.demands.of_enterprise(E01)
    return demand.id


def test_from_three_answers_to_a_choice_between_offers(county: Application, boss: Person) -> None:
    demand_id = registered(county, boss)
    assert "等部门推荐银行" in boss.say("我的融资需求")
    county.demands.propose(demand_id, ("甲银行", "乙银行"), "op")
    told = boss.say("我的融资需求")
    assert "甲银行、乙银行" in told and "给银行看的内容" in told
    assert "等银行答复" in boss.say("1")
    now = county.clock.now()
    for bank, rate in (("甲银行", "3.85"), ("乙银行", "3.45")):
        answer = Answer(bank=bank, at=now, amount=300_000_000, rate_percent=Decimal(rate), months=12)
        county.demands.answer(demand_id, answer)
    told = boss.say("我的融资需求")
    assert told.index("乙银行：300 万元") < told.index("甲银行：300 万元")
    assert "您选了 乙银行" in boss.say("1")
    assert county.demands.get(demand_id).state is DemandState.CLOSED


def test_a_list_that_changed_meanwhile_is_shown_again_and_not_agreed_to(county: Application, boss: Person) -> None:
    demand_id = registered(county, boss)
    county.demands.propose(demand_id, ("甲银行",), "op")
    boss.say("我的融资需求")
    county.demands.propose(demand_id, ("乙银行",), "op")
    assert "变化" in boss.say("1")
    assert county.demands.get(demand_id).agreed_at is None


def test_nobody_else_may_register_or_look(county: Application, boss: Person, meet: Meet) -> None:
    demand_id = registered(county, boss)
    stranger, staff = meet("stranger"), meet("staff")
    bind(county, staff, Role.STAFF)
    for person in (stranger, staff):
        assert "法人或财务" in person.say("登记融资需求")
        assert demand_id not in person.say("我的融资需求")


def test_the_person_may_stop_and_turn_away(county: Application, boss: Person) -> None:
    boss.say("登记融资需求")
    assert "接着登记" in boss.say("宣风镇便民服务点几点开门")
    boss.say("取消")
    assert county.demands.of_enterprise(E01) == []


def test_what_waits_for_the_enterprise_is_told_once_and_without_sums(county: Application, boss: Person) -> None:
    demand_id = registered(county, boss)
    county.demands.propose(demand_id, ("甲银行",), "op")

    def told() -> list[str]:
        run(JOBS["loan-alerts"], context_of(county), enterprise=E01)
        found = county.notices.of_person(boss.openid)
        return [" ".join((n.title, *n.lines)) for n in found if n.subject == f"demand#{demand_id}"]

    assert len(told()) == 1 and len(told()) == 1
    county.demands.agree(demand_id, E01, ("甲银行",), county.clock.now())
    clock_of(county).advance(timedelta(hours=1))
    answer = Answer(bank="甲银行", at=county.clock.now(), amount=300_000_000, rate_percent=Decimal("3.45"), months=12)
    county.demands.answer(demand_id, answer)
    texts = told()
    assert len(texts) == 2
    assert not any(word in " ".join(texts) for word in ("300", "3.45", "甲银行"))


def test_loan_policies_that_are_open_to_the_enterprise_come_with_the_number(county: Application, boss: Person) -> None:
    boss.say("登记融资需求")
    boss.say("300 万元")
    boss.say("12 个月")
    boss.say("买原材料")
    told = boss.say("1")
    firm = county.enterprises.get(E01)
    assert firm is not None
    refused = [
        county.catalogue().policies[each.policy].short
        for each in county.policies().check(firm, county.clock.now().date())
        if each.outcome is Outcome.NOT_MATCH
    ]
    shown = [line for line in told.splitlines() if "可享" in line or "待补充" in line]
    assert shown and not any(name in line for line in shown for name in refused)


def test_a_member_of_a_bundle_sees_its_own_part_only(county: Application, boss: Person, meet: Meet) -> None:
    members = ({"uscc": E01, "share": 2}, {"uscc": "91360323MAXX000312", "share": 1})
    row = {"id": "DK-01", "policy": "P15", "lead": E01, "unit": "吨标准煤", "basis": "示例", "members": members}
    county.bundles.enter(Bundle.model_validate(row))
    assert "待核定" in boss.say("我的打捆申报")
    county.bundles.confirm("DK-01", 10_000, "甲", county.clock.now())
    told = boss.say("我的打捆申报")
    assert "66.67 元" in told and "33.33" not in told
    assert "DK-01" not in meet("stranger").say("我的打捆申报")


@pytest.mark.parametrize("text", ["公司缺钱怎么办", "资金周转不过来", "贷不到款怎么办", "融资太难了"])
def test_who_is_short_of_money_is_told_the_ways(boss: Person, text: str) -> None:
    told = boss.say(text)
    assert "1 登记融资需求" in told and "看能享受的" in told and "向园区提诉求" in told
    assert "想贷多少" in boss.say("1")


def test_a_stranger_short_of_money_gets_no_list_of_an_enterprise(meet: Meet) -> None:
    told = meet("stranger").say("资金周转不过来")
    assert told is not None and "1 登记融资需求" in told and "2 看能享受的" in told

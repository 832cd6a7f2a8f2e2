"""「我的奖补到哪了」: progress of 直达快享 in the chat, and the way to the page that takes the account."""

from __future__ import annotations

import pytest
from chalice.test import Client

from app import app
from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.errors import Refusal
from chalicelib.policies.awards.model import Round
from chalicelib.times import local_date
from tests.functional.county import make_county
from tests.functional.support import Person
from tests.unit.policies.awards.support import account


@pytest.fixture
def county() -> Application:
    return make_county()


def talk(application: Application, name: str, text: str) -> str:
    with Client(app, stage_name="aws") as client:
        return Person(client, application, name).say(text) or ""


def bind(application: Application, name: str, uscc: str, role: Role) -> None:
    openid, now = f"o{name:_<27}"[:28], application.clock.now()
    application.followers.follow(openid, now)
    application.bindings.redeem(openid, application.bindings.issue_code(uscc, role, "op", now).code, now)


def listed(application: Application, *policies: str) -> Round:
    """Public rounds of sample policies, as a demo may have them."""
    now, made = application.clock.now(), []
    for policy_id in policies:
        round_ = application.awards.open(policy_id, 2026, "甲", now)
        application.awards.confirm(round_.id, "乙", now)
        made.append(application.awards.publicise(round_.id, "甲", local_date(now), 5, now))
    return made[0]


def an_award(application: Application) -> tuple[str, str]:
    """A sample policy that lists somebody, and whom."""
    for policy in application.catalogue().policies.values():
        try:
            round_ = application.awards.open(policy.id, 2026, "甲", application.clock.now())
        except Refusal:
            continue
        for entry in application.awards.entries(round_.id):
            return policy.id, entry.uscc
    raise AssertionError("no sample policy lists anybody")


def test_from_the_list_to_the_confirmed_account(county: Application) -> None:
    policy_id, uscc = an_award(county)
    bind(county, "boss", uscc, Role.LEGAL)
    assert "没有公示或拨付中" in talk(county, "boss", "我的奖补到哪了")  # not public yet
    round_ = listed(county, policy_id)
    answer = talk(county, "boss", "我的奖补到哪了")
    assert "→ 请核对收款账户" in answer
    assert f"/h5/award/{round_.id}" in answer
    assert "不要发在对话里" in answer
    firm = county.enterprises.get(uscc)
    assert firm is not None
    county.awards.record_account(round_.id, uscc, account(firm), "甲", county.clock.now())
    answer = talk(county, "boss", "奖励什么时候到账")
    assert "0128" in answer
    assert account(firm).number not in answer


def test_only_who_handles_money_is_told(county: Application) -> None:
    policy_id, uscc = an_award(county)
    listed(county, policy_id)
    bind(county, "hr", uscc, Role.STAFF)
    assert "只给企业的法人和财务看" in talk(county, "hr", "我的奖补到哪了")
    assert "先绑定企业" in talk(county, "stranger", "直达快享进度")


@pytest.mark.parametrize(
    "text", ["稳岗返还怎么今年没收到", "招大学生一人补 1500", "设备更新那个一点五的贴息", "有什么补贴"]
)
def test_questions_about_policies_stay_questions_about_policies(county: Application, text: str) -> None:
    assert "奖补到哪一步" not in talk(county, "asker", text)

"""成员, 申请加入, 二维码 and 我的数据 as they are said in the conversation."""

from __future__ import annotations

import re

import pytest

from chalicelib.dialogue.model import Incoming, Session
from chalicelib.dialogue.service import BIND_SCENE
from chalicelib.enterprises import handover
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.roles import Role
from chalicelib.finance.demands import DemandError, DemandState
from tests.functional.authorisation.conftest import NAMES, OURS, County

LEGAL, NEW, STRANGER = "oLegal", "oNew", "oStranger"


class Chat:
    """One person's conversation, session kept."""

    def __init__(self, county: County, openid: str) -> None:
        self.county = county
        self.openid = openid
        self.session = Session()

    def say(self, text: str) -> str:
        return self._take(Incoming(self.openid, self.county.now, "text", text=text))

    def event(self, kind: str, key: str) -> str:
        return self._take(Incoming(self.openid, self.county.now, kind, key=key))  # type: ignore[arg-type]

    def _take(self, incoming: Incoming) -> str:
        reply, session = self.county.app.dialogue.answer(incoming, self.session)
        self.session = session or Session()
        return reply.text if reply else ""


@pytest.fixture
def legal(county: County) -> Chat:
    county.bind(LEGAL, Role.LEGAL)
    return Chat(county, LEGAL)


def apply(county: County, enterprise: str, openid: str = NEW, name: str = "张三丰") -> str:
    chat = Chat(county, openid)
    assert "申请加入哪家企业" in chat.say("申请加入")
    assert "您在企业里做什么" in chat.say(enterprise)
    assert "贵姓名" in chat.say("1")
    return chat.say(name)


def number(text: str) -> str:
    found = re.search(r"核对码 (\d{4})", text)
    assert found, text
    return found.group(1)


@pytest.mark.parametrize("named", [OURS, NAMES[OURS], OURS.lower()])
def test_from_asking_to_being_a_member(county: County, legal: Chat, named: str) -> None:
    digits = number(apply(county, named))
    assert "等您确认 1 人" in (listed := legal.say("成员"))
    assert "确认 张**（财务" in listed
    assert digits not in listed
    legal.say("1")
    assert "核对码" in legal.say("1")
    assert "核对码不对" in legal.say(f"{(int(digits) + 1) % 10_000:04d}")
    assert "已同意，张**（财务" in legal.say(digits)
    binding = county.app.bindings.of(NEW, OURS)
    assert binding is not None
    assert binding.role is Role.FINANCE


def test_the_applicant_hears_the_same_whatever_the_enterprise_is(county: County, legal: Chat) -> None:
    """Ours has a 法人, the neighbour's has nobody, the third is on no file."""
    answers = [
        re.sub(r"\d{4}", "####", apply(county, enterprise, openid=f"o{n}"), count=1)
        for n, enterprise in enumerate((NAMES[OURS], "邻家示例公司", "并不存在的公司", "91360323MAXX000905"))
    ]
    assert len(set(answers)) == 1
    assert not [name for name in NAMES.values() if name in answers[0]]


def test_a_refusal_is_quiet(county: County, legal: Chat) -> None:
    apply(county, OURS)
    mine = Chat(county, NEW)
    before = mine.say("我的数据")
    legal.say("成员")
    legal.say("1")
    assert "已拒绝" in legal.say("2")
    assert "等您确认 0 人" in legal.say("成员")
    after = mine.say("我的数据")
    assert re.sub(r"\?k=[^\"]+", "", after) == re.sub(r"\?k=[^\"]+", "", before)
    assert county.app.bindings.of(NEW, OURS) is None


def test_the_legal_removes_and_everybody_leaves(county: County, legal: Chat) -> None:
    county.bind("oStaff", Role.STAFF)
    assert "移除 凭授权码绑定的（人事" in legal.say("成员")
    assert "马上看不到" in legal.say("1")
    assert "已移除" in legal.say("确定移除")
    assert county.app.bindings.of("oStaff", OURS) is None
    legal.say("解绑")
    assert "已解绑" in legal.say("1")
    assert county.app.bindings.members(OURS) == []


@pytest.mark.parametrize("role", [None, *(role for role in Role if role is not Role.LEGAL)])
def test_the_list_is_for_the_legal_only(county: County, legal: Chat, role: Role | None) -> None:
    if role:
        county.bind(STRANGER, role)
    answer = Chat(county, STRANGER).say("成员")
    assert "只给法定代表人看" in answer
    assert NAMES[OURS] not in answer


def test_a_wrong_code_of_an_enterprise_is_said_at_once(county: County) -> None:
    chat = Chat(county, NEW)
    chat.say("申请加入")
    assert "校验位不对" in chat.say(OURS[:-1] + "D")
    assert "您在企业里做什么" in chat.say(OURS)


def test_three_applications_a_day(county: County) -> None:
    for _ in range(3):
        number(apply(county, OURS))
    assert "明天再试" in apply(county, OURS)


@pytest.mark.parametrize("kind", ["scan", "follow"])
def test_a_code_that_is_scanned_binds_once(county: County, kind: str) -> None:
    scene = BIND_SCENE + county.app.bindings.issue_scene(OURS, Role.TAX, "op", county.now).code
    assert f"已绑定 {NAMES[OURS]}（办税）" in Chat(county, NEW).event(kind, scene)
    again = Chat(county, STRANGER).event(kind, scene)
    assert "已经用过或已过期" in again
    assert NAMES[OURS] not in again
    assert county.app.bindings.of(STRANGER, OURS) is None


def test_deleting_everything_is_asked_twice_and_says_what_stays(county: County, legal: Chat) -> None:
    asked = legal.say("删除我的数据")
    assert "按规定保留" in asked
    assert county.app.bindings.of(LEGAL, OURS) is not None
    assert "已删除" in legal.say("1")
    assert county.app.bindings.of(LEGAL, OURS) is None
    assert county.app.consents.current(LEGAL) == {}
    assert "没有绑定企业" in legal.say("我的数据")


def test_who_is_suspended_in_that_very_moment_lets_no_bank_ask(county: County, legal: Chat) -> None:
    demands = county.app.demands
    made = demands.register("o1", OURS, 300_000_000, 12, "买三号窑炉", county.now)
    demands.propose(made.id, ("示例甲银行",), "op")
    standing = county.app.bindings.acting(LEGAL, OURS, Right.SEE_LOANS)
    assert standing is not None
    handover.suspend(county.app.store, OURS, county.now)
    with pytest.raises(DemandError):
        demands.agree(made.id, OURS, ("示例甲银行",), county.now, standing.still)
    assert demands.get(made.id).state is DemandState.PROPOSED
    assert "还没有登记" in county.say(LEGAL, "financing.agree", id=made.id, banks="示例甲银行")

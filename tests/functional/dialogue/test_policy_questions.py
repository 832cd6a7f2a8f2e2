"""Questions about one policy: the right one, its end said, sums computed, standing told to who is bound."""

from __future__ import annotations

import pytest

from chalicelib.bootstrap import Application
from tests.functional.county import E01, E09
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person


def said(answer: str | None) -> str:
    assert answer is not None
    return answer


def bound(person: Person, county: Application, *enterprises: str) -> Person:
    for uscc in enterprises:
        person.say(f"绑定 {county.bindings.issue_code(uscc, '法人', 'op', county.clock.now()).code}")
    return person


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("财园信贷通我们贷得到吗", "财园信贷通"),
        ("财源信贷通贷得到不", "财园信贷通"),
        ("残保金能不能免", "残疾人就业保障金分档减缴和免征"),
        ("贷款到期了不还本能续吗", "小微企业无还本续贷"),
        ("参加上海电力展展位费能报吗", "电瓷电气若干措施：参展补助"),
        ("高企认定奖励多少钱", "高新技术企业认定奖励"),
        ("研发费加计扣除怎么算", "研发费用加计扣除"),
        ("设备更新贷款贴息怎么申请", "设备更新贷款财政贴息（2026年优化）"),
    ],
)
def test_each_reaches_its_policy_and_offers_to_bind(text: str, first: str, meet: Meet) -> None:
    lines = said(meet("asker").say(text)).splitlines()
    assert lines[0] == first
    assert lines[-1].startswith("依据：")
    assert "绑定企业后，我告诉您贵公司符不符合：回复“绑定”。" in lines
    assert len(lines) <= 12


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("稳岗返还怎么申请", "失业保险稳岗返还申领"),
        ("转型金融怎么入库", "转型金融"),
        ("信用修复怎么办", "信用修复/移出经营异常名录"),
    ],
)
def test_an_errand_stays_with_the_guide(text: str, first: str, meet: Meet) -> None:
    answer = said(meet("asker").say(text))
    assert first in answer
    assert "标准：" not in answer


@pytest.mark.parametrize("text", ["生二胎有补贴吗", "我家猫能领补贴吗", "买房有补贴吗"])
def test_a_subsidy_that_there_is_not_brings_up_no_other(text: str, meet: Meet) -> None:
    assert "标准：" not in said(meet("asker").say(text))


def test_drafts_are_nobodys_yet(meet: Meet) -> None:
    assert "3000 万元" not in said(meet("asker").say("稳岗扩岗贷款能贷多少"))


@pytest.mark.parametrize("text", ["能申请什么奖补", "怎么领补贴", "我们能领到哪些补助"])
def test_who_asks_for_any_benefit_is_led_to_their_own(meet: Meet, text: str) -> None:
    assert "请先绑定企业" in said(meet("asker").say(text))


@pytest.mark.parametrize("text", ["开店能申请什么证", "营业执照丢了能拿什么代替"])
def test_what_else_one_can_get_is_no_benefit(meet: Meet, text: str) -> None:
    assert "请先绑定企业" not in said(meet("asker").say(text))


@pytest.mark.parametrize("text", ["我想贷款", "公司想借点钱周转", "银行贷款被拒了怎么办", "怎么贷款"])
def test_who_needs_money_hears_of_the_ways(text: str, meet: Meet) -> None:
    answer = said(meet("asker").say(text))
    assert any(way in answer for way in ("融资协调", "财园信贷通", "创业担保贷款"))


def test_one_of_three_is_opened_by_its_number(person: Person) -> None:
    person.say("换节能窑炉有没有补贴或者低息的")
    assert "标准：" in said(person.say("2"))


def test_who_is_bound_is_told_the_outcome_first(person: Person, county: Application) -> None:
    answer = said(bound(person, county, E01).say("设备更新贷款贴息有我们吗"))
    assert answer.splitlines()[0] == "设备更新贷款财政贴息：可享"
    assert "800 万元 × 1.5% = 12 万元" in answer
    ended = said(person.say("稳岗返还怎么今年没收到"))
    assert ended.startswith("稳岗返还：政策执行期限至2025-12-31")
    assert "可享" not in ended.splitlines()[0]


def test_who_stands_for_two_is_told_both_by_name(person: Person, county: Application) -> None:
    bound(person, county, E01, E09)
    answer = said(person.say("残保金能不能免"))
    assert "芦溪溪华电瓷有限公司：" in answer
    assert "芦溪旧窑陶瓷有限公司：" in answer
    listed = said(person.say("我能享受什么"))
    assert "芦溪溪华电瓷有限公司：可享" in listed
    assert "芦溪旧窑陶瓷有限公司：可享" in listed


def test_why_not(person: Person, county: Application) -> None:
    listed = said(bound(person, county, E01).say("我能享受什么"))
    number = next(line.split()[0] for line in listed.splitlines() if "不符合的和原因" in line)
    assert "政策执行期限至2025-12-31" in said(person.say(number))


def test_a_guide_question_that_also_asks_for_money_has_one_tap_to_it(person: Person) -> None:
    card = said(person.say("厂里进了五个新员工，参保怎么弄，国家有没有补"))
    assert "社保" in card
    line = next(line for line in card.splitlines() if line.startswith("您还问到补贴"))
    assert "绑定企业" in said(person.say(line.removeprefix("您还问到补贴：回复 ")[0]))


def test_no_reply_about_a_policy_is_longer_than_a_screen(person: Person, county: Application) -> None:
    bound(person, county, E01)
    for policy in county.catalogue().policies.values():
        answer = said(person.say(f"{policy.short}有我们吗"))
        assert len(answer.splitlines()) <= 13, answer

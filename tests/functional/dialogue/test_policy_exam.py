"""政策体检 in the chat: few questions, spoken answers, hints only, and nothing kept that was not finished."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from chalice.test import Client

from chalicelib.bootstrap import Application
from chalicelib.enterprises.model import Enterprise, FactSource
from chalicelib.enterprises.roles import Role
from chalicelib.policies.facts import fact_sheet
from chalicelib.times import local_date
from tests.functional.county import E01, snapshot
from tests.functional.dialogue.conftest import Meet
from tests.functional.pages.browser import Browser
from tests.functional.support import Person
from tests.unit.pages.house import FakeClient

E11 = "91360323MAXX00111M"
QUESTION = "是大、中、小还是微型企业？"


def bound(meet: Meet, county: Application, uscc: str, name: str = "exam") -> Person:
    person = meet(name)
    person.event("subscribe")
    code = county.bindings.issue_code(uscc, Role.FINANCE, "op", county.clock.now()).code
    person.say(f"绑定 {code}")
    return person


def say(person: Person, *texts: str) -> str:
    answer = ""
    for text in texts:
        answer = person.say(text) or ""
    return answer


def profile(county: Application, uscc: str) -> Enterprise:
    found = county.enterprises.get(uscc)
    assert found is not None
    return found


def test_only_for_who_is_bound(meet: Meet) -> None:
    stranger = meet("stranger")
    stranger.event("subscribe")
    assert "请先绑定企业" in say(stranger, "政策体检")


def test_the_question_that_settles_most_then_the_echo_and_what_it_settled(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    first = say(person, "政策体检")
    assert "项拿不准，先问最有用的" in first and QUESTION in first and "1 大 2 中 3 小 4 微" in first
    answer = say(person, "4")
    assert "记为“微（您自报）”。" in answer and "再问一个" in answer


def test_at_most_five_and_the_three_lists(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    answers = [say(person, "政策体检")]
    while "体检结果" not in answers[-1]:
        answers.append(say(person, "不知道"))
    assert len(answers) == 6
    last = answers[-1]
    assert all(title in last for title in ("可享 ", "待补充 ", "不符合 ")) and "还不知道" in last
    assert "看全部和依据" in last
    assert "自报数据只用于提示" not in last


def test_answers_become_its_own_figures_for_a_year(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E01)
    last = say(person, "政策体检", "是", "看结果")
    assert last.endswith("自报数据只用于提示，免申即享以部门数据为准。")
    fact = profile(county, E01).facts["used_pilot_platform"]
    today = local_date(county.clock.now())
    assert (fact.value, fact.source, fact.basis) == (True, FactSource.SELF, "自报")
    assert (fact.as_of, fact.valid_until) == (today, today + timedelta(days=365))
    assert "used_pilot_platform" not in fact_sheet(profile(county, E01), date(2027, 12, 1)).values


def test_a_counted_figure_may_be_answered_in_spoken_words(meet: Meet, county: Application) -> None:
    """设备发票金额 is a sum over projects; the owner's word settles the hint while the records leave it open."""
    person = bound(meet, county, E01)
    asked = say(person, "政策体检")
    while "技改设备发票金额" not in asked:
        asked = say(person, "跳过")
    assert "记为“约 400 万元（您自报）”。1 项有结果：可享 1。" in say(person, "四百来万吧")
    say(person, "看结果")
    assert profile(county, E01).facts["p24_1_retrofit_invoices"].value == 400
    decision = next(d for d in county.policies().check(profile(county, E01), date(2026, 11, 23)) if d.policy == "P24-1")
    assert decision.outcome == "match" and decision.benefit and decision.benefit.fen == 20_000_000
    line = next(line for line in decision.trace if line.fact == "retrofit_invoices")
    assert (line.evidence.source, line.evidence.basis) == ("企业自填", "自报，约数")


@pytest.mark.parametrize("way_out", ["取消", "算了"])
def test_cancel_leaves_nothing_behind(way_out: str, meet: Meet, county: Application) -> None:
    person = bound(meet, county, E01)
    before = profile(county, E01)
    assert "什么都没有提交" in say(person, "政策体检", "是", way_out)
    assert profile(county, E01) == before


def test_back_asks_again_and_forgets_the_answer(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    assert "这是第一个问题" in say(person, "政策体检", "上一个")
    again = say(person, "小", "上一个")
    assert again.startswith("好的，重答这一项。") and QUESTION in again
    say(person, "微", "看结果")
    assert profile(county, E11).facts["size"].value == "微"


def test_a_digression_is_answered_and_finds_back(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    aside = say(person, "政策体检", "换法人要带什么")
    assert "公司变更登记申请书" in aside and aside.endswith(f"政策体检还等着您：{QUESTION}")
    assert "记为“小（您自报）”" in say(person, "小型")


def test_asking_for_it_again_repeats_the_open_question(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    assert QUESTION in say(person, "政策体检", "政策体检")
    assert "记为" in say(person, "小")


def test_what_is_not_understood_is_asked_again(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    answer = say(person, "政策体检", "好多")
    assert answer.startswith("没听明白。") and QUESTION in answer


def test_who_is_unbound_meanwhile_saves_nothing(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E01)
    say(person, "政策体检", "是")
    county.bindings.remove(person.openid, E01, county.clock.now())
    before = snapshot(county)[f"enterprise#{E01}", "profile"]
    assert "不再绑定" in say(person, "没有")
    assert snapshot(county)[f"enterprise#{E01}", "profile"] == before


def test_of_two_enterprises_one_is_chosen(meet: Meet, county: Application) -> None:
    person = bound(meet, county, E11)
    bound(meet, county, E01)
    assert "给哪家企业做政策体检？" in say(person, "政策体检")
    assert "中试平台" in say(person, "1") or QUESTION in say(person, "2")


def test_an_office_is_not_contradicted(meet: Meet, county: Application) -> None:
    """What a department states meanwhile stands, also against an answer given before it came."""
    person = bound(meet, county, E01)
    say(person, "政策体检", "是")
    held = profile(county, E01)
    stated = {"value": False, "source": "工信", "as_of": "2026-11-22"}
    row = held.model_dump(mode="json")
    row["facts"]["used_pilot_platform"] = stated
    county.enterprises.save(Enterprise.model_validate(row), county.clock.now())
    say(person, "看结果")
    assert profile(county, E01).facts["used_pilot_platform"].value is False


def test_the_result_is_also_a_page_with_what_was_answered(meet: Meet, client: Client, county: Application) -> None:
    person = bound(meet, county, E11)
    last = say(person, "政策体检", "微", "看结果")
    assert "/h5/policies?k=" in last
    county.__dict__["wechat_client"] = FakeClient()
    page = Browser(client, county, person.openid).open("/h5/policies?mine=1").text
    assert "您自报的资料" in page and "企业划型" in page and "：微" in page
    assert "2026-12-31 截止" in page
    for title in ("可享", "待补充", "暂不符合"):
        assert title in page


def test_what_is_open_says_what_it_would_be_worth_and_until_when(meet: Meet, county: Application) -> None:
    last = say(bound(meet, county, E01), "政策体检", "看结果")
    lines = last.split("待补充", 1)[1].split("不符合", 1)[0]
    assert "还不知道" in lines
    assert "截止" in last

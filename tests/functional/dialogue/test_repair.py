"""When talk goes wrong (对话修复): correct, go back, digress, resume after days, rate; each treatment by a test."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.bootstrap import Application
from chalicelib.dialogue.skills.repair import corrected
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person, clock_of


def said(answer: str | None) -> str:
    assert answer is not None
    return answer


# -------------------------------------------------------------------------------------------------- situations


def test_the_situation_is_asked_answered_and_remembered(person: Person) -> None:
    assert "提取的原因是哪一种？" in said(person.say("公积金提取要什么材料"))
    chosen = said(person.say("租房的"))
    assert "无房证明" in chosen
    assert "购房合同" not in chosen
    assert "无房证明" in said(person.say("那要带什么"))


def test_two_questions_one_after_the_other_and_no_third(person: Person) -> None:
    first = said(person.say("继承房子过户要带什么"))
    assert "夫妻共有的吗" in first
    second = said(person.say("1"))
    assert "婚姻状况证明" in second
    assert "？" not in second.split("来源：")[0]


def test_another_question_in_between_is_answered_and_back_leads_to_the_first(person: Person) -> None:
    question = said(person.say("公积金提取要什么材料"))
    assert "公章刻制备案" in said(person.say("公章去哪里刻"))
    assert said(person.say("返回")).split("\n")[:4] == question.split("\n")[:4]
    assert "退休证明" in said(person.say("3"))


def test_a_candidate_keeps_the_sum_that_was_asked_about(person: Person) -> None:
    person.say("客户欠我36万货款两年了网上能立案不")
    assert "6,700 元" in said(person.say("1"))


# ------------------------------------------------------------------------------------------------------ back, correct


def test_back_shows_the_answer_before_with_its_numbers(person: Person) -> None:
    person.event("subscribe")
    person.say("换法人要带什么")
    person.say("公章去哪里刻")
    assert "公司变更登记" in said(person.say("上一步"))
    assert "可以网上办" in said(person.say("1"))


def test_back_at_the_start_says_so(person: Person) -> None:
    assert "没有可以返回的" in said(person.say("返回"))


def test_back_again_and_again_ends(person: Person) -> None:
    for line in ("换法人要带什么", "公章去哪里刻", "身份证丢了加急", "房产证改名字", "社保卡激活"):
        person.say(line)
    seen = [said(person.say("返回")) for _ in range(4)]
    assert len(set(seen)) == 4
    assert "没有可以返回的" in seen[-1]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("不对，我问的是公司注销", "公司注销"),
        ("不是，我是说身份证", "身份证"),
        ("搞错了，我要办社保卡", "社保卡"),
        ("不是住宅，是厂房", "厂房"),
        ("不对", ""),
        ("不是这个", ""),
        ("立案审核不通过是不是不给立了", None),
        ("不是本地户口能办吗", None),
        ("换法人要带什么", None),
    ],
)
def test_what_corrects_and_what_asks(text: str, meant: str | None) -> None:
    assert corrected(text) == meant


def test_a_correction_is_answered_and_noted(person: Person, county: Application) -> None:
    person.say("换法人要带什么")
    assert "居民身份证" in said(person.say("不对，我问的是身份证丢了怎么补"))
    [noted] = county.questions.every()
    assert (noted.text, noted.guide_id, noted.counts) == ("换法人要带什么", "SX-03", {"rejected": 1})


def test_a_corrected_situation_gives_the_same_guide_again(person: Person) -> None:
    assert "住宅 80 元" in said(person.say("二手房过户要多少钱"))
    again = said(person.say("不是住宅，是厂房"))
    assert "非住宅 550 元" in again.split("\n")[0]
    assert "转移登记" in again


def test_wrong_without_more_asks_what_was_meant(person: Person) -> None:
    person.say("换法人要带什么")
    assert "没答到点上" in said(person.say("不对"))


# -------------------------------------------------------------------------------------- days later, people, treatments


def test_days_later_old_numbers_are_told_and_a_new_question_is_answered(person: Person, county: Application) -> None:
    person.say("公积金提取要什么材料")
    clock_of(county).advance(timedelta(days=3))
    assert "对不上" in said(person.say("2"))
    assert "公章刻制备案" in said(person.say("公章去哪里刻"))


def test_a_follow_up_after_a_day_has_no_old_topic(person: Person, county: Application) -> None:
    person.say("换法人要带什么")
    clock_of(county).advance(timedelta(hours=25))
    assert "公司变更登记" not in said(person.say("那要多少钱"))


def test_two_misses_give_a_ticket_that_an_operator_sees_without_numbers(person: Person, county: Application) -> None:
    person.say("量子纠缠如何退火")
    assert "工单 T-1123-01" in said(person.say("超弦怎么调音 13812345678"))
    [ticket] = county.tickets.listed()
    assert ticket.text == "超弦怎么调音 138****5678"


@pytest.mark.parametrize(
    "text",
    ["给你发个红包通融一下", "我给你点好处，先过了吧", "送你两条烟，帮我插个队", "塞点钱能快点不"],
)
def test_offers_are_refused(text: str, person: Person) -> None:
    answer = said(person.say(text))
    assert "不收" in answer or "不能收" in answer
    assert "12345" in answer


@pytest.mark.parametrize("text", ["房子过户给崽要好多钱", "赢了官司不给钱怎么办", "客户不给钱怎么起诉"])
def test_money_alone_is_no_offer(text: str, person: Person) -> None:
    assert "红包" not in said(person.say(text))


def test_ratings_are_acknowledged_and_keep_the_numbers(person: Person, county: Application) -> None:
    person.say("换法人要带什么")
    assert "谢谢" in said(person.say("有用"))
    assert "可以网上办" in said(person.say("1"))


@pytest.mark.parametrize("word", ["有用", "没用"])
def test_a_rating_of_nothing_is_told(word: str, person: Person) -> None:
    assert "请先问" in said(person.say(word))


def test_the_nearest_point_is_one_that_takes_what_was_asked_about(person: Person) -> None:
    at_xuanfeng = (
        "<MsgType>location</MsgType><Location_X>27.70</Location_X><Location_Y>114.13</Location_Y>"
        "<Scale>15</Scale><Label>宣风</Label>"
    )
    assert "离您最近的是 宣风镇邮政代办点" in said(person.push(at_xuanfeng))
    person.say("公章去哪里刻")
    answer = said(person.push(at_xuanfeng))
    assert "能办公章刻制备案的最近网点是 芦溪县政务服务大厅" in answer
    assert "现在开门，12:00 关" in answer


def test_a_word_of_the_trade_is_explained(meet: Meet) -> None:
    answer = said(meet("p").say("什么是容缺"))
    assert answer.startswith("容缺：")
    assert "来源：" in answer
    assert "历史遗留住宅" in said(meet("p").say("1"))

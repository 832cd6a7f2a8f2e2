"""诉求, 好差评 and 容缺 in conversation, through the whole application."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.bootstrap import Application
from chalicelib.cases.ratings import Level
from chalicelib.enterprises.roles import Role
from chalicelib.times import local
from tests.functional.county import E01
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person
from tests.unit.jobs.support import case_row

NO = "3603232026110200077"
TITLE = "食品经营许可（评价样例）"
COURSE = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED")


def bound(county: Application, person: Person, uscc: str = E01) -> Person:
    person.say("你好")
    code = county.bindings.issue_code(uscc, Role.LEGAL, "op", county.clock.now()).code
    person.say(f"绑定 {code}")
    return person


def ended(county: Application) -> None:
    now = county.clock.now()
    days = (local(now) - timedelta(days=10 - n) for n in range(len(COURSE)))
    events = [{"id": f"e{n}", "kind": k, "at": at} for n, (k, at) in enumerate(zip(COURSE, days, strict=True))]
    county.cases.save_row(case_row(*events, no=NO, title=TITLE), now)


def said(person: Person, text: str) -> str:
    return person.say(text) or ""


def test_a_concern_is_taken_handed_on_and_answered(county: Application, meet: Meet) -> None:
    person = bound(county, meet("factory"))
    asked = said(person, "诉求")
    assert "用地" in asked and "用能" in asked
    taken = said(person, "窑炉用电不够，想换变压器")
    [concern] = county.concerns.listed()
    assert concern.id in taken and "县发改委" in taken and "示例数据" in taken and concern.uscc == E01
    assert "正在办" in said(person, "我的诉求")
    county.concerns.answer(concern.id, "op", "12 月增容", county.clock.now())
    assert "12 月增容" in said(person, "我的诉求")
    assert "12 月增容" not in said(meet("stranger"), "我的诉求")


@pytest.mark.parametrize(
    ("text", "dept"),
    [
        ("用气价格高，天然气压力不够", "县发改委"),
        ("老是停电，怎么办", "县发改委"),
        ("我们厂招不到人", "县人社局"),
        ("工人没地方住", "县人社局"),
        ("路太烂，货车进不来", "县交通运输局"),
    ],
)
def test_a_trouble_is_offered_to_its_department(county: Application, meet: Meet, text: str, dept: str) -> None:
    person = meet("factory")
    assert dept in said(person, text)
    assert county.concerns.listed() == []  # who only grumbles files nothing
    assert dept in said(person, "1")
    assert [(concern.text, concern.dept) for concern in county.concerns.listed()] == [(text, dept)]


@pytest.mark.parametrize(
    "text", ["厂里电不够想加变压器", "燃气压力不够怎么办", "厂房不够用想扩建", "客户拖欠货款不给", "营业执照找不到了"]
)
def test_an_errand_is_no_concern(meet: Meet, text: str) -> None:
    assert "个工作日内答复您" not in said(meet("factory"), text)


def test_a_trouble_can_still_be_looked_up(meet: Meet) -> None:
    person = meet("factory")
    assert "查办事指南" in said(person, "用气价格高，天然气压力不够")
    assert "用气报装" in said(person, "3")


def test_an_unclear_concern_is_asked_about_once(county: Application, meet: Meet) -> None:
    person = meet("factory")
    asked = said(person, "诉求：食堂的菜太咸了")
    assert "哪一类" in asked and county.concerns.listed() == []
    number = next(n for n in range(1, 9) if f"{n} 其他" in asked)
    assert "已转给" in said(person, str(number))
    assert "12368" in said(person, "诉求：货款已经起诉了请帮忙")
    assert len(county.concerns.listed()) == 1


def test_a_good_rating_is_given_once(county: Application, meet: Meet) -> None:
    ended(county)
    person = bound(county, meet("boss"))
    assert TITLE in said(person, "评价")
    assert "5 非常不满意" in said(person, TITLE)
    assert "满意" in said(person, "1")
    rating = county.ratings.get(NO)
    assert rating is not None and rating.level is Level.VERY_GOOD
    assert TITLE not in said(person, "评价")
    assert list(county.tickets.listed()) == []


def test_a_bad_rating_is_a_ticket_with_its_own_day(county: Application, meet: Meet) -> None:
    ended(county)
    person = bound(county, meet("boss"))
    said(person, "评价")
    said(person, TITLE)
    told = said(person, "不满意")
    [ticket] = county.tickets.listed()
    rating = county.ratings.get(NO)
    assert rating is not None and (ticket.kind, ticket.due, rating.ticket) == (
        "差评整改",
        rating.put_right_by,
        ticket.id,
    )
    assert ticket.id in told
    assert ticket.id in said(person, "窗口让我跑了三趟")
    assert "跑了三趟" in next(county.tickets.listed()).text


def test_an_answered_ticket_is_read_by_who_asked(county: Application, meet: Meet) -> None:
    person = meet("asker")
    said(person, "人工")
    assert "我的工单" in said(person, "食堂要办什么证")
    assert "还没有答复" in said(person, "我的工单")
    [ticket] = county.tickets.listed()
    county.tickets.answer(ticket.id, "食品经营许可证", county.clock.now())
    assert "答复：食品经营许可证" in said(person, f"工单 {ticket.id} 有答复了吗")
    assert "还没有工单" in said(meet("stranger"), ticket.id)


def test_who_asks_for_their_ticket_within_a_complaint_adds_nothing_to_it(county: Application, meet: Meet) -> None:
    person = meet("asker")
    assert "已记为工单" in said(person, "投诉窗口态度差")
    assert "还没有答复" in said(person, "我的工单")
    assert "已补进工单" in said(person, "上周五下午，3 号窗口")
    [ticket] = county.tickets.listed()
    assert "我的工单" not in ticket.text and "3 号窗口" in ticket.text


def test_a_stranger_rates_nothing(county: Application, meet: Meet) -> None:
    ended(county)
    assert "没有等您评价" in said(meet("stranger"), "评价")
    assert county.ratings.get(NO) is None


def test_a_commitment_is_shown_whole_and_given_by_a_number(county: Application, meet: Meet) -> None:
    person = bound(county, meet("boss"))
    said(person, "开饭店要什么证")
    said(person, "食品经营许可要什么材料")
    shown = said(person, "容缺")
    assert "自愿" in shown and "同意并承诺" in shown and "终止办理" in shown
    told = said(person, "同意并承诺")
    assert "C-" in told and "7、3、1 天" in told
    assert said(person, "容缺") == told  # it was given already

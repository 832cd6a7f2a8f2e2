"""What the enterprise hears of its loan: on a locked screen and in the conversation."""

from __future__ import annotations

import re
from datetime import date

import pytest

from chalicelib.enterprises.model import Qual
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.finance import progress
from chalicelib.finance.alerts import new_alerts
from chalicelib.finance.channel48 import admission
from chalicelib.finance.life import live
from chalicelib.finance.model import LoanState
from chalicelib.finance.progress import brief, render
from tests.unit.finance.loan_samples import ID, PAID, UP_TO_LINE, USCC, event, loan, wall


def test_each_step_that_concerns_the_enterprise_is_one_alert() -> None:
    alerts = new_alerts(loan(*PAID))
    assert [alert.status for alert in alerts] == [
        "已推荐银行",
        "银行已受理",
        "审批通过",
        "授信已批复",
        "已签约",
        "款项已发放",
    ]
    assert alerts[1].text == "【溪小办】您有一笔融资业务进度更新：银行已受理（11月20日 15:00）。点击查看详情。"
    assert "请在 3 日内联系客户经理签约" in alerts[2].text
    assert {alert.roles for alert in alerts} == {frozenset({Role.LEGAL, Role.FINANCE})}
    assert {alert.scope for alert in alerts} == {Scope.LOAN_ALERT}
    assert {alert.uscc for alert in alerts} == {USCC}


def test_the_same_step_has_the_same_key_for_ever() -> None:
    keys = [alert.key for alert in new_alerts(loan(*PAID))]
    assert keys[0] == f"loan:{ID}:{PAID[1].id}"
    assert len(set(keys)) == len(keys)
    assert [alert.key for alert in new_alerts(loan(*reversed(PAID), *PAID))] == keys
    assert [alert.key for alert in new_alerts(loan(*PAID), since=wall("11-22"))] == keys[-1:]


def test_what_could_not_happen_alerts_nobody() -> None:
    assert new_alerts(loan(event("PAID_OUT", "11-22", 100))) == []


def test_a_locked_screen_shows_no_amount_no_account_no_remark() -> None:
    remark = "账号6222021234567890123，金额2000万元，征信不良"
    events = [step.model_copy(update={"note": remark}) for step in PAID]
    events += [event("RETURNED", "11-20 16:00", note=remark, missing=("审计报告", "纳税证明"))]
    for alert in new_alerts(loan(*events)):
        assert not re.search(r"6222|万|元|征信|审计|纳税|\d{5}", alert.text)
        assert len(alert.status) <= 5


def test_refusals_and_missing_papers_say_no_more_than_needed() -> None:
    declined = new_alerts(loan(*UP_TO_LINE[:5], event("DECLINED", "11-21 10:00", category="征信")))[-1]
    assert "可查看原因类别并申请其他银行对接" in declined.text
    assert "征信" not in declined.text
    returned = new_alerts(loan(*UP_TO_LINE[:4], event("RETURNED", "11-21", missing=("审计报告", "合同"))))[-1]
    assert "还差 2 份资料" in returned.text


def test_overdue_is_never_pushed() -> None:
    overdue = loan(*PAID, event("OVERDUE", "12-22"))
    assert new_alerts(overdue) == new_alerts(loan(*PAID))


def test_approved_is_not_paid() -> None:
    shown = render(loan(*UP_TO_LINE[:5], UP_TO_LINE[5], fast_channel=True), wall("11-21 12:00"))
    assert shown.text() == (
        "审批已通过，请在 3 日内联系客户经理签约。\n"
        "批了不等于到账：签约、放款后我再告诉您。\n"
        "小巨人通道已用 21 小时（暂停 0 小时），目标 48 小时。\n"
        "示例数据"
    )
    assert shown.next_steps[0] == "什么时候到账"


def test_waiting_for_the_signature_shows_the_pause() -> None:
    shown = render(loan(*UP_TO_LINE, fast_channel=True), wall("11-21 18:00"))
    assert "已用 21 小时（暂停 6 小时，现在因待签约或抵押暂停）" in shown.text()
    assert "什么时候到账" in shown.next_steps


def test_a_late_channel_is_told_in_neutral_words() -> None:
    text = render(loan(*UP_TO_LINE[:5], fast_channel=True), wall("11-25")).text()
    assert "已用 114 小时" in text
    assert not re.search("超时|违约|延误", text)


def test_a_loan_not_admitted_to_the_channel_is_told_why_and_shown_no_clock() -> None:
    asked = loan(*UP_TO_LINE[:5], fast_channel=True)
    expired = (Qual(code="LG", issued_on=date(2023, 7, 1), expires_on=date(2026, 6, 30)),)
    refused = admission(live(asked), expired)
    text = render(asked, wall("11-22"), admission=refused).text()
    assert "没有进入小巨人通道：“小巨人”资质已于 2026-06-30 到期。仍可走普通贷款流程" in text
    assert "已用" not in text
    assert admission(live(loan(*UP_TO_LINE[:2])), expired) is None
    valid = (Qual(code="LG", issued_on=date(2024, 9, 2), expires_on=date(2027, 9, 1)),)
    assert "已用" in render(asked, wall("11-22"), admission=admission(live(asked), valid)).text()


def test_a_refusal_gives_the_category_and_the_way_on() -> None:
    text = render(loan(*UP_TO_LINE[:5], event("DECLINED", "11-21 10:00", category="负债率")), wall("11-22")).text()
    assert text.startswith("本次未通过，原因类别：负债率。")
    assert "其他银行" in text


def test_money_out_names_the_day_it_falls_due_and_no_amount() -> None:
    paid = (*PAID[:-1], event("PAID_OUT", "11-22 10:00", 1200, valid_to=date(2027, 11, 21)))
    text = render(loan(*paid), wall("11-22 12:00")).text()
    assert "2027-11-21" in text
    assert "1200" not in text


def test_one_line_for_a_list() -> None:
    assert brief(loan(*UP_TO_LINE)) == "示例银行 科贷通 · 待签约"
    assert brief(loan()) == "示例银行 科贷通 · 还没有进展"


@pytest.mark.parametrize("state", list(LoanState))
def test_every_state_has_words(state: LoanState) -> None:
    assert state in progress._HEADLINES
    assert state.chinese

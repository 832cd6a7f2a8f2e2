"""The life of a loan: states, amounts and their invariants, and independence of the order of arrival."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib import money
from chalicelib.finance.alerts import new_alerts
from chalicelib.finance.life import _AFTER, live
from chalicelib.finance.model import LoanEvent, LoanRow, LoanState
from tests.unit.finance.loan_samples import ID, PAID, UP_TO_LINE, USCC, event, life, loan, wall

S = LoanState


def test_a_line_is_not_money_and_money_is_not_a_balance() -> None:
    granted = life(*UP_TO_LINE).amounts
    assert (granted.line, granted.drawn, granted.balance) == (money.wan(2000), 0, 0)
    repaid = life(*PAID, event("REPAID", "12-20", 200)).amounts
    assert (repaid.line, repaid.drawn, repaid.balance) == (money.wan(2000), money.wan(1200), money.wan(1000))


def test_several_drawdowns_repayment_and_the_end() -> None:
    events = (*PAID, event("PAID_OUT", "11-25", 800), event("REPAID", "12-20", 500), event("REPAID", "12-25", 1500))
    result = life(*events, event("SETTLED", "12-26"))
    assert result.state is S.SETTLED
    assert result.is_closed
    assert result.amounts.balance == 0
    assert not result.aside


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (event("PAID_OUT", "11-25", 801), "累计放款超过授信额度"),
        (event("REPAID", "11-25", 1201), "还款超过余额"),
        (event("SETTLED", "11-25"), "还有余额"),
        (event("SIGNED", "11-25", 1), "合同金额合计"),
        (event("PAID_OUT", "11-25"), "没有写金额"),
        (event("REPAID", "11-25"), "没有写金额"),
    ],
)
def test_a_breach_is_kept_aside_and_never_applied(wrong: LoanEvent, says: str) -> None:
    before, after = life(*PAID), life(*PAID, wrong)
    assert after.amounts == before.amounts
    assert after.state is before.state
    [aside] = after.breaches
    assert aside.event == wrong
    assert says in aside.reason


def test_a_revolving_line_is_held_to_its_balance() -> None:
    again = (*PAID, event("REPAID", "11-24", 1200), event("PAID_OUT", "11-25", 1900))
    assert life(*again, revolving=True).amounts.balance == money.wan(1900)
    assert "累计放款" in life(*again).breaches[0].reason
    too_much = life(*again, event("PAID_OUT", "11-26", 101), revolving=True)
    assert "循环" in too_much.breaches[0].reason


def test_repayment_and_new_drawdown_of_one_day_do_not_trip_over_each_other() -> None:
    same_day = (event("PAID_OUT", "11-25", 1500), event("REPAID", "11-25", 1200))
    assert life(*PAID, *same_day, revolving=True).amounts.balance == money.wan(1500)


def test_more_than_asked_for_is_a_warning_only() -> None:
    result = life(event("DEMAND", "11-16", 1000), *UP_TO_LINE[2:])
    assert result.state is S.LINE_GRANTED
    assert "高于申请" in result.warnings[0]


def test_only_the_bank_speaks_for_the_bank() -> None:
    result = life(*UP_TO_LINE, event("SIGNED", "11-21 20:00", 2000, source="企业"))
    assert result.state is S.LINE_GRANTED
    assert "不能由企业来报" in result.aside[0].reason
    assert not result.breaches


def test_renewal_comes_before_the_loan_falls_due() -> None:
    paid = (*UP_TO_LINE, event("SIGNED", "11-21 20:00"), event("PAID_OUT", "11-22", 900, valid_to=date(2026, 12, 1)))
    renewed = life(*paid, event("RENEWED", "11-30", valid_to=date(2027, 12, 1)))
    assert renewed.matures_on == date(2027, 12, 1)
    assert renewed.amounts.balance == money.wan(900)
    assert "到期之前" in life(*paid, event("RENEWED", "12-02")).breaches[0].reason
    late = life(*paid, event("OVERDUE", "12-02"), event("RENEWED", "12-03"))
    assert late.state is S.OVERDUE


def test_no_withdrawal_once_money_is_out() -> None:
    assert life(*UP_TO_LINE, event("WITHDRAWN", "11-22")).state is S.WITHDRAWN
    drawn = life(*PAID, event("DRAW_REQUESTED", "11-23"), event("WITHDRAWN", "11-24"))
    assert drawn.state is S.DRAW_REQUESTED


def test_refusal_and_missing_papers_are_told_while_they_matter() -> None:
    returned = life(*UP_TO_LINE[:4], event("RETURNED", "11-21", missing=("审计报告", "纳税证明")))
    assert returned.missing == ("审计报告", "纳税证明")
    declined = life(*UP_TO_LINE[:5], event("DECLINED", "11-21 10:00", category="负债率"))
    assert (declined.category, declined.is_closed) == ("负债率", True)


def test_what_came_too_early_falls_into_place_later() -> None:
    early = life(PAID[-1], *PAID[:3])
    assert early.state is S.ACCEPTED
    assert [aside.event for aside in early.aside] == [PAID[-1]]
    assert life(PAID[-1], *PAID[:-1]).amounts.drawn == money.wan(1200)


def test_one_id_for_two_events_means_the_earlier_whichever_came_first() -> None:
    one, other = event("SIGNED", "11-21 20:00", 2000, "x"), event("WITHDRAWN", "11-22", None, "x")
    assert life(*UP_TO_LINE, other, one) == life(*UP_TO_LINE, one, other)
    assert life(*UP_TO_LINE, other, one).state is S.SIGNED


@st.composite
def _walks(draw: st.DrawFn) -> list[LoanEvent]:
    """A walk along allowed transitions with any amounts: breaches included."""
    state: LoanState | None = None
    at, events = wall("10-20"), []
    for n in range(draw(st.integers(1, 16))):
        following = sorted(_AFTER.get(state, frozenset()))
        if not following:
            break
        state = draw(st.sampled_from(following))
        at += timedelta(hours=draw(st.integers(0, 30)))
        wan = draw(st.sampled_from([None, 100, 500, 1000]))
        events.append(event(state, "10-20", wan, f"e{n}").model_copy(update={"at": at}))
    return events


@settings(max_examples=200, deadline=None)
@given(st.data(), _walks(), st.booleans())
def test_order_and_repetition_change_nothing(data: st.DataObject, events: list[LoanEvent], revolving: bool) -> None:
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    shuffled = data.draw(st.permutations(events + again))
    once = loan(*events, revolving=revolving)
    other = loan(*shuffled, revolving=revolving)
    assert live(other) == live(once)
    assert new_alerts(other) == new_alerts(once)
    told = [step.id for step in live(once).steps] + [aside.event.id for aside in live(once).aside]
    assert sorted(told) == sorted(e.id for e in events)  # nothing dropped, nothing twice


@settings(max_examples=200, deadline=None)
@given(_walks(), st.booleans())
def test_the_amounts_hold_whatever_is_reported(events: list[LoanEvent], revolving: bool) -> None:
    amounts = life(*events, revolving=revolving).amounts
    line = amounts.line or 0
    assert amounts.balance == amounts.drawn - amounts.repaid >= 0
    assert (amounts.balance if revolving else amounts.drawn) <= line
    assert amounts.contracts <= line


def _row(**more: Any) -> LoanRow:
    fields = {"prov": "R", "id": ID, "uscc": USCC, "bank": "示例银行"}
    return LoanRow.model_validate(fields | more)


@pytest.mark.parametrize(
    ("written", "fen"),
    [(100, 100), ("100", 100), ("2000万元", 200_000_000_0), ("39,030.99元", 3_903_099), ("0.5 万元", 500_000)],
)
def test_amounts_name_their_unit(written: object, fen: int) -> None:
    step = {"id": "1", "state": "放款", "at": "2026-11-22 10:00", "source": "银行", "amount": written}
    [read] = _row(events=[step]).events
    assert (read.amount, read.state, read.at) == (fen, S.PAID_OUT, wall("11-22 10:00"))


@pytest.mark.parametrize("written", [2000.5, -1, "两千万", "0.001元"])
def test_amounts_of_no_clear_unit_are_refused(written: object) -> None:
    step = {"id": "1", "state": "放款", "at": "2026-11-22 10:00", "source": "银行", "amount": written}
    with pytest.raises(ValidationError, match=r"金额|看不懂|greater than"):
        _row(events=[step])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"uscc": "91360323MAXX000313"}, "校验"),
        ({"id": "x"}, "pattern"),
        ({"events": [{"id": "1", "state": "批了", "at": "2026-11-22", "source": "银行"}]}, "state"),
        ({"events": [{"id": "1", "state": "放款", "at": "2026-11-22", "source": "银行"}] * 2}, "写了两次"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        _row(**wrong)

"""每日对账: what a bank's list says and ours does not is named, loan by loan and field by field."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.finance.model import Loan
from chalicelib.finance.reconcile import AMOUNTS, Difference, read_line, reconcile
from tests.unit.jobs.support import NOW, loan_row

STEPS = ("ACCEPTED", "REVIEWING", "APPROVED", "LINE_GRANTED", "SIGNED", "PAID_OUT")


def loan(loan_id: str = "LN-2026-0001", upto: int = 6) -> Loan:
    events = [
        {"id": f"e{n}", "state": state, "at": f"2026-11-2{n} 09:00", "source": "银行", "amount": 100_000_00}
        for n, state in enumerate(STEPS[:upto])
    ]
    row = loan_row(*events, loan_id=loan_id)
    return Loan(head=row.head(), events=row.events, updated=NOW)


def line(**more: str) -> Any:
    cells = {"贷款编号": "LN-2026-0001", "环节": "放款", "授信（元）": "100,000", "余额（元）": "100000.00", **more}
    return read_line(cells)


def test_lists_that_agree_have_no_difference_and_empty_cells_are_not_compared() -> None:
    assert reconcile([loan()], [line()]) == []


def test_every_difference_by_loan_and_field() -> None:
    theirs = [
        line(**{"余额（元）": "99999.99", "环节": "结清"}),
        line(),
        line(贷款编号="LN-2026-0009"),
    ]
    assert reconcile([loan(), loan("LN-2026-0002")], theirs) == [
        Difference("LN-2026-0001", "余额（元）", "100000.00", "99999.99"),
        Difference("LN-2026-0001", "环节", "放款", "结清"),
        Difference("LN-2026-0001", "重复", "一笔", "银行清单里不止一行"),
        Difference("LN-2026-0002", "银行清单没有这笔", "有", "无"),
        Difference("LN-2026-0009", "我方没有这笔", "无", "有"),
    ]


def test_an_unknown_amount_of_ours_differs_from_a_known_one() -> None:
    found = reconcile([loan(upto=2)], [line(**{"环节": "审查", "余额（元）": ""})])
    assert found == [Difference("LN-2026-0001", "授信（元）", "未知", "100000.00")]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"贷款编号": ""}, "贷款编号"),
        ({"环节": "放了"}, "可用"),
        ({"授信（元）": "十万"}, "不是金额"),
        ({"余额（元）": "-1"}, "不小于 0"),
        ({"余额（元）": "1.001"}, "两位小数"),
        ({"余额（元）": "NaN"}, "两位小数"),
        ({"余额（元）": "1e30"}, "两位小数"),
    ],
)
def test_what_is_wrong_with_a_line_names_its_column(cells: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        line(**cells)


def test_all_amounts_are_columns() -> None:
    assert len(AMOUNTS) == 4

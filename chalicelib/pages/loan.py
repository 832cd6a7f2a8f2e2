"""``/h5/loan/{id}``: how far a loan (贷款) is and its sums, for 法人 and 财务 of its enterprise."""

from __future__ import annotations

from chalicelib import money
from chalicelib.enterprises.access import Right
from chalicelib.finance.life import Amounts, live
from chalicelib.finance.progress import brief
from chalicelib.finance.progress import render as progress_of
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, Visit
from chalicelib.times import chinese_time


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing alike, and at the same cost, for a loan that does not exist, somebody else's, and one that
    their role may not see."""
    visit.known()
    services = visit.services
    loan_id = visit.request.key
    binding = visit.binding(Right.SEE_LOANS, lambda uscc: services.loans.belongs(loan_id, uscc))
    loan = services.loans.get(loan_id)
    if loan is None:
        raise PageMissing
    enterprise, life = services.enterprises.get(binding.uscc), live(loan)
    return render.page(
        visit,
        "loan.html",
        personal=True,
        title=brief(loan),
        loan=loan,
        enterprise=enterprise.name if enterprise else binding.uscc,
        progress=progress_of(loan, visit.now),
        sums=_sums(life.amounts),
        steps=[(chinese_time(step.at), step.state.chinese, step.missing) for step in life.steps],
        is_closed=life.is_closed,
    )


def _sums(amounts: Amounts) -> list[tuple[str, str]]:
    """授信, 放款 and 余额 side by side: three figures, never one (facts §5.1)."""
    line_end = f"（有效期至 {amounts.line_valid_to}）" if amounts.line_valid_to else ""
    figures = (
        ("申请金额", amounts.applied, ""),
        ("授信额度", amounts.line, line_end),
        ("合同金额", amounts.contracts or None, ""),
        ("累计放款", amounts.drawn if amounts.line is not None else None, ""),
        ("累计还款", amounts.repaid or None, ""),
        ("余额", amounts.balance if amounts.drawn else None, "（还没有还的本金）"),
    )
    return [(name, money.show(fen) + aside) for name, fen, aside in figures if fen is not None]

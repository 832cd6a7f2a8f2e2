"""Sums over loans equal the sum of their parts, whatever loans there are, and lists equal the loans they stand for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.finance.life import live
from chalicelib.finance.service import LoanService
from chalicelib.finance.summary import by_bank, portfolio, summary
from tests.unit.jobs.support import NOW, loan_row

STEPS = ("ACCEPTED", "REVIEWING", "APPROVED", "LINE_GRANTED", "SIGNED", "PAID_OUT", "REPAID", "SETTLED")


def events(upto: int, fen: int) -> list[dict[str, Any]]:
    return [
        {"id": f"e{n}", "state": state, "at": (NOW + timedelta(hours=n)).isoformat(), "source": "银行", "amount": fen}
        for n, state in enumerate(STEPS[:upto])
    ]


loans = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 10**12), st.sampled_from(["甲行", "乙行", "丙行"])))


@given(loans)
def test_banks_sum_to_the_whole_and_summaries_to_the_lives(found: list[tuple[int, int, str]]) -> None:
    service = LoanService(MemoryStore(FixedClock(NOW)))
    for number, (upto, fen, bank) in enumerate(found):
        service.save_row(loan_row(*events(upto, fen), loan_id=f"LN-{number:05}", bank=bank), NOW)
    since = date(2026, 1, 1)
    rows = list(service.summaries(since, NOW))
    kept = sorted(map(summary, service.all_loans(since, NOW)), key=lambda row: row.id)
    assert sorted(rows, key=lambda row: row.id) == kept
    whole, banks = portfolio(rows), by_bank(rows).values()
    for name in ("loans", "open", "line", "drawn", "balance", "asides"):
        assert getattr(whole, name) == sum(getattr(bank, name) for bank in banks)
    lives = [live(loan) for loan in service.all_loans(since, NOW)]
    assert whole.balance == sum(life.amounts.balance for life in lives)
    assert whole.drawn == sum(life.amounts.drawn for life in lives)

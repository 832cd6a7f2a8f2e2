"""贴息: the vectors of the facts, and parts that add up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import money
from chalicelib.finance.interest import Basis, Owed, owed_between, subsidy, subsidy_over
from tests.unit.finance.loan_samples import UP_TO_LINE, event, life


@pytest.mark.parametrize(("basis", "yuan"), [(365, "150000.00"), (360, "152083.33")])
def test_a_year_of_ten_million_at_one_and_a_half_percent(basis: Basis, yuan: str) -> None:
    assert subsidy(money.wan(1000), "0.015", 365, basis) == money.yuan(yuan)


def test_the_cap_of_the_scheme() -> None:
    two_years = [Owed(money.wan(5000), 730)]
    assert subsidy_over(two_years, "0.015", 365) == money.wan(150)
    assert subsidy_over([Owed(money.wan(6000), 730)], "0.015", 365, cap=money.wan(150)) == money.wan(150)


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 400)), max_size=6), st.sampled_from([360, 365]))
def test_parts_are_rounded_once(parts: list[tuple[int, int]], basis: Basis) -> None:
    whole = subsidy_over([Owed(*part) for part in parts], "0.015", basis)
    apart = sum(subsidy(principal, "0.015", days, basis) for principal, days in parts)
    assert abs(whole - apart) <= len(parts)


def test_drawn_and_repaid_in_parts() -> None:
    loan_life = life(
        *UP_TO_LINE,
        event("SIGNED", "11-22"),
        event("PAID_OUT", "12-01", 1000),
        event("PAID_OUT", "12-11", 500),
        event("REPAID", "12-21", 300),
    )
    owed = owed_between(loan_life, date(2026, 11, 1), date(2026, 12, 31))
    assert owed == [Owed(money.wan(1000), 10), Owed(money.wan(1500), 10), Owed(money.wan(1200), 10)]
    assert owed_between(loan_life, date(2026, 12, 15), date(2026, 12, 20)) == [Owed(money.wan(1500), 5)]
    assert owed_between(loan_life, date(2026, 12, 11), date(2026, 12, 21)) == [Owed(money.wan(1500), 10)]
    assert owed_between(loan_life, date(2026, 11, 1), date(2026, 11, 30)) == []
    with pytest.raises(ValueError, match="ends before"):
        owed_between(loan_life, date(2026, 12, 1), date(2026, 11, 30))

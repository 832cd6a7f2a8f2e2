from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import money
from chalicelib.guidance.court_fees import acceptance_fee


@pytest.mark.parametrize(
    ("claim", "fee"),
    [
        ("0", "50"),
        ("10000", "50"),
        ("10000.40", "50.01"),
        ("30000", "550"),
        ("100000", "2300"),
        ("200000", "4300"),
        ("360000", "6700"),
        ("500000", "8800"),
        ("1000000", "13800"),
        ("2000000", "22800"),
        ("5000000", "46800"),
        ("10000000", "81800"),
        ("20000000", "141800"),
        ("30000000", "191800"),
    ],
)
def test_bands_of_article_13(claim: str, fee: str) -> None:
    assert acceptance_fee(money.yuan(claim)) == money.yuan(fee)


def test_half_for_the_simple_procedure() -> None:
    assert acceptance_fee(money.wan(3), halved=True) == money.yuan(275)
    assert acceptance_fee(0, halved=True) == money.yuan(25)


@given(st.integers(0, money.wan(100_000)), st.integers(0, money.wan(10)))
def test_more_claimed_is_never_cheaper(claim: int, more: int) -> None:
    assert acceptance_fee(claim) <= acceptance_fee(claim + more)


def test_no_negative_claim() -> None:
    with pytest.raises(ValueError, match="不能小于 0"):
        acceptance_fee(-1)

from __future__ import annotations

import pytest

from chalicelib import money
from chalicelib.guidance.amounts import amount
from tests.unit.guidance.content import service


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("客户欠我36万货款", "360000"),
        ("欠我三万块材料款", "30000"),
        ("三十六万元", "360000"),
        ("十五万", "150000"),
        ("两千五百元", "2500"),
        ("一百零八元", "108"),
        ("3.5万", "35000"),
        ("1,200元", "1200"),
        ("贷款八百万", "8000000"),
    ],
)
def test_sums_as_people_write_them(text: str, yuan: str) -> None:
    assert amount(text) == money.yuan(yuan)


@pytest.mark.parametrize("text", ["办件编号 3603232026112200123", "一件事", "万龙山", "要多少钱", "20天"])
def test_no_sum(text: str) -> None:
    assert amount(text) is None


def test_the_fee_of_a_lawsuit_is_calculated_from_the_sum_named() -> None:
    answer = service().ask("欠36万货款，网上立案诉讼费要好多")
    assert answer.item_id == "SX-34"
    assert "36 万元的诉讼费是 6,700 元" in answer.text

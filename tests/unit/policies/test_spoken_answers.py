"""What people say for a number, a choice, or no answer at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.policies.answers import Answer, NoAnswer, looks_like_one, spoken_number, understood
from chalicelib.policies.builtin import FACTS


def read(text: str, fact: str) -> Any:
    found = understood(text, fact, FACTS[fact])
    return found.value if isinstance(found, Answer) else found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("四百二十", 420),
        ("一千二", 1200),
        ("一千零二", 1002),
        ("一百零五", 105),
        ("三万五", 35000),
        ("三万零五", 30005),
        ("三万五千", 35000),
        ("两千三百四十五万", 23450000),
        ("一亿二", 120000000),
        ("一点二", "1.2"),
        ("1.5亿", 150000000),
        ("十", 10),
        ("十五", 15),
        ("二十五", 25),
        ("一百二", 120),
        ("1,234.5", "1234.5"),
        ("四五", None),
        ("很多", None),
        ("", None),
        ("点五", None),
    ],
)
def test_spoken_numbers(text: str, value: Any) -> None:
    assert spoken_number(text) == (None if value is None else Decimal(str(value)))


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("四百来万吧", 400, "约 400 万元"),
        ("412", 412, "412 万元"),
        ("412万", 412, "412 万元"),
        ("412万元", 412, "412 万元"),
        ("大概四百一十二万", 412, "约 412 万元"),
        ("1.2亿", 12000, "12,000 万元"),
        ("一个亿", 10000, "10,000 万元"),
        ("4120000", 412, "412 万元"),
        ("4,120,000元", 412, "412 万元"),
        ("８００万左右", 800, "约 800 万元"),
        ("五十万出头", 50, "约 50 万元"),
        ("没有", 0, "0 万元"),
        ("0", 0, "0 万元"),
        ("三百人", None, None),
        ("-5", None, None),
        ("研发费用怎么填", None, None),
    ],
)
def test_amounts_in_wan(text: str, value: float | None, shown: str | None) -> None:
    found = understood(text, "rd_expense", FACTS["rd_expense"])
    assert (found.value if isinstance(found, Answer) else found) == value
    assert shown is None or (isinstance(found, Answer) and found.shown(FACTS["rd_expense"]) == shown)


@pytest.mark.parametrize(
    ("text", "fact", "value"),
    [
        ("二十来个人", "employees_avg", 20),
        ("两百多人", "employees_avg", 200),
        ("186", "employees_avg", 186),
        ("12个月", "unemp_months_paid", 12),
        ("三万九", "unemp_premium_last_year", 39000),
        ("39030.99", "unemp_premium_last_year", 39030.99),
        ("5%", "debt_ratio", 0.05),
        ("百分之六十", "debt_ratio", 0.6),
        ("六成五", "debt_ratio", 0.65),
        ("五成半", "debt_ratio", 0.55),
        ("55", "debt_ratio", 0.55),
        ("0.5", "debt_ratio", None),
        ("有", "has_fixed_premises", True),
        ("有的", "has_fixed_premises", True),
        ("没有", "has_fixed_premises", False),
        ("不是", "is_zombie", False),
        ("没有", "first_loan", None),
        ("是", "first_loan", True),
        ("看情况", "is_zombie", None),
        ("查账", "accounting", None),
        ("查账征收", "accounting", "查账征收"),
        ("是查账征收", "accounting", "查账征收"),
        ("A级", "tax_credit", "A"),
        ("民营企业", "ownership", "民营"),
        ("高企和专精特新", "valid_quals", ("HNTE", "SRDI")),
        ("都没有", "valid_quals", ()),
        ("芦溪县", "tax_region", "360323"),
        ("上埠镇", "town_code", "360323103"),
        ("2019年3月5日", "established_on", "2019-03-05"),
        ("2019-02-30", "established_on", None),
        ("不知道", "employees_avg", NoAnswer.UNKNOWN),
        ("莫晓得", "employees_avg", NoAnswer.UNKNOWN),
        ("跳过。", "employees_avg", NoAnswer.SKIP),
        ("上一题", "employees_avg", NoAnswer.BACK),
        ("看结果", "employees_avg", NoAnswer.FINISH),
        ("换法人要带什么", "employees_avg", None),
        ("办件3603232026112200123", "employees_avg", None),
    ],
)
def test_answers(text: str, fact: str, value: Any) -> None:
    assert read(text, fact) == value


@given(st.integers(0, 9999_9999))
def test_every_number_reads_back_from_its_characters(number: int) -> None:
    assert spoken_number(_in_chinese(number)) == number


def _in_chinese(number: int) -> str:
    high, low = divmod(number, 10_000)
    if not high:
        return _four(low) or "零"
    return _four(high) + "万" + ("零" if 0 < low < 1000 else "") + _four(low)


def _four(number: int) -> str:
    text, zero = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            text += ("零" if zero else "") + "零一二三四五六七八九"[digit] + name
        zero = digit == 0 and bool(text)
    return text


@given(st.text(max_size=20))
def test_anything_may_be_typed(text: str) -> None:
    for fact in ("rd_expense", "debt_ratio", "is_zombie", "valid_quals", "established_on", "tax_credit"):
        understood(text, fact, FACTS[fact])


def test_what_was_meant_as_an_answer() -> None:
    assert looks_like_one("几十万吧") and looks_like_one("好多")
    assert not looks_like_one("高新技术企业认定怎么申请")

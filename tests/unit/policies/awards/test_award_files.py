"""What goes to the treasury and what comes back from the bank, to the byte and to the 分."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import BadInput
from chalicelib.policies.awards.model import EntryAct
from chalicelib.policies.awards.payment_file import yuan
from chalicelib.policies.awards.receipts import read
from tests.unit.policies.awards.support import ANN, BOB, POOL, County, account, enterprise

ONE, TWO = enterprise(1), enterprise(2)
HEAD = "支付编号,金额（元）,结果,日期,原因"


@pytest.fixture
def county() -> County:
    """An approved batch of two."""
    county = County(ONE, TWO)
    county.payable()
    county.awards.prepare("P90-2026-1", ANN, county.now)
    county.awards.pay("P90-2026-1", BOB, county.now)
    return county


def numbers(county: County) -> list[str]:
    rows = list(csv.reader(io.StringIO(county.awards.payment_file("P90-2026-1").data.decode("utf-8-sig"))))
    return [row[1] for row in rows[1:-1]]


def test_the_payment_file_byte_for_byte(county: County) -> None:
    first, second = numbers(county)
    lines = [
        "序号,支付编号,统一社会信用代码,收款户名,开户行,收款账号,金额（元）,用途",
        f"1,{first},{ONE.uscc},芦溪第1电瓷有限公司,示例银行芦溪支行,6222021234567890128,23418.59,测试返还",
        f"2,{second},{TWO.uscc},芦溪第2电瓷有限公司,示例银行芦溪支行,6222021234567890128,23418.59,测试返还",
        "合计,,,,,2 笔,46837.18,",
        "",
    ]
    data = county.awards.payment_file("P90-2026-1").data
    assert data == b"\xef\xbb\xbf" + "\r\n".join(lines).encode()


def test_a_name_with_a_comma_stays_one_cell() -> None:
    firm = enterprise(1, name='甲,"乙"有限公司')
    county = County(firm)
    county.payable()
    county.awards.prepare("P90-2026-1", ANN, county.now)
    data = county.awards.pay("P90-2026-1", BOB, county.now).data.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(data)))[1][3] == account(firm).name == firm.name


@given(st.integers(1, 10**12))
def test_yuan_has_every_fen(fen: int) -> None:
    assert Decimal(yuan(fen)) * 100 == fen
    assert yuan(fen)[-3] == "."


def test_some_paid_some_returned(county: County) -> None:
    first, second = numbers(county)
    rows = [f"成功,2026-11-30,,23418.59,{first}", f"退回,2026-11-30,销户,23418.59,{second}"]
    text = "\n".join(["结果,日期,原因,金额（元）,支付编号", *rows])
    received = county.awards.take_receipts("P90-2026-1", text.encode("gb18030"), "回执.csv", county.now)
    assert (received.paid, received.returned) == (1, 1)
    pool = county.awards.pool(POOL, 2026)
    assert (pool.committed, pool.paid) == (0, 2_341_859)
    event = county.awards.entry("P90-2026-1", TWO.uscc).events[-1]
    assert (event.act, event.note, event.by) == (EntryAct.RETURNED, "销户", "回执.csv")


def test_a_wrong_row_keeps_the_whole_file_out(county: County) -> None:
    first, second = numbers(county)
    rows = [f"{first},23418.59,成功,2026-11-30,", f"{second},23418.58,成功,2026-11-30,", "x-01,1.00,成功,2026-11-30,"]
    with pytest.raises(BadInput) as caught:
        county.awards.take_receipts("P90-2026-1", "\n".join([HEAD, *rows]).encode(), ANN, county.now)
    assert "第 3 行 金额（元）：与支付文件里的金额不一致" in str(caught.value)
    assert "第 4 行 支付编号：已批准的支付批次里没有 x-01" in str(caught.value)
    assert county.awards.pool(POOL, 2026).paid == 0


def test_paid_after_returned_is_for_a_person_to_ask(county: County) -> None:
    id_ = "P90-2026-1"
    county.awards.take_receipts(id_, county.receipts(id_, "退回", "销户"), ANN, county.now)
    with pytest.raises(BadInput, match="第 2 行 结果：这笔支付已登记为退回"):
        county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a,abc,成功,2026-11-30,", "金额（元）：应是数字"),
        ("a,1.001,成功,2026-11-30,", "金额（元）：应大于 0、最多两位小数"),
        ("a,NaN,成功,2026-11-30,", "金额（元）：应大于 0、最多两位小数"),
        ("a,-1,成功,2026-11-30,", "金额（元）：应大于 0"),
        ("a,1.00,好,2026-11-30,", "结果：只能是成功、退回，写的是“好”"),
        ("a,1.00,成功,30/11/2026,", "日期：应像 2026-11-22"),
        ("a,1.00,退回,2026-11-30,", "原因：退回的要写明原因"),
        ("a", "结果：只能是成功、退回"),
        ("a,1.00,成功,2026-11-30,\na,1.00,退回,2026-11-30,x", "第 3 行 结果：与第 2 行的同一支付编号不一致"),
    ],
)
def test_mistakes_in_a_receipts_file_are_named(row: str, problem: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(f"{HEAD}\n{row}\n".encode())
    assert problem in str(caught.value)


def test_files_that_are_no_receipts() -> None:
    with pytest.raises(BadInput, match="缺列：支付编号、金额（元）、日期"):
        read("结果\n成功\n".encode())
    with pytest.raises(BadInput, match="编码"):
        read(b"\xff\xff\xff")
    assert len(read(f"{HEAD}\na,1.00,成功,2026-11-30,\na,1.00,成功,2026-11-30,\n".encode())) == 1

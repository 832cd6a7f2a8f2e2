"""The masking table's fixtures, and what nobody thought of when typing a number into a chat."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import masking


@pytest.mark.parametrize(
    ("rule", "plain", "masked"),
    [
        (masking.name, "张三", "张*"),
        (masking.name, "张三丰", "张**"),
        (masking.name, "欧阳修", "欧阳*"),
        (masking.name, "欧阳", "欧*"),
        (masking.name, "买买提·艾力", "买*****"),
        (masking.name, "司马相如", "司马**"),
        (masking.name, " 张三 ", "张*"),
        (masking.name, "张", "*"),
        (masking.name, "", ""),
        (masking.mobile, "13812345678", "138****5678"),
        (masking.mobile, "1381234567", "******4567"),
        (masking.mobile, "138", "***"),
        (masking.landline, "0799-7551234", "0799-***1234"),
        (masking.landline, "7551234", "***1234"),
        (masking.id_card_self, "36032319000101001X", "360***********001X"),
        (masking.id_card, "36032319000101001X", "**************001X"),
        (masking.uscc, "91360323MAXX00015C", "913603********015C"),
        (masking.uscc, "9136032315", "**********"),
        (masking.bank_account, "6222021234567890123", "***************0123"),
        (masking.bank_account, "123", "***"),
        (masking.address, "芦溪县上埠镇工业路8号", "芦溪县上埠镇****"),
        (masking.address, "江西省萍乡市芦溪县源南乡石塘村3组", "江西省萍乡市芦溪县源南乡****"),
        (masking.address, "萍乡市安源区后埠街道昭萍东路1号", "萍乡市安源区后埠街道****"),
        (masking.address, "人民路8号", "****"),
        (masking.email, "zhang@x.com", "z****@x.com"),
        (masking.email, "a@x.com", "a****@x.com"),
        (masking.email, "nonsense", "****"),
        (masking.email, "@x.com", "****"),
    ],
)
def test_each_field_by_its_rule(rule: object, plain: str, masked: str) -> None:
    assert callable(rule)
    assert rule(plain) == masked


def test_an_openid_becomes_a_short_hash() -> None:
    assert masking.openid("oABC") == "3e462da50bb5"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("我电话13812345678", "我电话138****5678"),
        ("打138 1234 5678找我", "打138****5678找我"),
        ("打138_1234_5678找我", "打138****5678找我"),
        ("打138/1234/5678找我", "打138****5678找我"),
        ("打138\u20601234\u20605678找我", "打138****5678找我"),
        ("138-1234-5678", "138****5678"),
        ("1 3 8 1 2 3 4 5 6 7 8", "138****5678"),
        ("138\u200b1234\u00a05678", "138****5678"),
        ("一三八一二三四五六七八", "138****5678"),
        ("幺三八 一二三四 五六七八", "138****5678"),
        ("１３８１２３４５６７８", "138****5678"),
        ("+86 13812345678", "+86 138****5678"),
        ("+8613812345678", "+*********5678"),
        ("13812345678,13987654321", "138****5678,139****4321"),
        ("座机0799-7551234。", "座机0799-***1234。"),
        ("（0799）7551234", "*******1234"),
        ("身份证36032319000101001X", "身份证**************001X"),
        ("36032319000101001x", "**************001X"),
        ("360323 1990 0307 8828", "**************8828"),
        ("360323199003078828", "**************8828"),
        ("卡号6222 0212 3456 7890 123", "卡号***************0123"),
        ("6222021234567890123", "***************0123"),
        ("发到zhang@x.com", "发到z****@x.com"),
        ("zhang＠x.com", "z****@x.com"),
        ("办件3603232026112200123到哪了", "办件***************0123到哪了"),
    ],
)
def test_free_text(text: str, scrubbed: str) -> None:
    assert masking.scrub(text) == scrubbed
    assert masking.scrub(scrubbed) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22 15:02 到 2026-11-25 16:30",
        "2026-11-22 2026-11-25",
        "工作日 9:00–12:00、13:30–17:00，拨 12345 或 12366",
        "贷款 800 万元，利率 3.45%，2024-2025 年度",
        "23,418.59 元，1000000000 分",
        "国办发〔2025〕25号第十一条第二款",
        "一二三四五，上山打老虎；二〇二六年一一月二二日",
        "91360323MAXX00015C",
        "材料 1 2 3 4 5 都齐了",
        "@某某 你好",
    ],
)
def test_what_is_nobodys_number_stays(text: str) -> None:
    assert masking.scrub(text) == text


def test_the_number_that_the_text_is_about_may_stay() -> None:
    text = "办件 3603232026112200123，电话 13812345678"
    assert masking.scrub(text, keep=["3603232026112200123"]) == "办件 3603232026112200123，电话 138****5678"


ARABIC, WIDE, CHINESE = "0123456789", "０１２３４５６７８９", "零一二三四五六七八九"
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
AROUND = st.text(alphabet="我的电话是，。：找 ()tel", max_size=8)


@given(MOBILES, st.lists(st.sampled_from(["", "", " ", "-", "—", "\u3000", ". "]), min_size=10, max_size=10), st.data())
def test_a_mobile_is_found_however_it_is_spaced_and_written(mobile: str, gaps: list[str], data: st.DataObject) -> None:
    scripts = [data.draw(st.sampled_from([ARABIC, WIDE, CHINESE])) for _ in mobile]
    written = [script[int(digit)] for script, digit in zip(scripts, mobile, strict=True)]
    typed = "".join(digit + gap for digit, gap in zip(written, [*gaps, ""], strict=True))
    before, after = data.draw(AROUND), data.draw(AROUND)
    assert masking.scrub(f"{before}{typed}{after}") == f"{before}{masking.mobile(mobile)}{after}"


@given(AROUND, st.from_regex(r"[0-9]{12,30}", fullmatch=True), AROUND)
def test_a_long_number_never_shows_more_than_its_last_four(before: str, number: str, after: str) -> None:
    assert masking.scrub(before + number + after) == f"{before}{'*' * (len(number) - 4)}{number[-4:]}{after}"


@given(st.text(max_size=60))
def test_scrubbing_never_fails_and_twice_is_once(text: str) -> None:
    once = masking.scrub(text)
    assert masking.scrub(once) == once


@pytest.mark.parametrize("piece", ["1", "a", "1 ", "1-", "a.@", "0799 ", "3600 ", "13 ", " ", "一", "1x"])
def test_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    began = time.perf_counter()
    masking.scrub(piece * (65536 // len(piece)))
    assert time.perf_counter() - began < 1.0

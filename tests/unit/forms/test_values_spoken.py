"""What people say → what a draft keeps → what is shown, for every type."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.enterprises import id_card, uscc
from chalicelib.forms.model import FieldDef
from chalicelib.forms.values import ValueProblem, echo, masked, read, show
from tests.unit.forms.sample_catalogue import ON, dictionary

CHOICES = ("卖房", "买房", "办贷款", "其他")


def field(type: str, **changes: Any) -> FieldDef:
    row = {"id": "a_field", "name": "某一项", "type": type, "question": "这一项是什么？", "prov": ["R"]}
    if type in ("choice", "choices"):
        row["choices"] = CHOICES
    return FieldDef.model_validate(row | changes)


WAN, YUAN = field("amount", unit="万元"), field("amount", unit="元")


@pytest.mark.parametrize(
    ("asked", "said", "value"),
    [
        (WAN, "五百万", "500000000"),
        (WAN, "500万", "500000000"),
        (WAN, "500", "500000000"),
        (WAN, "500w", "500000000"),
        (WAN, "1.5亿", "15000000000"),
        (WAN, "一个亿", "10000000000"),
        (WAN, "伍佰万元整", "500000000"),
        (WAN, "人民币 300 万元", "300000000"),
        (WAN, "三万五", "3500000"),
        (YUAN, "三千二百块", "320000"),
        (YUAN, "三千二", "320000"),
        (YUAN, "3,200.50元", "320050"),
        (YUAN, "三块五", "350"),
        (YUAN, "三块五毛二分", "352"),
        (YUAN, "两百五", "25000"),
        (YUAN, "5千", "500000"),
        (field("number", unit="人"), "十二个人", "12"),
        (field("number", unit="人"), "12人", "12"),
        (field("number", unit="平方米"), "98.5平", "98.5"),
        (field("number", unit="月"), "一年", "12"),
        (field("number", unit="月"), "半年", "6"),
        (field("number", unit="月"), "两年半", "30"),
        (field("number", unit="月"), "18个月", "18"),
        (field("percent"), "百分之五", "5"),
        (field("percent"), "5.5%", "5.5"),
        (field("percent"), "六成", "60"),
        (field("percent"), "30", "30"),
        (field("date"), "2026年11月23日", "2026-11-23"),
        (field("date"), "2026-1-5", "2026-01-05"),
        (field("date"), "20261123", "2026-11-23"),
        (field("date"), "二〇二六年十一月二十三日", "2026-11-23"),
        (field("date"), "26年3月2号", "2026-03-02"),
        (field("date"), "今天", "2026-11-23"),
        (field("date"), "大后天", "2026-11-26"),
        (field("date"), "下周一", "2026-11-30"),
        (field("date"), "这个星期五", "2026-11-27"),
        (field("date"), "上个月15号", "2026-10-15"),
        (field("date"), "15号", "2026-11-15"),
        (field("date"), "这个月底", "2026-11-30"),
        (field("date"), "今年年底", "2026-12-31"),
        (field("date"), "明年3月1号", "2027-03-01"),
        (field("date"), "三天后", "2026-11-26"),
        (field("date"), "两个月后", "2027-01-23"),
        (field("date"), "半年后", "2027-05-23"),
        (field("date", unit="月"), "今年6月", "2026-06-01"),
        (field("date", checks=["not_past"]), "3月1号", "2027-03-01"),
        (field("date", checks=["not_future"]), "12月1日", "2025-12-01"),
        (field("address"), "上埠镇老街12号", "芦溪县上埠镇老街12号"),
        (field("address"), "上埠老街12号", "芦溪县上埠镇老街12号"),
        (field("address"), "江西省萍乡市芦溪县宣风镇 工业路８号", "芦溪县宣风镇工业路8号"),
        (field("address"), "在芦溪镇人民路3号。", "芦溪县芦溪镇人民路3号"),
        (field("address"), "芦溪工业园A栋", "芦溪县工业园A栋"),
        (field("address"), "萍乡市安源区跃进路5号", "萍乡市安源区跃进路5号"),
        (field("address"), "广东省东莞市长安镇1号", "广东省东莞市长安镇1号"),
        (field("phone"), "一三八 一二三四 五六七八", "13812345678"),
        (field("phone"), "138-1234-5678", "13812345678"),
        (field("phone"), "０７９９７５５１２３４", "0799-7551234"),
        (field("person"), "法人张三", "张三"),
        (field("person"), "我老婆李芳", "李芳"),
        (field("person"), "是我崽，叫王小明", "王小明"),
        (field("person"), "李改花", "李改花"),
        (field("person"), "买买提·艾力", "买买提·艾力"),
        (field("company"), "叫芦溪（江西）电瓷有限公司", "芦溪（江西）电瓷有限公司"),
        (field("uscc"), "91360323maxx00015c", "91360323MAXX00015C"),
        (field("id_number"), "360323 1990 0101 0010", "360323199001010010"),
        (field("choice"), "2", "买房"),
        (field("choice"), "第三个", "办贷款"),
        (field("choice"), "卖我的房，卖房", "卖房"),
        (field("choice"), "贷款", "办贷款"),
        (field("choices"), "1和3", "卖房、办贷款"),
        (field("choices"), "都要", "卖房、买房、办贷款、其他"),
        (field("choices"), "买房，卖房", "卖房、买房"),
        (field("flag"), "冇", "否"),
        (field("flag"), "么得", "否"),
        (field("flag"), "有的", "是"),
        (field("flag"), "要得", "是"),
        (field("industry"), "3073", "3073"),
        (field("industry"), "正餐服务", "6210"),
        (field("bank_account"), "1402 0000 0000 00001", "14020000000000001"),
        (field("text", name="经营范围"), "经营范围是电瓷制造", "电瓷制造"),
    ],
)
def test_what_is_said_is_understood(asked: FieldDef, said: str, value: str) -> None:
    assert read(asked, said, ON) == value
    assert read(asked, show(asked, value), ON) == value


@pytest.mark.parametrize(
    ("asked", "said", "part"),
    [
        (WAN, "十来万", "请说一个准数"),
        (WAN, "大概五百万", "请说一个准数"),
        (WAN, "三四十万", "请说一个准数"),
        (WAN, "一百多万", "请说一个准数"),
        (WAN, "5000000", "元还是万元"),
        (WAN, "100万美元", "人民币"),
        (YUAN, "看着办", "没有看懂这个金额"),
        (YUAN, "0.001元", "写到分"),
        (field("number", unit="人"), "两三个", "请说一个准数"),
        (field("number", unit="人"), "1.5", "整数"),
        (field("number", unit="人", least=1, most=50), "51人", "不能超过 50 人"),
        (field("percent"), "0.3", "百分号"),
        (field("date"), "农历八月十五", "公历"),
        (field("date"), "腊月二十", "公历"),
        (field("date"), "2026年2月30日", "没有这一天"),
        (field("date"), "今年6月", "哪一天"),
        (field("date"), "月初", "哪一天"),
        (field("date", checks=["not_future"]), "明天", "不能晚于今天"),
        (field("address"), "上埠镇", "门牌"),
        (field("address"), "老地方", "乡镇"),
        (field("phone"), "1381234567", "11 位"),
        (field("person"), "我老婆", "写姓名"),
        (field("person"), "不知道", "姓名"),
        (field("person"), "陈先生", "全名"),
        (field("uscc"), "91360323MAXX00015D", "校验位不对"),
        (field("id_number"), "360323199001010011", "最后一位不对"),
        (field("id_number", checks=["adult"]), "360323202001010015", "18 周岁"),
        (field("choice"), "装修", "请回复数字：1 卖房"),
        (field("choice"), "房", "只能选一个"),
        (field("flag"), "看情况", "“是”或“否”"),
        (field("industry"), "0000", "4 位数字"),
        (field("bank_account"), "6222021234567890123", "核对"),
        (field("bank_account"), "12345", "8 至 32 位"),
        (field("company", checks=["full_company"]), "溪华电瓷", "全称"),
        (field("text"), "\u200b ", "还没有写"),
    ],
)
def test_what_is_not_certain_is_asked_again_in_one_sentence(asked: FieldDef, said: str, part: str) -> None:
    with pytest.raises(ValueProblem) as problem:
        read(asked, said, ON)
    text = str(problem.value)
    assert part in text
    assert text.endswith("。") and text.count("。") == 1


VALID: dict[str, st.SearchStrategy[str]] = {
    "amount": st.integers(0, 10**15).map(str),
    "number": st.decimals(0, 10**9, places=2).map(lambda n: f"{n:f}".rstrip("0").rstrip(".") if n else "0"),
    "percent": st.integers(1, 100).map(str),
    "date": st.dates(date(1900, 1, 1), date(2100, 12, 31)).map(date.isoformat),
    "phone": st.from_regex(r"1[3-9][0-9]{9}|0799-[0-9]{7}", fullmatch=True),
    "person": st.tuples(
        st.sampled_from("王李张刘陈杨赵黄周吴"),
        st.text(st.sampled_from("国华明芳丽强伟敏静改花"), min_size=1, max_size=2),
    ).map("".join),
    "flag": st.sampled_from(["是", "否"]),
    "choice": st.sampled_from(CHOICES),
    "choices": st.lists(st.sampled_from(CHOICES), min_size=1, unique=True).map(
        lambda chosen: "、".join(each for each in CHOICES if each in chosen)
    ),
    "industry": st.sampled_from(["3073", "6210", "3834", "4875", "0111"]),
    "bank_account": st.from_regex(r"[1-5][0-9]{7,30}", fullmatch=True),
    "id_number": st.tuples(st.dates(date(1930, 1, 1), ON), st.integers(0, 999)).map(
        lambda it: (body := f"360323{it[0]:%Y%m%d}{it[1]:03}") + id_card.check_character(body)
    ),
    "uscc": st.text(st.sampled_from(uscc.ALPHABET), min_size=9, max_size=9).map(
        lambda tail: (body := "91360323" + tail) + uscc.check_character(body)
    ),
}


@pytest.mark.parametrize("type", sorted(VALID))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_shown_reads_back_as_the_same_value(type: str, data: st.DataObject) -> None:
    for unit in {"amount": ("元", "万元"), "number": ("", "平方米")}.get(type, ("",)):
        asked, value = field(type, unit=unit), data.draw(VALID[type])
        assert read(asked, show(asked, value), ON) == value


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*sorted(VALID), "address", "company", "text"]), st.text(max_size=30))
def test_any_text_gives_a_value_that_holds_or_a_sentence(type: str, text: str) -> None:
    asked = field(type)
    try:
        value = read(asked, text, ON)
    except ValueProblem as problem:
        assert str(problem).endswith("。")
        return
    assume(type not in ("person", "company", "address"))  # their lead words are taken off once
    assert read(asked, show(asked, value), ON) == value


@settings(max_examples=60, deadline=None)
@given(st.integers(-400, 400))
def test_days_away_are_counted(days: int) -> None:
    said = f"{abs(days)}天{'后' if days >= 0 else '前'}"
    assert read(field("date"), said, ON) == (ON + timedelta(days)).isoformat()


def test_examples_of_the_dictionary_can_be_read() -> None:
    for one in dictionary().values():
        if one.example:
            without_checks = one.model_copy(update={"checks": ()})
            assert read(without_checks, one.example, ON), one.id


def test_others_see_it_masked_and_the_person_sees_names() -> None:
    person, phone = field("person", sensitive=True), field("phone", sensitive=True)
    assert (masked(person, "张三丰"), echo(person, "张三丰")) == ("张**", "张三丰")
    assert masked(phone, "13812345678") == echo(phone, "13812345678") == "138****5678"
    assert masked(field("id_number"), "36032319000101001X") == "**************001X"
    assert masked(field("address", sensitive=True), "芦溪县上埠镇工业路8号") == "芦溪县上埠镇****"
    assert masked(field("text", sensitive=True), "李芳、王五") == "****"
    assert masked(WAN, "500000000") == "500 万元"

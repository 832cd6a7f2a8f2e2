import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.wechat.fields import Unfit, check, fit, width
from simulator.config import Template
from simulator.platform import fields as stand_in

GOOD = [
    ("thing1", "芦溪县宣风镇 A-1 号（示例）"),
    ("thing1", "字" * 20),
    ("short_thing2", "待补正"),
    ("phrase3", "审核通过"),
    ("const5", "已受理"),
    ("enum1", "女"),
    ("character_string6", "LX20261122-000001"),
    ("character_string6", "x" * 32),
    ("number7", "12.50"),
    ("number7", "-3"),
    ("letter8", "abcXYZ"),
    ("symbol9", "¥%"),
    ("time10", "15:01"),
    ("time10", "2019年10月1日 15:01"),
    ("time10", "2026-11-22 09:30~2026-11-22 11:30"),
    ("date11", "2019年10月1日"),
    ("date11", "2018/01/01"),
    ("date11", "2018.01.01"),
    ("date11", "01-01"),
    ("date11", "02-29"),
    ("date11", "2018-01-01 ~ 2018-02-01"),
    ("amount12", "¥1000000.00"),
    ("amount12", "23418.59元"),
    ("amount12", "100"),
    ("phone_number13", "0799-7551234"),
    ("phone_number13", "+86 13800000000"),
    ("car_number14", "赣J12345"),
    ("car_number14", "粤Z1234港"),
    ("name15", "张三"),
    ("name15", "Muhammad bin Abdulla"),
]
BAD = [
    ("thing1", "字" * 21, "20"),
    ("thing1", "𠮷" * 11, "20"),
    ("thing1", "", "空"),
    ("thing1", " \n", "空"),
    ("thing1", "两\n行", "换行"),
    ("thing1", "a\x07", "控制"),
    ("thing1", "补贴🎉到账", "表情"),
    ("phrase3", "13笔", "汉字"),
    ("phrase3", "一二三四五六", "汉字"),
    ("const5", "长" * 21, "20"),
    ("character_string6", "编号001", "英文"),
    ("character_string6", "x" * 33, "32"),
    ("number7", "十二", "数字"),
    ("number7", "1" * 33, "数字"),
    ("number7", "１２", "数字"),
    ("letter8", "a1", "字母"),
    ("symbol9", "字", "符号"),
    ("symbol9", "!!!!!!", "符号"),
    ("time10", "2024-06-2116: 34: 24", "时间"),
    ("time10", "25:00", "时间"),
    ("time10", "99:99", "时间"),
    ("time10", "2024-13-45 25:61", "时间"),
    ("time10", "2024-02-30 10:00", "时间"),
    ("time10", "2024-06-2116:34", "时间"),
    ("date11", "2023年2月29日", "日期"),
    ("time10", "08:00~09:00~10:00", "时间"),
    ("date11", "2018-01/01", "日期"),
    ("date11", "明天", "日期"),
    ("amount12", "12345678901元", "金额"),
    ("amount12", "10 万元", "金额"),
    ("phone_number13", "1" * 18, "17"),
    ("car_number14", "赣J1234567", "8"),
    ("car_number14", "赣j12345", "车牌"),
    ("name15", "一二三四五六七八九十百", "10"),
    ("name15", "张 Abdullah Rahman", "10"),
    ("first", "您好", "字段类型"),
    ("remark", "谢谢", "字段类型"),
    ("Thing1", "您好", "字段类型"),
    ("", "您好", "字段类型"),
]
KEYS = sorted({key for key, _ in GOOD})


@pytest.mark.parametrize(("key", "value"), GOOD)
def test_values_the_platform_takes(key: str, value: str) -> None:
    assert check(key, value) is None
    if key not in ("amount12", "number7"):
        assert fit(key, value) == value


@pytest.mark.parametrize(("key", "value", "says"), BAD)
def test_values_the_platform_refuses(key: str, value: str, says: str) -> None:
    assert says in (check(key, value) or "")


@pytest.mark.parametrize(
    ("key", "value", "fitted"),
    [
        ("thing1", "关于支持小微企业融资协调工作机制贷款贴息的通知", "关于支持小微企业融资协调工作机制贷款贴…"),
        ("thing1", " 两\r\n行 ", "两 行"),
        ("thing1", "", "无"),
        ("thing1", "零宽\u200b字", "零宽字"),
        ("thing1", "补贴🎉到账", "补贴到账"),  # the platform takes emoji out, and refuses what is empty then
        ("thing1", "👨\u200d👩\u200d👧 1\ufe0f\u20e3", "1"),
        ("thing1", "🎉", "无"),
        ("thing1", "字" * 18 + "e\u0301" + "尾" * 3, "字" * 18 + "…"),  # é is one character for a reader
        ("thing1", "字" * 18 + "葛\U000e0100" + "尾" * 3, "字" * 18 + "…"),
        ("thing1", "\u0301" * 30, "…"),
        ("thing1", "\ud83d字", "字"),
        ("short_thing1", "等待企业补正", "等待企业…"),
        ("character_string6", "A" * 40, "A" * 29 + "..."),
        ("character_string6", " ", "-"),
        ("amount12", "23,418.59 元", "23418.59元"),
        ("number7", "1,234", "1234"),
        ("car_number14", "赣J·12345", "赣J12345"),
        ("name15", "一二三四五六七八九十百", "一二三四五六七八九…"),
        ("name15", "Muhammad bin Abdulla", "Muhammad bin Abdulla"),
    ],
)
def test_cut_deliberately(key: str, value: str, fitted: str) -> None:
    assert fit(key, value) == fitted


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("amount12", "123456789012元"),
        ("amount12", "10 万元"),
        ("number7", ""),
        ("phrase3", "审核没有通过"),
        ("const5", "长" * 21),
        ("time10", "明天上午"),
        ("phone_number13", "1" * 18),
        ("character_string6", "编号001"),
        ("remark", "谢谢"),
    ],
)
def test_what_must_not_be_guessed_names_the_field_and_not_the_value(key: str, value: str) -> None:
    with pytest.raises(Unfit) as caught:
        fit(key, value)
    assert caught.value.key == key and key in str(caught.value)
    assert not value or value not in str(caught.value)


@given(st.sampled_from(KEYS), st.text(max_size=50))
def test_whatever_fits_passes_the_check(key: str, value: str) -> None:
    try:
        fitted = fit(key, value)
    except Unfit as error:
        assert check(key, value) is not None or key.startswith(("amount", "number", "car"))
        assert error.key == key
    else:
        assert check(key, fitted) is None and fitted


@given(st.sampled_from(["thing1", "short_thing2", "name15"]), st.text())
def test_free_text_always_fits(key: str, value: str) -> None:
    assert check(key, fit(key, value)) is None


@given(st.text(max_size=20))
def test_a_good_thing_is_left_alone(value: str) -> None:
    if check("thing1", value) is None:
        assert fit("thing1", value) == value


ALPHABET = st.sampled_from("字𠮷aZ09 .,-~:/年月日元¥!…·\n\u200b\u3000(+)")


@given(st.sampled_from(KEYS), st.text(max_size=40) | st.text(ALPHABET, max_size=40))
def test_what_fits_here_passes_the_stand_in_platform_too(key: str, value: str) -> None:
    """Two readings of the same tables, written apart."""
    try:
        fitted = fit(key, value)
    except Unfit:
        return
    template = Template("T", "t", fields={key: "x"})
    assert stand_in.check({key: {"value": fitted}}, template) == {key: fitted}


def test_width_counts_as_javascript_does() -> None:
    assert [width("a"), width("字"), width("𠮷")] == [1, 1, 2]

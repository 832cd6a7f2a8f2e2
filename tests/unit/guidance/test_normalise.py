from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chalicelib.guidance.aliases import TABLE, Aliases, Group, normalise
from chalicelib.guidance.intent import Facet, facet, names_no_subject, subject
from chalicelib.guidance.normalise import characters, core, plain, simplified


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("蘆溪二手房過戶要帶咩資料", "芦溪二手房过户要带什么资料"),
        ("ＴＤ", "td"),
        ("汉咯营业执照冇看见", "我的营业执照没有看见"),
        ("文港返还", "稳岗返还"),
        ("专精特兴", "专精特新"),
        ("电磁电气若干措施", "电瓷电气若干措施"),
        ("我想在上埠开个电池厂", "我想在上埠开个电瓷厂"),
        ("公正处在哪", "公证处在哪"),
        ("委托书公正", "委托书公证"),
        ("萍乡泸溪的电瓷", "萍乡芦溪的电瓷"),
        ("办高新认定", "办高新技术企业认定"),
        ("要好多钱", "要多少钱"),
        ("莫发哩", "不要发哩"),
        ("办个执照", "办个营业执照"),
        ("小溪,帮我查", "溪小办,帮我查"),
        ("给新员工买保险", "给新员工买社保"),
    ],
)
def test_what_is_meant(typed: str, meant: str) -> None:
    assert normalise(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "汉字怎么写",
        "武汉的公司",
        "电池回收",
        "开个电池厂",
        "电磁阀坏了",
        "办事要公正公平",
        "泸溪县在湖南",
        "高新区在哪",
        "小溪里钓鱼",
        "营业执照",
        "驾驶执照",
        "转型项目库入库",
        "以上规定",
        "价格高企",
        "失业保险",
        "放宽条件",
        "购房款",
        "铁西区",
        "无还本续贷",
        "外国户口",
        "施工许可证",
        "我好久没来了",
        "办公基金",
    ],
)
def test_words_of_their_own_are_left_alone(text: str) -> None:
    assert normalise(text) == text


def test_a_standard_word_is_never_changed_by_its_own_table() -> None:
    groups = TypeAdapter(list[Group]).validate_json(TABLE.read_bytes())
    assert [group.std for group in groups if normalise(group.std) != group.std] == []


def test_an_alias_in_two_groups_is_refused() -> None:
    groups = [Group.model_validate({"std": std, "alias": ["甲乙"]}) for std in ("甲", "乙")]
    with pytest.raises(ValueError, match="别名“甲乙”在词表里出现两次"):
        Aliases(groups)


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_more_and_never_fails(text: str) -> None:
    once = normalise(text)
    assert plain(once) == once
    assert isinstance(core(once), str)
    assert all(characters(once))


def test_a_name_is_converted_only_on_the_copy() -> None:
    typed = "乾坤電瓷"
    assert simplified(typed).endswith("电瓷")
    assert typed == "乾坤電瓷"


def test_core_drops_what_every_question_has() -> None:
    spoken = plain("(语音)那个 嗯 我想问一下哈 就是那个 开饭店 那个证 到期了 要怎么续的啦")
    assert core(spoken).split() == ["开饭店", "证", "到期", "要", "续"]
    assert core("怎么办") == "怎么办"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("换法人要带什么", Facet.MATERIALS),
        ("注册公司要什么材料", Facet.MATERIALS),
        ("公司注销要多久", Facet.TIME),
        ("施工许可几天", Facet.TIME),
        ("个体户执照要多少钱", Facet.FEE),
        ("新公司刻章要钱吗", Facet.FEE),
        ("公章去哪里刻", Facet.PLACE),
        ("公证处在哪里", Facet.PLACE),
        ("高压报装流程", Facet.FORM),
        ("公司授权书要公证怎么填表", Facet.FORM),
        ("专精特新要什么条件", Facet.CONDITION),
        ("房产过户搞到哪一步了", Facet.PROGRESS),
        ("开民宿", None),
    ],
)
def test_the_part_asked_for(text: str, part: Facet | None) -> None:
    assert facet(normalise(text)) == part


def test_the_subject_is_what_is_left() -> None:
    assert subject("换法人要带什么").strip() == "换法人"
    assert subject("要多久") == "要多久"
    assert names_no_subject("那要多少钱")
    assert not names_no_subject("刻章要多少钱")
    assert not names_no_subject("那个")

"""What people do in a conversation besides asking nicely: numbers, digressions, taps, pictures, silence, anger."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from chalicelib.bootstrap import Application
from chalicelib.entrypoints.callback import MORE
from chalicelib.wechat.menu import Group, KeyButton, default_menu
from tests.functional.county import E01, snapshot
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import DATA, Person, clock_of

MENU_REPLIES = {
    "服务升级": "1 开公司要带什么",
    "我的办件": "办件编号 + 手机后四位",
    "服务点": "乡镇",
    "政策直达": "1 我能享受什么",
    "创新赋能": "1 电瓷电气产业链一件事",
    "贷款进度": "批了不等于到账",
    "法治护航": "1 网上立案",
    "绑定企业": "8 位授权码",
    "转人工": "转给工作人员",
}
ID_NUMBER = "360323199001010015"


def said(answer: str | None) -> str:
    assert answer is not None
    return answer


def location(latitude: str, longitude: str) -> str:
    return (
        f"<MsgType>location</MsgType><Location_X>{latitude}</Location_X><Location_Y>{longitude}</Location_Y>"
        "<Scale>15</Scale><Label>芦溪县</Label>"
    )


# ------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize("number", ["4", "４", "4.", "四", "第四个", "选4", "回复4", "4号", "④"])
def test_a_number_in_any_form_chooses(number: str, person: Person) -> None:
    person.event("subscribe")
    assert "法治护航：" in said(person.say(number))


def test_the_words_of_a_step_choose_it_too(person: Person) -> None:
    person.event("CLICK", "法治护航")
    assert "信用修复" in said(person.say("信用修复")).splitlines()[0]


def test_a_number_that_stands_for_nothing_is_told(person: Person) -> None:
    assert "对不上" in said(person.say("3"))
    person.event("subscribe")
    assert "对不上" in said(person.say("9"))


def test_numbers_and_questions_expire_after_a_day(person: Person, county: Application) -> None:
    person.event("subscribe")
    clock_of(county).advance(timedelta(hours=23))
    assert "服务升级：" in said(person.say("1"))
    clock_of(county).advance(timedelta(hours=25))
    assert "对不上" in said(person.say("1"))
    person.say("绑定")
    clock_of(county).advance(timedelta(hours=25))
    assert "没有进行中的事" in said(person.say("取消"))


# ----------------------------------------------------------------------------------------------- help, repeat and more


@pytest.mark.parametrize("word", ["帮助", "help", "？", "你好", "菜单", "幫助"])
def test_help(word: str, person: Person) -> None:
    assert "1 服务升级" in said(person.say(word))


def test_repeat_says_it_again_and_keeps_the_numbers(person: Person) -> None:
    assert "还没有说过" in said(person.say("再说一遍"))
    first = person.event("CLICK", "法治护航")
    assert person.say("再说一遍") == first
    assert "民商事一审网上立案" in said(person.say("1"))


def test_cancel(person: Person) -> None:
    person.say("绑定")
    assert "已取消" in said(person.say("取消"))
    assert "没有进行中的事" in said(person.say("算了"))


def test_long_text_is_cut_at_a_sentence_and_continued(person: Person, county: Application, tmp_path: Path) -> None:
    """A text of a policy that takes three replies of 2,000 bytes."""
    sentences = [f"第{n}条企业应当在规定期限内提交真实完整的材料。" for n in range(1, 70)]
    policies = yaml.safe_load((DATA / "policies.yaml").read_text(encoding="utf-8"))
    changed = next(row for row in policies if row["id"] == "P19")
    changed |= {"benefit_text": "".join(sentences), "version": 2}
    (tmp_path / "policies.yaml").write_text(yaml.safe_dump(policies, allow_unicode=True), encoding="utf-8")
    county.content.load(tmp_path, "test", county.clock.now())
    pieces = [said(person.say("财园信贷通我们贷得到吗"))]
    assert person.say("再说一遍") == pieces[0]
    while pieces[-1].endswith(MORE):
        pieces.append(said(person.say("更多")))
    assert len(pieces) == 3
    for piece in pieces:
        assert len(piece.encode()) <= 2000
        assert piece.removesuffix(MORE).endswith("。") or piece is pieces[-1]
    whole = "".join(piece.removesuffix(MORE) for piece in pieces)
    assert [sentence for sentence in sentences if whole.count(sentence) != 1] == []
    assert "后面没有了" in said(person.say("更多"))
    assert "绑定企业" in said(person.say("1")), "the numbers of the whole text stay good"


# --------------------------------------------------------------------------------------------------- not only questions


def test_the_nearest_point_for_a_location_that_is_not_kept(person: Person, county: Application) -> None:
    answer = said(person.push(location("27.630", "114.030")))
    assert "芦溪县政务服务大厅" in answer
    assert "不保存" in answer
    assert not [key for key, row in snapshot(county).items() if "114.03" in json.dumps(row.body)]
    assert "服务点" in said(person.say("1")) or "代办点" in said(person.say("1"))


def test_every_menu_key_leads_somewhere(meet: Meet) -> None:
    keys = [
        button.key
        for group in default_menu("https://xixinban.example").button
        if isinstance(group, Group)
        for button in group.sub_button
        if isinstance(button, KeyButton)
    ]
    assert set(keys) == set(MENU_REPLIES)
    for key in keys:
        assert MENU_REPLIES[key] in said(meet(key).event("CLICK", key)), key


def test_a_tap_is_never_the_answer_to_a_question(person: Person, county: Application) -> None:
    person.event("CLICK", "转人工")
    assert "1 网上立案" in said(person.event("CLICK", "法治护航"))
    assert list(county.tickets.listed()) == []


def test_speech_is_text_and_without_a_transcript_is_not_read(person: Person) -> None:
    voice = "<MsgType>voice</MsgType><MediaId>m</MediaId><Format>amr</Format>"
    assert "公司变更登记" in said(person.push(f"{voice}<Recognition>换法人要带什么</Recognition>"))
    assert "打字" in said(person.push(voice))


@pytest.mark.parametrize(
    "inner",
    [
        "<MsgType>image</MsgType><PicUrl>u</PicUrl><MediaId>m</MediaId>",
        "<MsgType>video</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>",
        "<MsgType>link</MsgType><Title>t</Title><Description>d</Description><Url>u</Url>",
        "<MsgType>hologram</MsgType>",
        "<MsgType>text</MsgType><Content>【收到不支持的消息类型，暂无法显示】</Content>",
        "<MsgType>text</MsgType><Content></Content>",
        "<MsgType>text</MsgType><Content>   </Content>",
    ],
)
def test_what_cannot_be_read_is_said_so(inner: str, person: Person) -> None:
    answer = said(person.push(inner))
    assert "请打字" in answer
    assert "人工" in answer


@pytest.mark.parametrize("word", ["谢谢", "好的，谢谢您", "嗯嗯", "知道了", "收到", "晓得哩"])
def test_thanks_is_welcome_and_keeps_the_numbers(word: str, person: Person) -> None:
    person.event("CLICK", "法治护航")
    assert "不客气" in said(person.say(word))
    assert "民商事一审网上立案" in said(person.say("1"))


@pytest.mark.parametrize("text", ["你是谁", "你能做什么", "你会什么"])
def test_who_is_asked_introduces_itself(text: str, person: Person) -> None:
    assert "溪小办" in said(person.say(text))


def test_none_of_them(person: Person) -> None:
    person.say("证到期了")
    assert "工作人员" in said(person.say("不是"))


def test_the_hall_needs_no_town(person: Person) -> None:
    assert "芦溪县政务服务大厅" in said(person.say("大厅几点下班"))


# ------------------------------------------------------------------------------------------------------------- flows


def test_a_digression_is_answered_and_leads_back(person: Person, county: Application) -> None:
    code = county.bindings.issue_code(E01, "法人", "op", county.clock.now()).code
    person.say("绑定企业")
    aside = said(person.say("换法人要带什么"))
    assert "公司变更登记" in aside
    assert aside.splitlines()[-1] == "接着绑定请发 8 位授权码；不绑了回复“取消”。"
    assert "已绑定" in said(person.say(code.lower()))


def test_a_code_alone_is_understood(person: Person, county: Application) -> None:
    code = county.bindings.issue_code(E01, "法人", "op", county.clock.now()).code
    while code.isalpha() or code.isdigit():
        code = county.bindings.issue_code(E01, "法人", "op", county.clock.now()).code
    assert "已绑定" in said(person.say(code))


def test_two_misses_in_a_row_make_a_ticket(person: Person, county: Application) -> None:
    assert "工单" not in said(person.say("blorb"))
    assert "工单 T-1123-01" in said(person.say("frobnicate"))
    assert [ticket.text for ticket in county.tickets.listed()] == ["frobnicate"]


def test_an_answer_between_two_misses_starts_the_count_again(person: Person, county: Application) -> None:
    for line in ("blorb", "换法人要带什么", "frobnicate"):
        person.say(line)
    assert list(county.tickets.listed()) == []


# --------------------------------------------------------------------------------------------------------- treatments


def test_bribes_are_refused_and_no_ticket_is_made(person: Person, county: Application) -> None:
    answer = said(person.say("你能不能帮我把材料先过了，给你发红包"))
    assert "不收" in answer
    assert "12345" in answer
    assert list(county.tickets.listed()) == []


def test_a_complaint_is_taken_down_and_what_follows_is_added(person: Person, county: Application) -> None:
    assert "T-1123-01" in said(person.say("问来问去没人管，烦死了"))
    assert "已补进工单 T-1123-01" in said(person.say("刻章窗口推了我三次，电话13812345678"))
    [ticket] = county.tickets.listed()
    assert ticket.kind == "投诉建议"
    assert ticket.text == "问来问去没人管，烦死了\n刻章窗口推了我三次，电话138****5678"
    assert "公司变更登记" in said(person.say("换法人要带什么"))


def test_an_insult_is_answered_calmly(person: Person, county: Application) -> None:
    answer = said(person.say("傻逼机器人"))
    assert "抱歉" in answer
    assert "人工" in answer
    assert list(county.tickets.listed()) == []


def test_an_id_number_is_neither_said_back_nor_kept(person: Person, county: Application) -> None:
    lines = (f"身份证{ID_NUMBER}丢了要补", "转人工", f"我的身份证 {ID_NUMBER}，电话 138 1234 5678，要补办", "再说一遍")
    for line in lines:
        assert ID_NUMBER not in said(person.say(line))
    kept = json.dumps([row.body for row in snapshot(county).values()], ensure_ascii=False)
    assert ID_NUMBER not in kept
    assert "13812345678" not in kept.replace(" ", "")
    assert "138****5678" in kept


def test_traditional_characters(person: Person) -> None:
    assert "转移登记" in said(person.say("蘆溪二手房過戶要帶咩資料？"))
    assert "工作人员" in said(person.say("轉人工"))

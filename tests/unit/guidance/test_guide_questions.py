"""What people of 芦溪 really type (the 29 questions), and what must come of it."""

from __future__ import annotations

import pytest

from chalicelib.guidance.cards import MAX_BYTES, Action, Option
from chalicelib.guidance.intent import Facet
from chalicelib.guidance.outside import Outside
from tests.unit.guidance.content import ROOT, content, service

RIGHT = [
    ("U01", "我想在上埠开个电瓷厂，从哪里开始办？", "B07"),
    ("U03", "汉咯营业执照冇看见哩，补一个要搞么里？", "SX-41"),
    ("U05", "换法人代表，老板娘去办行不行？要带么里", "SX-03"),
    ("U07", "稳岗返还怎么今年没收到", "SX-28"),
    ("U11", "专精特兴的条件今年是不是变了", "SX-31"),
    ("U15", "换节能窑炉有没有补贴或者低息的", "SX-32"),
    ("U23", "蘆溪二手房過戶要帶咩資料？", "SX-19"),
    ("U25", "房子给崽要交税么", "SX-19"),
    ("U27", "我要办个委托书公证表不会填你帮我填", "SX-22"),
    ("U31", "厂里电不够想加变压器", "SX-25"),
    ("U33", "三相电通到屋里要好多钱", "SX-24"),
    ("U35", "排污证到期了几天前要延", "SX-15"),
    ("U37", "客户欠我36万货款两年了网上能立案不", "SX-34"),
    ("U39", "立案审核不通过是不是不给立了", "SX-34"),
    ("U41", "健航破产我是供货的怎么报债权", "SX-37"),
    ("U43", "信用中国那个处罚怎么撤掉，要钱不", "SX-33"),
    ("U47", "到长沙看病要先备案吧", "SX-39"),
    ("U49", "身份证过期了人在东莞", "SX-40"),
    ("U55", "(语音)那个 嗯 我想问一下哈 就是那个 开饭店 那个证 到期了 要怎么续的啦", "SX-11"),
]
NOT_A_GUIDE = [
    ("U09", "免审即享有哪些我们能享的", Outside.POLICY),
    ("U21", "办件编号 3603232026112200123 帮我查", Outside.UNKNOWN),
    ("U29", "招了个大专刚毕业的妹子，有一千五领不", Outside.UNKNOWN),
    ("U45", "宣风邮政能办哪些", Outside.POINT),
    ("U51", "退订", Outside.COMMAND),
    ("U51", "TD", Outside.COMMAND),
    ("U51", "别发了", Outside.COMMAND),
    ("U51", "莫发哩", Outside.COMMAND),
    ("U53", "你能不能帮我把材料先过了，给你发红包", Outside.BRIBE),
    ("U57", "【图片】", Outside.UNKNOWN),
    ("chat", "萍乡哪家店好吃", Outside.CHAT),
    ("chat", "问来问去没人管，烦死了", Outside.ABUSE),
]
NEVER_CONFIDENT = [
    ("U13", "银行说授信下来了钱啥时候到账"),
    ("U17", "设备更新那个一点五的贴息，贷款八百万能补多少"),
    ("U19", "电磁电气若干措施技改补多少"),
    ("vague", "证到期了"),
]


@pytest.mark.parametrize(("mark", "text", "right"), RIGHT)
def test_right_guide_first_or_among_the_candidates(mark: str, text: str, right: str) -> None:
    answer = service().ask(text)
    ids = [one.id for one in answer.candidates]
    assert right in ids, mark
    if answer.kind == "answer":
        assert ids[0] == right


@pytest.mark.parametrize(("mark", "text", "reason"), NOT_A_GUIDE)
def test_what_is_no_question_for_a_guide_gets_none(mark: str, text: str, reason: Outside) -> None:
    answer = service().ask(text)
    assert (answer.kind, answer.reason, answer.candidates) == ("handoff", reason, ()), mark


@pytest.mark.parametrize(("mark", "text"), NEVER_CONFIDENT)
def test_unclear_questions_are_asked_back(mark: str, text: str) -> None:
    answer = service().ask(text)
    assert answer.kind == "candidates", mark
    assert 1 <= len(answer.candidates) <= 3
    assert answer.options[-1] == Option("都不是", Action.HUMAN)


def test_opening_a_noodle_shop_is_the_bundle_with_both_licences_one_tap_away() -> None:
    answer = service().ask("我想在宣风开个粉店要办什么证")
    assert (answer.kind, answer.item_id) == ("answer", "B06")
    assert {"SX-02", "SX-11"} <= {option.args["id"] for option in answer.options}
    assert "食品经营许可证" in answer.text
    assert "示例数据" in answer.text


def test_where_for_the_licence_names_the_point_of_the_town_first() -> None:
    answer = service().ask("在宣风开个粉店营业执照到哪里办")
    assert (answer.item_id, answer.facet) == ("SX-02", Facet.PLACE)
    assert answer.text.startswith("去宣风镇邮政代办点")
    assert "不收费" in answer.text


@pytest.mark.parametrize(
    ("text", "topic", "facet", "begins"),
    [
        ("那要多少钱", "SX-01", Facet.FEE, "不收费"),
        ("那要好多钱", "SX-19", Facet.FEE, "住宅 80 元，非住宅 550 元"),
        ("要带什么", "SX-11", Facet.MATERIALS, "食品经营许可要交：食品经营许可申请书"),
        ("几天能下来？", "SX-17", Facet.TIME, "法定 7 日（自然日），承诺 1 个工作日"),
        ("在哪里办", "SX-34", Facet.PLACE, "去芦溪县人民法院诉讼服务中心"),
    ],
)
def test_follow_ups_stay_on_topic(text: str, topic: str, facet: Facet, begins: str) -> None:
    answer = service().ask(text, topic=topic)
    assert (answer.item_id, answer.facet) == (topic, facet)
    assert answer.text.startswith(begins)


def test_a_new_subject_leaves_the_topic() -> None:
    assert service().ask("公章去哪里刻", topic="SX-01").item_id == "SX-06"


def test_a_topic_that_is_gone_is_no_topic() -> None:
    assert service().ask("那要多少钱", topic="SX-99").kind != "answer"


def test_every_stored_phrasing_is_answered_with_its_own_guide() -> None:
    for row in (*content().items.values(), *content().bundles.values()):
        for phrase in row.asks:
            answer = service().ask(phrase)
            assert (answer.kind, answer.item_id) == ("answer", row.id), phrase


def test_every_card_fits_a_reply_and_names_source_and_sample() -> None:
    for id_ in (*content().items, *content().bundles):
        opened = service().open(id_, town="360323102")
        assert opened is not None
        assert len(opened.text.encode()) <= MAX_BYTES
        assert opened.text.count("\n") < 12
        assert "来源：" in opened.text
        assert "示例数据" in opened.text
        assert "*" not in opened.text


def test_every_numbered_step_leads_somewhere() -> None:
    for id_ in (*content().items, *content().bundles):
        opened = service().open(id_)
        assert opened is not None
        for number, option in enumerate(opened.options, 1):
            assert f"{number} {option.label}" in opened.text
            led = service().follow(option)
            assert led is not None
            assert led.text
            assert len(led.text.encode()) <= MAX_BYTES


def test_steps_that_lead_nowhere_say_so() -> None:
    assert service().open("SX-99") is None
    assert service().follow(Option("材料清单", Action.MATERIALS, {"id": "SX-99"})) is None
    assert service().follow(Option("都不是", Action.HUMAN)) is None


def test_json_is_the_contract() -> None:
    answer = service().ask("换法人要带什么").json()
    assert set(answer) == {"kind", "candidates", "text"}
    assert answer["kind"] == "answer"
    assert set(answer["candidates"][0]) == {"id", "name", "score"}


def test_out_of_scope_text_almost_never_gets_a_guide() -> None:
    """Small talk, insults, bribes and other offices' matters. ``outside`` was written with these lines in view, so
    this guards against losing ground; bench/search_quality.py judges on questions of other sets too."""
    lines = (ROOT / "bench/sets/out_of_scope.txt").read_text(encoding="utf-8").split("\n")
    asked = [line for line in lines if line]
    confident = [line for line in asked if service().ask(line).kind == "answer"]
    assert len(asked) > 100
    assert confident == []


def test_a_private_number_in_the_text_is_not_echoed() -> None:
    answer = service().ask("我身份证360302199001010010到期了怎么换")
    assert "360302199001010010" not in answer.text


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("公司不做了怎么注销", "怎么办：成立清算组 → 公告债权人 45 日"),
        ("网上立案怎么弄", "可以网上办：人民法院在线服务小程序"),
        ("专精特新要什么条件", "变了：2026-04-01 起按新的"),
        ("简易注销20天是算工作日吗", "按自然日算"),
        ("注册公司要不要先打钱进去验资", "一般不需要验资报告"),
        ("奖励资金怎么申报", "可以网上办：江西政务服务网"),
        ("欠我三万块材料款能快点吗", "诉前调解/先行调解申请"),
    ],
)
def test_the_part_asked_for_comes_first(text: str, begins: str) -> None:
    assert service().ask(text).text.startswith(begins)


def test_what_is_not_stored_is_not_made_up() -> None:
    asked = service().follow(Option("怎么办", Action.FORM, {"id": "SX-40"}))
    assert asked is not None
    assert "这一项没有登记" in asked.text
    opened = service().open("SX-40")
    assert opened is not None
    assert "怎么办" not in opened.text
    bank = service().ask("不动产抵押登记在哪里办")
    assert "银行网点延伸" not in bank.text.split("\n")[0]


def test_a_lawsuit_fee_needs_a_sum_to_be_calculated() -> None:
    assert "按标的额分段累进" in service().ask("诉讼费要好多", topic=None).text

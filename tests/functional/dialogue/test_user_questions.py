"""The 29 questions of real users, as spoken (domain facts §7): who answers, and with what."""

from __future__ import annotations

import pytest

from chalicelib.bootstrap import Application
from tests.functional.dialogue.conftest import Meet

# number, as said, what the reply must hold
QUESTIONS: list[tuple[str, str, tuple[str, ...]]] = [
    ("U01", "我想在上埠开个电瓷厂，从哪里开始办？", ("电瓷电气产业链一件事", "公司设立登记", "环评")),
    ("U03", "汉咯营业执照冇看见哩，补一个要搞么里？", ("1 营业执照遗失、毁坏补领", "2 公司变更登记", "都不是")),
    ("U05", "换法人代表，老板娘去办行不行？要带么里", ("公司变更登记",)),
    ("U07", "稳岗返还怎么今年没收到", ("政策执行期限至2025-12-31", "12333", "1 怎么办")),
    ("U09", "免审即享有哪些我们能享的", ("绑定",)),
    ("U11", "专精特兴的条件今年是不是变了", ("专精特新", "2026-04-01")),
    ("U13", "银行说授信下来了钱啥时候到账", ("批了不等于到账", "签约→提款申请→放款")),
    ("U15", "换节能窑炉有没有补贴或者低息的", ("国债支持设备更新", "设备更新贷款财政贴息", "转型金融贷款")),
    ("U17", "设备更新那个一点五的贴息，贷款八百万能补多少", ("800 万元 × 1.5% = 12 万元/年", "不超过两年")),
    ("U19", "电磁电气若干措施技改补多少", ("技改设备补助", "以正文为准", "示例数据")),
    ("U21", "办件编号 3603232026112200123 帮我查", ("手机号后四位",)),
    ("U23", "蘆溪二手房過戶要帶咩資料？", ("转移登记", "身份证明")),
    ("U25", "房子给崽要交税么", ("转移登记",)),
    ("U27", "我要办个委托书公证表不会填你帮我填", ("委托书公证申请表", "第 1 问：")),
    ("U29", "招了个大专刚毕业的妹子，有一千五领不", ("一次性扩岗补助", "政策执行期限至2025-12-31", "1500 元")),
    ("U31", "厂里电不够想加变压器", ("高压用电新装增容",)),
    ("U33", "三相电通到屋里要好多钱", ("低压用电新装增容", "不收费")),
    ("U35", "排污证到期了几天前要延", ("60 日前",)),
    ("U37", "客户欠我36万货款两年了网上能立案不", ("网上立案", "调解")),
    ("U39", "立案审核不通过是不是不给立了", ("改好可以再提交", "不予立案")),
    ("U41", "健航破产我是供货的怎么报债权", ("管理人", "申报")),
    ("U43", "信用中国那个处罚怎么撤掉，要钱不", ("信用修复", "不收费")),
    ("U45", "宣风邮政能办哪些", ("宣风镇邮政代办点", "个体工商户设立登记")),
    ("U47", "到长沙看病要先备案吧", ("异地就医备案",)),
    ("U49", "身份证过期了人在东莞", ("居民身份证换领",)),
    ("U53", "你能不能帮我把材料先过了，给你发红包", ("不收任何红包", "12345")),
    ("U55", "(语音)那个 嗯 我想问一下哈 就是那个 开饭店 那个证 到期了 要怎么续的啦", ("食品经营许可",)),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in QUESTIONS], ids=[row[0] for row in QUESTIONS])
def test_each_question_reaches_its_answer(text: str, expected: tuple[str, ...], meet: Meet) -> None:
    answer = meet("asker").say(text)
    assert answer is not None
    for part in expected:
        assert part in answer
    assert "工单" not in answer


@pytest.mark.parametrize("word", ["退订", "TD", "别发了", "莫发哩"])
def test_u51_leaving(word: str, meet: Meet) -> None:
    assert "已停止全部推送" in (meet("leaver").say(word) or "")


def test_u57_a_picture(meet: Meet, county: Application) -> None:
    answer = meet("p").push("<MsgType>image</MsgType><PicUrl>u</PicUrl><MediaId>m</MediaId>")
    assert answer is not None
    assert "打字或用语音" in answer

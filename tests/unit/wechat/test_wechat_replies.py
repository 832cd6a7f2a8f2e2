import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.wechat import replies, xmltree
from chalicelib.wechat.inbound import parse
from chalicelib.wechat.replies import Article, cut
from tests.unit.wechat import pushes

INBOUND = parse(pushes.text())
MORE = "…（回复“更多”看下文）"


def read(document: str) -> xmltree.Node:
    node = xmltree.parse(document.encode())
    assert (node["ToUserName"], node["FromUserName"]) == (pushes.OPENID, pushes.ACCOUNT)
    assert node["CreateTime"] == str(pushes.CREATED)
    return node


def test_text() -> None:
    node = read(replies.text(INBOUND, '第一行\n第二行 <a href="https://x">看</a>', pushes.NOW))
    assert (node["MsgType"], node["Content"]) == ("text", '第一行\n第二行 <a href="https://x">看</a>')


def test_image_news_transfer() -> None:
    assert read(replies.image(INBOUND, "M1", pushes.NOW))["Image"] == {"MediaId": "M1"}
    node = read(replies.news(INBOUND, Article("题", "述", "https://u", "https://p"), pushes.NOW))
    assert node["ArticleCount"] == "1"
    assert node["Articles"] == {"item": {"Title": "题", "Description": "述", "PicUrl": "https://p", "Url": "https://u"}}
    assert "TransInfo" not in read(replies.transfer_to_staff(INBOUND, pushes.NOW))
    node = read(replies.transfer_to_staff(INBOUND, pushes.NOW, "clerk@xixin"))
    assert (node["MsgType"], node["TransInfo"]) == ("transfer_customer_service", {"KfAccount": "clerk@xixin"})


def test_cdata_cannot_be_broken_out_of() -> None:
    attack = "x]]></Content><MsgType><![CDATA[image]]></MsgType><Content><![CDATA["
    node = read(replies.text(INBOUND, attack, pushes.NOW))
    assert (node["MsgType"], node["Content"]) == ("text", attack)


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_gives_one_well_formed_document(content: str, title: str) -> None:
    node = read(replies.text(INBOUND, content + "]]>", pushes.NOW))
    assert str(node["Content"]).endswith("]]>")
    assert read(replies.news(INBOUND, Article(title, content, "u"), pushes.NOW))["ArticleCount"] == "1"


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert read(replies.text(INBOUND, "a\x00\x0b\x1f\ufffeb\t\n", pushes.NOW))["Content"] == "ab\t\n"


def test_long_text_is_cut_by_default() -> None:
    content = str(read(replies.text(INBOUND, "办理条件。" * 1000, pushes.NOW, more=MORE))["Content"])
    assert len(content.encode()) <= 2000 and content.endswith("。" + MORE)


def test_cut_at_a_sentence() -> None:
    assert cut("短。", 100, MORE) == "短。"
    assert cut("一二三四。五六七八九十。", 30, "…") == "一二三四。…"
    assert cut("一。二三四五六七八九十百千万", 30, "…") == "一。二三四五六七八…"
    assert cut("第一行字\n第二行字字字", 24, "…") == "第一行字…"


def test_a_link_is_kept_whole_or_left_out() -> None:
    link = '<a href="https://example.org/h5/long/address?k=1">查看详情</a>'
    content = "请看" + link
    assert cut(content, len(content.encode()) - 1, "…") == "请看…"
    assert cut(content + "完" * 20, len(content.encode()) + 10, "…").startswith(content)
    for budget in range(9, len(content.encode())):
        assert cut(content, budget, "…") == "请看…"


@given(st.text(), st.integers(0, 200), st.text(max_size=10))
def test_cut_keeps_the_budget_and_whole_characters(content: str, budget: int, more: str) -> None:
    kept = cut(content, budget, more)
    assert len(kept.encode()) <= budget
    if len(content.encode()) <= budget:
        assert kept == content
    else:
        ending = next(e for e in (more[:n] for n in range(len(more), -1, -1)) if len(e.encode()) <= budget)
        assert kept.endswith(ending)
        assert content.startswith(kept.removesuffix(ending))


@pytest.mark.parametrize("budget", [0, 1, 2])
def test_a_budget_too_small_for_the_ending(budget: int) -> None:
    assert cut("一二三", budget, "…") == ""

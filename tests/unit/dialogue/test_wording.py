"""Commands and choices as people type them; ordinary sentences are neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialogue.wording import COMMANDS, choice, command


@pytest.mark.parametrize(
    "text",
    [
        *("退订", " 退 订 。", "ＴＤ", "td", "Td！", "取消订阅", "别发了", "莫发哩", "莫再发了", "不要再给我发消息了"),
        *(
            "请不要再推送了",
            "以后别发通知给我了",
            "退訂",
            "莫發哩",
            "我要退订",
            "请退订全部推送",
            "退订吧",
            "别再打扰我了",
        ),
        *("不想收到了", "停止推送"),
    ],
)
def test_leaving_in_many_words(text: str) -> None:
    assert command(text) == "leave"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "退订单要带什么",
            "退订报纸怎么办",
            "发了通知书吗",
            "不要材料行不行",
            "别的网点在哪",
            "取消公司登记",
            "人工智能补贴",
        ),
        *("绑定手机号", "更多窗口在哪", "我不想办了吗", "发票不要了怎么办", "工资没发了怎么投诉"),
    ],
)
def test_sentences_are_no_commands(text: str) -> None:
    assert command(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("1", 1), ("１", 1), ("1.", 1), ("1、", 1), ("（1）", 1), ("①", 1), ("一", 1), ("第一个", 1), ("选2", 2)),
        *(("选择3", 3), ("回复 4", 4), ("第5项", 5), ("6号", 6), ("9", 9), ("九", 9), ("我选2", 2)),
    ],
)
def test_choices(text: str, number: int) -> None:
    assert choice(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "10", "12", "一二", "第", "1个月", "1 2", "一件事", "第一次来", "2025", "1万"]
)
def test_no_choices(text: str) -> None:
    assert choice(text) is None


@given(st.text(max_size=40))
def test_any_text_is_read_without_failing(text: str) -> None:
    assert command(text) in {None, *COMMANDS.values()}
    number = choice(text)
    assert number is None or 1 <= number <= 9

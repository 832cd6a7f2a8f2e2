"""The whole story in a browser, against the product as it is run: ask, look up, be found by a policy, be told of a
loan, leave; and nothing is forgotten when it is stopped and started again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.e2e.phone import Phone
from tests.e2e.server import Server

USCC, NAME = "91360323MAXX00015C", "芦溪溪华电瓷有限公司"
CASE, PHONE4 = "3603232026112200123", "5678"
POLICY, LOAN = "tmpl-policy-digest", "tmpl-loan-progress"
SECTIONS = ("服务升级", "创新赋能", "政策直达", "法治护航")

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "story.db", {"XIXINBAN_DEMO": "1"})
    made.start()
    yield made
    made.stop()


def test_the_whole_story(browser: Chrome, server: Server, screenshots: Path) -> None:
    phone = Phone(browser, server.address, screenshots)
    phone.open()
    follows(phone)
    asks(phone)
    is_not_understood(phone)
    looks_up_a_case_by_number(phone)
    binds_and_agrees(phone, server)
    looks_up_a_case_by_the_binding(phone)
    link = phone.last_link("看全部过程")
    gets_notices(phone, server)
    somebody_else_opens_the_link(phone, link)
    nothing_is_forgotten(phone, server)
    unsubscribes(phone, server)
    leaves(phone)


def follows(phone: Phone) -> None:
    phone.keep("01-before")
    greeting = phone.follow()
    assert all(f"{number} {section}" in greeting for number, section in enumerate(SECTIONS, 1))
    assert "退订" in greeting
    phone.keep("02-followed")
    in_menu = [name for top in range(3) for name in phone.menu_names(top)]
    assert set(SECTIONS) <= set(in_menu)
    assert phone.tap_menu(1, 0).startswith("政策直达")


def asks(phone: Phone) -> None:
    card = phone.say("我想在宣风开个粉店要办什么证")
    assert "食品经营许可证" in card
    assert "营业执照" in card
    assert "示例数据" in card
    assert re.search(r"^1 .+ 2 .+", card, re.M)
    phone.keep("03-card")
    step = phone.say("1")
    assert "个体工商户设立登记" in step
    for told in ("要带", "时限", "收费", "哪里办", "来源"):
        assert told in step
    assert "登记（备案）申请书" in phone.say("1")  # 材料清单
    phone.keep("04-step")
    with phone.page(lambda: phone.open_last_link("看完整指南")) as page:
        assert "个体工商户设立登记" in page.text
        assert "示例数据" in page.text
        phone.keep("05-guide-page")


def is_not_understood(phone: Phone) -> None:
    unclear = phone.say("证到期了")
    candidates = re.findall(r"^(\d) (.+)$", unclear, re.M)
    assert 2 <= len([label for _, label in candidates if label != "都不是"]) <= 3, unclear
    assert "12345" in phone.say("呱唧呱唧哔哩吧啦")
    phone.keep("06-unclear-and-handed-over")


def looks_up_a_case_by_number(phone: Phone) -> None:
    refused = phone.say(f"{CASE} 0000")
    assert "已申请" not in refused
    found = phone.say(f"{CASE} {PHONE4}")
    assert "已申请" in found
    assert re.search(r"最晚 \d\d-\d\d 前|已超过", found), found
    assert "个体工商户" not in found  # a number and four digits are no proof of who asks
    phone.keep("07-case-by-number")


def binds_and_agrees(phone: Phone, server: Server) -> None:
    code = str(server.command("enterprise", "bind-code", USCC)["code"])
    assert "8 位授权码" in phone.say("绑定")
    bound = phone.say(code)
    assert f"已绑定 {NAME}" in bound
    assert "已绑定" not in phone.say(f"绑定 {code}")  # once only
    assert "退订" in phone.say("同意")
    phone.allow_notices()
    phone.keep("08-bound")


def looks_up_a_case_by_the_binding(phone: Phone) -> None:
    assert "3 件" in phone.say("我的办件")
    timeline = phone.say("房产过户搞到哪一步了")
    assert "不动产转移登记" in timeline
    assert "●" in timeline
    assert re.search(r"\d\d-\d\d", timeline)
    phone.keep("09-case-by-binding")
    with phone.page(lambda: phone.open_last_link("看全部过程")) as page:
        assert "办理过程" in page.text
        assert "期限" in page.text
        assert NAME in page.text
        phone.keep("10-case-page")


def gets_notices(phone: Phone, server: Server) -> None:
    """The server's own clock may run a job a moment before the operator does; told once is told once."""
    assert server.command("run", "policy-push", "--dry-run")["planned"] >= 1
    assert not phone.notices(POLICY)
    server.command("run", "policy-push")
    assert "政策" in phone.wait_for_notice(POLICY).text
    with phone.page(lambda: phone.open_notice(POLICY)) as page:
        assert "示例数据" in page.text
        phone.keep("11-policy-page")
    server.command("run", "loan-alerts")
    told = phone.wait_for_notice(LOAN).text
    assert not re.search(r"\d+ ?万?元", told)  # no amount on a screen that anyone may see
    phone.settle()
    phone.keep("12-notices")
    with phone.page(lambda: phone.open_notice(LOAN)) as page:
        assert "贷" in page.text
        phone.keep("13-loan-page")
    again = [server.command("run", job)["planned"] for job in ("policy-push", "loan-alerts")]
    assert again == [0, 0]


def somebody_else_opens_the_link(phone: Phone, link: str) -> None:
    phone.add_user("李女士")
    phone.follow()
    with phone.page(lambda: phone.open_address(link)) as page:
        assert "这个链接是发给别人的" in page.text
        assert NAME not in page.text
        phone.keep("14-not-for-her")
    phone.hand_to("陈先生")


def nothing_is_forgotten(phone: Phone, server: Server) -> None:
    before = phone.messages()
    server.stop()
    server.start()
    phone.open()
    assert [message for message in phone.messages() if message in before] == before
    assert "不动产转移登记" in phone.say("我的办件")
    assert f"解绑 {NAME}" in phone.say("解绑")
    phone.keep("15-after-a-restart")


def unsubscribes(phone: Phone, server: Server) -> None:
    assert "已停止全部推送" in phone.say("退订")
    before = len(phone.notices())
    for job in ("policy-push", "loan-alerts", "deadline-reminders", "case-watch"):
        assert server.command("run", job, "--enterprise", USCC)["queued"] == 0
    phone.settle()
    assert len(phone.notices()) == before
    phone.keep("16-unsubscribed")


def leaves(phone: Phone) -> None:
    phone.unfollow()
    phone.keep("17-left")
    greeting = phone.follow()
    assert SECTIONS[0] in greeting
    assert "还没有绑定" in phone.say("同意")  # unfollowing deleted the binding

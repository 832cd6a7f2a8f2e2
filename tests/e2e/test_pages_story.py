"""Pages on a phone 375 px wide, against the product as it is run: a form begun in the chat and finished on the page, a
timeline read, a policy check-up, consent taken back; in standard type and in 长辈版."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.conftest import PHONE
from tests.e2e.phone import Phone
from tests.e2e.server import Server

USCC = "91360323MAXX00015C"
WAIT_SECONDS = 40.0

pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "pages.db", {"XIXINBAN_DEMO": "1"})
    made.start()
    yield made
    made.stop()


class Screen:
    """A page by itself, as wide as a phone, read and tapped as a person would."""

    def __init__(self, chrome: Chrome, address: str, folder: Path) -> None:
        self.chrome, self._address, self._folder = chrome, address, folder
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)

    def open(self, path: str) -> str:
        self.chrome.get(path if path.startswith("http") else self._address + path)
        return self.text

    @property
    def text(self) -> str:
        return self.chrome.find_element(By.TAG_NAME, "main").text

    def tap(self, label: str) -> str:
        """The button or link with this label; returns the page that comes."""
        found = f'//button[normalize-space()="{label}"] | //a[normalize-space()="{label}"]'
        before = self.chrome.find_element(By.TAG_NAME, "html")
        self.chrome.find_element(By.XPATH, found).click()
        self.wait(lambda: self.chrome.find_element(By.TAG_NAME, "html") != before, label)
        return self.text

    def has(self, label: str) -> bool:
        return bool(self.chrome.find_elements(By.XPATH, f'//button[normalize-space()="{label}"]'))

    def fill(self, name: str, answer: str) -> None:
        """Answer one field; what the form does not ask for is passed over."""
        found = [one for one in self.fields(name) if one.is_displayed()]
        kind = found[0].get_attribute("type") if found else ""
        if kind in ("radio", "checkbox"):
            next(one for one in found if one.get_attribute("value") == answer).click()
        elif kind == "date":  # how a date is typed hangs on the browser's language
            self.chrome.execute_script("arguments[0].value = arguments[1]", found[0], answer)
        elif found:
            found[0].clear()
            found[0].send_keys(answer)

    def chosen(self, name: str) -> list[str]:
        return [str(one.get_attribute("value")) for one in self.fields(name) if one.is_selected()]

    def fields(self, name: str) -> list[WebElement]:
        return self.chrome.find_elements(By.CSS_SELECTOR, f'[name="f.{name}"]')

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        WebDriverWait(self.chrome, WAIT_SECONDS).until(lambda _: holds(), f"waited for {what}")

    def keep(self, name: str) -> None:
        self.chrome.save_screenshot(str(self._folder / f"page-{name}.png"))


def test_pages_on_a_phone(browser: Chrome, server: Server, screenshots: Path) -> None:
    phone = Phone(browser, server.address, screenshots)
    link = begins_a_form_in_the_chat(phone, server)
    screen = Screen(browser, server.address, screenshots)
    finishes_it_on_the_page(screen, link)
    reads_a_timeline(screen)
    runs_a_policy_checkup(screen)
    asks_the_figure(screen)
    withdraws_consent(screen)


def begins_a_form_in_the_chat(phone: Phone, server: Server) -> str:
    phone.open()
    phone.follow()
    phone.say(f"绑定 {server.command('enterprise', 'bind-code', USCC)['code']}")
    phone.say("同意")
    begun = phone.say("我要填贷款需求表")
    if "带出" in begun:
        begun = phone.say("带出")
    assert "第 1 问" in begun, begun
    link = phone.last_link("也可以在页面上填")
    with phone.page(lambda: phone.open_last_link("也可以在页面上填")) as page:
        assert "企业融资需求表" in page.text
    assert "300 万元" in phone.say("想贷三百万")
    return link


ANSWERS = {
    "reg_address": "江西省萍乡市芦溪县芦溪镇凌云路1号",
    "reg_capital_now": "五百万",
    "contact_phone": "13812345678",
    "loan_use": "流动资金",
    "loan_use_note": "采购瓷土和釉料",
    "loan_months": "很久",
    "loan_needed_on": "2027-03-31",
    "loan_guarantee": "抵押",
}


def finishes_it_on_the_page(screen: Screen, link: str) -> None:
    assert "项替您填好" in screen.open(link)
    assert screen.fields("loan_amount")[0].get_attribute("value") == "300 万元"  # said in the chat
    assert not screen.fields("collateral")  # comes with what it hangs on
    screen.keep("form")
    screen.chrome.find_element(By.CSS_SELECTOR, "details summary").click()
    assert screen.fields("company_name")[0].is_displayed()
    screen.keep("form-prefilled")
    for name, answer in ANSWERS.items():
        screen.fill(name, answer)
    wrong = screen.tap("核对")
    assert "处要改，其余的已经保存" in wrong, wrong
    assert {"贷款期限", "抵押物"} <= {
        link.text for link in screen.chrome.find_elements(By.CSS_SELECTOR, "[role=alert] a")
    }
    screen.chrome.find_element(By.LINK_TEXT, "贷款期限").click()
    screen.keep("form-problem")
    screen.fill("loan_months", "12个月")
    screen.fill("collateral", "自有厂房 1200 平方米")
    review = screen.tap("核对")
    assert "300 万元" in review
    assert "12 月" in review
    assert ANSWERS["contact_phone"] not in review
    screen.keep("form-review")
    done = screen.tap("没有错，提交")
    assert "申请表做好了" in done
    screen.keep("form-done")
    screen.tap("长辈版")
    screen.keep("form-done-elder")


def reads_a_timeline(screen: Screen) -> None:
    case = screen.chrome.find_element(By.CSS_SELECTOR, 'a[href*="/h5/case/"]').get_attribute("href")
    assert "办件编号" in screen.open(case)
    screen.keep("timeline-elder")
    assert "打 12345 找人工" in screen.chrome.find_element(By.TAG_NAME, "body").text
    screen.tap("返回标准版")
    screen.keep("timeline")


def runs_a_policy_checkup(screen: Screen) -> None:
    page, asked = screen.open("/h5/checkup"), 0
    while "体检结果" not in page:
        asked += 1
        assert asked <= 5, page
        screen.keep(f"checkup-{asked}")
        page = screen.tap("否") if screen.has("否") else screen.tap("跳过，不知道")
    assert "可享" in page
    screen.keep("checkup-result")


def asks_the_figure(screen: Screen) -> None:
    """With its script: the answer is appended, and the page stays."""
    screen.open("/h5/talk?big=1")
    answers = len(screen.chrome.find_elements(By.CSS_SELECTOR, ".talk__answer"))
    screen.chrome.find_element(By.ID, "text").send_keys("换法人要带什么")
    screen.chrome.find_element(By.XPATH, '//button[normalize-space()="发送"]').click()
    screen.wait(lambda: len(screen.chrome.find_elements(By.CSS_SELECTOR, ".talk__answer")) > answers, "an answer")
    assert "换法人要带什么" in screen.text
    assert "来源" in screen.text
    assert screen.chrome.find_element(By.ID, "text").get_attribute("value") == ""
    screen.keep("talk-elder")


def withdraws_consent(screen: Screen) -> None:
    assert "政策推送" in screen.open("/h5/me?big=0")
    screen.keep("me")
    assert "已撤回" in screen.tap("全部撤回")
    assert "我们不会主动给您发通知" in screen.text
    screen.keep("me-withdrawn")

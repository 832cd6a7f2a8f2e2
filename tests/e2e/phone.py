"""The simulator's page in a real browser, driven as a person would: by what can be seen and tapped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

WAIT_SECONDS = 40.0
POLL_SECONDS = 0.05
SHOWN = """
return [...document.querySelectorAll('[data-testid="message"]')].map(
  (e) => [Number(e.dataset.id), e.dataset.from, e.dataset.kind, e.dataset.channel, e.dataset.template,
    (e.querySelector('.bubble') || e).innerText])
"""


USERS = """return [...document.querySelectorAll('[data-testid="user-select"] option')].map((e) => e.innerText)"""


@dataclass(frozen=True)
class Shown:
    """One message as it stands on the screen."""

    id: int
    sender: str
    kind: str
    channel: str
    template: str
    text: str


class Phone:
    """``screenshots`` is the folder that keeps what the screen showed at each chapter."""

    def __init__(self, browser: Chrome, address: str, screenshots: Path) -> None:
        self._browser = browser
        self._address = address
        self._screenshots = screenshots
        # The page draws its lists anew while we look at them: then we look again.
        again = [NoSuchElementException, StaleElementReferenceException]
        self._wait = WebDriverWait(browser, WAIT_SECONDS, POLL_SECONDS, again)

    def open(self) -> None:
        self._browser.get(f"{self._address}/simulator")
        self._until(lambda: bool(self.users()), "a user")

    def keep(self, name: str) -> None:
        """Keep a screenshot."""
        self._browser.save_screenshot(str(self._screenshots / f"{name}.png"))

    # ------------------------------------------------------------------------------------------------------- the chat

    def follow(self) -> str:
        return self._answered(lambda: self._tap("follow"))

    def say(self, text: str) -> str:
        """Type, send, and read the answer."""

        def send() -> None:
            self._find("input").send_keys(text)
            self._tap("send")

        return self._answered(send)

    def tap_menu(self, top: int, sub: int) -> str:
        def tap() -> None:
            self._menu(str(top)).click()
            self._menu(f"{top}-{sub}").click()

        return self._answered(tap)

    def menu_names(self, top: int) -> list[str]:
        """Open one list of the menu, read it and close it again."""
        self._menu(str(top)).click()
        found = self._browser.find_elements(By.CSS_SELECTOR, f'[data-menu^="{top}-"]')
        names = [item.text for item in found]
        self._menu(str(top)).click()
        return names

    def messages(self) -> list[Shown]:
        return [Shown(*row) for row in self._browser.execute_script(SHOWN)]

    def notices(self, template: str = "") -> list[Shown]:
        return [m for m in self.messages() if m.kind == "notice" and (not template or m.template == template)]

    def wait_for_notice(self, template: str) -> Shown:
        self._until(lambda: bool(self.notices(template)), f"a notice {template}")
        return self.notices(template)[-1]

    def settle(self) -> None:
        """Until nothing is on its way to this phone or from it."""
        self._until(lambda: self._find("phone", "id").get_attribute("data-pending") == "0", "rest")

    # ---------------------------------------------------------------------------------------------------------- pages

    @contextmanager
    def page(self, opens: Callable[[], None]) -> Iterator[WebElement]:
        """The page that ``opens`` brings up in the phone's web view; gives its body, and closes it at the end."""
        opens()
        self._until(lambda: self._find("webview").is_displayed(), "the web view")
        self._browser.switch_to.frame(self._find("webview-frame"))
        self._until(lambda: bool(self._browser.find_elements(By.CSS_SELECTOR, "main, .page, h1")), "a page")
        try:
            yield self._browser.find_element(By.TAG_NAME, "body")
        finally:
            self._browser.switch_to.default_content()
            self._tap("webview-back")

    def open_last_link(self, label: str) -> None:
        links = self._browser.find_elements(By.CSS_SELECTOR, '[data-testid="link"]')
        [link for link in links if link.text == label][-1].click()

    def last_link(self, label: str) -> str:
        links = self._browser.find_elements(By.CSS_SELECTOR, '[data-testid="link"]')
        return str([link for link in links if link.text == label][-1].get_attribute("href"))

    def open_notice(self, template: str) -> None:
        """The latest one made with this template."""
        button = f'[data-template="{template}"] [data-testid="notice-open"]'
        self._browser.find_elements(By.CSS_SELECTOR, button)[-1].click()

    def open_address(self, address: str) -> None:
        """What WeChat does with a link that somebody forwarded."""
        self._browser.execute_script("openPage(arguments[0])", address)

    # ------------------------------------------------------------------------------------------------------- the panel

    def users(self) -> list[str]:
        return list(self._browser.execute_script(USERS))

    def add_user(self, name: str) -> None:
        """A new person, who holds the phone from now on."""
        self._find("user-name").send_keys(name)
        self._tap("user-add")
        self._until(lambda: self._holder().startswith(name), f"user {name}")

    def hand_to(self, name: str) -> None:

        def choose() -> bool:
            [label] = [label for label in self.users() if label.startswith(name)]
            Select(self._find("user-select")).select_by_visible_text(label)
            return self._holder() == label

        self._until(choose, f"user {name}")
        self._until(lambda: bool(self.messages()), "the chat")

    def allow_notices(self) -> None:
        """Accept every template of the consent popup, for good."""
        self._tap("consent-open")
        self._tap("consent-accept")
        self._until(lambda: bool(self._all("consent")), "consents")
        self.settle()

    def unfollow(self) -> None:
        self._tap("unfollow")
        self._until(lambda: self._find("profile").is_displayed(), "the profile")
        self.settle()

    def _holder(self) -> str:
        return Select(self._find("user-select")).first_selected_option.text

    # ----------------------------------------------------------------------------------------------------------- hands

    def _answered(self, act: Callable[[], None]) -> str:
        """The account's passive answers that came after the act, in one text."""
        last = max((message.id for message in self.messages()), default=0)

        def answers() -> list[str]:
            return [m.text for m in self.messages() if m.id > last and m.sender != "user" and m.kind != "notice"]

        act()
        self._until(lambda: bool(answers()), "an answer")
        self.settle()
        return "\n".join(answers())

    def _tap(self, testid: str) -> None:
        self._until(lambda: self._find(testid).is_displayed() and self._find(testid).is_enabled(), testid)
        self._find(testid).click()

    def _find(self, testid: str, attribute: str = "data-testid") -> WebElement:
        return self._browser.find_element(By.CSS_SELECTOR, f'[{attribute}="{testid}"]')

    def _all(self, testid: str) -> list[WebElement]:
        return self._browser.find_elements(By.CSS_SELECTOR, f'[data-testid="{testid}"]')

    def _menu(self, place: str) -> WebElement:
        return self._browser.find_element(By.CSS_SELECTOR, f'[data-menu="{place}"]')

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        self._wait.until(lambda _: holds(), f"waited for {what}")

"""Every page in a browser 375 px wide, in standard type and in 长辈版: axe-core finds nothing serious, nothing is cut
off, every target is large enough for a thumb. Pages come from the route table: one added later must be listed here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chalice.test import Client
from selenium.webdriver import Chrome

import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.pages import site
from chalicelib.times import local_date
from tests.e2e import axe
from tests.e2e.conftest import PHONE
from tests.functional.pages.browser import Answer, Browser
from tests.functional.pages.conftest import OWNER, STRANGER, USCC, furnished

pytestmark = pytest.mark.browser

AWARD, AWARDED = "P25", "91360323MAXX0012XD"
ROUND = f"{AWARD}-2026-1"
NO_PAGES = {"oauth", "jssdk", "static"}
"""Addresses that answer with a redirect, a signature or a file."""

_WIDE = "return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
_SMALL = """
return [...document.querySelectorAll(
  'button, a.weui-cell, a.weui-btn, summary, input:not([type=hidden]), select, nav a')]
  .filter((one) => one.offsetParent && !one.closest('label'))
  .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
  .filter(([_, box]) => box.height < 43.5 || box.width < 43.5).map(([html, box]) => html + ' ' + box.height)
"""
_HEADINGS = "return [...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))"


@dataclass(frozen=True)
class Screen:
    """What the browser shows of one answer, style and all: the page is a whole by itself."""

    chrome: Chrome
    folder: Path

    def show(self, answer: Answer) -> None:
        file = self.folder / "page.html"
        file.write_text(re.sub(r"<script[^>]*></script>", "", answer.text), encoding="utf-8")
        self.chrome.get(file.as_uri())


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    made = furnished()
    now = made.clock.now()
    made.bindings.redeem(OWNER, made.bindings.issue_code(AWARDED, "法人", "op", now).code, now)
    made.awards.open(AWARD, 2026, "ann", now)
    made.awards.confirm(ROUND, "bob", now)
    made.awards.publicise(ROUND, "ann", local_date(now), 5, now)
    yield made
    bootstrap.install(None)


@pytest.fixture(scope="module")
def owner(application: Application) -> Iterator[Browser]:
    with Client(app.app) as client:
        browser = Browser(client, application, OWNER)
        browser.open("/h5/inbox")
        yield browser


@pytest.fixture(scope="module")
def screen(pocket: Chrome, tmp_path_factory: pytest.TempPathFactory) -> Screen:
    axe.prepare(pocket)
    return Screen(pocket, tmp_path_factory.mktemp("screen"))


def addresses(application: Application) -> dict[str, list[str]]:
    """What to look at, by page."""
    now = application.clock.now()
    draft = application.forms.begin(OWNER, "FM-11", USCC, now, "m").draft.id
    case, loan = application.cases.of_enterprise(USCC)[0].no, application.loans.of_enterprise(USCC)[0].id
    return {
        "award": [ROUND],
        "case": [case],
        "cases": [""],
        "checkup": ["", f"?e={USCC}", f"?e={USCC}&done=1"],
        "form": [draft, f"{draft}?review=1"],
        "forms": [""],
        "guide": ["SX-01", "B01"],
        "inbox": [""],
        "loan": [loan],
        "me": [""],
        "members": [""],
        "mydata": [""],
        "points": [""],
        "policies": [""],
        "policy": ["P03"],
        "publicity": [ROUND],
        "talk": [""],
        "tolerance": ["SX-21"],
    }


def test_every_page_of_the_table_is_looked_at(application: Application) -> None:
    pages = {page for method, page in (*site.ALONE, *site.KEYED) if method == "GET"}
    assert pages - NO_PAGES == set(addresses(application))


@pytest.mark.parametrize("type_size", ["0", "1"], ids=["standard", "elder"])
def test_axe_finds_nothing_serious_and_a_thumb_finds_everything(
    owner: Browser, application: Application, screen: Screen, type_size: str
) -> None:
    wrong: list[str] = []
    for page, keys in addresses(application).items():
        for key in keys:
            address = f"/h5/{page}{key}" if key.startswith("?") or not key else f"/h5/{page}/{key}"
            answer = owner.open(f"{address}{'&' if '?' in address else '?'}big={type_size}")
            assert answer.status == 200, address
            screen.show(answer)
            wrong += [f"{address} {fault}" for fault in faults(screen.chrome)]
    nobody = Browser(owner.client, application, STRANGER).open("/h5/case/1")
    screen.show(nobody)
    wrong += [f"message {fault}" for fault in faults(screen.chrome)]
    assert wrong == []


def faults(chrome: Chrome) -> list[str]:
    found = axe.serious(chrome)
    width = chrome.execute_script(_WIDE)
    found += [f"{width} px wide"] if width > PHONE["width"] else []
    found += [f"too small for a thumb: {one}" for one in chrome.execute_script(_SMALL)]
    levels = chrome.execute_script(_HEADINGS)
    jumps = [pair for pair in zip([0, *levels], levels, strict=False) if pair[1] > pair[0] + 1]
    return [*found, f"headings jump {jumps}"] if jumps else found

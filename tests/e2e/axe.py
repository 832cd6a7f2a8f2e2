"""axe-core in a page: what it finds serious or worse (WCAG 2.0–2.2 A and AA, and good practice)."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

from selenium.webdriver import Chrome

SHA256 = "84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc"
"""Of axe.min.js 4.12.1, as it lies in the package that requirements-axe.txt pins."""

_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then(
  (found) => done(found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map(
    (one) => one.id + ': ' + one.help + ' | ' + one.nodes.map((node) => node.html.slice(0, 160)).join(' | '))),
  (error) => done(['axe failed: ' + error]));
"""


@cache
def script() -> str:
    found = files("axe_playwright_python").joinpath("axe.min.js").read_bytes()
    assert sha256(found).hexdigest() == SHA256, "another axe-core than the one that was pinned"
    return found.decode()


def prepare(browser: Chrome) -> None:
    """Every page that this browser opens from now on has axe in it."""
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script()})


def serious(browser: Chrome) -> list[str]:
    """One line for each rule that the page breaks, with the elements that do."""
    found: list[str] = browser.execute_async_script(_RUN)
    return found

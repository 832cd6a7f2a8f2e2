"""The browser of the stories, and what happens on a machine that has none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

NEEDED = ("chromium", "chromedriver")
MUST = "XIXINBAN_TEST_NEEDS_BROWSER"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1000,960"
).split()

PHONE = {"width": 375, "height": 812, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="session")
def screenshots() -> Path:
    folder = Path(__file__).with_name("screenshots")
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    """Debian's Chromium, without a window, with a profile of its own, on Beijing time."""
    with chromium(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def pocket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """The same as a phone 375 px wide, for all tests of a module."""
    with chromium(tmp_path_factory.mktemp("pocket")) as made:
        made.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
        yield made


@contextmanager
def chromium(folder: Path) -> Iterator[Chrome]:
    """A browser whose profile lies in ``folder``."""
    program, driver = map(shutil.which, NEEDED)
    if not program or not driver:
        _no_browser(f"no {' and no '.join(name for name in NEEDED if not shutil.which(name))} on this machine")
    options = ChromeOptions()
    options.binary_location = str(program)
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    made = Chrome(options=options, service=Service(driver, env=dict(os.environ, TZ="Asia/Shanghai")))
    try:
        yield made
    finally:
        made.quit()


def _no_browser(reason: str) -> NoReturn:
    """Skipped, which pytest tells at its end (``-ra``), or failed where a browser was promised (CI)."""
    if os.environ.get(MUST):
        pytest.fail(f"{reason}, and {MUST} is set; apt-get install chromium chromium-driver")
    pytest.skip(f"BROWSER TESTS NOT RUN: {reason}; apt-get install chromium chromium-driver")

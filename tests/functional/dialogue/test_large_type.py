"""「大字」 in the chat leads to the pages in 长辈版, and they stay large."""

from __future__ import annotations

import re

import pytest
from chalice.test import Client

from chalicelib.bootstrap import Application
from chalicelib.dialogue.listening import LARGE_TYPE
from tests.functional.dialogue.conftest import Meet
from tests.functional.pages.browser import Browser
from tests.unit.pages.house import FakeClient


def test_the_link_opens_large_pages_and_they_stay_large(meet: Meet, county: Application, client: Client) -> None:
    county.__dict__["wechat_client"] = FakeClient()
    person = meet("elder")
    link = re.search(r'<a href="([^"]+)">打开长辈版', person.say("大字") or "")
    assert link
    browser = Browser(client, county, person.openid)
    assert 'class="big"' in browser.open(link[1].removeprefix(county.settings.public_url)).text
    assert 'class="big"' in browser.open("/h5/guide/SX-01").text


@pytest.mark.parametrize("text", ["大字", "长辈版", "我要大字版", "字太小了", "字大一点", "老人模式"])
def test_ways_of_asking(text: str) -> None:
    assert LARGE_TYPE.fullmatch(text)


@pytest.mark.parametrize("text", ["大字报能贴吗", "老人卡怎么办", "签字", "长辈过世怎么销户", "字号登记"])
def test_other_matters_are_not_taken(text: str) -> None:
    assert not LARGE_TYPE.fullmatch(text)

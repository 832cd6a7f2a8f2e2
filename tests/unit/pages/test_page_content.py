"""What stands on the pages: facts first, everything escaped, readable without script, small."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.guidance.model import ServiceItem
from chalicelib.pages import safety, scripts, site, stylesheet
from chalicelib.pages.http import PageRequest
from tests.unit.pages.house import CASE, HOSTILE, ITEM, LOAN, NOW, OWNER, POLICY, House, Phone

PAGES = [
    "/h5/guide/SX-01",
    "/h5/guide/B01",
    "/h5/points",
    f"/h5/case/{CASE}",
    f"/h5/loan/{LOAN}",
    "/h5/inbox",
    "/h5/me",
    "/h5/policy/P01",
    "/h5/policies",
    "/h5/nothing",
]
_VOID = {"meta", "link", "input", "br"}


class Reader(HTMLParser):
    """Checks nesting, and collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def house() -> House:
    house = House().furnish()
    house.tell(OWNER, f"办件有进展{HOSTILE}")
    return house


@pytest.fixture(scope="module")
def phone(house: House) -> Phone:
    phone = Phone(house, OWNER)
    phone.get("/h5/inbox")
    return phone


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_well_formed_and_safe(phone: Phone, address: str) -> None:
    response = phone.get(address)
    read = Reader(response.body)
    assert not {"script", "iframe", "object"} & set(read.tags)
    assert read.tags.count("style") == 1
    assert not [each for each in read.attributes if each[1] == "style" or each[1].startswith("on")]
    assert not [each for each in read.attributes if each[2].startswith("javascript:")]
    assert ("html", "lang", "zh-CN") in read.attributes
    assert read.tags.count("h1") == 1
    assert read.tags.count("main") == 1
    assert "12345" in read.text
    for name, value in safety.headers().items():
        assert response.headers[name] == value
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "address", [f"/h5/case/{CASE}", "/h5/me", "/h5/inbox", "/h5/guide/SX-01", "/h5/policies?mine=1"]
)
def test_hostile_names_stay_text(phone: Phone, address: str) -> None:
    response = phone.get(address)
    assert HOSTILE in Reader(response.body).text
    assert "<script" not in response.body


def test_the_style_in_the_page_is_the_one_that_the_policy_names(phone: Phone) -> None:
    response = phone.get("/h5/points")
    style = re.search(r"<style>(.*?)</style>", response.body, re.S)
    assert style
    digest = base64.b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_sent_css_means_what_was_written() -> None:
    def rules(css: str) -> list[str]:
        bare = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
        return re.findall(r"[^{};]+", re.sub(r"\s+", "", bare))

    assert rules(stylesheet.content()) == rules(stylesheet.source())
    assert len(stylesheet.content()) < len(stylesheet.source())


def test_scripts_are_kept_under_their_version_only(phone: Phone) -> None:
    for name in scripts.NAMES:
        assert phone.get(scripts.address(name)).headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert phone.get(f"/h5/static/{name}?v=old").headers["Cache-Control"] == "no-cache"
    assert phone.get("/h5/static/other.js").status == 404


def test_a_guide_tells_what_a_hurried_person_needs(phone: Phone) -> None:
    text = Reader(phone.get("/h5/guide/SX-01").body).text
    for needed in (
        "1 个工作日",
        "3 个工作日",
        "住宅 80 元",
        "要带的材料（1 份）",
        "原件 1 份、复印件 2 份（要纸质）",
        "可后补",
        "不用您带",
        "身份证明",
        "县政务服务大厅",
        "现在开门，12:00 关",
        "0799-7551234",
        "提交",
        "不用验资。",
        "公司法",
        "公开资料整理",
        "2026-11-20 更新",
        "示例数据",
        "设备更新贷款贴息",
    ):
        assert needed in text, needed


def test_a_checked_guide_carries_no_sample_mark(house: House) -> None:
    checked = {**ITEM, "name": "核对过的", "prov": ["S"], "verified_at": NOW.date(), "policy": None}
    checked |= {"promised": {"n": 1, "unit": "wd", "prov": ["S"]}, "source_url": "https://www.luxi.gov.cn/a?b=1&c=2"}
    other = House()
    other.held = replace(other.held, items={"SX-01": ServiceItem.model_validate(checked)}, points={})
    body = Phone(other, None).get("/h5/guide/SX-01").body
    assert "示例数据" not in body
    assert "2026-11-23 已核对" in body
    assert 'href="https://www.luxi.gov.cn/a?b=1&amp;c=2"' in body


def test_a_bundle_leads_to_the_guides_of_its_steps(phone: Phone) -> None:
    body = phone.get("/h5/guide/B01").body
    assert 'href="/h5/guide/SX-01"' in body
    assert "银行开户" in body
    assert "分开办 2 份，一起办 1 份" in body


def test_a_case_tells_what_is_missing_and_until_when(phone: Phone) -> None:
    text = Reader(phone.get(f"/h5/case/{CASE}").body).text
    for needed in (
        "还差 1 份材料",
        "完税证明",
        "2026-12-08 前（由您办）",
        "11月17日 09:40",
        "已收件",
        "请补原件",
        CASE,
    ):
        assert needed in text, needed


def test_a_loan_keeps_its_three_figures_apart(phone: Phone) -> None:
    text = Reader(phone.get(f"/h5/loan/{LOAN}").body).text
    for needed in ("批了不等于到账", "申请金额100 万元", "授信额度80 万元", "累计放款0 元"):
        assert needed in text.replace("\n", ""), needed
    assert "余额" not in text


def test_a_policy_tells_members_whether_and_why(phone: Phone, house: House) -> None:
    mine, public = phone.get("/h5/policy/P01").body, Phone(house, None).get("/h5/policy/P01").body
    for needed in ("符合条件", "10 万元", "登记状态：存续", "2026-12-31（还有 38 天）", "申请表"):
        assert needed in Reader(mine).text, needed
    assert "符合条件 ·" not in public
    assert "看我的企业符不符合" in public
    assert "溪华电瓷" not in public


def test_what_is_not_published_is_not_there(phone: Phone) -> None:
    assert phone.get("/h5/policy/P02").body == phone.get("/h5/policy/P77").body
    assert "还没发布的" not in phone.get("/h5/policies").body
    house = House()
    unpublished = ServiceItem.model_validate({**ITEM, "policy": "P02"})
    house.held = replace(house.held, items={"SX-01": unpublished})
    assert "/h5/policy/" not in Phone(house, None).get("/h5/guide/SX-01").body
    assert POLICY["short"] in phone.get("/h5/policies").body


@pytest.mark.parametrize(("value", "css"), [("1", "big"), ("2", "large"), ("3", "huge")])
def test_large_type_is_chosen_kept_and_taken_back(house: House, value: str, css: str) -> None:
    phone = Phone(house, None)
    assert '<html lang="zh-CN">' in phone.get("/h5/points").body
    assert f'class="{css}"' in phone.get(f"/h5/points?big={value}").body
    later = phone.get("/h5/guide/SX-01").body
    assert f'<html lang="zh-CN" class="{css}">' in later
    assert 'href="/h5/guide/SX-01?big=0"' in later
    assert f'class="{css}"' in phone.get("/h5/points?big=nonsense").body
    back = phone.step("GET", "/h5/guide/SX-01?big=0")
    assert '<html lang="zh-CN">' in back.body
    assert "Max-Age=0" in back.cookies[0]


def _rules(css: str, selector: str) -> str:
    found = re.search(rf"(?m)^{re.escape(selector)} {{([^}}]*)}}", css)
    assert found, selector
    return found[1]


def test_text_is_never_smaller_than_17_px() -> None:
    css = stylesheet.source()
    assert "font-size: 17px" in _rules(css, "html")
    sizes = re.findall(r"font-size: ([\d.]+)(rem|em|px|pt)", css.split("@media print")[0])
    assert sizes
    assert all(float(size) >= (17 if unit == "px" else 1) for size, unit in sizes)


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    full = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(full[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("text", "bg"),
        ("text", "paper"),
        ("soft", "bg"),
        ("soft", "paper"),
        ("link", "bg"),
        ("link", "paper"),
        ("brand", "paper"),
        ("paper", "brand"),
        ("warn", "paper"),
        ("mark-text", "mark"),
        ("text", "mark"),
        ("text", "mine"),
        ("soft", "mark"),
        ("brand", "bg"),
        ("warn", "bg"),
    ],
)
def test_contrast_is_at_least_aa(ink: str, paper: str) -> None:
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", stylesheet.source()))
    light, dark = sorted((_luminance(colours[ink]), _luminance(colours[paper])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_edges_of_fields_are_seen() -> None:
    """WCAG 1.4.11: 3 to 1 for what shows where a control is."""
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", stylesheet.source()))
    for paper in ("paper", "bg"):
        light, dark = sorted((_luminance(colours["edge"]), _luminance(colours[paper])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3


SHORT = st.text(max_size=40)


@settings(deadline=None)
@given(
    page=st.one_of(
        st.sampled_from(["case", "guide", "loan", "policy", "inbox", "me", "oauth", "static", "points"]), SHORT
    ),
    key=SHORT,
    query=st.dictionaries(st.sampled_from(["k", "code", "state", "to", "big", "mine", "v", "done", "signed"]), SHORT),
    cookie=SHORT,
    post=st.booleans(),
)
def test_whatever_is_asked_for_nothing_breaks(
    house: House, page: str, key: str, query: dict[str, str], cookie: str, post: bool
) -> None:
    cookies = {"xixinban_session": cookie, "xixinban_signin": cookie, "xixinban_big": cookie}
    for held in (cookies, Phone(house, OWNER).cookies | {"xixinban_session": _session(house)}):
        request = PageRequest(page, NOW, key, "POST" if post else "GET", query, held, query)
        response = site.answer(request, house)
        assert response.status < 500
        assert "\n" not in "".join(response.headers.values())


def _session(house: House) -> str:
    from chalicelib.pages.session import Sessions

    return Sessions(house.settings.session_secret.get_secret_value()).cookie(OWNER, NOW)


def test_a_failure_of_ours_is_a_sentence_and_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(House):
        def catalogue(self) -> None:  # type: ignore[override]
            raise RuntimeError("store is away")

    response = Phone(Broken(), None).get("/h5/points")
    assert response.status == 500
    assert "store is away" not in response.body
    assert "请过一分钟再试" in response.body
    assert "page failed" in caplog.text

"""What the account's pages need: menu, web authorisation, JS-SDK."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from chalicelib.wechat import jssdk, oauth
from chalicelib.wechat.menu import Group, KeyButton, Menu, ViewButton, default_menu
from tests.unit.wechat.pushes import NOW

SECTIONS = {"服务升级", "创新赋能", "政策直达", "法治护航"}


def test_the_four_sections_are_in_the_menu_by_name() -> None:
    body = default_menu("https://xixin.example.gov.cn").for_platform()
    names = {sub["name"] for top in body["button"] for sub in top["sub_button"]}
    assert names >= SECTIONS
    assert len(body["button"]) == 3 and all(1 <= len(top["sub_button"]) <= 5 for top in body["button"])
    keys = [sub["key"] for top in body["button"] for sub in top["sub_button"] if sub["type"] == "click"]
    assert len(keys) == len(set(keys)) and set(keys) >= SECTIONS
    assert body["button"][2]["sub_button"][2] == {
        "name": "收件箱",
        "type": "view",
        "url": "https://xixin.example.gov.cn/h5/inbox",
    }
    assert "type" not in body["button"][0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Menu(button=()),
        lambda: Menu(button=tuple(KeyButton(name=f"按钮{n}", key="k") for n in range(4))),
        lambda: Menu(button=(KeyButton(name="法治护航政策", key="k"),)),
        lambda: Group(name="办事", sub_button=()),
        lambda: Group(name="办事", sub_button=tuple(KeyButton(name="x", key="k") for _ in range(6))),
        lambda: KeyButton(name="一" * 21, key="k"),
        lambda: KeyButton(name=" ", key="k"),
        lambda: KeyButton(name="x", key="键" * 43),
        lambda: ViewButton(name="x", url="https://x/" + "a" * 1024),
        lambda: ViewButton(name="x", url="javascript:alert(1)"),
    ],
)
def test_menus_the_platform_would_refuse(make: object) -> None:
    with pytest.raises(ValidationError):
        make()  # type: ignore[operator]


def test_a_menu_reads_from_data() -> None:
    body = default_menu("http://127.0.0.1:8000").for_platform()
    assert Menu.model_validate(body).for_platform() == body


def test_authorize_url() -> None:
    url = oauth.authorize_url("wx1", "https://x.gov.cn/h5/back?to=/h5/inbox", "abc")
    parts = urlsplit(url)
    assert url.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2F")
    assert parts.fragment == "wechat_redirect"
    assert parse_qs(parts.query)["redirect_uri"] == ["https://x.gov.cn/h5/back?to=/h5/inbox"]
    assert oauth.authorize_url("wx1", "r", "s", base="http://127.0.0.1:1").startswith("http://127.0.0.1:1/connect/")


def test_state_holds_for_its_browser_page_and_time() -> None:
    state = oauth.make_state("secret", "cookie", "/h5/inbox", NOW)
    assert state.isalnum() and state.isascii() and len(state) <= 128
    assert state != oauth.make_state("secret", "cookie", "/h5/inbox", NOW)
    oauth.check_state(["secret"], "cookie", "/h5/inbox", state, NOW + timedelta(minutes=9))


@pytest.mark.parametrize(
    ("secret", "session", "target", "change", "later"),
    [
        ("other", "cookie", "/h5/inbox", "", 0),
        ("secret", "stolen", "/h5/inbox", "", 0),
        ("secret", "cookie", "/h5/elsewhere", "", 0),
        ("secret", "cookie", "/h5/inbox", "0", 0),
        ("secret", "cookie", "/h5/inbox", "", 10),
    ],
)
def test_states_that_are_refused(secret: str, session: str, target: str, change: str, later: int) -> None:
    state = oauth.make_state("secret", "cookie", "/h5/inbox", NOW) + change
    with pytest.raises(oauth.StateRefused, match="公众号"):
        oauth.check_state([secret], session, target, state, NOW + timedelta(minutes=later))


@pytest.mark.parametrize("state", ["", "x", "é\ud800", "f" * 60])
def test_states_made_up(state: str) -> None:
    with pytest.raises(oauth.StateRefused):
        oauth.check_state(["secret"], "cookie", "/h5/inbox", state, NOW)


def test_identity() -> None:
    answer = {
        "access_token": "SECRET",
        "openid": "o1",
        "scope": "snsapi_base",
        "is_snapshotuser": 1,
        "expires_in": 7200,
    }
    identity = oauth.Identity.model_validate(answer)
    assert (identity.openid, identity.is_snapshot) == ("o1", True)
    assert "SECRET" not in repr(identity) and "o1" not in repr(identity)
    assert not oauth.Identity(openid="o2").is_snapshot


TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("http://mp.weixin.qq.com?params=value", "0f9de62fce790f9a083d5c99e95740ceb90c27ed"),
        ("http://mp.weixin.qq.com", "f4d90daf4b3bca3078ab155816175ba34c443a7b"),
        ("http://mp.weixin.qq.com#part", "f4d90daf4b3bca3078ab155816175ba34c443a7b"),
    ],
)
def test_js_sdk_golden_vectors(url: str, signature: str) -> None:
    assert jssdk.signature(TICKET, "Wm3WZYTPz0wzccnW", 1414587457, url) == signature


def test_page_config_signs_what_it_says() -> None:
    config = jssdk.page_config("wx1", TICKET, "https://x/h5#y", NOW)
    assert config.signature == jssdk.signature(TICKET, config.nonce, config.timestamp, "https://x/h5")
    assert config.timestamp == int(NOW.timestamp())

"""The calls we make, against a fake platform over HTTP."""

import io
import logging
import socket
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.wechat.apis import image_host
from chalicelib.wechat.client import PLATFORM, Account, PlatformClient
from chalicelib.wechat.errors import SIGN_IN_AGAIN, ApiError, NotSent, Unclear
from chalicelib.wechat.menu import default_menu
from chalicelib.wechat.replies import Article
from chalicelib.wechat.transport import MAX_ANSWER, scrub
from tests.unit.wechat.fake_platform import SECRET, STABLE_TOKEN, TEMPLATE, FakePlatform, Raw, TestClock, client_of
from tests.unit.wechat.pushes import OPENID

CUSTOM = "/cgi-bin/message/custom/send"


def answering(platform: FakePlatform, path: str, **answer: Any) -> None:
    platform.handlers[path] = lambda _: answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_template(client: PlatformClient, platform: FakePlatform) -> None:
    sent = client.message.send_template(OPENID, "T1", {"thing1": "贷款“审批”"}, "https://u", "id-1")
    assert sent == "3487542469355618313"
    call = platform.last(TEMPLATE)
    assert call.body == {
        "touser": OPENID,
        "template_id": "T1",
        "data": {"thing1": {"value": "贷款“审批”"}},
        "url": "https://u",
        "client_msg_id": "id-1",
    }
    assert "审批".encode() in call.raw and b"\\u" not in call.raw
    assert call.query == {"access_token": "TOKEN-1"}


def test_a_message_id_of_zero_is_none(client: PlatformClient, platform: FakePlatform) -> None:
    answering(platform, TEMPLATE, errcode=0, errmsg="ok", msgid=0)
    assert client.message.send_template(OPENID, "T1", {"thing1": "x"}) is None
    assert set(platform.last(TEMPLATE).body) == {"touser", "template_id", "data"}


def test_subscription(client: PlatformClient, platform: FakePlatform) -> None:
    client.message.send_subscription(OPENID, "T2", {"thing1": "x"}, "https://u")
    body = platform.last("/cgi-bin/message/subscribe/bizsend").body
    assert body == {"touser": OPENID, "template_id": "T2", "data": {"thing1": {"value": "x"}}, "page": "https://u"}


def test_custom_messages(client: PlatformClient, platform: FakePlatform) -> None:
    client.message.send_text(OPENID, "你好", account="a@b")
    assert platform.last(CUSTOM).body == {
        "touser": OPENID,
        "msgtype": "text",
        "text": {"content": "你好"},
        "customservice": {"kf_account": "a@b"},
    }
    client.message.send_news(OPENID, Article("题", "述", "https://u"))
    assert platform.last(CUSTOM).body["news"] == {
        "articles": [{"title": "题", "description": "述", "url": "https://u", "picurl": ""}]
    }
    client.message.send_choices(OPENID, "满意吗？", [("101", "满意"), ("102", "不满意")], "谢谢")
    assert platform.last(CUSTOM).body["msgmenu"] == {
        "head_content": "满意吗？",
        "list": [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}],
        "tail_content": "谢谢",
    }
    client.message.typing(OPENID, on=False)
    assert platform.last("/cgi-bin/message/custom/typing").body == {"touser": OPENID, "command": "CancelTyping"}


def test_mass_draft(client: PlatformClient, platform: FakePlatform) -> None:
    answering(platform, "/cgi-bin/draft/add", media_id="M1")
    media_id = client.drafts.add([{"title": "本月政策"}])
    mass = "/cgi-bin/message/mass/sendall"
    answering(platform, mass, errcode=0, msg_id=34182, msg_data_id=206227730)
    assert client.message.send_mass_draft(media_id, "digest-2026-11") == "34182"
    assert platform.last(mass).body["filter"] == {"is_to_all": True}
    assert platform.last(mass).body["clientmsgid"] == "digest-2026-11"
    answering(platform, mass, errcode=45065, errmsg="clientmsgid exist", msg_id=34182)
    assert client.message.send_mass_draft(media_id, "digest-2026-11", tag_id=2) == "34182"
    assert platform.last(mass).body["filter"] == {"is_to_all": False, "tag_id": 2}
    answering(platform, mass, errcode=45028, errmsg="has no masssend quota")
    with pytest.raises(ApiError, match="45028"):
        client.message.send_mass_draft(media_id, "digest-2026-12")


def test_menu(client: PlatformClient, platform: FakePlatform) -> None:
    menu = default_menu("https://x")
    client.menu.create(menu)
    assert platform.last("/cgi-bin/menu/create").body == menu.for_platform()
    answering(platform, "/cgi-bin/menu/get", menu={"button": []})
    assert client.menu.get() == {"menu": {"button": []}}
    answering(platform, "/cgi-bin/menu/get", errcode=46003, errmsg="menu no exist")
    assert client.menu.get() is None
    answering(platform, "/cgi-bin/menu/get", errcode=48001, errmsg="api unauthorized")
    with pytest.raises(ApiError, match="48001"):
        client.menu.get()
    client.menu.delete()
    assert platform.count("/cgi-bin/menu/delete") == 1


def test_qr_codes(client: PlatformClient, platform: FakePlatform) -> None:
    path = "/cgi-bin/qrcode/create"
    answering(platform, path, ticket="gQ=/", expire_seconds=600, url="http://weixin.qq.com/q/1")
    code = client.qrcode.create_temporary("nonce-1", 600)
    assert platform.last(path).body == {
        "expire_seconds": 600,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "nonce-1"}},
    }
    assert (code.seconds, code.image_url) == (600, f"{platform.base}/cgi-bin/showqrcode?ticket=gQ%3D%2F")
    answering(platform, path, ticket="t", url="u")
    assert client.qrcode.create_permanent("hall").seconds is None
    for scene, seconds in (("", 60), ("x" * 65, 60), ("x", 0), ("x", 30 * 24 * 3600 + 1)):
        with pytest.raises(ValueError, match=r"scene|seconds"):
            client.qrcode.create_temporary(scene, seconds)


@pytest.mark.parametrize(
    ("base", "host"),
    [
        (PLATFORM, "https://mp.weixin.qq.com"),
        ("https://api2.weixin.qq.com", "https://mp.weixin.qq.com"),  # another entrance of the platform
        ("https://sh.api.weixin.qq.com", "https://mp.weixin.qq.com"),
        ("http://127.0.0.1:9000/simulator/api", "http://127.0.0.1:9000/simulator/api"),
        ("https://weixin.qq.com.example.test", "https://weixin.qq.com.example.test"),
    ],
)
def test_where_a_code_s_picture_is(base: str, host: str) -> None:
    assert image_host(base) == host


def test_users_quota_and_rid(client: PlatformClient, platform: FakePlatform) -> None:
    answering(platform, "/cgi-bin/user/info", subscribe=1, openid=OPENID)
    assert client.user.info(OPENID)["subscribe"] == 1
    assert platform.last("/cgi-bin/user/info").query["openid"] == OPENID
    answering(platform, "/cgi-bin/openapi/quota/get", errcode=0, quota={"daily_limit": 100, "used": 3, "remain": 97})
    quota = client.openapi.quota(TEMPLATE)
    assert (quota.daily_limit, quota.used, quota.remain) == (100, 3, 97)
    answering(platform, "/cgi-bin/openapi/rid/get", errcode=0, request={"invoke_time": 1})
    assert client.openapi.request_seen("61-2-3") == {"invoke_time": 1}


def test_web_authorisation(client: PlatformClient, platform: FakePlatform) -> None:
    path = "/sns/oauth2/access_token"
    answering(platform, path, access_token="A", openid=OPENID, scope="snsapi_base", is_snapshotuser=1)
    identity = client.sns.exchange("CODE")
    assert (identity.openid, identity.is_snapshot) == (OPENID, True)
    query = platform.last(path).query
    assert (query["code"], query["grant_type"]) == ("CODE", "authorization_code") and "access_token" not in query
    assert platform.count(STABLE_TOKEN) == 0
    answering(platform, path, errcode=40163, errmsg="code been used, rid: 61-2-3")
    with pytest.raises(ApiError) as caught:
        client.sns.exchange("CODE")
    assert caught.value.code in SIGN_IN_AGAIN


def test_js_ticket_is_cached(client: PlatformClient, platform: FakePlatform, clock: TestClock) -> None:
    path = "/cgi-bin/ticket/getticket"
    answering(platform, path, errcode=0, errmsg="ok", ticket="J1", expires_in=7200)
    assert [client.jsapi.ticket(), client.jsapi.ticket()] == ["J1", "J1"]
    assert platform.count(path) == 1
    clock.move(6901)
    client.jsapi.ticket()
    assert platform.count(path) == 2


def test_groups_of_wechatpy_go_the_same_safe_way(client: PlatformClient, platform: FakePlatform) -> None:
    """They too reach the stand-in host, renew a refused token within bounds and raise our errors."""
    platform.valid = set()
    with pytest.raises(ApiError) as caught:
        client.tag.create("宣风镇")
    assert caught.value.code == 40001
    assert platform.count("/cgi-bin/tags/create") == 3 and platform.count(STABLE_TOKEN) == 3


def test_the_real_platform_is_the_default(clock: TestClock) -> None:
    assert Account("wx1", SECRET).base == PLATFORM
    assert SECRET not in repr(Account("wx1", SECRET))


def test_connections_are_kept_and_shared_by_threads(client: PlatformClient, platform: FakePlatform) -> None:
    for _ in range(10):
        client.message.send_template(OPENID, "T", {"thing1": "x"})
    assert len({call.connection for call in platform.calls}) == 1
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: client.message.send_template(OPENID, f"T{n}", {"thing1": "x"}), range(64)))
    assert sent == ["3487542469355618313"] * 64
    assert len({call.connection for call in platform.calls}) <= 16
    assert {call.body["template_id"] for call in platform.calls if call.path == TEMPLATE} >= {
        f"T{n}" for n in range(64)
    }


def test_the_proxy_of_the_environment(
    platform: FakePlatform, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", platform.base)
    monkeypatch.delenv("no_proxy", raising=False)
    with client_of("http://platform.invalid", clock) as client:
        client.message.send_template(OPENID, "T", {"thing1": "x"})
    assert platform.last(TEMPLATE).query == {"access_token": "TOKEN-1"}


def test_closed_connections_are_opened_again(client: PlatformClient, platform: FakePlatform) -> None:
    client.message.typing(OPENID)
    client.close()
    client.message.typing(OPENID)
    assert platform.count("/cgi-bin/message/custom/typing") == 2


def test_a_file_goes_as_a_form(client: PlatformClient, platform: FakePlatform) -> None:
    client.media.upload("image", ("map.png", io.BytesIO(b"PNG"), "image/png"))
    call = platform.last("/cgi-bin/media/upload")
    assert call.query == {"access_token": "TOKEN-1", "type": "image"}
    assert b'filename="map.png"' in call.raw and b"\r\n\r\nPNG\r\n" in call.raw


def test_nobody_listens() -> None:
    with client_of(f"http://127.0.0.1:{free_port()}", TestClock()) as client, pytest.raises(NotSent):
        client.sns.exchange("CODE")


def test_no_proxy_or_one_that_lets_nothing_through(platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in (f"http://127.0.0.1:{free_port()}", platform.base):  # the second one knows no CONNECT
        monkeypatch.setenv("https_proxy", proxy)
        with client_of("https://api.example.test", TestClock()) as client, pytest.raises(NotSent):
            client.sns.exchange("CODE")


def test_no_tls_on_the_other_side(platform: FakePlatform) -> None:
    with client_of(platform.base.replace("http:", "https:"), TestClock()) as client, pytest.raises(NotSent):
        client.sns.exchange("CODE")


def test_every_refusal_logs_its_rid(
    client: PlatformClient, platform: FakePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answering(platform, TEMPLATE, errcode=43004, errmsg="require subscribe rid: 61-2-3")
    with pytest.raises(ApiError):
        client.message.send_template(OPENID, "T", {"thing1": "x"})
    [record] = caplog.records
    assert (vars(record)["path"], vars(record)["errcode"], vars(record)["rid"]) == (TEMPLATE, 43004, "61-2-3")


@pytest.mark.parametrize(
    "answer",
    [
        Raw(502, b"<html>Bad Gateway</html>"),
        Raw(502, b'{"errcode": 0}'),
        Raw(200, b"<html>ok</html>"),
        Raw(200, b"[]"),
        Raw(200, b'{"errcode": "0x"}'),
        Raw(200, b'{"errcode": true}'),
        Raw(200, b'{"errcode": null}'),
        Raw(200, b"{}"),  # a proxy's own; the platform says errcode 0 of a message
        Raw(200, b'{"msg": "ok"}'),
        Raw(403, b'{"message": null}'),  # what gateways say
        Raw(404, b'{"errcode": 0}'),
        Raw(302, b'{"errcode": 0}'),
        Raw(200, b""),
        Raw(200, b"[" * 100_000),
        Raw(200, b'{"errcode": 0, "more": "' + b"x" * MAX_ANSWER + b'"}'),
        Raw(200, b"\xff"),
        Raw(drop=True),
        Raw(delay=0.6, body=b'{"errcode": 0}'),
    ],
)
def test_answers_that_tell_nothing(platform: FakePlatform, clock: TestClock, answer: Raw) -> None:
    platform.handlers[TEMPLATE] = lambda _: answer
    with client_of(platform.base, clock, timeout=0.3) as client, pytest.raises(Unclear) as caught:
        client.message.send_template(OPENID, "T", {"thing1": "x"})
    assert str(caught.value).startswith(f"{TEMPLATE}: outcome unknown")
    assert platform.count(TEMPLATE) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed_with_the_token(platform: FakePlatform, clock: TestClock, status: int) -> None:
    platform.handlers[TEMPLATE] = lambda _: Raw(status, headers={"Location": f"{platform.base}/elsewhere"})
    with client_of(platform.base, clock) as client, pytest.raises(Unclear):
        client.message.send_template(OPENID, "T", {"thing1": "x"})
    assert {call.path for call in platform.calls} == {STABLE_TOKEN, TEMPLATE}


@pytest.mark.parametrize(("code", "known"), [("0", None), ("43004", 43004), ("-1", -1)])
def test_a_code_in_quotes_is_the_same_code(
    client: PlatformClient, platform: FakePlatform, code: str, known: int | None
) -> None:
    answering(platform, TEMPLATE, errcode=code, errmsg="", msgid=1)
    if known is None:
        assert client.message.send_template(OPENID, "T", {"thing1": "x"}) == "1"
        return
    with pytest.raises(ApiError) as caught:
        client.message.send_template(OPENID, "T", {"thing1": "x"})
    assert caught.value.code == known


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.drafts.add([{"title": "x"}]),
        lambda client: client.qrcode.create_temporary("nonce", 60),
        lambda client: client.openapi.quota(TEMPLATE),
        lambda client: client.openapi.request_seen("61-2-3"),
        lambda client: client.sns.exchange("CODE"),
    ],
)
def test_an_answer_without_what_was_asked_for_is_unclear(
    client: PlatformClient, platform: FakePlatform, call: Callable[[PlatformClient], object]
) -> None:
    platform.otherwise = {"errcode": 0, "errmsg": "ok", "refresh_token": "REFRESH"}
    with pytest.raises(Unclear) as caught:
        call(client)
    assert "REFRESH" not in "".join(traceback.format_exception(caught.value)) and not chained(caught.value)


def chained(error: BaseException) -> list[BaseException]:
    """What the error came of: hidden from a traceback (``from None``), but there for whoever walks the chain."""
    before = error.__cause__ or error.__context__
    return [before, *chained(before)] if before else []


def test_no_secret_in_errors_or_logs(
    platform: FakePlatform, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"errcode": 40003, "errmsg": f"invalid openid {OPENID} access_token=TOKEN-1 secret: {SECRET} rid: 61-2-3"}
    scripts: list[dict[str, Any]] = [
        {TEMPLATE: lambda _: Raw(drop=True)},
        {TEMPLATE: lambda _: Raw(500, b"TOKEN-1")},
        {TEMPLATE: lambda _: Raw(delay=0.6)},
        {TEMPLATE: lambda _: echo},
        {STABLE_TOKEN: lambda _: Raw(drop=True)},
        {STABLE_TOKEN: lambda _: echo},
    ]
    shown, code = "", "code-".upper() + "1"  # so that a traceback's source lines do not hold it
    for script in scripts:
        platform.handlers = script
        with client_of(platform.base, clock, timeout=0.3) as client:
            with pytest.raises((ApiError, NotSent, Unclear)) as caught:
                client.message.send_template(OPENID, "T", {"thing1": "x"})
            shown += "".join(traceback.format_exception(caught.value)) + repr(caught.value)
            shown += repr(client) + repr(client.tokens)
            assert all(isinstance(error, ApiError | NotSent | Unclear) for error in chained(caught.value))
    with client_of(f"http://127.0.0.1:{free_port()}", clock) as client, pytest.raises(NotSent) as refused:
        client.sns.exchange(code)
    shown += "".join(traceback.format_exception(refused.value)) + caplog.text
    assert not chained(refused.value)
    for secret in ("TOKEN-1", SECRET, OPENID, "CODE-1"):
        assert secret not in shown
    assert "rid: 61-2-3" in shown


@pytest.mark.parametrize("openid", [OPENID, "o" + "x" * 26 + "-", "o-" + "x" * 26])
def test_scrub_knows_every_openid(openid: str) -> None:
    assert scrub(f"invalid openid {openid}, hint") == "invalid openid [openid], hint"


def test_scrub() -> None:
    assert scrub(f'{{"access_token":"abc","x":1}} secret=abc&y {OPENID}') == (
        '{"access_token":"[hidden]","x":1} secret=[hidden]&y [openid]'
    )

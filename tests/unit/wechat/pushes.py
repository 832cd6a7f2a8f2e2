"""Documents as the platform pushes them, for these tests."""

from datetime import UTC, datetime

OPENID = "oABCD_1234567890abcdefghijkl"
ACCOUNT = "gh_0123456789ab"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CREATED = int(NOW.timestamp())


def push(msg_type: str, inner: str = "", openid: str = OPENID, created: int = CREATED) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{created}</CreateTime><MsgType><![CDATA[{msg_type}]]></MsgType>{inner}</xml>"
    ).encode()


def event(name: str, inner: str = "", openid: str = OPENID, created: int = CREATED) -> bytes:
    return push("event", f"<Event><![CDATA[{name}]]></Event>{inner}", openid, created)


def text(content: str = "你好", msg_id: str = "6054768590064713728", **more: object) -> bytes:
    return push("text", f"<Content><![CDATA[{content}]]></Content><MsgId>{msg_id}</MsgId>", **more)  # type: ignore[arg-type]

"""Global return codes (全局返回码) as the platform words them, spelling included.

Where no document and no operator tells its words, a plain sentence stands in: 40243, 43116, 45066, 46004, 48002, 50001
and those from 89501 on.
"""

from __future__ import annotations

import secrets
from typing import Any

WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40036: "invalid template_id size",
    40037: "invalid template_id",
    40053: "invalid action info",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40132: "invalid username",
    40163: "code been used",
    40164: "invalid ip {detail} ipv6 ::ffff:{detail}, not in whitelist",
    40165: "invalid weapp pagepath",
    40243: "appsecret is frozen",
    40252: "template message is under review",
    41001: "access_token missing",
    41028: "invalid form id",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43101: "user refuse to accept the msg",
    43116: "template is restricted for abuse",
    43117: "Sending messages to this openid too frequently,please try later",
    44002: "empty post data",
    44004: "empty content",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45028: "has no masssend quota",
    45035: "access clientip is not registered, not in ip-white-list",
    45047: "out of response count limit",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retried within one minute",
    45067: "clientmsgid size out of limit",
    45072: "command error",
    45080: "need user send message in 30s",
    45081: "already in typing status",
    46003: "menu no exist",
    46004: "user no exist",
    47001: "data format error",
    47003: "argument invalid! {detail}",
    48001: "api unauthorized",
    48002: "user turned off messages",
    48004: "api forbidden for irregularities, view detail on mp.weixin.qq.com",
    48006: "forbid to clear quota because of reaching the limit",
    50001: "user unauthorized",
    50002: "user limited",
    50005: "user is unsubscribed",
    61004: "access clientip is not registered requestIP: {detail}",
    76001: "rid not found",
    76002: "rid is error",
    89501: "ip is waiting for confirmation by the administrator",
    89503: "ip needs confirmation by the administrator",
    89506: "ip was refused by the administrator, retry after 24 hours",
    89507: "ip was refused by the administrator, retry after 1 hour",
}


class ApiError(Exception):
    """An answer with this errcode. ``detail`` fills the place in the wording where there is one."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(f"{errcode} {detail}")
        self.errcode = errcode
        self.detail = detail


def error_body(errcode: int, detail: str, now: float) -> dict[str, Any]:
    """errcode and errmsg with a request id; its first group is the Unix time in hexadecimal, as on the platform."""
    rid = f"{int(now):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    words = WORDS.get(errcode, "error").format(detail=detail)
    return {"errcode": errcode, "errmsg": f"{words} rid: {rid}"}

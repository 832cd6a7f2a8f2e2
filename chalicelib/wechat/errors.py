"""What the platform's error codes (全局返回码) mean for a message: one table, one reaction for each code.

Sources: the platform's documents of the calls, and for codes they leave out what other SDKs and operators report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.ports import Reaction

HOUR = 3600
BUSY = -1
"""``system error``. It means that nothing was done, but bursts have been seen to bring it after the message."""

TOO_FAST = 45011
"""Too many calls in a minute: said of all of ours, whatever this one was."""

UNTIL_TOMORROW = -1
"""``retry_after`` of daily quotas: until 00:00 in Shanghai, when they are taken to start anew."""

TOKEN_CODES = frozenset({40001, 40014, 42001})
"""The access token is not, or no longer, valid: renewing it may help."""

FETCHING = "stable_token"
"""The end of the path of the call that fetches tokens."""

SIGN_IN_AGAIN = frozenset({40029, 40163})
"""The web authorisation code is invalid or used up: send the person through the authorisation once more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``meaning``: for operators, in Chinese. ``retry_after``: seconds until a further try can help, or
    UNTIL_TOMORROW; ``alarm``: what an operator must do, or nothing."""

    reaction: Reaction
    meaning: str
    retry_after: int = 0
    alarm: str = ""


@dataclass(eq=False)
class ApiError(Exception):
    """The platform answered with an error code. ``rid`` finds the call again (``openapi/rid/get``).

    ``message`` is the platform's errmsg with secrets and openids taken out.
    """

    path: str
    code: int
    message: str = ""
    message_id: str | None = None

    @property
    def for_token(self) -> bool:
        """No token was to be had: whatever it was for has not left."""
        return self.path.endswith(FETCHING)

    @property
    def rid(self) -> str | None:
        found = re.search(r"rid: ?([0-9a-f-]+)", self.message)
        return found[1] if found else None

    @property
    def field(self) -> str | None:
        """The template field that was refused: ``thing1`` of ``data.thing1.value invalid`` (or ``… is emtpy``)."""
        found = re.search(r"data\.([A-Za-z_]+\d*)", self.message)
        return found[1] if found else None

    @property
    def address(self) -> str | None:
        """Our own outgoing IP, of ``invalid ip A ipv6 ::ffff:A, not in whitelist`` (61004: ``requestIP: A``)."""
        found = re.search(r"(?:invalid ip|requestIP:) ([0-9a-fA-F.:]+)", self.message)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.path}: errcode {self.code} {self.message}".rstrip()


@dataclass(eq=False)
class NotSent(Exception):
    """The call never left: no connection, or no token to make it with. Trying again is safe."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: not sent ({self.cause})"


@dataclass(eq=False)
class Unclear(Exception):
    """The call left and no understandable answer came: it may have been carried out."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: outcome unknown ({self.cause})"


def reaction_of(error: ApiError) -> Reaction:
    """As in the table; but without a token no channel can be used, so what stops that call stops them all."""
    found = rule(error.code).reaction
    return Reaction.STOP_ALL if found is Reaction.STOP_CHANNEL and error.for_token else found


def rule(code: int) -> Rule:
    """The rule of a code; of one that is not in the table, DEFAULT."""
    return RULES.get(code, DEFAULT)


DEFAULT = Rule(Reaction.RETRY, "未收录的错误码", 300, "请按错误码查平台文档，并补进 chalicelib/wechat/errors.py")
"""An answer with an unknown code means that nothing was sent: wait, and let someone look at it."""

_IP = "请把本系统的出口 IP 加入公众号后台的 IP 白名单"
_CONFIRM = "请管理员在微信里确认新 IP 调用接口的提醒"
_ACCESS = "请核对公众号的认证状态和接口权限"
_BUG = "程序发出的请求不合规范，请把 rid 交给开发人员"
_TEMPLATE = "请核对模板编号，以及它是模板消息还是订阅通知"

RULES: dict[int, Rule] = {
    0: Rule(Reaction.ACCEPTED, "成功"),
    BUSY: Rule(Reaction.RETRY, "平台繁忙", 1),
    # The token ladder in tokens.py has been climbed by the time one of these comes out.
    40001: Rule(Reaction.STOP_ALL, "access_token 无效，换新后仍被拒绝", 300, "请核对 AppSecret，并查看是否被他人重置"),
    40014: Rule(Reaction.STOP_ALL, "access_token 不合法，换新后仍被拒绝", 300, "请核对 AppID 与 AppSecret"),
    42001: Rule(Reaction.STOP_ALL, "access_token 过期，换新后仍被拒绝", 300, "请核对服务器时间与 AppSecret"),
    41001: Rule(Reaction.BAD_DATA, "缺少 access_token", alarm=_BUG),
    # Account and network configuration
    40013: Rule(Reaction.STOP_ALL, "AppID 无效", HOUR, "请核对 XIXINBAN_WECHAT_APP_ID"),
    40125: Rule(Reaction.STOP_ALL, "AppSecret 无效", HOUR, "请核对 XIXINBAN_WECHAT_APP_SECRET"),
    40164: Rule(Reaction.STOP_ALL, "出口 IP 不在白名单", 300, _IP),
    61004: Rule(Reaction.STOP_ALL, "出口 IP 不在白名单", 300, _IP),
    45035: Rule(Reaction.STOP_ALL, "出口 IP 不在白名单", 300, _IP),
    40243: Rule(Reaction.STOP_ALL, "AppSecret 已被冻结", HOUR, "请在微信开发者平台解冻 AppSecret"),
    89501: Rule(Reaction.STOP_ALL, "新 IP 正在等管理员确认", 600, _CONFIRM),
    89503: Rule(Reaction.STOP_ALL, "新 IP 需要管理员确认", 600, _CONFIRM),
    89506: Rule(Reaction.STOP_ALL, "管理员拒绝了新 IP，24 小时内不能再用", 24 * HOUR, _CONFIRM),
    89507: Rule(Reaction.STOP_ALL, "管理员拒绝了新 IP，1 小时内不能再用", HOUR, _CONFIRM),
    # One call of the platform each, with its own rights and quota
    48001: Rule(Reaction.STOP_CHANNEL, "接口没有权限", HOUR, _ACCESS),
    48004: Rule(Reaction.STOP_CHANNEL, "接口被封禁", HOUR, "请在公众号后台查看封禁原因并申诉"),
    48006: Rule(Reaction.STOP_CHANNEL, "本月清零次数已用完", UNTIL_TOMORROW, "请等额度次日恢复"),
    45009: Rule(Reaction.STOP_CHANNEL, "接口当日额度用完", UNTIL_TOMORROW, "请核对当日发送量；不要清零，次日自动恢复"),
    TOO_FAST: Rule(Reaction.RETRY, "调用太频繁", 60),
    # The person
    40003: Rule(Reaction.PERSON_GONE, "openid 无效"),
    46004: Rule(Reaction.PERSON_GONE, "用户不存在"),
    43004: Rule(Reaction.PERSON_GONE, "用户没有关注"),
    43019: Rule(Reaction.PERSON_GONE, "用户在本号黑名单里"),
    50001: Rule(Reaction.PERSON_GONE, "用户未授权"),
    50002: Rule(Reaction.PERSON_GONE, "用户账号受限或已注销"),
    50005: Rule(Reaction.PERSON_GONE, "用户没有关注"),
    43101: Rule(Reaction.CONSENT_LOST, "用户没有同意或已拒收这类消息"),
    48002: Rule(Reaction.CONSENT_LOST, "用户关闭了消息接收"),
    43117: Rule(Reaction.RETRY, "给这位用户发得太频繁", 4 * HOUR),
    # The template and its data
    43116: Rule(Reaction.STOP_TEMPLATE, "模板因滥用被限制", alarm="请在公众号后台查看模板的处罚通知"),
    40036: Rule(Reaction.STOP_TEMPLATE, "模板编号长度不对", alarm=_TEMPLATE),
    40037: Rule(Reaction.STOP_TEMPLATE, "模板编号无效", alarm=_TEMPLATE),
    40165: Rule(Reaction.STOP_TEMPLATE, "小程序路径无效", alarm="请核对模板跳转的小程序路径"),
    41030: Rule(Reaction.STOP_TEMPLATE, "跳转页面无效", alarm="请核对模板跳转的页面"),
    47003: Rule(Reaction.BAD_DATA, "模板字段不合要求"),
    41028: Rule(Reaction.BAD_DATA, "form_id 无效，服务号不应出现", alarm=_BUG),
    47001: Rule(Reaction.BAD_DATA, "请求内容不是合法的 JSON", alarm=_BUG),
    40033: Rule(Reaction.BAD_DATA, "请求里有转义的汉字", alarm=_BUG),
    40252: Rule(Reaction.HELD, "平台正在审核，最多 30 分钟，通过后自动送达"),
    # Custom messages (客服消息)
    45015: Rule(Reaction.NEXT_CHANNEL, "客服消息的时间窗口已关闭"),
    45047: Rule(Reaction.NEXT_CHANNEL, "客服消息的条数已用完"),
    45008: Rule(Reaction.BAD_DATA, "图文超过 1 条", alarm=_BUG),
    45002: Rule(Reaction.BAD_DATA, "内容太长"),
    45072: Rule(Reaction.ACCEPTED, "输入状态的命令不对，不影响消息"),
    45080: Rule(Reaction.ACCEPTED, "用户 30 秒内没有发消息，输入状态不显示"),
    45081: Rule(Reaction.ACCEPTED, "已经在输入状态"),
    # Mass messages (群发)
    45028: Rule(Reaction.NEXT_CHANNEL, "本月群发次数已用完", alarm="本月不能再群发，请等下个月"),
    45065: Rule(Reaction.ACCEPTED, "这次群发已经提交过"),
    # What became of the first try, this one does not say.
    45066: Rule(Reaction.AMBIGUOUS, "这次群发一分钟内提交过，结果还不知道", 60),
    45067: Rule(Reaction.BAD_DATA, "群发编号超过 64 字节", alarm=_BUG),
    # Web authorisation (网页授权): see SIGN_IN_AGAIN
    40029: Rule(Reaction.BAD_DATA, "网页授权 code 无效"),
    40163: Rule(Reaction.BAD_DATA, "网页授权 code 已用过"),
}

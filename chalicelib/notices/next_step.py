"""What an operator should do about a notice (下一步), in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.notices.model import Notice, NoticeState
from chalicelib.times import chinese_time

_S = NoticeState

_FIXED: Mapping[NoticeState, str] = {
    _S.CREATED: "不用处理：一分钟内会进入队列；一直没有变化，请运行 run notice-sweep。",
    _S.SENDING: "不用处理：正在发送；发送中断的，巡检会在两分钟内接着办。",
    _S.HELD: "不用处理：平台审核最多 30 分钟，通过后自动送达。不要重发，重发会收到两条。",
    _S.DELIVERED: "不用处理：已送达。",
    _S.MAYBE_SENT: "请先问收件人有没有收到：收到的用 notice cancel {id} 了结；没收到的用 notice retry {id} 重发。",
    _S.EXPIRED: "不用处理：事情已过期，不再发送。仍要告知的，请电话联系企业。",
    _S.CANCELLED: "不用处理：已取消，不会发出。",
    _S.INBOX: "不用处理：已在企业收件箱里。要主动推送的，请对方在公众号里订阅后用 notice retry {id}。",
    _S.FAILED_FOR_GOOD: "请看最后一行原因：改好后用 notice retry {id} 重发；对方已取消关注或拒收的，请电话联系。",
}


def next_step(notice: Notice) -> str:
    """By the state it is in; names the command where there is one."""
    match notice.state:
        case _S.QUEUED | _S.FAILED_FOR_NOW:
            return f"不用处理：最迟 {chinese_time(notice.wake_at)} 会再试。不想发了用 notice cancel {notice.id}。"
        case _S.ACCEPTED:
            return f"不用处理：等平台回执；{chinese_time(notice.wake_at)} 还没有的，会转为“可能已发出”。"
    return _FIXED[notice.state].format(id=notice.id)

"""Messenger on the WeChat platform: checks before it sends, and turns whatever happens into an Outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from chalicelib.ports import Clock, Outbound, Outcome, Reaction
from chalicelib.times import at_local, local_date
from chalicelib.wechat import fields, replies
from chalicelib.wechat.apis import Messages
from chalicelib.wechat.errors import (
    BUSY,
    DEFAULT,
    TOO_FAST,
    UNTIL_TOMORROW,
    ApiError,
    NotSent,
    Rule,
    Unclear,
    reaction_of,
    rule,
)

log = logging.getLogger(__name__)

MAX_CLIENT_ID = 32
SOON = 5
"""Seconds to wait after a network failure."""


class PlatformClient(Protocol):
    """What is needed of wechat.client.PlatformClient."""

    message: Messages
    clock: Clock


class WechatMessenger:
    """A ports.Messenger. Never raises for what the platform, the network or the token cache does."""

    def __init__(self, client: PlatformClient) -> None:
        self._client = client

    def send(self, message: Outbound) -> Outcome:
        # Busy is taken to be unsent; with our id on a template message the doubt costs nothing.
        busy = Reaction.AMBIGUOUS if message.channel == "template" else Reaction.RETRY
        try:
            return attempted(lambda: self._send(message), self._client.clock, busy)
        except fields.Unfit as error:
            return Outcome(Reaction.BAD_DATA, detail=str(error), field=error.key)

    def _send(self, message: Outbound) -> str | None:
        api = self._client.message
        match message.channel:
            case "template":
                values, template = _values(message), _template(message)
                if not 1 <= len(message.client_id) <= MAX_CLIENT_ID:
                    raise fields.Unfit("client_id", f"要有 1 到 {MAX_CLIENT_ID} 个字符")
                return api.send_template(message.openid, template, values, message.url, message.client_id)
            case "subscription":
                return api.send_subscription(message.openid, _template(message), _values(message), message.url)
            case "custom":
                api.send_text(message.openid, _text(message))
                return None


def attempted(call: Callable[[], str | None], clock: Clock, busy: Reaction = Reaction.RETRY) -> Outcome:
    """What came of a call that returns the platform's id; ``busy`` is what errcode -1 means for it."""
    try:
        return Outcome(Reaction.ACCEPTED, message_id=call())
    except ApiError as error:
        return _judged(error, clock, busy)
    except NotSent as error:
        return Outcome(Reaction.RETRY, detail=f"没有发出：{error.cause}", retry_after=SOON, outage=True)
    except Unclear as error:
        return Outcome(Reaction.AMBIGUOUS, detail=f"不知道是否已送达：{error.cause}", retry_after=SOON)


def _judged(error: ApiError, clock: Clock, busy: Reaction) -> Outcome:
    verdict = rule(error.code)
    if verdict is DEFAULT:
        log.error("alarm: errcode %s of %s is not in the table", error.code, error.path)
    return Outcome(
        busy if error.code == BUSY and not error.for_token else reaction_of(error),
        message_id=error.message_id,
        code=error.code,
        detail=_detail(verdict, error),
        field=error.field if verdict.reaction is Reaction.BAD_DATA else None,
        retry_after=_seconds(verdict, clock),
        outage=error.for_token or error.code == TOO_FAST,
    )


def _seconds(verdict: Rule, clock: Clock) -> int:
    if verdict.retry_after != UNTIL_TOMORROW:
        return verdict.retry_after
    now = clock.now()
    return int((at_local(local_date(now) + timedelta(days=1)) - now).total_seconds()) + 1


def _template(message: Outbound) -> str:
    if not message.template_id:
        raise fields.Unfit("template_id", "没有填模板编号")
    return message.template_id


def _values(message: Outbound) -> dict[str, str]:
    if not message.fields:
        raise fields.Unfit("fields", "模板消息没有任何字段")
    return {key: fields.fit(key, value) for key, value in message.fields.items()}


def _text(message: Outbound) -> str:
    """The text, and the address as a link below it, within the limit together."""
    if not message.text or not message.text.strip():
        raise fields.Unfit("text", "消息没有内容")
    link = f'\n<a href="{message.url}">查看详情</a>' if message.url else ""
    return replies.cut(message.text, replies.TEXT_BUDGET - len(link.encode())) + link


def _detail(verdict: Rule, error: ApiError) -> str:
    """For an operator: what it means, what to do, and what finds it again."""
    parts = [verdict.meaning, f"{error.path} errcode {error.code}", error.message, verdict.alarm]
    if error.address:
        parts.append(f"出口 IP {error.address}")
    return "；".join(part for part in parts if part)

"""Which rung of its ladder a notice stands on, and the message that goes out from there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalicelib.links import Links
from chalicelib.notices.kinds import Channel, NoticeKind, Rung
from chalicelib.notices.model import Notice
from chalicelib.notices.standing import Standing
from chalicelib.notices.subscriptions import Subscription
from chalicelib.ports import Outbound

FOOTER = "不想再收到，回复“退订”。"
SAMPLE_LINE = "（示例数据，仅供演示）"

Wire = Literal["template", "subscription", "custom"]
"""A call of the platform, with a quota and a rate of its own."""

_WIRE: Mapping[Channel, Wire] = {
    Channel.TEMPLATE: "template",
    Channel.SUBSCRIPTION_LONG: "subscription",
    Channel.SUBSCRIPTION_ONCE: "subscription",
    Channel.CUSTOM: "custom",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rung to use, with the template it needs (none for a custom message)."""

    rung: Rung
    template_id: str | None


class Channels:
    """``templates`` gives the platform's template id of a kind; a kind without one skips the rungs that need it."""

    def __init__(self, templates: Mapping[NoticeKind, str], links: Links) -> None:
        self._templates = templates
        self._links = links

    def choose(self, notice: Notice, standing: Standing, closed: Collection[str] = ()) -> Chosen | None:
        """The first rung that was not tried and may carry it, on a wire that is not ``closed``. None: only the inbox is
        left.

        Whether a custom window is open only the platform knows for sure (its windows overlap in undocumented ways), so
        that rung is tried and its refusal, 45015 or 45047, is the answer.
        """
        template = self._templates.get(notice.kind) or None
        for rung in notice.rules.ladder:
            if rung.channel in notice.tried or wire_of(rung.channel) in closed:
                continue
            if rung.channel is Channel.CUSTOM:
                return Chosen(rung, None)
            if template and _open(rung.channel, standing.subscription(template)):
                return Chosen(rung, template)
        return None

    def outbound(self, notice: Notice, chosen: Chosen, now: datetime) -> Outbound:
        url = self._links.page(notice.path, notice.openid, now)
        wire = wire_of(chosen.rung.channel)
        if wire == "custom":
            return Outbound(wire, notice.openid, notice.id, text=chat_text(notice), url=url)
        return Outbound(
            wire, notice.openid, notice.id, template_id=chosen.template_id, fields=dict(notice.fields), url=url
        )


def wire_of(channel: Channel) -> Wire:
    return _WIRE[channel]


def chat_text(notice: Notice) -> str:
    """A chat bubble: title, what is new, how to stop (个人信息保护法 24: a way out in every push, which an
    answer to a question is not). The messenger adds the link."""
    sample = (SAMPLE_LINE,) if notice.sample else ()
    footer = (FOOTER,) if notice.rules.scope else ()
    return "\n".join((f"【溪小办】{notice.title}", *notice.lines, *sample, *footer))


def _open(channel: Channel, subscription: Subscription) -> bool:
    if channel is Channel.TEMPLATE:
        return not subscription.refused
    if channel is Channel.SUBSCRIPTION_LONG:
        return subscription.always
    return subscription.once > 0

"""From a pushed document to a typed message or event, and to the key that tells a re-delivery from a new one."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from chalicelib.wechat import xmltree
from chalicelib.wechat.events import (
    EVENTS,
    Event,
    JobFinishEvent,
    KeyedEvent,
    PersonalDataEvent,
    PublishFinishEvent,
    SubscriptionChangeEvent,
    SubscriptionPopupEvent,
    SubscriptionSentEvent,
    TemplateFinishEvent,
)
from chalicelib.wechat.messages import MESSAGES, Inbound, Message, UnknownMessage
from chalicelib.wechat.refused import Refused
from chalicelib.wechat.xmltree import Node

__all__ = ["Inbound", "Refused", "dedupe_key", "parse"]


def parse(xml: bytes) -> Inbound:
    """The model of a pushed document. Raises Refused(400) when it is no message at all; a message of an unknown type,
    or one whose own fields are not as documented, is an UnknownMessage, so that its sender still gets an answer."""
    node = xmltree.parse(xml)
    raw_type = _raw_type(node)
    model = EVENTS.get(raw_type.removeprefix("event:")) if raw_type.startswith("event:") else MESSAGES.get(raw_type)
    if model is None:
        return _unknown(node, raw_type)
    try:
        return model.model_validate(node)
    except ValidationError:
        return _without_blanks(model, node, raw_type)


def dedupe_key(inbound: Inbound) -> str:
    """The same for each delivery of one push, different for different pushes: at most 128 characters, no openid in it.

    MsgId alone is not unique over people, two events of one person may share a second, and receipts are told apart by
    the id of what was sent, or by their time and what they say when that id is 0.
    """
    parts = "\n".join([inbound.openid, *_identity(inbound)])
    return f"{_kind(inbound)}-{sha256(parts.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _raw_type(node: Node) -> str:
    kind = (xmltree.text_of(node, "MsgType") or "").strip()
    if not kind:
        raise Refused(400, "no MsgType")
    return kind if kind != "event" else f"event:{(xmltree.text_of(node, 'Event') or '').strip()}"


def _without_blanks(model: type[Inbound], node: Node, raw_type: str) -> Inbound:
    """Blanks around a text, and an element without any, say nothing: an empty number must not cost us the rest of the
    message."""
    try:
        return model.model_validate(_filled(node))
    except ValidationError as error:
        return _unknown(node, raw_type, _named(error))


def _filled(node: Node) -> Node:
    return {name: tidy for name, value in node.items() if (tidy := _tidy(value)) != ""}


def _tidy(value: str | Node | list[str | Node]) -> Any:
    match value:
        case str():
            return value.strip()
        case dict():
            return _filled(value)
        case _:
            return [_tidy(part) for part in value]


def _unknown(node: Node, raw_type: str, problem: str | None = None) -> UnknownMessage:
    envelope = {name: node.get(name) for name in ("ToUserName", "FromUserName", "CreateTime", "MsgId")}
    try:
        return UnknownMessage.model_validate({**envelope, "raw_type": raw_type[:64], "problem": problem})
    except ValidationError as error:
        raise Refused(400, f"not a message: {_named(error)}") from None


def _named(error: ValidationError) -> str:
    """The fields that are wrong, without their values."""
    return ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)}))


def _kind(inbound: Inbound) -> str:
    match inbound:
        case Message():
            return inbound.msg_type
        case Event():
            return inbound.event
        case _:
            return "unknown"


def _identity(inbound: Inbound) -> list[str]:
    created = str(inbound.created)
    match inbound:
        case Message():
            return [inbound.msg_id, created]
        case JobFinishEvent() if inbound.msg_id != "0":
            return [inbound.event, inbound.msg_id]
        case Event():
            return [inbound.event, created, *_told(inbound)]
        case UnknownMessage():
            return [inbound.raw_type, created, inbound.msg_id or ""]
        case _:
            return [created]


def _told(event: Event) -> list[str]:
    """What tells apart two events of one name and one second."""
    match event:
        case TemplateFinishEvent():
            return [event.status]
        case SubscriptionSentEvent():
            return [f"{sent.msg_id} {sent.template_id}" for sent in event.sent]
        case SubscriptionPopupEvent() | SubscriptionChangeEvent():
            return [f"{one.template_id} {one.answer}" for one in event.answers]
        case KeyedEvent():
            return [event.event_key]
        case PublishFinishEvent():
            return [event.publish_id]
        case PersonalDataEvent():  # the sender may be the platform: whom it is about stands inside
            return [event.subject or "", event.revoke_info or ""]
        case _:
            return []

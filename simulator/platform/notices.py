"""Template messages (模板消息) and subscription notices (订阅通知), from acceptance to receipt."""

from __future__ import annotations

from typing import Any

from simulator.config import Template
from simulator.platform import fields
from simulator.platform.call import Call, text_of
from simulator.platform.errors import ApiError, error_body
from simulator.platform.users import known_user
from simulator.world import World

DEDUPE_SECONDS = 600


def template_send(call: Call) -> dict[str, Any]:
    """POST cgi-bin/message/template/send"""
    body = call.json()
    user = known_user(call, text_of(body, "touser"))
    template = _template(call, body, "template")
    if not user["following"]:
        raise ApiError(43004)
    values = _values(call, body, template)
    repeated = _repeated(call, body)
    if repeated is not None:
        return repeated
    msgid = call.world.state.next_id(call.now)
    held = call.fault is not None and call.fault.fault == "hold"
    _remember(call, body, msgid, 40252 if held else 0)
    notice = _notice("template", body, template, values, msgid)
    if call.fault and held:
        call.world.later("notice", user["openid"], notice, call.fault.seconds)
        return error_body(40252, "", call.now)
    failure = call.fault.value if call.fault and call.fault.fault == "undelivered" else ""
    deliver(call.world, user["openid"], {**notice, "failure": failure})
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def subscribe_send(call: Call) -> dict[str, Any]:
    """POST cgi-bin/message/subscribe/bizsend. It also reaches people who do not follow, with their consent."""
    body = call.json()
    user = known_user(call, text_of(body, "touser"))
    template = _template(call, body, "subscribe")
    values = _values(call, body, template)
    _use_consent(call, user["openid"], template.id)
    msgid = call.world.state.next_id(call.now)
    deliver(call.world, user["openid"], _notice("subscribe", body, template, values, msgid))
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def deliver(world: World, openid: str, notice: dict[str, Any]) -> None:
    """Put an accepted notice into the chat, unless it fails, and push the receipt."""
    user = world.user(openid)
    blocked = user is None or user["refuses"] or (notice["channel"] == "template" and not user["following"])
    failure = "failed:user block" if blocked else str(notice.get("failure") or "")
    if not failure:
        world.chat.add(
            openid,
            "account",
            "notice",
            notice["channel"],
            {key: notice[key] for key in ("title", "rows", "url")},
            world.now(),
            msgid=notice["msgid"],
            client_msg_id=notice["client_msg_id"],
            template_id=notice["template_id"],
        )
    receipt = _template_receipt if notice["channel"] == "template" else _subscribe_receipt
    world.push(openid, receipt(notice, failure), delay=world.config.receipt_delay)


def _template_receipt(notice: dict[str, Any], failure: str) -> dict[str, Any]:
    return {
        "MsgType": "event",
        "Event": "TEMPLATESENDJOBFINISH",
        "MsgID": int(notice["msgid"]),
        "Status": failure or "success",
    }


def _subscribe_receipt(notice: dict[str, Any], failure: str) -> dict[str, Any]:
    entry = {
        "TemplateId": notice["template_id"],
        "MsgID": notice["msgid"],
        "ErrorCode": "43101" if failure else "0",
        "ErrorStatus": failure or "success",
    }
    return {"MsgType": "event", "Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": entry}}


def _template(call: Call, body: dict[str, Any], api: str) -> Template:
    template_id = text_of(body, "template_id")
    if not template_id:
        raise ApiError(40036)
    template = call.world.config.template(template_id)
    if template is None or api not in template.apis:
        raise ApiError(40037)
    return template


def _values(call: Call, body: dict[str, Any], template: Template) -> dict[str, str]:
    data = body.get("data")
    if call.world.config.profile == "sandbox":
        return fields.plain(data) if isinstance(data, dict) else {}
    return fields.check(data, template)


def _repeated(call: Call, body: dict[str, Any]) -> dict[str, Any] | None:
    """The answer for a ``client_msg_id`` seen for this openid within ten minutes; nothing is delivered again."""
    row = call.world.state.row(
        "SELECT * FROM sends WHERE openid = ? AND client_msg_id = ? AND at > ?",
        text_of(body, "touser"),
        text_of(body, "client_msg_id"),
        call.now - DEDUPE_SECONDS,
    )
    if row is None:  # always so without a client_msg_id: those are not remembered
        return None
    if row["errcode"]:
        return error_body(row["errcode"], "", call.now)
    msgid = int(row["msgid"]) if call.world.config.duplicate_msgid == "same" else 0
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


def _remember(call: Call, body: dict[str, Any], msgid: int, errcode: int) -> None:
    client_msg_id = text_of(body, "client_msg_id")
    if client_msg_id:
        call.world.state.execute(
            "INSERT OR REPLACE INTO sends VALUES (?, ?, ?, ?, ?)",
            text_of(body, "touser"),
            client_msg_id,
            str(msgid),
            errcode,
            call.now,
        )


def _use_consent(call: Call, openid: str, template_id: str) -> None:
    """43101 without consent; a one-time consent (一次性订阅) is used up, a long-term one (长期订阅) stays."""
    used = call.world.state.execute(
        "UPDATE consents SET credits = credits - (long_term = 0)"
        " WHERE openid = ? AND template_id = ? AND (long_term = 1 OR credits > 0)",
        openid,
        template_id,
    )
    if not used:
        raise ApiError(43101)


def _notice(
    channel: str, body: dict[str, Any], template: Template, values: dict[str, str], msgid: int
) -> dict[str, Any]:
    return {
        "channel": channel,
        "template_id": template.id,
        "title": template.title,
        "rows": [[template.fields.get(key, key), value] for key, value in values.items()],
        "url": text_of(body, "url" if channel == "template" else "page"),
        "msgid": str(msgid),
        "client_msg_id": text_of(body, "client_msg_id"),
    }

"""The menu at the bottom of the chat (自定义菜单): at most 3 buttons with at most 5 sub-buttons each."""

from __future__ import annotations

import json
import re
from typing import Any

from simulator.platform.call import Call
from simulator.platform.errors import ApiError
from simulator.state import to_json
from simulator.world import World

TYPES = frozenset(
    "click view miniprogram scancode_push scancode_waitmsg pic_sysphoto pic_photo_or_album pic_weixin location_select"
    " media_id view_limited article_id article_view_limited".split()
)
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")
# What is wrong, for a button at the top and for one in a sub-menu.
_COUNT, _TYPE, _NAME, _KEY, _URL = (40016, 40023), (40017, 40024), (40018, 40025), (40019, 40026), (40020, 40027)


def create(call: Call) -> dict[str, Any]:
    """POST cgi-bin/menu/create"""
    if _ESCAPED.search(call.request.body):
        raise ApiError(40033)
    body = call.json()
    _check_buttons(body.get("button"), level=0)
    call.world.state.set_setting("menu", to_json({"button": body["button"]}))
    call.world.state.set_setting("menu_id", str(call.world.state.next_id(call.now)))
    return {"errcode": 0, "errmsg": "ok"}


def get(call: Call) -> dict[str, Any]:
    """GET cgi-bin/menu/get"""
    menu = current(call.world)
    if menu is None:
        raise ApiError(46003)
    return {"menu": menu}


def delete(call: Call) -> dict[str, Any]:
    """GET cgi-bin/menu/delete"""
    call.world.state.set_setting("menu", "")
    return {"errcode": 0, "errmsg": "ok"}


def current(world: World) -> dict[str, Any] | None:
    kept = world.state.setting("menu")
    menu: dict[str, Any] | None = json.loads(kept) if kept else None
    return menu


def _check_buttons(buttons: Any, level: int) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= (3, 5)[level]:
        raise ApiError(_COUNT[level])
    for button in buttons:
        if not isinstance(button, dict):
            raise ApiError(47001)
        if not 1 <= _size(button, "name") <= (16, 60)[level]:
            raise ApiError(_NAME[level])
        if level == 0 and button.get("sub_button"):
            _check_buttons(button["sub_button"], level=1)
        else:
            _check_action(button, level)


def _check_action(button: dict[str, Any], level: int) -> None:
    kind = button.get("type")
    if kind not in TYPES:
        raise ApiError(_TYPE[level])
    if kind in ("view", "miniprogram") and not 1 <= _size(button, "url") <= 1024:
        raise ApiError(_URL[level])
    if kind in ("click", "location_select") and not 1 <= _size(button, "key") <= 128:
        raise ApiError(_KEY[level])


def _size(button: dict[str, Any], name: str) -> int:
    value = button.get(name, "")
    return len(value.encode("utf-8")) if isinstance(value, str) else 0

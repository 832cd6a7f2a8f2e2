"""What a person can do on the phone. Each act shows in the chat, opens windows and makes a push."""

from __future__ import annotations

import secrets
import string
from typing import Any

from simulator.platform import menu, qr, windows
from simulator.world import World

_OPENID = string.ascii_letters + string.digits + "_-"
UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"
NAME_AND_PORTRAIT = "205"
"""What a withdrawal names as withdrawn, in the platform's numbering: 昵称和头像."""
LINK_EVENTS = {"view": "VIEW", "miniprogram": "view_miniprogram"}


class PhoneError(Exception):
    """The act is not possible; the text is for the person at the page."""


class Phone:
    """All users of the simulated account. An openid is unknown to the account until its user first follows it,
    writes or opens a page; here every user made is known."""

    def __init__(self, world: World) -> None:
        self._world = world

    def users(self) -> list[dict[str, Any]]:
        return self._world.state.rows("SELECT * FROM users ORDER BY created, openid")

    def add_user(self, name: str, *, openid: str = "", snapshot: bool = False) -> str:
        """A new person; returns the openid. ``snapshot`` makes OAuth answer is_snapshotuser=1 (快照页)."""
        made = openid or "o" + "".join(secrets.choice(_OPENID) for _ in range(27))
        if not name.strip() or self._world.user(made):
            raise PhoneError("用户名不能为空，openid 不能重复")
        self._world.state.insert(
            "users", openid=made, name=name.strip(), created=self._world.now(), snapshot=int(snapshot)
        )
        return made

    def follow(self, openid: str, scene: str = "", ticket: str = "") -> None:
        """Follow the account (关注), by a QR code with a scene or by search."""
        user = self._known(openid)
        if user["following"]:
            raise PhoneError("已经关注")
        fields: dict[str, Any] = {"MsgType": "event", "Event": "subscribe"}
        if scene:
            fields |= {"EventKey": f"qrscene_{scene}", "Ticket": ticket}
        with self._world.state.write():
            self._world.state.execute(
                "UPDATE users SET following = 1, followed_at = ?, follow_scene = ?, qr_scene = ? WHERE openid = ?",
                self._world.now(),
                "ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH",
                scene,
                openid,
            )
            windows.open_window(self._world, openid, "follow")
            self._world.push(openid, fields, answerable=True)

    def unfollow(self, openid: str) -> None:
        """Stop following (取消关注)."""
        self._follower(openid)
        with self._world.state.write():
            self._world.state.execute("UPDATE users SET following = 0 WHERE openid = ?", openid)
            windows.close_windows(self._world, openid)
            self._world.push(openid, {"MsgType": "event", "Event": "unsubscribe"})

    def refuse(self, openid: str, refuses: bool) -> None:
        """Turn off messages of the account (拒收): notices then end as ``failed:user block``."""
        self._known(openid)
        self._world.state.execute("UPDATE users SET refuses = ? WHERE openid = ?", int(refuses), openid)

    def say(self, openid: str, text: str, menu_id: str = "") -> None:
        """Send text; ``menu_id`` when it comes from a tapped option (bizmsgmenuid)."""
        extra = {"bizmsgmenuid": menu_id} if menu_id else {}
        self._send(openid, "text", {"text": text}, {"Content": text, **extra})

    def send_image(self, openid: str, url: str) -> None:
        """Send a picture that stands at ``url``."""
        media_id = self._media("image")
        self._send(openid, "image", {"media_id": media_id, "url": url}, {"PicUrl": url, "MediaId": media_id})

    def send_voice(self, openid: str, recognition: str = "") -> None:
        """Send a voice message; ``recognition`` is the text that the platform heard, when that is switched on."""
        media_id = self._media("voice")
        heard = {"Recognition": recognition} if recognition else {}
        fields = {"MediaId": media_id, "Format": "amr", "MediaId16K": media_id, **heard}
        self._send(openid, "voice", {"media_id": media_id}, fields)

    def send_location(self, openid: str, latitude: float, longitude: float, label: str) -> None:
        shown = {"latitude": latitude, "longitude": longitude, "label": label}
        fields = {"Location_X": latitude, "Location_Y": longitude, "Scale": 15, "Label": label}
        self._send(openid, "location", shown, fields)

    def send_unsupported(self, openid: str) -> None:
        """Send something that the platform passes on as a sentence only, such as some stickers."""
        self._send(openid, "text", {"text": "[动画表情]"}, {"Content": UNSUPPORTED})

    def tap_menu(self, openid: str, path: list[int]) -> str:
        """Tap a button, ``[1]`` at the top or ``[1, 0]`` in its sub-menu; returns the address it opens, or ''."""
        self._follower(openid)
        button = self._button(path)
        kind = button["type"]
        if kind == "click":
            with self._world.state.write():
                windows.open_window(self._world, openid, "click")
                self._world.push(
                    openid, {"MsgType": "event", "Event": "CLICK", "EventKey": button["key"]}, answerable=True
                )
            return ""
        if kind not in LINK_EVENTS:
            raise PhoneError(f"模拟器不支持菜单类型 {kind}")
        target = button["url"] if kind == "view" else button.get("pagepath", "")
        menu_id = self._world.state.setting("menu_id")
        event = {"MsgType": "event", "Event": LINK_EVENTS[kind], "EventKey": target, "MenuId": menu_id}
        self._world.push(openid, event)
        return str(button["url"])

    def scan(self, openid: str, ticket: str) -> None:
        """Scan a QR code of the account: follows, or is told as SCAN when following already."""
        user = self._known(openid)
        scene = qr.scene_of(self._world, ticket)
        if scene is None:
            raise PhoneError("二维码不存在或已过期")
        if not user["following"]:
            self.follow(openid, scene, ticket)
            return
        fields = {"MsgType": "event", "Event": "SCAN", "EventKey": scene, "Ticket": ticket}
        with self._world.state.write():
            windows.open_window(self._world, openid, "scan")
            self._world.push(openid, fields, answerable=True)

    def answer_consent(self, openid: str, choices: dict[str, bool], *, long_term: bool) -> None:
        """Answer the consent popup (订阅通知弹窗) of a page: template id to accepted or not."""
        self._known(openid)
        entries = []
        with self._world.state.write():
            for template_id, accepted in choices.items():
                if accepted:
                    self._world.state.execute(
                        "INSERT INTO consents VALUES (?, ?, ?, ?) ON CONFLICT (openid, template_id) DO UPDATE SET"
                        " long_term = MAX(long_term, excluded.long_term), credits = credits + excluded.credits",
                        openid,
                        template_id,
                        int(long_term),
                        int(not long_term),
                    )
                status = "accept" if accepted else "reject"
                entries.append({"TemplateId": template_id, "SubscribeStatusString": status, "PopupScene": "1"})
            if entries:
                fields = {"SubscribeMsgPopupEvent": {"List": entries}}
                self._world.push(openid, {"MsgType": "event", "Event": "subscribe_msg_popup_event", **fields})

    def withdraw_consent(self, openid: str, template_id: str) -> None:
        """Turn a notice off in the settings; the platform pushes only this direction."""
        self._known(openid)
        entry = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        with self._world.state.write():
            self._world.state.execute("DELETE FROM consents WHERE openid = ? AND template_id = ?", openid, template_id)
            fields = {"SubscribeMsgChangeEvent": {"List": entry}}
            self._world.push(openid, {"MsgType": "event", "Event": "subscribe_msg_change_event", **fields})

    def change_profile(self, openid: str) -> None:
        """Change what the account was allowed to see (授权资料变更): it must update what it keeps."""
        self._personal_data(openid, "user_info_modified")

    def revoke(self, openid: str) -> None:
        """Take back the authorisation (撤回授权): the account must delete what it keeps."""
        self._personal_data(openid, "user_authorization_revoke", RevokeInfo=NAME_AND_PORTRAIT)

    def consents(self, openid: str) -> list[dict[str, Any]]:
        """template_id, long_term (0 or 1), credits."""
        return self._world.state.rows(
            "SELECT template_id, long_term, credits FROM consents WHERE openid = ? AND (long_term = 1 OR credits > 0)",
            openid,
        )

    def _send(self, openid: str, kind: str, shown: dict[str, Any], fields: dict[str, Any]) -> None:
        self._follower(openid)
        now = self._world.now()
        with self._world.state.write():
            self._world.chat.add(openid, "user", kind, "user", shown, now)
            self._world.state.execute("UPDATE users SET last_said = ? WHERE openid = ?", now, openid)
            windows.open_window(self._world, openid, "message")
            msg_id = int(now) << 31 if self._world.config.shared_msgid else self._world.state.next_id(now)
            self._world.push(openid, {"MsgType": kind, **fields, "MsgId": msg_id}, answerable=True)

    def _personal_data(self, openid: str, event: str, **more: str) -> None:
        self._known(openid)
        whose = {"OpenID": openid, "AppID": self._world.config.app_id}
        self._world.push(openid, {"MsgType": "event", "Event": event, **whose, **more})

    def _media(self, kind: str) -> str:
        media_id = secrets.token_urlsafe(48)
        self._world.state.insert("media", media_id=media_id, kind=kind)
        return media_id

    def _button(self, path: list[int]) -> dict[str, Any]:
        current = menu.current(self._world)
        if current is None:
            raise PhoneError("还没有菜单")
        buttons: list[dict[str, Any]] = current["button"]
        try:
            for index in path[:-1]:
                buttons = buttons[index]["sub_button"]
            button = buttons[path[-1]]
        except (IndexError, KeyError):
            raise PhoneError("没有这个菜单") from None
        if "type" not in button:
            raise PhoneError("这是有子菜单的按钮")
        return button

    def _known(self, openid: str) -> dict[str, Any]:
        user = self._world.user(openid)
        if user is None:
            raise PhoneError("没有这个用户")
        return user

    def _follower(self, openid: str) -> dict[str, Any]:
        user = self._known(openid)
        if not user["following"]:
            raise PhoneError("请先关注")
        return user

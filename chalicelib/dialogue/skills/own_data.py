"""What we keep about this person, what they agreed to, and their inbox (我的数据、授权与消息)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.times import chinese_time, local_date

_SHOWN = 5


class OwnData(Skill):
    name = "own"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"inbox": self._inbox, "privacy": self._data}

    def actions(self) -> Mapping[str, Action]:
        return {"inbox": lambda turn, args: self._inbox(turn), "data": lambda turn, args: self._data(turn)}

    def _data(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid)
        consents = self._desk.consents.current(turn.openid)
        bound = "、".join(f"{self._desk.enterprise_name(one.uscc)}（{one.role}）" for one in bindings) or "没有绑定企业"
        agreed = (
            "、".join(f"{scope.chinese}（{local_date(one.at)} 起）" for scope, one in consents.items()) or "没有授权"
        )
        options = (
            Option(label="停止全部推送", action="leave.everything"),
            Option(label="解绑企业", action="bind.unbind"),
        )
        link = self._desk.links.page("/h5/me", turn.openid, turn.now)
        lines = (f"绑定：{bound}", f"授权：{agreed}", f'<a href="{link}">查看或撤回每一项</a>')
        return Reply(lines, options, footer="取消关注后，绑定和授权随即删除。")

    def _inbox(self, turn: Turn) -> Reply:
        notices = self._desk.notices.of_person(turn.openid, limit=_SHOWN)
        if not notices:
            return Reply(
                ("还没有发给您的消息。",), footer="绑定企业并同意接收后，有与您有关的政策、办件和贷款进度会告诉您。"
            )
        link = self._desk.links.page("/h5/inbox", turn.openid, turn.now)
        lines = [f"{chinese_time(one.created_at)} {one.title}" for one in notices]
        return Reply((*lines, f'<a href="{link}">打开收件箱</a>'))

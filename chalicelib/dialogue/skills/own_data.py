"""What we keep about this person, what they agreed to, and their inbox (我的数据、授权与消息)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue.model import Option, Reply, Session, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.privacy.terms import KEPT_AFTER_ERASURE
from chalicelib.times import chinese_time, local_date

_SHOWN = 5


class OwnData(Skill):
    name = "own"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"inbox": self._inbox, "privacy": self._data, "erase": self._ask_erase}

    def actions(self) -> Mapping[str, Action]:
        return {
            "inbox": lambda turn, args: self._inbox(turn),
            "data": lambda turn, args: self._data(turn),
            "ask_erase": lambda turn, args: self._ask_erase(turn),
            "erase": lambda turn, args: self._erase(turn),
        }

    def _data(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid)
        consents = self._desk.consents.current(turn.openid)
        resting = self._desk.bindings.suspended(turn.openid)
        asked = self._desk.joining.of_person(turn.openid, turn.now)
        bound = "、".join(f"{self._desk.enterprise_name(one.uscc)}（{one.role}）" for one in bindings) or "没有绑定企业"
        agreed = (
            "、".join(f"{scope.chinese}（{local_date(one.at)} 起）" for scope, one in consents.items()) or "没有授权"
        )
        options = (
            Option(label="停止全部推送", action="leave.everything"),
            Option(label="解绑企业", action="bind.unbind"),
            Option(label="删除我的数据", action="own.ask_erase"),
        )
        lines = [f"绑定：{bound}", f"授权：{agreed}"]
        lines += [f"暂停：{self._desk.enterprise_name(one.uscc)}（法人已变更，等新授权码）" for one in resting]
        lines += [f"申请加入（{one.role}）：等确认，核对码 {one.digits}" for one in asked]
        lines += [
            f'<a href="{self._page(turn, "/h5/me")}">查看或撤回每一项</a>',
            f'<a href="{self._page(turn, "/h5/mydata")}">导出我的数据</a>',
        ]
        return Reply(tuple(lines), options, footer="取消关注后，绑定和授权随即删除。")

    def _ask_erase(self, turn: Turn) -> Reply:
        kept = "；".join(f"{what}，{why}" for what, why in KEPT_AFTER_ERASURE[:3])
        option = Option(label="确定删除", action="own.erase")
        return Reply(
            ("要删除您的绑定、同意、订阅、申请和对话吗？删了找不回来，要用再重新绑定。", f"按规定保留：{kept}。"),
            (option, Option(label="先导出看看", action="own.data")),
        )

    def _erase(self, turn: Turn) -> Reply:
        self._desk.erasure.erase(turn.openid, turn.now, in_conversation=True)
        turn.session = Session()
        return Reply(("已删除，马上生效。",), footer="您还关注着公众号，问办事照常可以。")

    def _page(self, turn: Turn, path: str) -> str:
        return self._desk.links.page(path, turn.openid, turn.now)

    def _inbox(self, turn: Turn) -> Reply:
        notices = self._desk.notices.of_person(turn.openid, limit=_SHOWN)
        if not notices:
            return Reply(
                ("还没有发给您的消息。",), footer="绑定企业并同意接收后，有与您有关的政策、办件和贷款进度会告诉您。"
            )
        link = self._desk.links.page("/h5/inbox", turn.openid, turn.now)
        lines = [f"{chinese_time(one.created_at)} {one.title}" for one in notices]
        return Reply((*lines, f'<a href="{link}">打开收件箱</a>'))

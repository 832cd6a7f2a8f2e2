"""Who stands for an enterprise: the 法人 sees them, lets new ones in and removes them; everybody may leave (成员)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import Binding, BindingRefused, Member
from chalicelib.enterprises.joining import JoinRefused, JoinRequest, WrongDigits
from chalicelib.times import local_date

_SHOWN = 8
_DIGITS = re.compile(r"\d{4}", re.ASCII)
_NOT_LEGAL = "成员名单只给法定代表人看。您自己的绑定，回复“我的数据”查看，回复“解绑”退出。"


class Members(Skill):
    name = "members"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"members": self._list}

    def actions(self) -> Mapping[str, Action]:
        return {
            "list": lambda turn, args: self._list(turn),
            "decide": self._decide,
            "admit": self._digits,
            "refuse": self._refuse,
            "ask_remove": self._ask_remove,
            "remove": self._remove,
        }

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        found = _DIGITS.fullmatch(turn.text.strip())
        return self._admit(turn, flow, found.group()) if found else None

    def reminder(self, flow: Flow) -> str:
        return "接着确认新成员请发对方的 4 位核对码；不确认了回复“取消”。"

    def _list(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid, Right.SEE_MEMBERS)
        if not bindings:
            return Reply((_NOT_LEGAL,))
        lines: list[str] = []
        options: list[Option] = []
        for binding in bindings:
            self._one(turn, binding, lines, options)
        link = self._desk.links.page("/h5/members", turn.openid, turn.now)
        lines.append(f'<a href="{link}">在页面上管理成员</a>')
        return Reply(tuple(lines), tuple(options[:_SHOWN]))

    def _one(self, turn: Turn, binding: Binding, lines: list[str], options: list[Option]) -> None:
        uscc = binding.uscc
        members = self._desk.bindings.members(uscc)
        waiting = self._desk.joining.waiting(turn.openid, uscc, turn.now)
        lines.append(f"{self._desk.enterprise_name(uscc)}：成员 {len(members)} 人，等您确认 {len(waiting)} 人。")
        options += [
            Option(label=f"确认 {asks(one)}", action="members.decide", args={"uscc": uscc, "ref": one.ref})
            for one in waiting
        ]
        options += [
            Option(label=f"移除 {called(one)}", action="members.ask_remove", args={"uscc": uscc, "ref": one.ref})
            for one in members
            if one.openid != turn.openid
        ]

    # ------------------------------------------------------------------------------------------------------- admitting

    def _decide(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        options = (
            Option(label="是本单位的人，同意", action="members.admit", args=dict(args)),
            Option(label="不同意", action="members.refuse", args=dict(args)),
        )
        return Reply(("请先打电话或当面问清对方是谁，并要到 4 位核对码。",), options)

    def _digits(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        turn.session.flow = Flow(skill=self.name, step="digits", data=dict(args))
        return Reply(("请发对方告诉您的 4 位核对码。",), footer="回复“取消”停下。")

    def _admit(self, turn: Turn, flow: Flow, digits: str) -> Reply:
        uscc, ref = flow.data["uscc"], flow.data["ref"]
        try:
            binding = self._desk.joining.confirm(turn.openid, uscc, ref, digits, turn.now, turn.message)
        except WrongDigits as refused:
            return Reply((str(refused),))
        except JoinRefused as refused:
            turn.session.flow = None
            return Reply((str(refused),), _AGAIN)
        turn.session.flow = None
        return Reply((f"已同意，{called(binding)}现在是 {self._desk.enterprise_name(uscc)} 的成员。",), _AGAIN)

    def _refuse(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        try:
            self._desk.joining.refuse(turn.openid, args["uscc"], args["ref"], turn.now, turn.message)
        except JoinRefused as refused:
            return Reply((str(refused),))
        return Reply(("已拒绝，对方不会看到您是谁。",), _AGAIN)

    # -------------------------------------------------------------------------------------------------------- removing

    def _ask_remove(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        member = self._member(turn, args)
        if member is None:
            return self._list(turn)
        option = Option(label="确定移除", action="members.remove", args=dict(args))
        return Reply(
            (f"移除 {called(member)} 后，对方马上看不到本企业的任何内容，也不再收到通知。",), (option, *_AGAIN)
        )

    def _remove(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        try:
            member = self._desk.bindings.remove_member(turn.openid, args["uscc"], args["ref"], turn.now, turn.message)
        except BindingRefused as refused:
            return Reply((str(refused),))
        if member is None:
            return self._list(turn)
        return Reply((f"已移除 {called(member)}，马上生效。",), _AGAIN)

    def _member(self, turn: Turn, args: Mapping[str, str]) -> Binding | None:
        """The member that this stands for, to who may see members now."""
        if self._desk.bindings.of(turn.openid, args["uscc"], Right.SEE_MEMBERS) is None:
            return None
        return next((one for one in self._desk.bindings.members(args["uscc"]) if one.ref == args["ref"]), None)


_AGAIN = (Option(label="看成员名单", action="members.list"),)


def called(binding: Member) -> str:
    """张*（财务，11月22日起）: enough for the 法人 to know whom it is about."""
    since = local_date(binding.bound_at)
    return f"{binding.label or '凭授权码绑定的'}（{binding.role}，{since.month}月{since.day}日起）"


def asks(request: JoinRequest) -> str:
    asked = local_date(request.asked_at)
    return f"{request.label}（{request.role}，{asked.month}月{asked.day}日申请）"

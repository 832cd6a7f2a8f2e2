"""Asking to become a member of an enterprise whose 法人 is bound already (申请加入)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.wording import plain
from chalicelib.enterprises import uscc as credit_code
from chalicelib.enterprises.joining import JOINABLE, LIFE, JoinRefused, JoinRequest
from chalicelib.enterprises.roles import Role
from chalicelib.times import local_date, short_date

_CODE_LIKE = re.compile(r"[0-9A-Z]{15,20}")
_NAME = re.compile(r"[\u4e00-\u9fff]{2,6}(?:[·•][\u4e00-\u9fff]{1,8})?")
_OTHER_WAY = "也可以带证件到政务服务大厅领授权码。"


class Join(Skill):
    """Three questions: which enterprise, which role, what surname and name. Whatever the enterprise, the same words."""

    name = "join"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"join": self._begin}

    def actions(self) -> Mapping[str, Action]:
        return {
            "begin": lambda turn, args: self._begin(turn),
            "role": lambda turn, args: self._role(turn, args["role"]),
        }

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        match flow.step:
            case "enterprise":
                return self._enterprise(turn)
            case "role":
                return self._role(turn, plain(turn.text)) if plain(turn.text) in JOINABLE else None
            case _:
                return self._ask(turn, flow) if _NAME.fullmatch(turn.text.strip()) else None

    def reminder(self, flow: Flow) -> str:
        waits = {"enterprise": "企业全称或统一社会信用代码", "role": "您的角色"}.get(flow.step, "您的姓名")
        return f"接着申请加入请发{waits}；不申请了回复“取消”。"

    def _begin(self, turn: Turn) -> Reply:
        turn.session.flow = Flow(skill=self.name, step="enterprise")
        return Reply(
            ("申请加入哪家企业？请发企业全称，或 18 位统一社会信用代码。", "由已绑定的法定代表人确认后生效。"),
            footer="回复“取消”停下。",
        )

    def _enterprise(self, turn: Turn) -> Reply | None:
        """What looks like a code is checked as one, which anybody can do; whether it is on file is not told."""
        text = turn.text.strip()
        code = credit_code.normalise(text)
        if _CODE_LIKE.fullmatch(code):
            if problem := credit_code.problem(code):
                return Reply((f"统一社会信用代码{problem}。",))
        elif not 4 <= len(text) <= 60:
            return None
        turn.session.flow = Flow(skill=self.name, step="role", data={"enterprise": text})
        options = tuple(Option(label=role, action="join.role", args={"role": role}) for role in JOINABLE)
        return Reply(("您在企业里做什么？",), options)

    def _role(self, turn: Turn, role: str) -> Reply:
        flow = turn.session.flow
        if flow is None or flow.skill != self.name or role not in JOINABLE:
            return self._begin(turn)
        turn.session.flow = Flow(skill=self.name, step="name", data={**flow.data, "role": role})
        return Reply(("您贵姓名？法定代表人只看到姓，比如“张*”。",))

    def _ask(self, turn: Turn, flow: Flow) -> Reply:
        uscc = self._meant(flow.data["enterprise"])
        turn.session.flow = None
        try:
            request = self._desk.joining.ask(
                turn.openid, uscc, Role(flow.data["role"]), turn.text.strip(), turn.now, turn.message
            )
        except JoinRefused as refused:
            return Reply((str(refused),), footer="要人工答复请回复“人工”。")
        return Reply(_placed(request))

    def _meant(self, text: str) -> str | None:
        """The enterprise on file that this code or full name is of. A name costs the same look whether it is or not."""
        code = credit_code.normalise(text)
        found = self._desk.enterprises.get(code) if credit_code.is_valid(code) else self._desk.enterprises.named(text)
        return found.uscc if found else None


def _placed(request: JoinRequest) -> tuple[str, ...]:
    until = short_date(local_date(request.expires_at))
    return (
        f"已记下，核对码 {request.digits}。请把核对码当面或打电话告诉法定代表人，请他在公众号回复“成员”确认。",
        f"{until} 前（{LIFE.days} 天内）没有确认就自动作废。为保护隐私，我不说明企业绑定了哪些人。{_OTHER_WAY}",
    )

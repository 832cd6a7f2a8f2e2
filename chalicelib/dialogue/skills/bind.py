"""Binding an enterprise with an operator's one-time code, and the consents that follow (绑定与授权)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue import listening
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.wording import plain
from chalicelib.enterprises.binding import Binding, BindingRefused
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.roles import WORK_ROLES
from chalicelib.enterprises.scopes import Scope

ALL_ALERTS = (Scope.PROFILE_READ, Scope.POLICY_PUSH, Scope.LOAN_ALERT, Scope.CASE_ALERT)


class Bind(Skill):
    name = "bind"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"bind": self._begin, "unbind": self._unbind, "agree": self._agree}

    def actions(self) -> Mapping[str, Action]:
        return {
            "begin": lambda turn, args: self._begin(turn),
            "scanned": lambda turn, args: self._scanned(turn, args["scene"]),
            "agree": lambda turn, args: self._agree(turn),
            "agree_case": lambda turn, args: self._grant(turn, (Scope.CASE_ALERT,), "办件提醒"),
            "agree_work": lambda turn, args: self._grant(turn, (Scope.WORK_ALERT,), "工作提醒"),
            "later": lambda turn, args: Reply(("好的，不推送。",), footer="以后想收，回复“同意”。"),
            "remove": self._remove,
            "unbind": lambda turn, args: self._unbind(turn),
        }

    def answer(self, turn: Turn) -> Reply:
        found = listening.CODE_LINE.fullmatch(plain(turn.text))
        return self._redeem(turn, found.group(1)) if found else self._begin(turn)

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        found = listening.CODE_LINE.fullmatch(plain(turn.text))
        return self._redeem(turn, found.group(1)) if found else None

    def reminder(self, flow: Flow) -> str:
        return "接着绑定请发 8 位授权码；不绑了回复“取消”。"

    def _begin(self, turn: Turn) -> Reply:
        turn.session.flow = Flow(skill=self.name, step="code")
        return Reply(
            ("请发 8 位授权码。", "授权码由县政数局或园区工作人员核对身份后当面给您，72 小时内有效，只能用一次。"),
            footer="没有授权码？带营业执照到政务服务大厅领取；法定代表人已绑定的，回复“申请加入”。回复“取消”停下。",
        )

    def _redeem(self, turn: Turn, code: str) -> Reply:
        return self._bound(turn, lambda: self._desk.bindings.redeem(turn.openid, code, turn.now, message=turn.message))

    def _scanned(self, turn: Turn, scene: str) -> Reply:
        """The person scanned an operator's QR code."""
        return self._bound(turn, lambda: self._desk.bindings.redeem_scene(turn.openid, scene, turn.now, turn.message))

    def _bound(self, turn: Turn, bind: Callable[[], Binding]) -> Reply:
        try:
            binding = bind()
        except BindingRefused as refused:
            return Reply((str(refused),), footer="要人工答复请回复“人工”。")
        turn.session.flow = None
        if binding.role in WORK_ROLES:
            option = Option(label="同意接收工作提醒", action="bind.agree_work")
            lines = (f"已绑定，您是本单位的{binding.role}。", "办理时限快到时要不要提醒您？提醒里没有企业名称和金额。")
            return Reply(lines, (option,))
        name = self._desk.enterprise_name(binding.uscc)
        options = (
            Option(label="同意接收政策、贷款和办件提醒", action="bind.agree"),
            Option(label="只收办件提醒", action="bind.agree_case"),
            Option(label="暂不接收", action="bind.later"),
        )
        return Reply(
            (f"已绑定 {name}（{binding.role}）。", "要不要我主动提醒？提醒里不写金额和账号，随时可以退订。"), options
        )

    def _agree(self, turn: Turn) -> Reply:
        return self._grant(turn, ALL_ALERTS, "政策、贷款和办件提醒")

    def _grant(self, turn: Turn, scopes: tuple[Scope, ...], what: str) -> Reply:
        if not self._desk.bindings.of_person(turn.openid):
            return Reply(("您还没有绑定企业，先绑定才能接收提醒。",), footer="回复“绑定”开始。")
        self._desk.consents.grant(turn.openid, scopes, NOTICE_VERSION, "chat", turn.now, turn.message)
        options = (Option(label="我能享受什么", action="policy.mine"), Option(label="查我的办件", action="case.mine"))
        shown = () if scopes == (Scope.WORK_ALERT,) else options
        return Reply((f"好的，有{what}我会告诉您。",), shown, footer="随时回复“退订”停止。")

    def _unbind(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid)
        if not bindings:
            return Reply(("您没有绑定企业。",), footer="回复“绑定”开始。")
        options = tuple(
            Option(
                label=f"解绑 {self._desk.enterprise_name(binding.uscc)}",
                action="bind.remove",
                args={"uscc": binding.uscc},
            )
            for binding in bindings[:8]
        )
        return Reply(("解绑后不再收到这家企业的提醒，也查不到它的办件和贷款。",), options)

    def _remove(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        uscc = args["uscc"]
        was_bound = self._desk.bindings.remove(turn.openid, uscc, turn.now, message=turn.message)
        name = f" {self._desk.enterprise_name(uscc)}" if was_bound else ""
        return Reply((f"已解绑{name}。",), footer="需要时回复“绑定”。")

"""退订 at any moment: consent withdrawn at once, and what is already queued stopped too (PIPL art. 15 and 24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue.model import Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.scopes import Scope

PUSHED = (Scope.POLICY_PUSH, Scope.LOAN_ALERT, Scope.CASE_ALERT, Scope.COURT_ALERT)


class Leave(Skill):
    name = "leave"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {
            "leave": self._everything,
            "only_case": lambda turn: self._all_but(turn, Scope.CASE_ALERT, "办件"),
            "only_loan": lambda turn: self._all_but(turn, Scope.LOAN_ALERT, "贷款"),
        }

    def actions(self) -> Mapping[str, Action]:
        return {"everything": lambda turn, args: self._everything(turn)}

    def _everything(self, turn: Turn) -> Reply:
        self._withdraw(turn, PUSHED)
        return Reply(
            ("已停止全部推送，排队中的也取消了。",),
            footer="办件、贷款结果如仍想收，回复“只收办件”或“只收贷款”；全部恢复回复“订阅”。",
        )

    def _all_but(self, turn: Turn, kept: Scope, name: str) -> Reply:
        self._withdraw(turn, tuple(scope for scope in PUSHED if scope is not kept))
        if not self._desk.bindings.of_person(turn.openid):
            return Reply((f"您还没有绑定企业，{name}提醒发不出来。",), footer="回复“绑定”开始。")
        self._desk.consents.grant(turn.openid, (kept,), NOTICE_VERSION, "chat", turn.now, turn.message)
        return Reply((f"好的，以后只收{name}提醒，其余推送都已停止。",), footer="想全部停止请回复“退订”。")

    def _withdraw(self, turn: Turn, scopes: tuple[Scope, ...]) -> None:
        turn.session.flow = None
        since = self._desk.consents.withdraw(turn.openid, scopes, "chat", turn.now, turn.message)
        self._desk.notices.cancel_for(turn.openid, scopes, turn.now, until=since)

"""Where a loan stands (融资进度), and that 批了 is not 到账."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.finance.channel48 import admission
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan
from chalicelib.finance.progress import brief, render

_SHOWN = 4
_DIFFERENCE = (
    "授信批复只是银行同意给额度，批了不等于到账。",
    "还要走：签约→提款申请→放款，一般 1–2 个工作日，各行不同。",
)


class LoanProgress(Skill):
    name = "loan"

    def actions(self) -> Mapping[str, Action]:
        return {
            "mine": lambda turn, args: self._mine(turn),
            "open": lambda turn, args: self._open(turn, args["id"]),
            "difference": lambda turn, args: Reply(_DIFFERENCE),
        }

    def answer(self, turn: Turn) -> Reply:
        return self._mine(turn)

    def _mine(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid)
        uscc = [binding.uscc for binding in bindings if binding.may(Right.SEE_LOANS)]
        if not uscc:
            why = (
                "贷款进度只给企业的法人和财务看。" if bindings else "要看贵公司走到哪一步，请先绑定企业（法人或财务）。"
            )
            return Reply((*_DIFFERENCE, why), footer="回复“绑定”开始。具体进度也可问经办客户经理。")
        loans = [loan for one in uscc for loan in self._desk.loans.of_enterprise(one)]
        if not loans:
            option = Option(label="怎么找银行对接", action="policy_question.open", args={"id": "P22"})
            return Reply(("您绑定的企业没有登记在办的贷款。",), (option,), footer="银行报来进度后我会告诉您。")
        if len(loans) == 1:
            return self._show(turn, loans[0])
        options = tuple(Option(label=brief(loan), action="loan.open", args={"id": loan.id}) for loan in loans[:_SHOWN])
        return Reply((f"有 {len(loans)} 笔，回复编号看进度：",), options)

    def _open(self, turn: Turn, loan_id: str) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid, Right.SEE_LOANS)
        theirs = any(self._desk.loans.belongs(loan_id, binding.uscc) for binding in bindings)
        loan = self._desk.loans.get(loan_id) if theirs else None
        return self._mine(turn) if loan is None else self._show(turn, loan)

    def _show(self, turn: Turn, loan: Loan) -> Reply:
        enterprise = self._desk.enterprises.get(loan.head.uscc)
        quals = enterprise.records.quals if enterprise else None
        progress = render(loan, turn.now, admission=admission(live(loan), quals))
        link = self._desk.links.page(f"/h5/loan/{loan.id}", turn.openid, turn.now)
        lines = (brief(loan), progress.headline, *progress.notes, f'<a href="{link}">看全部过程</a>')
        options = (
            Option(label="批了和到账的区别", action="loan.difference"),
            Option(label="转人工", action="handoff.ask"),
        )
        return Reply(lines, options)

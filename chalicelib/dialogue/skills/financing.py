"""融资需求 taken down in conversation, the banks it may be shown to, and their offers; for 法人 and 财务 only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chalicelib import money
from chalicelib.dialogue import listening
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.policy_words import STANDING
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right, may
from chalicelib.finance.demands import SHARED, Answer, Demand, DemandError, DemandState, Still
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.amounts import amount
from chalicelib.policies.tree import Outcome
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import local_date, short_date

_OPEN = (Outcome.MATCH, Outcome.NEED_INFO, Outcome.MANUAL)
_MOST_POLICIES = 3
_YEARS = re.compile(r"(\d{1,2})\s*年")
_MONTHS = re.compile(r"(\d{1,3})\s*个?月")
_CHINESE_YEARS = {"一年": 12, "两年": 24, "二年": 24, "三年": 36, "五年": 60, "半年": 6}
_Act = Callable[[Demand, Still], Demand]
_STOP = "不登记了回复“取消”。"


class Financing(Skill):
    name = "financing"

    def actions(self) -> Mapping[str, Action]:
        return {
            "begin": lambda turn, args: self._begin(turn),
            "mine": lambda turn, args: self._mine(turn),
            "open": lambda turn, args: self._open(turn, args["id"]),
            "register": self._register,
            "agree": self._agree,
            "choose": self._choose,
            "withdraw": self._withdraw,
        }

    def answer(self, turn: Turn) -> Reply:
        text = normalise(turn.text)
        if listening.BUNDLE.search(text):
            return self._parts(turn)
        if listening.MY_DEMANDS.search(text):
            return self._mine(turn)
        return self._begin(turn) if listening.DEMAND.search(text) else self._short(turn)

    def reminder(self, flow: Flow) -> str:
        return "接着登记融资需求请直接回答；不登记了回复“取消”。"

    # ------------------------------------------------------------------------------------------------------ asking

    def _begin(self, turn: Turn) -> Reply:
        if not self._usccs(turn):
            return Reply(("融资需求由企业的法人或财务登记，请先绑定企业。",), footer="回复“绑定”开始。")
        turn.session.flow = Flow(skill=self.name, step="amount")
        return Reply(("想贷多少？比如：300 万元。",), footer=_STOP)

    def _short(self, turn: Turn) -> Reply:
        """Money is short, and how to get it was not asked for by name: the ways there are."""
        return Reply(
            ("缺资金可以登记融资需求：县工信局推荐银行，给哪些银行看先经您同意。",),
            (
                Option(label="登记融资需求", action="financing.begin"),
                *(option for uscc in self._usccs(turn)[:1] for option in self._policies(turn, uscc)),
                Option(label="看能享受的", action="policy.mine"),
                Option(label="向园区提诉求", action="concern.ask"),
            ),
        )

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        text = normalise(turn.text)
        if flow.step == "amount":
            fen = amount(text)
            return self._next(turn, flow, "months", amount=str(fen)) if fen else None
        if flow.step == "months":
            months = _months(text)
            return self._next(turn, flow, "purpose", months=str(months)) if months else None
        return self._confirm(turn, flow) if len(turn.text) >= 2 else None

    def _next(self, turn: Turn, flow: Flow, step: str, **known: str) -> Reply:
        turn.session.flow = Flow(skill=self.name, step=step, data={**flow.data, **known})
        ask = {"months": "用多久？比如：1 年，或 6 个月。", "purpose": "用来做什么？比如：买原材料、技术改造。"}[step]
        return Reply((ask,), footer=_STOP)

    def _confirm(self, turn: Turn, flow: Flow) -> Reply:
        turn.session.flow = None
        data = {**flow.data, "purpose": turn.text.strip()}
        told = f"{money.show(int(data['amount']))}，{data['months']} 个月，用于{data['purpose']}。"
        firms = [(uscc, self._desk.enterprise_name(uscc)) for uscc in self._usccs(turn)]
        options = tuple(
            Option(label=f"登记（{name}）", action="financing.register", args={**data, "uscc": uscc})
            for uscc, name in firms
        )
        later = "登记后由县工信局推荐银行；给哪些银行看，先经您同意。"
        return Reply((told, later), (*options, Option(label="重填", action="financing.begin")))

    def _register(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        acting = self._desk.bindings.acting(turn.openid, args["uscc"], Right.SEE_LOANS)
        if acting is None:
            return self._begin(turn)
        enterprise = self._desk.enterprises.get(args["uscc"])
        sample = enterprise.is_sample if enterprise else False
        try:
            amount, months, purpose = int(args["amount"]), int(args["months"]), args["purpose"]
            demand = self._desk.demands.register(
                turn.openid, args["uscc"], amount, months, purpose, turn.now, sample, acting.still
            )
        except DemandError as refused:
            return Reply((str(refused),))
        mine = Option(label="查融资需求", action="financing.mine")
        told = f"已登记，编号 {demand.id}。县工信局提出推荐名单后我告诉您。"
        return Reply((told,), (mine, *self._policies(turn, args["uscc"])), _note(demand))

    def _policies(self, turn: Turn, uscc: str) -> tuple[Option, ...]:
        """Loan policies (首贷、续贷、贴息、增信) that the engine finds open to this enterprise, the surest first."""
        enterprise, catalogue = self._desk.enterprises.get(uscc), self._desk.catalogue().policies
        if enterprise is None:
            return ()
        decisions = self._desk.policies().check(enterprise, local_date(turn.now))
        open_ = [d for d in decisions if catalogue[d.policy].category == "金融" and d.outcome in _OPEN]
        return tuple(
            Option(
                label=f"{STANDING[each.outcome]} {catalogue[each.policy].short}",
                action="policy_question.open",
                args={"id": each.policy, "uscc": uscc},
            )
            for each in sorted(open_, key=lambda each: (_OPEN.index(each.outcome), each.policy))[:_MOST_POLICIES]
        )

    def _parts(self, turn: Turn) -> Reply:
        """打捆申报: the enterprise's own part, and nobody else's."""
        parts = [part for uscc in self._usccs(turn) for part in self._desk.bundles.of_enterprise(uscc)]
        if not parts:
            return Reply(("没有您企业的打捆申报。",), (Option(label="转人工", action="handoff.ask"),))
        lines = (
            f"打捆申报 {part.bundle}：核定份额 {part.share} {part.unit}，"
            + ("金额待核定" if part.amount is None else f"分得 {money.show(part.amount)}")
            for part in parts
        )
        return Reply(tuple(lines))

    # ------------------------------------------------------------------------------------------------------ showing

    def _mine(self, turn: Turn) -> Reply:
        demands = [d for uscc in self._usccs(turn) for d in self._desk.demands.of_enterprise(uscc)]
        if not demands:
            return Reply(("还没有登记融资需求。",), (Option(label="登记融资需求", action="financing.begin"),))
        if len(demands) == 1:
            return _shown(demands[0])
        options = (
            Option(label=f"{d.id} · {d.state.chinese}", action="financing.open", args={"id": d.id}) for d in demands[:6]
        )
        return Reply(("回复编号查看：",), tuple(options))

    def _open(self, turn: Turn, demand_id: str) -> Reply:
        demand = self._own(turn, demand_id)
        return _shown(demand) if demand else self._mine(turn)

    def _agree(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        return self._acted(
            turn, args, lambda d, still: self._desk.demands.agree(d.id, d.uscc, d.banks, turn.now, still)
        )

    def _choose(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        return self._acted(turn, args, lambda d, still: self._desk.demands.choose(d.id, d.uscc, args["bank"], still))

    def _withdraw(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        return self._acted(turn, args, lambda d, still: self._desk.demands.withdraw(d.id, d.uscc, still))

    def _acted(self, turn: Turn, args: Mapping[str, str], act: _Act) -> Reply:
        demand = self._own(turn, args["id"])
        acting = self._desk.bindings.acting(turn.openid, demand.uscc, Right.SEE_LOANS) if demand else None
        if demand is None or acting is None:
            return self._mine(turn)
        if "banks" in args and tuple(args["banks"].split("、")) != demand.banks:
            return Reply(("推荐名单有变化，请重新看一遍。",), _shown(demand).options)
        try:
            return _shown(act(demand, acting.still))
        except DemandError as refused:
            return Reply((str(refused),))

    def _own(self, turn: Turn, demand_id: str) -> Demand | None:
        mine = (d for uscc in self._usccs(turn) for d in self._desk.demands.of_enterprise(uscc))
        return next((demand for demand in mine if demand.id == demand_id), None)

    def _usccs(self, turn: Turn) -> list[str]:
        bindings = self._desk.bindings.of_person(turn.openid)
        return [binding.uscc for binding in bindings if may(binding.role, Right.SEE_LOANS)]


def _shown(demand: Demand) -> Reply:
    told = f"{money.show(demand.amount)}，{demand.months} 个月，用于{demand.purpose}"
    lines = [f"融资需求 {demand.id} · {demand.state.chinese}", told]
    options: list[Option] = []
    if demand.state is DemandState.PROPOSED:
        banks = "、".join(demand.banks)
        lines += [f"县工信局拟推荐给：{banks}。", f"给银行看的内容：{SHARED}。"]
        options = [
            Option(label="同意", action="financing.agree", args={"id": demand.id, "banks": banks}),
            Option(label="不同意，撤回需求", action="financing.withdraw", args={"id": demand.id}),
        ]
    elif demand.state is DemandState.LISTED:
        lines += [_offer(answer) for answer in demand.offers]
        lines += [f"{answer.bank}：本次不能办（{answer.declined}）" for answer in demand.answers if not answer.is_offer]
        if demand.reply_by:
            lines.append(f"银行最晚 {short_date(demand.reply_by)} 答复。")
        options = [
            Option(label=f"选 {offer.bank}", action="financing.choose", args={"id": demand.id, "bank": offer.bank})
            for offer in demand.offers
        ]
    elif demand.chosen:
        lines.append(f"您选了 {demand.chosen}，请等客户经理联系。方案不等于批贷，以银行审批为准。")
    return Reply(tuple(lines), tuple(options), _note(demand))


def _offer(offer: Answer) -> str:
    return f"{offer.bank}：{money.show(offer.amount or 0)}，年利率 {offer.rate_percent}%，{offer.months} 个月"


def _months(text: str) -> int | None:
    if found := _YEARS.search(text):
        return int(found.group(1)) * 12 or None
    if found := _MONTHS.search(text):
        return int(found.group(1)) or None
    return next((months for word, months in _CHINESE_YEARS.items() if word in text), None)


def _note(demand: Demand) -> str:
    return SAMPLE_NOTE if demand.is_sample else ""

"""What policies are for this enterprise, and why or why not (政策直达)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.policy_words import STANDING, worth
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date

_SHOWN = 5
_ENTERPRISES = 2
_SHOWN_EACH = 3
_ORDER = {Outcome.MATCH: 0, Outcome.NEED_INFO: 1, Outcome.MANUAL: 2, Outcome.NOT_MATCH: 3}


class PolicyCheck(Skill):
    name = "policy"

    def actions(self) -> Mapping[str, Action]:
        return {
            "mine": lambda turn, args: self._mine(turn),
            "refused": lambda turn, args: self._refused(turn),
        }

    def answer(self, turn: Turn) -> Reply:
        return self._mine(turn)

    def _mine(self, turn: Turn) -> Reply:
        enterprises = self._desk.enterprises_of(turn.openid)
        if not enterprises:
            return Reply(
                (
                    "要看贵公司能享受什么，请先绑定企业，我按登记、税务等资料逐项对。",
                    "也可以直接问一项，比如“设备更新贷款贴息怎么申请”。",
                ),
                footer="回复“绑定”开始。",
            )
        lines: list[str] = []
        options: list[Option] = []
        for enterprise in enterprises[:_ENTERPRISES]:
            self._list(enterprise, turn, lines, options, _SHOWN if len(enterprises) == 1 else _SHOWN_EACH)
        options.append(Option(label="不符合的和原因", action="policy.refused"))
        options.append(Option(label="政策体检，答几个问题", action="exam.begin"))
        link = self._desk.links.page("/h5/policies", turn.openid, turn.now)
        lines.append(f'<a href="{link}">看全部和依据</a>')
        return Reply(tuple(lines), tuple(options), footer="不想收到推送请回复“退订”。")

    def _list(self, enterprise: Enterprise, turn: Turn, lines: list[str], options: list[Option], most: int) -> None:
        decisions = self._decisions(enterprise, turn)
        good = [d for d in decisions if d.outcome is Outcome.MATCH]
        open_ = [d for d in decisions if d.outcome in (Outcome.NEED_INFO, Outcome.MANUAL)]
        lines.append(f"{enterprise.name}：可享 {len(good)} 项，待补充 {len(open_)} 项。")
        for decision in [*good, *open_][:most]:
            options.append(
                Option(
                    label=f"{STANDING[decision.outcome]} {self._short(decision)}{worth(decision.benefit)}",
                    action="policy_question.open",
                    args={"id": decision.policy, "uscc": enterprise.uscc},
                )
            )

    def _refused(self, turn: Turn) -> Reply:
        lines = [
            f"{self._short(decision)}：{decision.reasons[0] if decision.reasons else ''}"
            for enterprise in self._desk.enterprises_of(turn.openid)[:1]
            for decision in self._decisions(enterprise, turn)
            if decision.outcome is Outcome.NOT_MATCH
        ]
        return Reply(tuple(lines[:8]) or ("没有不符合的。",))

    def _decisions(self, enterprise: Enterprise, turn: Turn) -> Sequence[Decision]:
        decisions = self._desk.policies().check(enterprise, local_date(turn.now))
        return sorted(decisions, key=lambda d: (_ORDER[d.outcome], -(d.benefit.fen or 0) if d.benefit else 0))

    def _short(self, decision: Decision) -> str:
        return self._desk.catalogue().policies[decision.policy].short

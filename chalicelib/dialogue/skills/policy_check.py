"""What policies are for this enterprise, and why or why not (政策直达)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.model import Enterprise
from chalicelib.guidance.aliases import normalise
from chalicelib.policies.model import MODE_NAMES, Policy
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import local_date

_ASKED = re.compile(
    r"(能|可以|可)享(受)?(什么|哪些|多少|的)|享受(什么|哪些)|政策体检|哪些政策|什么政策|有(什么|哪些)(补贴|奖励|优惠|政策)|(补贴|奖励|政策)有哪些"
    r"|免申即享(有|的)?(哪些|什么)|(看|查)?全部政策|^政策$|与我有关的政策|我的政策"
)
_QUALIFY = re.compile(
    r"贷得到|能不能|能否|可不可以|够不够|符合|条件够|能贷|能拿|能领|有我们|我们.{0,8}(吗|不)|为什么没有|为啥没"
)
_SHOWN = 5
_ORDER = {Outcome.MATCH: 0, Outcome.NEED_INFO: 1, Outcome.MANUAL: 2, Outcome.NOT_MATCH: 3}
_STANDING = {
    Outcome.MATCH: "可享",
    Outcome.NEED_INFO: "待补充",
    Outcome.MANUAL: "需人工认定",
    Outcome.NOT_MATCH: "暂不符合",
}


class PolicyCheck(Skill):
    name = "policy"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def actions(self) -> Mapping[str, Action]:
        return {
            "mine": lambda turn, args: self._mine(turn),
            "open": lambda turn, args: self._open(turn, args["id"], args.get("uscc")),
            "refused": lambda turn, args: self._refused(turn),
        }

    def claims(self, turn: Turn) -> bool:
        text = normalise(turn.text)
        if _ASKED.search(text):
            return True
        return _QUALIFY.search(text) is not None and self._named(text) is not None

    def answer(self, turn: Turn) -> Reply:
        text = normalise(turn.text)
        named = None if _ASKED.search(text) else self._named(text)
        return self._open(turn, named.id, None) if named else self._mine(turn)

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        return None

    def _named(self, text: str) -> Policy | None:
        """The policy whose short name the text says; the longest where it says several."""
        policies = self._desk.catalogue().policies.values()
        return max((p for p in policies if p.short in text), key=lambda p: len(p.short), default=None)

    def _mine(self, turn: Turn) -> Reply:
        enterprises = self._enterprises(turn)
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
        for enterprise in enterprises[:2]:
            self._list(enterprise, turn, lines, options)
        link = self._desk.links.page("/h5/policies", turn.openid, turn.now)
        lines.append(f'<a href="{link}">看全部和依据</a>')
        return Reply(tuple(lines), tuple(options), footer="不想收到推送请回复“退订”。")

    def _list(self, enterprise: Enterprise, turn: Turn, lines: list[str], options: list[Option]) -> None:
        decisions = self._decisions(enterprise, turn)
        good = [d for d in decisions if d.outcome is Outcome.MATCH]
        open_ = [d for d in decisions if d.outcome in (Outcome.NEED_INFO, Outcome.MANUAL)]
        lines.append(f"{enterprise.name}：可享 {len(good)} 项，待补充 {len(open_)} 项。")
        for decision in [*good, *open_][: _SHOWN - len(options)]:
            options.append(
                Option(
                    label=f"{_STANDING[decision.outcome]} {self._short(decision)}{_worth(decision)}",
                    action="policy.open",
                    args={"id": decision.policy, "uscc": enterprise.uscc},
                )
            )

    def _open(self, turn: Turn, policy_id: str, uscc: str | None) -> Reply:
        policy = self._desk.catalogue().policies.get(policy_id)
        enterprises = [e for e in self._enterprises(turn) if uscc in (None, e.uscc)]
        if policy is None:
            return self._mine(turn)
        if not enterprises:
            return Reply((*_facts(policy), "绑定企业后，我告诉您贵公司符不符合。"), footer=_source(policy))
        decision = self._desk.policies().decide(policy, enterprises[0], local_date(turn.now))
        return Reply((*_verdict(policy, decision), *_facts(policy)[1:]), self._steps(policy), footer=_source(policy))

    def _steps(self, policy: Policy) -> tuple[Option, ...]:
        item = next((one for one in self._desk.catalogue().items.values() if one.policy == policy.id), None)
        steps = [Option(label="怎么办", action="guide.item", args={"id": item.id})] if item else []
        return (*steps, Option(label="看其他政策", action="policy.mine"), Option(label="转人工", action="handoff.ask"))

    def _refused(self, turn: Turn) -> Reply:
        lines = [
            f"{self._short(decision)}：{decision.reasons[0] if decision.reasons else ''}"
            for enterprise in self._enterprises(turn)[:1]
            for decision in self._decisions(enterprise, turn)
            if decision.outcome is Outcome.NOT_MATCH
        ]
        return Reply(tuple(lines[:8]) or ("没有不符合的。",))

    def _decisions(self, enterprise: Enterprise, turn: Turn) -> Sequence[Decision]:
        decisions = self._desk.policies().check(enterprise, local_date(turn.now))
        return sorted(decisions, key=lambda d: (_ORDER[d.outcome], -(d.benefit.fen or 0) if d.benefit else 0))

    def _enterprises(self, turn: Turn) -> list[Enterprise]:
        found = (self._desk.enterprises.get(binding.uscc) for binding in self._desk.bindings.of_person(turn.openid))
        return [enterprise for enterprise in found if enterprise is not None]

    def _short(self, decision: Decision) -> str:
        return self._desk.catalogue().policies[decision.policy].short


def _worth(decision: Decision) -> str:
    return f" {decision.benefit.text}" if decision.benefit and decision.benefit.fen else ""


def _verdict(policy: Policy, decision: Decision) -> list[str]:
    lines = [f"{policy.short}：{_STANDING[decision.outcome]}"]
    lines += [f"· {reason}" for reason in decision.reasons[:4]]
    if decision.hint:
        lines.append(decision.hint)
    if decision.benefit and decision.outcome is not Outcome.NOT_MATCH:
        lines.append(f"金额：{decision.benefit.text}")
        if decision.benefit.fen:
            lines.append(decision.benefit.calculation)
    if decision.outcome is Outcome.MATCH:
        lines.append(f"{MODE_NAMES[decision.mode]}。")
    return lines


def _facts(policy: Policy) -> list[str]:
    lines = [policy.name, f"标准：{policy.benefit_text}"]
    if policy.deadline:
        lines.append(f"截止：{policy.deadline}")
    if policy.contact:
        lines.append(f"咨询：{policy.contact}")
    return lines


def _source(policy: Policy) -> str:
    docs = "；".join(policy.docs[:2]) or policy.dept
    return f"依据：{docs}{f'（{SAMPLE_NOTE}）' if policy.is_sample else ''}"

"""政策体检: at most five questions, each the one that settles most, then what the enterprise may have, and why not.

Answers are kept when the check-up ends, as the enterprise's own figures (自报): they inform hints and never a payment.
Until then they are in the session only, so that 取消 leaves nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.exam import BASIS, Progress
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.guidance.aliases import normalise
from chalicelib.policies.answers import Answer, NoAnswer, answerable, looks_like_one, understood
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.model import Mode
from chalicelib.policies.service import Decision, Standing, questions
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date, short_date

MOST_QUESTIONS = 5

_ASKED = re.compile(
    r"(政策|企业)体检|^(继续|再|我要|帮我)?做?(个|一次|一下)?体检$|^(我要|帮我|继续)?(补充?|完善)(资料|信息)$"
)
_OWN_FIGURES = f"{BASIS}数据只用于提示，免申即享以部门数据为准。"
_HOW = "可回复“跳过”“不知道”“上一个”，“看结果”结束，“取消”不保存。"
_LISTED = (
    ("可享", (Outcome.MATCH,), 4),
    ("待补充", (Outcome.NEED_INFO, Outcome.MANUAL), 3),
    ("不符合", (Outcome.NOT_MATCH,), 3),
)
_EXAMPLES = {
    "number": "请回复数字，比如“400万”“二十来个人”。",
    "flag": "请回复“是”或“否”。",
    "date": "请写年月日，比如“2019年3月5日”。",
    "category": "请回复上面的一项。",
    "set": "请说名称，没有就回复“没有”。",
}


class PolicyExam(Skill):
    name = "exam"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def actions(self) -> Mapping[str, Action]:
        return {
            "begin": lambda turn, args: self._begin(turn, args.get("uscc")),
            "say": lambda turn, args: self._said(turn, args["text"]),
        }

    def claims(self, turn: Turn) -> bool:
        return _ASKED.search(normalise(turn.text)) is not None

    def answer(self, turn: Turn) -> Reply:
        return self._begin(turn, None)

    def reminder(self, flow: Flow) -> str:
        return f"政策体检还等着您：{self._definition(Progress.of(flow).open).question}"

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        progress = Progress.of(flow)
        return self._ask(turn, progress, ()) if self.claims(turn) else self._answered(turn, progress, turn.text)

    # ------------------------------------------------------------------------------------------------------- beginning

    def _begin(self, turn: Turn, uscc: str | None) -> Reply:
        enterprises = [each for each in self._desk.enterprises_of(turn.openid) if uscc in (None, each.uscc)]
        if not enterprises:
            return Reply(("政策体检要对着贵公司的资料做，请先绑定企业。",), footer="回复“绑定”开始。")
        if len(enterprises) > 1:
            options = [Option(label=e.name, action="exam.begin", args={"uscc": e.uscc}) for e in enterprises[:8]]
            return Reply(("给哪家企业做政策体检？",), tuple(options))
        return self._next(turn, Progress(enterprises[0].uscc), enterprises[0], ())

    # ------------------------------------------------------------------------------------------------------- answering

    def _said(self, turn: Turn, text: str) -> Reply:
        """A choice taken by its number; worth nothing once the check-up is over."""
        flow = turn.session.flow
        reply = self._answered(turn, Progress.of(flow), text) if flow and flow.skill == self.name else None
        return reply or Reply(("这次体检已经结束。", "再做一次请回复“政策体检”。"))

    def _answered(self, turn: Turn, progress: Progress, text: str) -> Reply | None:
        enterprise = self._own(turn, progress)
        if enterprise is None:
            turn.session.flow = None
            return Reply(("您已不再绑定这家企业，体检停止，什么都没有保存。",))
        definition = self._definition(progress.open)
        found = understood(text, progress.open, definition)
        if isinstance(found, Answer):
            return self._taken(turn, progress, enterprise, found)
        if found is NoAnswer.FINISH:
            return self._finish(turn, progress, enterprise, ())
        if found is NoAnswer.BACK:
            said = "好的，重答这一项。" if progress.back() else "这是第一个问题。"
            return self._ask(turn, progress, (said,))
        if found is not None:
            return self._next(turn, progress, enterprise, ("好的，先不问这一项。",))
        hint = f"没听明白。{_EXAMPLES[definition.type]}"
        return self._ask(turn, progress, (hint,)) if looks_like_one(text) else None

    def _taken(self, turn: Turn, progress: Progress, enterprise: Enterprise, answer: Answer) -> Reply:
        on, definition = local_date(turn.now), self._definition(progress.open)
        before = self._decisions(progress.filled(enterprise, on), on)
        progress.answers[progress.open] = (answer, definition.unit)
        after = self._decisions(progress.filled(enterprise, on), on)
        echo = f"记为“{answer.shown(definition)}（您{BASIS}）”。{_settled(before, after)}"
        return self._next(turn, progress, enterprise, (echo,))

    # ---------------------------------------------------------------------------------------------------------- asking

    def _next(self, turn: Turn, progress: Progress, enterprise: Enterprise, said: Sequence[str]) -> Reply:
        on = local_date(turn.now)
        decisions = self._decisions(progress.filled(enterprise, on), on)
        found = questions(decisions, self._desk.catalogue().policies)
        left = [q for q in found if q.name not in progress.asked and answerable(q.name, q.definition)]
        if not left or len(progress.asked) >= MOST_QUESTIONS:
            return self._finish(turn, progress, enterprise, said)
        unsure = sum(decision.outcome is Outcome.NEED_INFO for decision in decisions)
        order = "再问一个" if progress.asked else "先问最有用的"
        progress.asked.append(left[0].name)
        return self._ask(
            turn, progress, (*said, f"还有 {unsure} 项拿不准，{order}（关系 {len(left[0].policies)} 项）：")
        )

    def _ask(self, turn: Turn, progress: Progress, said: Sequence[str]) -> Reply:
        turn.session.flow = progress.flow(self.name)
        definition = self._definition(progress.open)
        choices = definition.choices if definition.type == "category" else ()
        options = tuple(Option(label=each, action="exam.say", args={"text": each}) for each in choices[:9])
        return Reply((*said, definition.question), options, footer=_HOW)

    # --------------------------------------------------------------------------------------------------------- the end

    def _finish(self, turn: Turn, progress: Progress, enterprise: Enterprise, said: Sequence[str]) -> Reply:
        turn.session.flow = None
        on = local_date(turn.now)
        filled = progress.filled(enterprise, on)
        if progress.answers:
            self._desk.enterprises.save(filled, turn.now)
        decisions = sorted(self._decisions(filled, on), key=_worth, reverse=True)
        lines = [*said, f"{enterprise.name}，体检结果："]
        for title, outcomes, most in _LISTED:
            lines += self._group(title, [each for each in decisions if each.outcome in outcomes], most, on)
        link = self._desk.links.page("/h5/policies", turn.openid, turn.now)
        lines.append(f'<a href="{link}">看全部和依据</a>')
        return Reply(tuple(lines), footer=_OWN_FIGURES if progress.answers else "")

    def _group(self, title: str, decisions: Sequence[Decision], most: int, on: date) -> list[str]:
        more = f"（列前 {most} 项）" if len(decisions) > most else ""
        policies = self._desk.catalogue().policies
        shown = [f"· {policies[each.policy].short}{_detail(each, on)}" for each in decisions[:most]]
        return [f"{title} {len(decisions)} 项{more}", *shown]

    # --------------------------------------------------------------------------------------------------------- look-up

    def _own(self, turn: Turn, progress: Progress) -> Enterprise | None:
        """The profile, as long as the person is bound to it in some role."""
        bound = self._desk.bindings.of(turn.openid, progress.uscc, Right.DO_CHECK_UP)
        return self._desk.enterprises.get(progress.uscc) if bound else None

    def _definition(self, name: str) -> FactDef:
        """A fact of the dictionary, or a count that a policy asks for itself."""
        counted = (
            count.definition
            for policy in self._desk.catalogue().policies.values()
            for count in policy.counts
            if count.declared_as(policy.id) == name
        )
        return FACTS.get(name) or next(counted, FactDef("number"))

    def _decisions(self, enterprise: Enterprise, on: date) -> list[Decision]:
        return self._desk.policies().check(enterprise, on)


def _settled(before: Sequence[Decision], after: Sequence[Decision]) -> str:
    """4 项有结果：可享 2、不符合 2。"""
    asked = {each.policy for each in before if each.outcome is Outcome.NEED_INFO}
    settled = [each for each in after if each.policy in asked and each.outcome is not Outcome.NEED_INFO]
    if not settled:
        return "还要再问一项才有结果。"
    counts = [(title, sum(each.outcome in outcomes for each in settled)) for title, outcomes, _ in _LISTED]
    return f"{len(settled)} 项有结果：" + "、".join(f"{title} {n}" for title, n in counts if n) + "。"


def _worth(decision: Decision) -> tuple[bool, int]:
    """What the enterprise can do something about comes before what is over; then by amount."""
    return decision.standing is Standing.APPLIES, (decision.benefit.fen or 0) if decision.benefit else 0


def _detail(decision: Decision, on: date) -> str:
    """· 10 万元 · 12-31 截止; what is open or refused begins with why, and the refused ends there."""
    why = f"：{decision.reasons[0]}" if decision.reasons and decision.outcome is not Outcome.MATCH else ""
    if decision.outcome is Outcome.NOT_MATCH:
        return why
    amount = decision.benefit.text if decision.benefit and decision.benefit.fen else ""
    until = f"{_day(decision.deadline, on)} 截止" if decision.deadline else ""
    auto = "不用申请" if decision.mode is Mode.AUTO and not why else ""
    parts = (f"符合的话 {amount}" if amount and why else amount, auto, until)
    return why + "".join(f" · {part}" for part in parts if part)


def _day(day: date, on: date) -> str:
    return short_date(day) if day.year == on.year else day.isoformat()

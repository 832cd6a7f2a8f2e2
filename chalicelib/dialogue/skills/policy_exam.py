"""政策体检: at most five questions, each the one that settles most, then what the enterprise may have, and why not.

Answers are kept when the check-up ends, as the enterprise's own figures (自报): they inform hints and never a payment.
Until then they are in the session only, so that 取消 leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.dialogue import listening
from chalicelib.dialogue.exam import flow_of, progress_of
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.guidance.aliases import normalise
from chalicelib.policies.answers import Answer, NoAnswer, looks_like_one, understood
from chalicelib.policies.checkup import EXAMPLES, GROUPS, OWN_FIGURES, Checkup, Progress, definition_of, unsure, worth
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.model import Mode
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date, short_date

_HOW = "可回复“跳过”“不知道”“上一个”，“看结果”结束，“取消”不保存。"
_MOST_LISTED = {"可享": 4, "待补充": 3, "不符合": 3}


class PolicyExam(Skill):
    name = "exam"

    def actions(self) -> Mapping[str, Action]:
        return {
            "begin": lambda turn, args: self._begin(turn, args.get("uscc")),
            "say": lambda turn, args: self._said(turn, args["text"]),
        }

    def answer(self, turn: Turn) -> Reply:
        return self._begin(turn, None)

    def reminder(self, flow: Flow) -> str:
        return f"政策体检还等着您：{self._definition(progress_of(flow)).question}"

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        progress = progress_of(flow)
        asked_again = listening.EXAM.search(normalise(turn.text))
        return self._ask(turn, progress, ()) if asked_again else self._answered(turn, progress, turn.text)

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
        reply = self._answered(turn, progress_of(flow), text) if flow and flow.skill == self.name else None
        return reply or Reply(("这次体检已经结束。", "再做一次请回复“政策体检”。"))

    def _answered(self, turn: Turn, progress: Progress, text: str) -> Reply | None:
        enterprise = self._own(turn, progress)
        if enterprise is None:
            turn.session.flow = None
            return Reply(("您已不再绑定这家企业，体检停止，什么都没有保存。",))
        definition = self._definition(progress)
        found = understood(text, progress.open, definition)
        if isinstance(found, Answer):
            return self._next(turn, progress, enterprise, (self._checkup(turn).take(progress, enterprise, found),))
        if found is NoAnswer.FINISH:
            return self._finish(turn, progress, enterprise, ())
        if found is NoAnswer.BACK:
            said = "好的，重答这一项。" if progress.back() else "这是第一个问题。"
            return self._ask(turn, progress, (said,))
        if found is not None:
            return self._next(turn, progress, enterprise, ("好的，先不问这一项。",))
        hint = f"没听明白。{EXAMPLES[definition.type]}"
        return self._ask(turn, progress, (hint,)) if looks_like_one(text) else None

    # ---------------------------------------------------------------------------------------------------------- asking

    def _next(self, turn: Turn, progress: Progress, enterprise: Enterprise, said: Sequence[str]) -> Reply:
        checkup = self._checkup(turn)
        decisions = checkup.decisions(progress, enterprise)
        question = checkup.next_question(progress, decisions)
        if question is None:
            return self._finish(turn, progress, enterprise, said)
        order = "再问一个" if progress.asked else "先问最有用的"
        progress.asked.append(question.name)
        bears = f"还有 {unsure(decisions)} 项拿不准，{order}（关系 {len(question.policies)} 项）："
        return self._ask(turn, progress, (*said, bears))

    def _ask(self, turn: Turn, progress: Progress, said: Sequence[str]) -> Reply:
        turn.session.flow = flow_of(progress, self.name)
        definition = self._definition(progress)
        choices = definition.choices if definition.type == "category" else ()
        options = tuple(Option(label=each, action="exam.say", args={"text": each}) for each in choices[:9])
        return Reply((*said, definition.question), options, footer=_HOW)

    # --------------------------------------------------------------------------------------------------------- the end

    def _finish(self, turn: Turn, progress: Progress, enterprise: Enterprise, said: Sequence[str]) -> Reply:
        turn.session.flow = None
        on = local_date(turn.now)
        if progress.answers:
            self._desk.enterprises.change(enterprise.uscc, lambda held: progress.filled(held, on), turn.now)
        decisions = sorted(self._checkup(turn).decisions(progress, enterprise), key=worth, reverse=True)
        lines = [*said, f"{enterprise.name}，体检结果："]
        for title, outcomes in GROUPS:
            lines += self._group(title, [each for each in decisions if each.outcome in outcomes], on)
        link = self._desk.links.page("/h5/policies", turn.openid, turn.now)
        lines.append(f'<a href="{link}">看全部和依据</a>')
        return Reply(tuple(lines), footer=OWN_FIGURES if progress.answers else "")

    def _group(self, title: str, decisions: Sequence[Decision], on: date) -> list[str]:
        most = _MOST_LISTED[title]
        more = f"（列前 {most} 项）" if len(decisions) > most else ""
        policies = self._desk.catalogue().policies
        shown = [f"· {policies[each.policy].short}{_detail(each, on)}" for each in decisions[:most]]
        return [f"{title} {len(decisions)} 项{more}", *shown]

    # --------------------------------------------------------------------------------------------------------- look-up

    def _own(self, turn: Turn, progress: Progress) -> Enterprise | None:
        """The profile, as long as the person is bound to it in some role."""
        bound = self._desk.bindings.of(turn.openid, progress.uscc, Right.DO_CHECK_UP)
        return self._desk.enterprises.get(progress.uscc) if bound else None

    def _definition(self, progress: Progress) -> FactDef:
        return definition_of(progress.open, self._desk.catalogue().policies)

    def _checkup(self, turn: Turn) -> Checkup:
        return Checkup(self._desk.policies(), self._desk.catalogue().policies, local_date(turn.now))


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

"""What the numbers under a case lead to: its missing papers, more time for them, and what to do against a refusal."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.cases.model import Case
from chalicelib.cases.next_steps import NextAct, NextStep, may_extend
from chalicelib.dialogue import listening
from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.enterprises.access import Right
from chalicelib.guidance.model import Material, Source
from chalicelib.times import short_date

_SHOWN = 6
_FROM: dict[Source, str] = {
    Source.SELF: "自己准备",
    Source.ISSUED: "找原来的发证部门开",
    Source.SHARED: "部门已有，请窗口先查",
    Source.SYSTEM: "系统会生成，请窗口先查",
    Source.TEMPLATE: "按模板填",
    Source.THIRD_PARTY: "找第三方机构出具",
}


def option(case: Case, step: NextStep) -> Option:
    """The step as a numbered option."""
    item, point = case.head.item_id, case.head.accept_point_id
    label, own = step.label, {"no": case.no}
    person = Option(label=label, action="handoff.ask")
    if step.act in (NextAct.PLACE, NextAct.FETCH):
        if point:
            return Option(label=label, action="points.point", args={"id": point})
        return Option(label=label, action="points.item", args={"item": item}) if item else person
    if step.act is NextAct.AGAIN:
        return Option(label=label, action="guide.item", args={"id": item}) if item else person
    if step.act is NextAct.RATE:
        return Option(label=label, action="rating.ask", args=own)
    if step.act is NextAct.PERSON:
        return person
    return Option(label=label, action=f"casenext.{step.act.value}", args=own)


class CaseNext(Skill):
    name = "casenext"

    def actions(self) -> Mapping[str, Action]:
        return {
            "papers": lambda turn, args: self._papers(turn, args["no"]),
            "extend": lambda turn, args: self._extend(turn, args["no"]),
            "pass_on": lambda turn, args: self._pass_on(turn, args["no"]),
            "keep": lambda turn, args: Reply(("好的，按原来的日期准备。",)),
            "appeal": lambda turn, args: _appeal(),
        }

    def answer(self, turn: Turn) -> Reply:
        if listening.APPEAL.search(turn.text):
            return _appeal()
        waiting = [case for case in self._own(turn) if may_extend(self._desk.cases.live(case, turn.now))]
        if not waiting:
            return Reply(
                ("没有查到您名下能申请延期的办件。", "补正期限可以延长一次；容缺承诺的日期不能延。"), _person()
            )
        if len(waiting) > 1:
            options = (Option(label=c.head.title, action="casenext.extend", args={"no": c.no}) for c in waiting[:4])
            return Reply(("要给哪一件申请延期？",), tuple(options))
        return self._extend(turn, waiting[0].no)

    def _papers(self, turn: Turn, no: str) -> Reply:
        case = self._desk.own_case(turn.openid, no)
        life = self._desk.cases.live(case, turn.now) if case else None
        if case is None or life is None or not life.missing:
            return Reply(("这件事现在没有等您补的材料。",), _person())
        lines = [f"{name}：{self._comes_from(case, name)}" for name in life.missing[:_SHOWN]]
        if len(life.missing) > _SHOWN:
            lines.append(f"还有 {len(life.missing) - _SHOWN} 份，见办件页面。")
        due = next((due for due in life.dues if due.by_applicant), None)
        until = f"最晚 {short_date(due.day)} 交齐。" if due else ""
        return Reply((*lines, f"{until}拿不准的，先问{case.head.dept}。"), _person())

    def _comes_from(self, case: Case, name: str) -> str:
        """From the item's guide; where that does not list the paper, the office's own notice decides."""
        item = self._desk.catalogue().items.get(case.head.item_id or "")
        found = next((m for m in item.materials if _same(m, name)), None) if item else None
        if found is None:
            return "以窗口给您的告知书为准"
        return f"{_FROM[found.source]}{'；' + found.note if found.note else ''}"

    def _extend(self, turn: Turn, no: str) -> Reply:
        case = self._desk.own_case(turn.openid, no)
        life = self._desk.cases.live(case, turn.now) if case else None
        if case is None or life is None or not may_extend(life):
            return Reply(("这件事现在不能申请延期。", "补正期限可以延长一次；容缺承诺的日期不能延。"), _person())
        due = next(due for due in life.dues if due.by_applicant)
        return Reply(
            (
                f"补正期限可以申请延长一次，由{case.head.dept}批准。",
                f"批准以前仍按 {short_date(due.day)} 准备。要我把申请转过去吗？",
            ),
            (
                Option(label="转过去", action="casenext.pass_on", args={"no": no}),
                Option(label="不用了", action="casenext.keep"),
            ),
        )

    def _pass_on(self, turn: Turn, no: str) -> Reply:
        case = self._desk.own_case(turn.openid, no)
        if case is None or not may_extend(self._desk.cases.live(case, turn.now)):
            return Reply(("这件事现在不能申请延期。",), _person())
        text = f"申请延长补正期限：{case.head.dept} · {case.head.title} · 尾号 {case.no[-5:]}"
        ticket = self._desk.tickets.open(turn.openid, "延期申请", text, turn.now, message=turn.message)
        return Reply(
            (
                f"已转给{case.head.dept}，工单 {ticket.id}，1 个工作日内答复您。",
                "批准了，办件的日期会变，我会照新日期提醒。",
            ),
            footer="回复“我的工单”看答复。",
        )

    def _own(self, turn: Turn) -> list[Case]:
        bindings = self._desk.bindings.of_person(turn.openid, Right.SEE_CASES)
        return [case for binding in bindings for case in self._desk.cases.of_enterprise(binding.uscc)]


def _same(material: Material, name: str) -> bool:
    return material.name == name or name in material.name or material.name in name


def _person() -> tuple[Option, ...]:
    return (Option(label="转人工", action="handoff.ask"),)


def _appeal() -> Reply:
    """行政复议法 §20 (60 days), 行政诉讼法 §46 (6 months), as the decision itself has to say."""
    return Reply(
        (
            "收到决定之日起 60 日内可以申请行政复议，6 个月内可以向法院起诉。",
            "向哪里提，决定书上写着。先问清没通过的原因，多数改好材料就能重新申请。",
        ),
        _person(),
        footer="也可拨 12345。",
    )

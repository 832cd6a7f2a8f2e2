"""Handing over to a person, the tickets that come of it, and the treatment of complaints, insults, bribery offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue import listening
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.tickets import Ticket, TicketKind
from chalicelib.dialogue.wording import choice

HOURS = "工作日 9:00–12:00、13:30–17:00"
_SHOWN = 3
_LONGEST_SHOWN = 60


class Handoff(Skill):
    name = "handoff"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"person": self._ask, "tickets": self._mine}

    def actions(self) -> Mapping[str, Action]:
        return {"ask": lambda turn, args: self._ask(turn)}

    def answer(self, turn: Turn) -> Reply:
        if listening.MY_TICKETS.search(turn.text):
            return self._mine(turn)
        if listening.BRIBE.search(turn.text):
            return Reply(
                ("办事不收任何红包、好处，该办的按规定都能办。", "材料差什么，直接告诉我要办的事，我帮您一项项对。"),
                footer="有人向您索要财物，请拨 12345 反映。",
            )
        if listening.COMPLAINT.search(turn.text):
            return self._complain(turn)
        return Reply(("抱歉没帮上。您说一下要办哪件事，我再试一次。",), footer="要人工答复请回复“人工”，或拨 12345。")

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        if choice(turn.text) is not None:
            return None
        turn.session.flow = None
        if flow.step == "detail":
            self._desk.tickets.add(flow.data["ticket"], turn.text, turn.now, turn.message)
            return Reply((f"已补进工单 {flow.data['ticket']}，一起转给工作人员。",), footer="要问别的请接着说。")
        return self._take(turn, "人工答复", "已转给工作人员。")

    def _mine(self, turn: Turn) -> Reply:
        """The latest tickets with their answers, so that nobody has to wait for a notice to read one."""
        mine = self._desk.tickets.of_person(turn.openid)[-_SHOWN:][::-1]
        if not mine:
            return Reply(("您还没有工单。",), (Option(label="转人工", action="handoff.ask"),))
        lines = [line for ticket in mine for line in (f"工单 {ticket.id} · {ticket.kind}", *_standing(ticket))]
        return Reply(tuple(lines), (Option(label="转人工", action="handoff.ask"),), footer="着急请拨 12345。")

    def _ask(self, turn: Turn) -> Reply:
        turn.session.flow = Flow(skill=self.name, step="text")
        return Reply(
            ("请用一句话说清要问的事，我转给工作人员。", f"{HOURS} 有人答复，其余时间留言次日回您。"),
            footer="着急请拨 12345。请不要写身份证号。",
        )

    def _complain(self, turn: Turn) -> Reply:
        """Taken down at once; what the person says next is added to it."""
        ticket = self._desk.tickets.open(turn.openid, "投诉建议", turn.text, turn.now, message=turn.message)
        turn.session.flow = Flow(skill=self.name, step="detail", data={"ticket": ticket.id})
        lines = (
            "抱歉没帮上。您再说一下是哪件事卡住了，我一起转给工作人员。",
            f"已记为工单 {ticket.id}，1 个工作日内答复您；也可拨 12345。",
        )
        return Reply(lines)

    def _take(self, turn: Turn, kind: TicketKind, opening: str) -> Reply:
        ticket = self._desk.tickets.open(turn.openid, kind, turn.text, turn.now, message=turn.message)
        return Reply(
            (opening, f"已记为工单 {ticket.id}，1 个工作日内答复您；回复“我的工单”看答复。"), footer="也可拨 12345。"
        )


def _standing(ticket: Ticket) -> list[str]:
    lines = [ticket.text.splitlines()[0][:_LONGEST_SHOWN]] if ticket.text else []
    if ticket.answer:
        lines.append(f"答复：{ticket.answer}")
    if ticket.state == "open":
        lines.append("您补充的话，工作人员在看。" if ticket.answer else "还没有答复，工作人员在办。")
    return lines

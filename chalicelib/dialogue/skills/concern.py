"""诉求: what an enterprise asks of the park, taken in conversation and handed to a department."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.concerns.model import Concern, ConcernRoute, ConcernState
from chalicelib.concerns.service import ConcernError
from chalicelib.dialogue import listening
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.wording import choice
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import short_date

if TYPE_CHECKING:
    from chalicelib.enterprises.binding import Acting

_SHOWN = 8


class ConcernSkill(Skill):
    name = "concern"

    def actions(self) -> Mapping[str, Action]:
        return {
            "ask": lambda turn, args: self._ask(turn),
            "mine": lambda turn, args: self._mine(turn),
            "file": lambda turn, args: self._file(turn, args["topic"], args["text"]),
            "open": lambda turn, args: self._open(turn, args["id"]),
        }

    def claims(self, turn: Turn) -> bool:
        return listening.concern_by_name(turn.text) or self._troubled(turn.text) is not None

    def answer(self, turn: Turn) -> Reply:
        if listening.MY_CONCERNS.search(turn.text):
            return self._mine(turn)
        found = listening.CONCERN.search(turn.text) or listening.TO_THE_PARK.search(turn.text)
        if found is None and (route := self._troubled(turn.text)):
            return self._offer(turn, route)
        text = found["text"].strip() if found else ""
        return self._route(turn, text) if text else self._ask(turn)

    def _troubled(self, text: str) -> ConcernRoute | None:
        """Who would answer a trouble that is told but not called a concern; None where it is none, or an errand."""
        if not listening.trouble(text) or self._desk.guide().has_phrasing(text):
            return None
        try:
            return self._desk.concerns.route(text)
        except ConcernError:  # in court already: a guide answers
            return None

    @staticmethod
    def _offer(turn: Turn, route: ConcernRoute) -> Reply:
        """Asked first: who only grumbles files nothing."""
        file = {"topic": route.topic, "text": turn.text}
        return Reply(
            (f"这件事我可以转给{route.dept}，{route.days} 个工作日内答复您。",),
            (
                Option(label="转过去", action="concern.file", args=file),
                Option(label="换个说法再转", action="concern.ask"),
                Option(label="查办事指南", action="guide.ask", args={"text": turn.text}),
            ),
            footer=f"办理部门和时限为{SAMPLE_NOTE}" if route.is_sample else "",
        )

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        if choice(turn.text) is not None:
            return None
        return self._route(turn, turn.text)

    def reminder(self, flow: Flow) -> str:
        return "接着提诉求请直接说；不提了回复“取消”。"

    def _ask(self, turn: Turn) -> Reply:
        if not (topics := self._topics()):
            return self._closed()
        turn.session.flow = Flow(skill=self.name, step="text")
        return Reply(
            ("请用一句话说清要园区帮忙解决的事，我转给对口部门。", f"能转的有：{'、'.join(topics)}。"),
            footer="请不要写身份证号。不提了请回复“取消”。",
        )

    def _route(self, turn: Turn, text: str) -> Reply:
        if not (topics := self._topics()):
            return self._closed()
        try:
            route = self._desk.concerns.route(text)
        except ConcernError as refused:
            turn.session.flow = Flow(skill=self.name, step="text")
            return Reply((str(refused),), footer="要说别的诉求请直接说；不提了请回复“取消”。")
        turn.session.flow = None
        if route is not None:
            return self._file(turn, route.topic, text)
        options = (Option(label=t, action="concern.file", args={"topic": t, "text": text}) for t in topics[:_SHOWN])
        return Reply(("这件事属于哪一类？回复编号，我马上转。",), tuple(options))

    def _file(self, turn: Turn, topic: str, text: str) -> Reply:
        turn.session.flow = None
        acting = self._acting(turn)
        uscc, still = (acting.binding.uscc, acting.still) if acting else (None, [])
        try:
            concern = self._desk.concerns.open(turn.openid, uscc, topic, text, turn.now, still)
        except ConcernError as refused:
            return Reply((str(refused),))
        lines = (
            f"已转给 {concern.dept}（{concern.topic}），编号 {concern.id}。",
            f"最晚 {short_date(concern.due)} 答复您；超时我会督办到 {concern.escalate_to}。",
        )
        told = "有答复我会主动告诉您。" if uscc else "答复后回复“我的诉求”就能看到；绑定企业后会主动告诉您。"
        return Reply((*lines, told), footer=_notes(concern))

    def _acting(self, turn: Turn) -> Acting | None:
        """In whose name they ask: their enterprise's, if there is just one."""
        bindings = self._desk.bindings.of_person(turn.openid)
        return self._desk.bindings.acting(turn.openid, bindings[0].uscc) if len(bindings) == 1 else None

    def _mine(self, turn: Turn) -> Reply:
        mine = self._desk.concerns.of_person(turn.openid)
        if not mine:
            return Reply(("您还没有提过诉求。",), (Option(label="提诉求", action="concern.ask"),))
        if len(mine) == 1:
            return _shown(mine[0])
        options = (
            Option(label=f"{c.topic} · {c.state.chinese} · {c.id}", action="concern.open", args={"id": c.id})
            for c in mine
        )
        return Reply(("您最近的诉求，回复编号看答复：",), tuple(options))

    def _open(self, turn: Turn, concern_id: str) -> Reply:
        mine = {concern.id: concern for concern in self._desk.concerns.of_person(turn.openid)}
        return _shown(mine[concern_id]) if concern_id in mine else self._mine(turn)

    def _topics(self) -> list[str]:
        """What belongs nowhere else is named last."""
        topics = [route.topic for route in self._desk.concerns.routes.all()]
        return sorted(topics, key=lambda topic: topic == "其他")

    @staticmethod
    def _closed() -> Reply:
        return Reply(
            ("诉求分办表还没有启用。",), (Option(label="转人工", action="handoff.ask"),), footer="也可拨 12345。"
        )


def _shown(concern: Concern) -> Reply:
    lines = [f"诉求 {concern.id} · {concern.topic} · {concern.state.chinese}", concern.text]
    if concern.state is ConcernState.OPEN:
        lines.append(f"{concern.dept} 正在办，最晚 {short_date(concern.due)} 答复。")
    else:
        lines.append(f"{concern.dept}答复：{concern.answer}")
    again = Option(label="再提一件", action="concern.ask")
    return Reply(tuple(lines), (again, Option(label="转人工", action="handoff.ask")), footer=_notes(concern))


def _notes(concern: Concern) -> str:
    notes = ["日期暂按周一至周五估算，待国务院办公厅放假通知"] if concern.estimated else []
    notes += ["办理部门和时限为示例数据"] if concern.is_sample else []
    return "；".join(notes)

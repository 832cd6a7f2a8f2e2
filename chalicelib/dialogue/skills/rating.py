"""好差评: after a case has ended, five levels by number; a bad one becomes a ticket with its own last day."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.cases.model import Case
from chalicelib.cases.ratings import Level, Rating, RatingRefused
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.wording import choice
from chalicelib.enterprises.access import Right
from chalicelib.times import short_date

_SHOWN = 4


class RatingSkill(Skill):
    name = "rating"

    def actions(self) -> Mapping[str, Action]:
        return {
            "ask": lambda turn, args: self._ask(turn, args.get("no")),
            "give": lambda turn, args: self._give(turn, args["no"], Level(int(args["level"]))),
        }

    def answer(self, turn: Turn) -> Reply:
        return self._ask(turn, None)

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        """What was bad about it, added to the ticket."""
        if choice(turn.text) is not None:
            return None
        turn.session.flow = None
        self._desk.tickets.add(flow.data["ticket"], turn.text, turn.now, turn.message)
        return Reply((f"已补进工单 {flow.data['ticket']}，一起转给负责整改的人。",), footer="要问别的请接着说。")

    def _ask(self, turn: Turn, no: str | None) -> Reply:
        waiting = [case for case in self._own(turn, no) if self._may_rate(turn, case)]
        if not waiting:
            return Reply(("现在没有等您评价的办件。", "办件办结后可以评价一次。"))
        if len(waiting) > 1:
            options = (Option(label=c.head.title, action="rating.ask", args={"no": c.no}) for c in waiting[:_SHOWN])
            return Reply(("要评价哪一件？",), tuple(options))
        [case] = waiting
        options = (
            Option(label=level.chinese, action="rating.give", args={"no": case.no, "level": str(level.value)})
            for level in Level
        )
        return Reply((f"{case.head.title} 办得怎么样？回复编号，一件只评一次。",), tuple(options))

    def _give(self, turn: Turn, no: str, level: Level) -> Reply:
        found = self._own(turn, no)
        if not found:
            return Reply(("现在没有等您评价的办件。",))
        [case] = found
        acting = self._desk.bindings.acting(turn.openid, case.head.uscc or "", Right.SEE_CASES)
        if acting is None:
            return Reply(("现在没有等您评价的办件。",))
        life = self._desk.cases.live(case, turn.now)
        try:
            rating = self._desk.ratings.rate(case, life, level, turn.now, acting.still)
        except RatingRefused as refused:
            return Reply((str(refused),))
        if not level.is_bad:
            return Reply((f"已记下：{level.chinese}。谢谢您的评价。",), footer="要办别的事请直接说。")
        return self._take_up(turn, case, rating)

    def _take_up(self, turn: Turn, case: Case, rating: Rating) -> Reply:
        """A bad rating has one ticket, also when this message comes again."""
        take_up_by, put_right_by = rating.take_up_by, rating.put_right_by
        assert take_up_by is not None and put_right_by is not None
        if not rating.ticket:
            text = f"差评（{rating.level.chinese}）：{case.head.dept} · {case.head.title} · 尾号 {case.no[-5:]}"
            ticket = self._desk.tickets.open(
                turn.openid, "差评整改", text, turn.now, due=put_right_by, message=turn.message
            )
            rating = self._desk.ratings.ticketed(case.no, ticket.id)
        turn.session.flow = Flow(skill=self.name, step="why", data={"ticket": rating.ticket})
        return Reply(
            (
                f"已记下：{rating.level.chinese}，抱歉没办好。工单 {rating.ticket}。",
                f"{short_date(take_up_by)} 前有人联系您，最晚 {short_date(put_right_by)} 整改并答复。",
                "哪里没办好？请说一句，我一起转过去。",
            )
        )

    def _own(self, turn: Turn, no: str | None) -> list[Case]:
        """Cases of the enterprises this person is bound to now: the one asked for, or the latest."""
        desk = self._desk
        if no is None:
            bindings = desk.bindings.of_person(turn.openid, Right.SEE_CASES)
            return [case for binding in bindings for case in desk.cases.of_enterprise(binding.uscc)]
        case = desk.own_case(turn.openid, no)
        return [case] if case else []

    def _may_rate(self, turn: Turn, case: Case) -> bool:
        return self._desk.ratings.may_rate(case, self._desk.cases.live(case, turn.now))

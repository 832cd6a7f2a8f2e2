"""Where a case stands (办件进度): by number and phone, or by the binding."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from chalicelib.cases.model import Case
from chalicelib.cases.next_steps import NextAct
from chalicelib.cases.numbers import find_case_no, find_phone4
from chalicelib.cases.service import RECENT, LookupRefused
from chalicelib.cases.timeline import brief, by_turn
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.skills.case_next import option
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.tries import LockedOut

_THING = re.compile(r"证|过户|执照|许可|登记|备案|变更|注销|房产|不动产|社保|公积金")
"""Words of things that are handled: only a question with one of them can mean one case among several."""

_SHOWN = 4


class CaseProgress(Skill):
    name = "case"

    def actions(self) -> Mapping[str, Action]:
        return {
            "mine": lambda turn, args: self._mine(turn),
            "open": lambda turn, args: self._open(turn, args["no"]),
        }

    def answer(self, turn: Turn) -> Reply:
        no = find_case_no(turn.text)
        if no is None:
            return self._mine(turn)
        if self._desk.own_case(turn.openid, no) is not None:
            return self._open(turn, no)
        phone4 = find_phone4(turn.text)
        if phone4 is not None:
            return self._lookup(turn, no, phone4)
        turn.session.flow = Flow(skill=self.name, step="phone", data={"no": no})
        return Reply(
            ("请发办理时留的手机号后四位。", "为保护隐私，没核对前我不能说明办件内容。"),
            footer="不想查了请回复“取消”。",
        )

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        phone4 = find_phone4(turn.text)
        if phone4 is None or find_case_no(turn.text) is not None:
            return None
        return self._lookup(turn, flow.data["no"], phone4)

    def reminder(self, flow: Flow) -> str:
        return "接着查办件请发手机号后四位；不查了回复“取消”。"

    def _lookup(self, turn: Turn, no: str, phone4: str) -> Reply:
        try:
            case = self._desk.cases.lookup(turn.openid, no, phone4, turn.now)
        except LookupRefused as refused:
            # Most are slips of the thumb: the four digits alone are taken again.
            turn.session.flow = Flow(skill=self.name, step="phone", data={"no": no})
            return Reply((str(refused),), footer="要人工查询请回复“人工”，或拨 12345。")
        except LockedOut as locked:
            turn.session.flow = None
            return Reply((str(locked),), footer="要人工查询请回复“人工”，或拨 12345。")
        turn.session.flow = None
        return self._show(turn, case, named=False)

    def _mine(self, turn: Turn) -> Reply:
        bindings = self._desk.bindings.of_person(turn.openid, Right.SEE_CASES)
        if not bindings:
            return Reply(
                ("请发“办件编号 + 手机后四位”，或先绑定企业。", "为保护隐私，没核对前我不能说明办件内容。"),
                footer="办件编号是 19 位数字，在受理单上。回复“绑定”开始绑定。",
            )
        cases = [case for binding in bindings for case in self._desk.cases.of_enterprise(binding.uscc)]
        if not cases:
            return Reply(("您绑定的企业没有办件。",), footer="查别的办件请发“办件编号 + 手机后四位”。")
        meant = cases if len(cases) == 1 else self._named(turn, cases)
        if len(meant) == 1:
            return self._show(turn, meant[0])
        return self._list(turn, cases)

    def _list(self, turn: Turn, cases: list[Case]) -> Reply:
        lives = [(case, self._desk.cases.live(case, turn.now)) for case in cases]
        shown = by_turn(lives)[:_SHOWN]
        titles = Counter(case.head.title for case, _ in shown)
        options = (
            Option(
                label=brief(case, life) + (f" · 尾号 {case.no[-5:]}" if titles[case.head.title] > 1 else ""),
                action="case.open",
                args={"no": case.no},
            )
            for case, life in shown
        )
        count = f"{len(cases)} 件" if len(cases) < RECENT else f"{RECENT} 件以上"
        if len(cases) <= _SHOWN:
            return Reply((f"查到您名下 {count}，回复编号看进度：",), tuple(options))
        link = self._desk.links.page("/h5/cases", turn.openid, turn.now)
        heading = f"查到您名下 {count}，要您办的在前，回复编号看进度："
        return Reply((heading,), tuple(options), footer=f'<a href="{link}">看全部办件</a>')

    def _named(self, turn: Turn, cases: list[Case]) -> list[Case]:
        """The cases of the guide that the question names (「房产过户搞到哪一步了」); none where it names none."""
        if not _THING.search(turn.text):
            return []
        guides = {candidate.id for candidate in self._desk.guide().ask(turn.text).candidates}
        return [case for case in cases if case.head.item_id in guides]

    def _open(self, turn: Turn, no: str) -> Reply:
        case = self._desk.own_case(turn.openid, no)
        return self._mine(turn) if case is None else self._show(turn, case)

    def _show(self, turn: Turn, case: Case, *, named: bool = True) -> Reply:
        """``named`` False: the person proved a number and four digits, no more; nothing may tell what the case is
        about, the topic of a follow-up question and where to go included (domain facts §6.2)."""
        timeline = self._desk.cases.timeline(case, turn.now, named=named)
        lines = timeline.lines()
        if not named:
            turn.session.topic = None
            return Reply(
                tuple(lines),
                (Option(label="转人工", action="handoff.ask"),),
                footer="绑定企业后可以看办的是什么事和全部过程。",
            )
        link = self._desk.links.page(f"/h5/case/{case.no}", turn.openid, turn.now)
        lines.append(f'<a href="{link}">看全部过程</a>')
        turn.session.topic = case.head.item_id
        steps = timeline.next_steps
        if not self._desk.ratings.may_rate(case, self._desk.cases.live(case, turn.now)):
            steps = tuple(step for step in steps if step.act is not NextAct.RATE)
        return Reply(tuple(lines), tuple(option(case, step) for step in steps))

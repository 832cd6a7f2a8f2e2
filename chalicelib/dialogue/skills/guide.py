"""Any other text: the guide that is meant, up to three to choose from, or a person (办事指南问答)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.guidance import cards
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.outside import Outside
from chalicelib.guidance.service import GuideAnswer

MISSES_UNTIL_TICKET = 2
_ALSO_BENEFITS = re.compile(r"补贴|补助|有没有补|有补|补不补|奖励")


class Guide(Skill):
    """Takes what nobody else claims; must stand last."""

    name = "guide"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def actions(self) -> Mapping[str, Action]:
        return {
            "item": lambda turn, args: self._shown(turn, self._desk.guide().open(args["id"])),
            "follow": self._follow,
        }

    def claims(self, turn: Turn) -> bool:
        return True

    def answer(self, turn: Turn) -> Reply:
        answer = self._desk.guide().ask(turn.text, topic=turn.session.topic)
        if answer.reason is Outside.UNKNOWN:
            return self._missed(turn, answer)
        return self._shown(turn, answer, asks_benefits=_ALSO_BENEFITS.search(normalise(turn.text)) is not None)

    def _follow(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        step = cards.Option("", cards.Action(args["action"]), {"id": args["id"]})
        return self._shown(turn, self._desk.guide().follow(step))

    def _shown(self, turn: Turn, answer: GuideAnswer | None, *, asks_benefits: bool = False) -> Reply:
        if answer is None:
            return Reply(("这份指南刚刚撤下了，请换个说法再问一次。",), footer="着急请拨 12345。")
        turn.session.misses = 0
        lines, options = [answer.text], list(map(_option, answer.options))
        if answer.item_id and asks_benefits:
            options.append(Option(label="我能享受什么", action="policy.mine"))
            lines.append(f"您还问到补贴：回复 {len(options)} 看能享受什么。")
        if answer.item_id:
            turn.session.topic = answer.item_id
            link = f"{self._desk.links.public_url}/h5/guide/{answer.item_id}"
            lines.append(f'<a href="{link}">看完整指南</a>')
        return Reply(tuple(lines), tuple(options), numbered=True)

    def _missed(self, turn: Turn, answer: GuideAnswer) -> Reply:
        turn.session.misses += 1
        if turn.session.misses < MISSES_UNTIL_TICKET:
            return Reply((answer.text,))
        turn.session.misses = 0
        ticket = self._desk.tickets.open(turn.openid, "人工答复", turn.text, turn.now)
        return Reply(
            (f"还是没听懂，已转给工作人员（工单 {ticket.id}），1 个工作日内答复您。",), footer="着急请拨 12345。"
        )


def _option(option: cards.Option) -> Option:
    if option.action is cards.Action.HUMAN:
        return Option(label=option.label, action="handoff.ask")
    args = {"action": option.action.value, "id": option.args.get("id", "")}
    return Option(label=option.label, action="guide.follow", args=args)

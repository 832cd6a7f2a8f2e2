"""Any other text: the guide that is meant, up to three to choose from, or a person (办事指南问答)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.skills.handoff import HOURS
from chalicelib.dialogue.skills.repair import corrected
from chalicelib.guidance import cards
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.outside import Outside
from chalicelib.guidance.questions import LONGEST, Mark
from chalicelib.guidance.service import ASKS_BENEFITS, GuideAnswer
from chalicelib.masking import scrub

MISSES_UNTIL_TICKET = 2
_RATE = "有没有帮到您？回复“有用”或“没用”。"


class Guide(Skill):
    """Takes what nobody else claims; must stand last."""

    name = "guide"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"useful": self._useful, "useless": self._useless}

    def actions(self) -> Mapping[str, Action]:
        return {
            "item": lambda turn, args: self._shown(turn, self._desk.guide().open(args["id"])),
            "ask": lambda turn, args: self._ask(turn, args["text"]),
            "follow": self._follow,
            "none": lambda turn, args: self._none_of_them(turn),
        }

    def answer(self, turn: Turn) -> Reply:
        if meant := self._desk.guide().meant(_steps(turn.session.options), turn.text):
            return self._follow(turn, _args(meant))
        better = corrected(turn.text)
        return self._ask(turn, turn.text) if better is None else self._corrected(turn, better)

    # -------------------------------------------------------------------------------------------------------- answers

    def _ask(self, turn: Turn, text: str) -> Reply:
        session = turn.session
        answer = self._desk.guide().ask(text, topic=session.topic, chosen=session.chosen)
        if answer.reason is Outside.UNKNOWN:
            return self._missed(turn, text, answer)
        session.asked = scrub(text)[:LONGEST]
        return self._shown(turn, answer, asks_benefits=ASKS_BENEFITS.search(normalise(text)) is not None)

    def _follow(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        step = cards.Option("", cards.Action(args["action"]), args)
        chosen = turn.session.chosen if args.get("id") == turn.session.topic else {}
        also = ASKS_BENEFITS.search(args.get("asked", "")) is not None
        return self._shown(turn, self._desk.guide().follow(step, chosen=chosen), asks_benefits=also)

    def _shown(self, turn: Turn, answer: GuideAnswer | None, *, asks_benefits: bool = False) -> Reply:
        if answer is None:
            return Reply(("这份指南刚刚撤下了，请换个说法再问一次。",), footer="着急请拨 12345。")
        session = turn.session
        session.misses = 0
        lines, options = [answer.text], list(map(_option, answer.options))
        if answer.item_id and asks_benefits:
            options.append(Option(label="我能享受什么", action="policy.mine"))
            lines.append(f"您还问到补贴：回复 {len(options)} 看能享受什么。")
        if answer.item_id and (form := self._form(answer.item_id)):
            options.append(form)
            lines.append(f"申请表不会填，我帮您填：回复 {len(options)}。")
        if answer.item_id:
            session.topic, session.chosen = answer.item_id, dict(answer.chosen)
            link = f"{self._desk.links.public_url}/h5/guide/{answer.item_id}"
            lines.append(f'<a href="{link}">看完整指南</a> {_RATE}')
        return Reply(tuple(lines), tuple(options), numbered=True)

    def _form(self, item_id: str) -> Option | None:
        """The way to the form of this item, where there is one."""
        forms = self._desk.catalogue().forms.values()
        found = next((form for form in forms if form.item == item_id), None)
        return Option(label="帮我填表", action="form.choose", args={"form": found.id}) if found else None

    # --------------------------------------------------------------------------------------------------------- repair

    def _corrected(self, turn: Turn, better: str) -> Reply:
        """不对，我问的是… — asked again without the topic; 不是住宅，是厂房 — the same guide in the other situation."""
        session = turn.session
        guide = self._desk.guide()
        if session.topic and (again := guide.otherwise(session.topic, session.chosen, session.asked, better)):
            return self._shown(turn, again)
        if session.asked:
            self._desk.questions.note(session.asked, Mark.REJECTED, turn.now, session.topic)
        if not better:
            session.topic, session.chosen = None, {}
            return Reply(
                ("抱歉，没答到点上。请说一下要办的事，或证件、事项的全名。",), footer="要人工答复请回复“人工”。"
            )
        return self._ask(turn, better)

    def _none_of_them(self, turn: Turn) -> Reply:
        """都不是: ask for the name; a second time in a row a person takes over."""
        asked = turn.session.asked or turn.text
        return self._counted(
            turn, asked, Mark.REJECTED, f"请告诉我证件或事项的全名；也可以回复“人工”，{HOURS} 有工作人员答复。"
        )

    def _missed(self, turn: Turn, text: str, answer: GuideAnswer) -> Reply:
        return self._counted(turn, text, Mark.MISSED, answer.text)

    def _counted(self, turn: Turn, text: str, mark: Mark, first: str) -> Reply:
        """Said once; the second time in a row the question goes to a person, as a ticket."""
        self._desk.questions.note(text, mark, turn.now)
        turn.session.misses += 1
        if turn.session.misses < MISSES_UNTIL_TICKET:
            return Reply((first,))
        turn.session.misses = 0
        ticket = self._desk.tickets.open(turn.openid, "人工答复", text, turn.now, message=turn.message)
        return Reply(
            (f"还是没听懂，已转给工作人员（工单 {ticket.id}），1 个工作日内答复您。",), footer="着急请拨 12345。"
        )

    # -------------------------------------------------------------------------------------------------------- ratings

    def _useful(self, turn: Turn) -> Reply:
        return self._rated(turn, Mark.USEFUL, "谢谢，已记下。要办别的事请直接说。")

    def _useless(self, turn: Turn) -> Reply:
        return self._rated(turn, Mark.USELESS, "抱歉没帮上，已记下，我们会改。换个说法再问一次，或回复“人工”。")

    def _rated(self, turn: Turn, mark: Mark, thanks: str) -> Reply:
        """Kept by question and guide, once an answer; nothing of the person."""
        session = turn.session
        if not session.topic or not session.asked:
            return Reply(("请先问一件要办的事，再告诉我有没有用。",), keeps_options=True)
        self._desk.questions.note(session.asked, mark, turn.now, session.topic)
        session.asked = ""
        return Reply((thanks,), keeps_options=True)


def _option(option: cards.Option) -> Option:
    if option.action is cards.Action.HUMAN:
        return Option(label=option.label, action="guide.none")
    return Option(label=option.label, action="guide.follow", args=_args(option))


def _args(option: cards.Option) -> dict[str, str]:
    return {**option.args, "action": option.action.value}


def _steps(options: list[Option]) -> list[cards.Option]:
    """The numbered steps of the last reply that are about a guide."""
    return [
        cards.Option(one.label, cards.Action(one.args["action"]), one.args)
        for one in options
        if one.action == "guide.follow" and "action" in one.args
    ]

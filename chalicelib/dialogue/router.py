"""Which skill answers: events, protected words, a chosen number, the open question, then whoever claims the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Flow, Option, Reply, Session, Shown, Turn
from chalicelib.dialogue.roster import Roster
from chalicelib.dialogue.skill import Skill
from chalicelib.dialogue.wording import choice, command, plain

SESSION_LIFE = timedelta(hours=24)
"""How long an open question and the numbers of the last reply stay good."""
TRAIL = 3
"""Replies that one can go back to."""
_NONE_OF_THEM = frozenset({"不是", "都不对", "不对", "没有", "都没有", "不是这个", "不是这些"})


class Router:
    """Asks the skills in the order in which they may claim a text; the last one takes what nobody claims."""

    def __init__(self, desk: Desk) -> None:
        self._skills = Roster(desk, self.claimed)
        self._own: dict[str, Callable[[Turn], Reply]] = {
            "cancel": self._cancel,
            "repeat": self._repeat,
            "more": self._more,
            "back": self._back,
        }

    def answer(self, turn: Turn) -> Reply:
        """The reply to a text or a menu tap; remembers its options in the session."""
        if turn.session.updated_at and turn.now - turn.session.updated_at > SESSION_LIFE:
            turn.session = Session()
        session, asked, before = turn.session, turn.session.flow, _shown(turn.session)
        reply = self._dispatch(turn)
        if asked is not None and turn.session.flow is asked and asked.skill in self._skills:
            reply = self._digressed(reply, asked)
        if not reply.keeps_options:
            if before.text and not reply.went_back and turn.session is session:  # another one: all is forgotten
                turn.session.trail = [*turn.session.trail, before][-TRAIL:]
            turn.session.options = list(reply.options)
        turn.session.updated_at = turn.now
        return reply

    def run(self, turn: Turn, action: str, args: Mapping[str, str]) -> Reply:
        """Run one action by its full name, as for a chosen option. LookupError for a name nobody has."""
        skill, _, act = action.partition(".")
        return self._skills[skill].actions()[act](turn, args)

    def _command(self, turn: Turn, word: str) -> Reply:
        answer = self._own.get(word) or self._skills[self._skills.by_command[word]].commands()[word]
        return answer(turn)

    def _digressed(self, reply: Reply, asked: Flow) -> Reply:
        """The reply to something else, and the way back to the question that is still open."""
        skill = self._skills[asked.skill]
        if skill.owns_numbers(asked):
            reply = replace(reply, options=())
        return reply.with_reminder(skill.reminder(asked))

    def _dispatch(self, turn: Turn) -> Reply:
        word = command(turn.text)
        if word and not self._is_for_the_question(word, turn.session.flow):
            return self._command(turn, word)
        if option := self._chosen(turn):
            return self.run(turn, option.action, option.args)
        if reply := self._resumed(turn, turn.session.flow):
            return reply
        if word:
            return self._command(turn, word)
        if choice(turn.text) is not None:
            return Reply(("这个编号现在对不上。", "请直接说要办的事，比如“换法人要带什么”；回复“帮助”看我能做什么。"))
        return self.claimant(turn).answer(turn)

    def _is_for_the_question(self, word: str, flow: Flow | None) -> bool:
        return flow is not None and flow.skill in self._skills and word in self._skills[flow.skill].takes

    def claimed(self, turn: Turn, besides: str) -> bool:
        """Whether another skill than ``besides`` takes this text as its own; the last one takes everything."""
        others = (name for name in self._skills.listening(turn.text) if name not in (besides, self._skills.last))
        return any(self._skills[name].claims(turn) for name in others)

    def claimant(self, turn: Turn) -> Skill:
        """Which skill a free text is for."""
        listening = map(self._skills.__getitem__, self._skills.listening(turn.text))
        return next(skill for skill in listening if skill.claims(turn))

    def _chosen(self, turn: Turn) -> Option | None:
        options = turn.session.options
        number = choice(turn.text)
        if number is not None and number <= len(options):
            return options[number - 1]
        said = plain(turn.text)
        if said in _NONE_OF_THEM and options and options[-1].label == "都不是":
            return options[-1]
        return next((option for option in options if plain(option.label) == said), None)

    def _resumed(self, turn: Turn, flow: Flow | None) -> Reply | None:
        """A tap on the menu is never the answer to a question."""
        if flow is None or flow.skill not in self._skills or turn.incoming.kind == "menu":
            return None
        return self._skills[flow.skill].resume(turn, flow)

    def _cancel(self, turn: Turn) -> Reply:
        if turn.session.flow is None:
            return Reply(("现在没有进行中的事。", "想停止推送请回复“退订”；要办事请直接说。"))
        turn.session.flow = None
        return Reply(("已取消，什么都没有提交。", "要办别的事请直接说。"))

    def _repeat(self, turn: Turn) -> Reply:
        if not turn.session.last_text:
            return Reply(("前面还没有说过什么。", "请直接说要办的事，比如“换法人要带什么”。"))
        return Reply((turn.session.last_text,), keeps_options=True)

    def _back(self, turn: Turn) -> Reply:
        session = turn.session
        if not session.trail:
            return Reply(("前面没有可以返回的了。", "要办别的事请直接说。"), keeps_options=True)
        shown = session.trail.pop()
        session.topic, session.asked, session.chosen = shown.topic, shown.asked, shown.chosen
        return Reply((shown.text,), tuple(shown.options), numbered=True, went_back=True)

    def _more(self, turn: Turn) -> Reply:
        if not turn.session.rest:
            return Reply(("后面没有了。", "要办别的事请直接说。"), keeps_options=True)
        return Reply((turn.session.rest,), keeps_options=True)


def _shown(session: Session) -> Shown:
    """The last reply with what it was about."""
    return Shown(
        text=session.last_text,
        options=session.options,
        topic=session.topic,
        asked=session.asked,
        chosen=session.chosen,
    )

"""The skills by name, in the order in which they may claim a text; each is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.skill import Claimed, Skill


@dataclass(frozen=True, slots=True)
class Line:
    """``made_by``: module and class in ``skills``; ``commands``: protected words (``wording.COMMANDS``) it answers."""

    name: str
    made_by: str
    commands: str = ""


ROSTER: Sequence[Line] = (
    Line("welcome", "welcome:Welcome", "help"),
    Line("leave", "leave:Leave", "leave only_case only_loan"),
    Line("large_type", "large_type:LargeType"),
    Line("bind", "bind:Bind", "bind unbind agree"),
    Line("join", "join:Join", "join"),
    Line("members", "members:Members", "members"),
    Line("own", "own_data:OwnData", "inbox privacy erase"),
    Line("handoff", "handoff:Handoff", "person tickets"),
    Line("concern", "concern:ConcernSkill"),
    Line("rating", "rating:RatingSkill"),
    Line("tolerance", "tolerance:ToleranceSkill"),
    Line("casenext", "case_next:CaseNext"),
    Line("case", "case_progress:CaseProgress"),
    Line("award", "award_progress:AwardProgress"),
    Line("financing", "financing:Financing"),
    Line("form", "form_filling:FormFilling"),
    Line("loan", "loan_progress:LoanProgress"),
    Line("exam", "policy_exam:PolicyExam"),
    Line("policy", "policy_check:PolicyCheck"),
    Line("policy_question", "policy_question:PolicyQuestion"),
    Line("points", "points:Points"),
    Line("guide", "guide:Guide", "useful useless"),
)
"""The last one takes what nobody else claims."""


class Roster(Mapping[str, Skill]):
    """Skills by name. Whoever asks for one has it imported and made."""

    def __init__(self, desk: Desk, claimed: Claimed, lines: Sequence[Line] = ROSTER) -> None:
        self._desk = desk
        self._claimed = claimed
        self._lines = {line.name: line for line in lines}
        self._made: dict[str, Skill] = {}
        self.by_command: Mapping[str, str] = {word: line.name for line in lines for word in line.commands.split()}
        self.last = lines[-1].name

    def __getitem__(self, name: str) -> Skill:
        if name not in self._made:
            module, _, kind = self._lines[name].made_by.partition(":")
            made = getattr(import_module(f"chalicelib.dialogue.skills.{module}"), kind)(self._desk, self._claimed)
            self._made[name] = cast(Skill, made)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def listening(self, text: str) -> Iterator[str]:
        """Names of those that a free text may be for, in order; none of them is loaded for it."""
        from chalicelib.dialogue.listening import LISTENERS, Heard  # sixty patterns: not for a protected word

        said = Heard(text)
        return (name for name in self._lines if name in LISTENERS and LISTENERS[name](said))

"""How far a 政策体检 has come: what was asked, what was answered, and the profile as it would be with the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta

from chalicelib.dialogue.model import Flow
from chalicelib.enterprises.model import Enterprise, Fact, FactSource
from chalicelib.policies.answers import Answer

GOOD_FOR = timedelta(days=365)
BASIS = "自报"


@dataclass(slots=True)
class Progress:
    """``asked`` are the facts in order, the last one open; ``answers`` what was answered, with its unit."""

    uscc: str
    asked: list[str] = field(default_factory=list)
    answers: dict[str, tuple[Answer, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, flow: Flow) -> Progress:
        answers = {
            name: (Answer(tuple(value) if isinstance(value, list) else value, about), unit)
            for name, (value, about, unit) in json.loads(flow.data["answers"]).items()
        }
        return cls(flow.data["uscc"], flow.data["asked"].split(), answers)

    def flow(self, skill: str) -> Flow:
        answers = {name: (answer.value, answer.about, unit) for name, (answer, unit) in self.answers.items()}
        data = {"uscc": self.uscc, "asked": " ".join(self.asked), "answers": json.dumps(answers, ensure_ascii=False)}
        return Flow(skill=skill, step="answer", data=data)

    @property
    def open(self) -> str:
        """The fact that is being asked for."""
        return self.asked[-1]

    def back(self) -> bool:
        """Reopen the question before the open one, and forget its answer; False at the first."""
        if len(self.asked) < 2:
            return False
        self.asked.pop()
        self.answers.pop(self.open, None)
        return True

    def filled(self, enterprise: Enterprise, on: date) -> Enterprise:
        """The profile with the answers in it, each good for a year; what an office states stays as it is."""
        if not self.answers:
            return enterprise
        own = {name: _fact(answer, unit, on) for name, (answer, unit) in self.answers.items()}
        known = {name for name, held in enterprise.facts.items() if not held.self_reported and held.on(on) is not None}
        facts = enterprise.facts | {name: fact for name, fact in own.items() if name not in known}
        return enterprise.model_copy(update={"facts": facts})


def _fact(answer: Answer, unit: str, on: date) -> Fact:
    basis = f"{BASIS}，约数" if answer.about else BASIS
    return Fact(
        value=answer.value,
        unit=unit or None,
        source=FactSource.SELF,
        as_of=on,
        valid_until=on + GOOD_FOR,
        basis=basis,
    )

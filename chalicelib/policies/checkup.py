"""政策体检, the part that chat and page share: which question settles most, what an answer makes of the profile, and
what came out. At most MOST_QUESTIONS are asked.

Answers are the enterprise's own figures (自报): they inform hints and never a payment, and what an office states stays
as it is. Until the check-up ends they are in the ``Progress`` only, so that breaking off leaves nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from chalicelib.enterprises.model import Enterprise, Fact, FactSource
from chalicelib.policies.answers import Answer, answerable
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.model import Policy
from chalicelib.policies.service import Decision, PolicyService, Question, Standing, questions
from chalicelib.policies.tree import Outcome

MOST_QUESTIONS = 5
GOOD_FOR = timedelta(days=365)
BASIS = "自报"
OWN_FIGURES = f"{BASIS}数据只用于提示，免申即享以部门数据为准。"
GROUPS: tuple[tuple[str, frozenset[Outcome]], ...] = (
    ("可享", frozenset({Outcome.MATCH})),
    ("待补充", frozenset({Outcome.NEED_INFO, Outcome.MANUAL})),
    ("不符合", frozenset({Outcome.NOT_MATCH})),
)
"""What a check-up ends with."""
EXAMPLES: Mapping[str, str] = {
    "number": "请回复数字，比如“400万”“二十来个人”。",
    "flag": "请回复“是”或“否”。",
    "date": "请写年月日，比如“2019年3月5日”。",
    "category": "请回复上面的一项。",
    "set": "请说名称，没有就回复“没有”。",
}
"""How to answer, by type of fact."""


@dataclass(slots=True)
class Progress:
    """``asked`` are the facts in order, the last one open; ``answers`` what was answered, with its unit."""

    uscc: str
    asked: list[str] = field(default_factory=list)
    answers: dict[str, tuple[Answer, str]] = field(default_factory=dict)

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

    def answers_text(self) -> str:
        """JSON, to keep between two messages or two pages; see ``answers_of``."""
        answers = {name: (answer.value, answer.about, unit) for name, (answer, unit) in self.answers.items()}
        return json.dumps(answers, ensure_ascii=False)


def answers_of(text: str) -> dict[str, tuple[Answer, str]]:
    """Back from ``Progress.answers_text``."""
    return {
        name: (Answer(tuple(value) if isinstance(value, list) else value, about), unit)
        for name, (value, about, unit) in json.loads(text).items()
    }


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


@dataclass(frozen=True, slots=True)
class Checkup:
    """The questions of one day over one version of the policies."""

    service: PolicyService
    policies: Mapping[str, Policy]
    on: date

    def decisions(self, progress: Progress, enterprise: Enterprise) -> list[Decision]:
        """With what was answered so far."""
        return self.service.check(progress.filled(enterprise, self.on), self.on)

    def next_question(self, progress: Progress, decisions: list[Decision]) -> Question | None:
        """The one that settles most, and that we could understand an answer to; None at the end."""
        if len(progress.asked) >= MOST_QUESTIONS:
            return None
        found = questions(decisions, self.policies)
        return next((q for q in found if q.name not in progress.asked and answerable(q.name, q.definition)), None)

    def take(self, progress: Progress, enterprise: Enterprise, answer: Answer) -> str:
        """Note the answer to the open question; returns how it was understood and what it settled."""
        definition = definition_of(progress.open, self.policies)
        before = self.decisions(progress, enterprise)
        progress.answers[progress.open] = (answer, definition.unit)
        after = self.decisions(progress, enterprise)
        return f"记为“{answer.shown(definition)}（您{BASIS}）”。{settled(before, after)}"


def definition_of(name: str, policies: Mapping[str, Policy]) -> FactDef:
    """A fact of the dictionary, or a count that a policy asks for itself."""
    counted = (
        count.definition
        for policy in policies.values()
        for count in policy.counts
        if count.declared_as(policy.id) == name
    )
    return FACTS.get(name) or next(counted, FactDef("number"))


def unsure(decisions: Sequence[Decision]) -> int:
    """How many policies still wait for an answer."""
    return sum(decision.outcome is Outcome.NEED_INFO for decision in decisions)


def settled(before: Sequence[Decision], after: Sequence[Decision]) -> str:
    """4 项有结果：可享 2、不符合 2。"""
    asked = {each.policy for each in before if each.outcome is Outcome.NEED_INFO}
    done = [each for each in after if each.policy in asked and each.outcome is not Outcome.NEED_INFO]
    if not done:
        return "还要再问一项才有结果。"
    counts = [(title, sum(each.outcome in outcomes for each in done)) for title, outcomes in GROUPS]
    return f"{len(done)} 项有结果：" + "、".join(f"{title} {n}" for title, n in counts if n) + "。"


def worth(decision: Decision) -> tuple[bool, int]:
    """To sort by, the largest first: what the enterprise can do something about before what is over; then by amount."""
    return decision.standing is Standing.APPLIES, (decision.benefit.fen or 0) if decision.benefit else 0

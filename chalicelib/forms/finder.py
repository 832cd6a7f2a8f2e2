"""Which form is it (找表): by what people call it, by what the enterprise is, then by the question that splits best.

A question is a choice field of the dictionary; a form says which of its values it is for (``Form.situation``). One is
only put when its answer changes what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.enterprises.model import Enterprise
from chalicelib.forms.choosing import one
from chalicelib.forms.model import Compiled, plain
from chalicelib.forms.problems import ValueProblem
from chalicelib.guidance.aliases import normalise
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import compile_verdict
from chalicelib.policies.conditions import parse
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.tree import NO

Chosen = Mapping[str, str]
"""Situation field → the value chosen."""


@dataclass(frozen=True, slots=True)
class Question:
    """``options`` are only those that a form left is for; the answer is one of them."""

    field: str
    text: str
    options: tuple[str, ...]
    help: str = ""


def named(forms: Iterable[Compiled], text: str) -> list[Compiled]:
    """The forms that a text calls by a name, the longest name first; equally long names leave several."""
    said = plain(normalise(text))
    found = [(longest, compiled) for compiled in forms if (longest := _longest(compiled, said))]
    most = max((length for length, _ in found), default=0)
    return [compiled for length, compiled in found if length == most]


def fitting(forms: Iterable[Compiled], enterprise: Enterprise | None, on: date) -> list[Compiled]:
    """The forms that this enterprise, or a person without one, may need: what certainly does not fit is left out."""
    if enterprise is None:
        return [compiled for compiled in forms if not compiled.form.for_enterprise]
    facts = fact_sheet(enterprise, on).values
    return [compiled for compiled in forms if _fits(compiled, enterprise, facts)]


def narrowed(forms: Iterable[Compiled], chosen: Chosen) -> list[Compiled]:
    """The forms that no choice speaks against; what a form says nothing of does not count against it."""
    return [
        compiled
        for compiled in forms
        if all(compiled.form.situation.get(name, value) == value for name, value in chosen.items())
    ]


def next_question(forms: Sequence[Compiled], chosen: Chosen) -> Question | None:
    """The question after which the fewest forms are left at worst; None where no answer would change anything. Equally
    good ones come in the order in which forms name them."""
    left = narrowed(forms, chosen)
    best: tuple[int, Question] | None = None
    for name in dict.fromkeys(name for compiled in left for name in compiled.form.situation if name not in chosen):
        at_worst, options = _split(left, name)
        if len(options) > 1 and at_worst < len(left) and (best is None or at_worst < best[0]):
            field = next(compiled.situations[name] for compiled in left if name in compiled.situations)
            ordered = tuple(choice for choice in field.choices if choice in options)
            best = at_worst, Question(name, field.question, ordered, field.help)
    return best[1] if best else None


def answer(forms: Sequence[Compiled], question: Question, text: str) -> str | None:
    """The option meant by a number, a name or near words; None for something else."""
    field = next(each.situations[question.field] for each in forms if question.field in each.situations)
    try:
        return one(field.model_copy(update={"choices": question.options}), text)
    except ValueProblem:
        return None


def _longest(compiled: Compiled, said: str) -> int:
    calls = (compiled.form.title, *compiled.form.called)
    return max((len(name) for each in calls if (name := plain(normalise(each))) in said), default=0)


def _split(left: Sequence[Compiled], name: str) -> tuple[int, set[str]]:
    """How many forms are left at worst, and the values that tell them apart."""
    counted = Counter(compiled.form.situation.get(name, "") for compiled in left)
    anyway = counted.pop("", 0)
    return max(counted.values(), default=0) + anyway, set(counted)


def _fits(compiled: Compiled, enterprise: Enterprise, facts: Mapping[str, object]) -> bool:
    form = compiled.form
    if form.entity_kinds and enterprise.entity_kind is not None and enterprise.entity_kind not in form.entity_kinds:
        return False
    if not form.fits:
        return form.for_enterprise or "applicant_kind" in compiled.fields
    return compile_verdict(parse(form.fits, FACTS, reachable=False))(facts) != NO

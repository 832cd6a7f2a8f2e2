"""Situations (情形): which ones a question settles, what the guide is like in them, and what is left to ask.

A question is only put when its answer changes the part of the guide that was asked for, and at most two are put for one
answer: who asks 换法人要带什么 has said which change it is, and who asks where to go gets the same place either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.intent import Facet
from chalicelib.guidance.model import Choice, Fee, Material, Necessity, ServiceItem, SituationQuestion

MOST_QUESTIONS = 2
UNSURE = "不确定"

Chosen = Mapping[str, str]
"""What was chosen, by the question's text. UNSURE counts as answered and changes nothing."""

_PARTS: Mapping[Facet, Callable[[ServiceItem], object]] = {
    Facet.MATERIALS: lambda item: [(m.name, m.necessity) for m in item.materials],
    Facet.FEE: lambda item: item.fee,
    Facet.TIME: lambda item: (item.legal, item.promised),
}


def said(item: ServiceItem, text: str) -> dict[str, str]:
    """The choices that a normalised text makes by its words; two of one question named at once settle nothing."""
    chosen = {}
    for question in item.situations:
        named = [choice.name for choice in question.choices if _mentions(choice, text)]
        if len(named) == 1:
            chosen[question.ask] = named[0]
    return chosen


def named(question: SituationQuestion, text: str) -> str | None:
    """The choice that an answer to this question means, None for something else."""
    if text in (normalise(UNSURE), "不知道", "不清楚", "不晓得"):
        return UNSURE
    found = [choice.name for choice in question.choices if text == normalise(choice.name) or _mentions(choice, text)]
    return found[0] if len(found) == 1 else None


def variant(item: ServiceItem, chosen: Chosen) -> ServiceItem:
    """The guide as it is for somebody in these situations. Choices that the guide no longer has change nothing."""
    for question in item.situations:
        choice = next((one for one in question.choices if one.name == chosen.get(question.ask)), None)
        if choice is not None:
            item = item.model_copy(update=_changes(item, question, choice))
    return item


def notes(item: ServiceItem, chosen: Chosen) -> list[str]:
    """What a situation says beside the parts it changes."""
    return [
        choice.note
        for question in item.situations
        for choice in question.choices
        if choice.note and choice.name == chosen.get(question.ask)
    ]


def next_question(item: ServiceItem, part: Facet | None, chosen: Chosen) -> SituationQuestion | None:
    """What to ask before this part is answered; None when it is the same whatever the answer, or enough was asked."""
    read = _PARTS.get(part) if part else None
    if read is None or sum(question.ask in chosen for question in item.situations) >= MOST_QUESTIONS:
        return None
    here = variant(item, chosen)
    for question in item.situations:
        if question.ask in chosen:
            continue
        outcomes = [read(variant(here, {question.ask: choice.name})) for choice in question.choices]
        if any(outcome != outcomes[0] for outcome in outcomes):
            return question
    return None


def _mentions(choice: Choice, text: str) -> bool:
    return any(normalise(word) in text for word in choice.says)


def _changes(item: ServiceItem, question: SituationQuestion, choice: Choice) -> dict[str, object]:
    changes: dict[str, object] = {"materials": _materials(item, question, choice)}
    if choice.legal is not None:
        changes["legal"] = choice.legal
    if choice.promised is not None:
        changes["promised"] = choice.promised
    if choice.fee_cases and item.fee is not None:
        changes["fee"] = _fee(item.fee, choice)
    return changes


def _materials(item: ServiceItem, question: SituationQuestion, choice: Choice) -> tuple[Material, ...]:
    """Conditional ones that the question decides are needed or gone; the others stay as they are."""
    decided = {name for one in question.choices for name in one.needs}
    return tuple(
        material.model_copy(update={"necessity": Necessity.NEEDED}) if material.name in choice.needs else material
        for material in item.materials
        if material.name not in choice.spares and (material.name in choice.needs or material.name not in decided)
    )


def _fee(fee: Fee, choice: Choice) -> Fee:
    return fee.model_copy(update={"cases": tuple(case for case in fee.cases if case.case in choice.fee_cases)})

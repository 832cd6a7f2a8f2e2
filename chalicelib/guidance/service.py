"""溪小办's guide: a question in, an answer, candidates or a hand-over out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from chalicelib.guidance import cards, documents
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.amounts import amount
from chalicelib.guidance.cards import Action, Card, Option, Place
from chalicelib.guidance.confidence import Verdict, verdict
from chalicelib.guidance.faq import best_faq
from chalicelib.guidance.intent import Facet, facet, names_no_subject
from chalicelib.guidance.model import Bundle, ServiceItem
from chalicelib.guidance.outside import REPLY, Outside, outside
from chalicelib.guidance.search import Hit, Ranking, Ranks

MAX_CANDIDATES = 3
WORTH_SHOWING = 0.35
CLOSE_SECOND = 0.65
"""A candidate, or the second guide of an answer, is offered when its score is at least this share of the best."""

_PARTS = {
    Action.MATERIALS: Facet.MATERIALS,
    Action.FORM: Facet.FORM,
    Action.POINTS: Facet.PLACE,
    Action.TIME: Facet.TIME,
    Action.FEE: Facet.FEE,
    Action.BASIS: Facet.BASIS,
}


class HasGuides(Protocol):
    """The part of the catalogue that is needed here."""

    @property
    def items(self) -> Mapping[str, ServiceItem]: ...

    @property
    def bundles(self) -> Mapping[str, Bundle]: ...


class PointFinder(Protocol):
    """What is needed of ``points.service.PointService``."""

    def for_item(self, item_id: str, town: str | None = None) -> Sequence[Place]: ...

    def town_in(self, text: str) -> str | None: ...

    def without_town(self, text: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A guide that may be meant."""

    id: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class GuideAnswer:
    """``text`` is what to send, numbered steps included; ``options`` are those steps in the same order.

    ``item_id`` is the guide answered with (item or bundle) and the ``topic`` of a follow-up question.
    """

    kind: Literal["answer", "candidates", "handoff"]
    text: str
    candidates: tuple[Candidate, ...] = ()
    options: tuple[Option, ...] = ()
    item_id: str | None = None
    facet: Facet | None = None
    reason: Outside | None = None

    def json(self) -> dict[str, Any]:
        """The contract of ``guide ask``."""
        found = [{"id": one.id, "name": one.name, "score": one.score} for one in self.candidates]
        return {"kind": self.kind, "candidates": found, "text": self.text}


class GuideService:
    """办事指南问答 over one version of the catalogue; building it builds the index."""

    def __init__(self, catalogue: HasGuides, points: PointFinder, index: Ranks | None = None) -> None:
        self._items = catalogue.items
        self._bundles = catalogue.bundles
        self._points = points
        self._index = index or documents.index_of(self._items.values(), self._bundles.values())
        self._phrasings = _exact(self._items.values(), self._bundles.values())

    def item(self, id_: str) -> ServiceItem | None:
        return self._items.get(id_)

    def bundle(self, id_: str) -> Bundle | None:
        return self._bundles.get(id_)

    def ask(self, text: str, topic: str | None = None, town: str | None = None) -> GuideAnswer:
        """Answer a question as typed. ``topic``: guide of the previous answer; ``town``: the asker's town code."""
        asked = normalise(text)
        reason = outside(asked)
        if reason is not None:
            return _handoff(reason)
        part, town = facet(asked), self._points.town_in(asked) or town
        if topic and part and self._known(topic) and names_no_subject(asked):
            return self._answer(topic, part, town, asked, ())
        known = self._phrasings.get(asked)
        ranking = self._index.rank(self._points.without_town(asked), MAX_CANDIDATES)
        if known:
            return self._answer(known, part, town, asked, self._candidates(ranking, first=known))
        match verdict(ranking):
            case Verdict.ANSWER:
                return self._answer(ranking.hits[0].id, part, town, asked, self._candidates(ranking))
            case Verdict.CANDIDATES:
                return _choose(self._candidates(ranking), part)
            case Verdict.HANDOFF:
                return _handoff(Outside.UNKNOWN)

    def open(self, id_: str, town: str | None = None) -> GuideAnswer | None:
        """The whole guide of an item or bundle; None when the catalogue no longer has it."""
        return self._answer(id_, None, town, "", ()) if self._known(id_) else None

    def follow(self, option: Option, town: str | None = None) -> GuideAnswer | None:
        """What a numbered step leads to; None when its guide is gone or the step is not about a guide."""
        id_ = option.args.get("id", "")
        if option.action is Action.ITEM:
            return self.open(id_, town)
        part = _PARTS.get(option.action)
        if part is None or not self._known(id_):
            return None
        places = self._points.for_item(id_, town)
        if id_ in self._bundles:
            card = cards.places_card(self._bundles[id_], places)
        else:
            card = cards.part_card(self._items[id_], part, places)
        return GuideAnswer("answer", card.text, (self._candidate(Hit(id_, 0.0)),), card.options, id_, part)

    def _answer(
        self, id_: str, part: Facet | None, town: str | None, asked: str, candidates: tuple[Candidate, ...]
    ) -> GuideAnswer:
        card = self._card(id_, part, town, asked, candidates)
        found = candidates or (self._candidate(Hit(id_, 0.0)),)
        return GuideAnswer("answer", card.text, found, card.options, id_, part)

    def _card(
        self, id_: str, part: Facet | None, town: str | None, asked: str, candidates: tuple[Candidate, ...]
    ) -> Card:
        places = self._points.for_item(id_, town)
        if id_ in self._bundles:
            bundle = self._bundles[id_]
            first = bundle.steps[0].items[:1] if town else ()
            near = [place for item in first for place in self._points.for_item(item, town) if place not in places]
            return cards.bundle_card(bundle, self._items, places, near)
        item = self._items[id_]
        related = self._related(id_, candidates)
        return cards.item_card(item, part, places, best_faq(asked, item.faq), related, amount(asked))

    def _related(self, id_: str, candidates: tuple[Candidate, ...]) -> list[Option]:
        """One tap to the guide that was second, and to the 一件事 that this item opens."""
        best = max((one.score for one in candidates), default=0.0)
        second = [one.id for one in candidates if one.id != id_ and one.score >= CLOSE_SECOND * best][:1]
        whole = [bundle.id for bundle in self._bundles.values() if id_ in bundle.steps[0].items][:1]
        return [
            Option(cards.short_name(self._name(one)), Action.ITEM, {"id": one}) for one in dict.fromkeys(second + whole)
        ]

    def _candidates(self, ranking: Ranking, first: str | None = None) -> tuple[Candidate, ...]:
        hits = [hit for hit in ranking.hits if hit.score >= WORTH_SHOWING * ranking.hits[0].score]
        hits.sort(key=lambda hit: hit.id != first)
        return tuple(map(self._candidate, hits))

    def _candidate(self, hit: Hit) -> Candidate:
        return Candidate(hit.id, self._name(hit.id), round(hit.score, 2))

    def _name(self, id_: str) -> str:
        return (self._items.get(id_) or self._bundles[id_]).name

    def _known(self, id_: str) -> bool:
        return id_ in self._items or id_ in self._bundles


def _exact(items: Iterable[ServiceItem], bundles: Iterable[Bundle]) -> dict[str, str]:
    """Stored phrasings to the one guide that has them; a phrasing of two guides decides nothing."""
    owners: dict[str, set[str]] = {}
    rows: list[ServiceItem | Bundle] = [*items, *bundles]
    for row in rows:
        for phrase in (*row.asks, row.name):
            owners.setdefault(normalise(phrase), set()).add(row.id)
    return {phrase: next(iter(ids)) for phrase, ids in owners.items() if len(ids) == 1}


def _choose(candidates: tuple[Candidate, ...], part: Facet | None) -> GuideAnswer:
    options = tuple(Option(cards.short_name(one.name), Action.ITEM, {"id": one.id}) for one in candidates)
    options = (*options, Option("都不是", Action.HUMAN))
    text = "您要办的是哪一件？\n" + "\n".join(f"{n} {option.label}" for n, option in enumerate(options, 1))
    return GuideAnswer("candidates", text, candidates, options, None, part)


def _handoff(reason: Outside) -> GuideAnswer:
    return GuideAnswer("handoff", REPLY[reason], reason=reason)

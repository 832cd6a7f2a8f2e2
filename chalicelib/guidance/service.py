"""溪小办's guide: a question in, an answer, candidates or a hand-over out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from chalicelib.guidance import cards, documents, situations
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.amounts import amount
from chalicelib.guidance.cards import Action, Card, Extras, Option, Place
from chalicelib.guidance.confidence import Verdict, verdict
from chalicelib.guidance.faq import best_faq
from chalicelib.guidance.intent import Facet, facet, names_no_subject
from chalicelib.guidance.model import Bundle, ServiceItem
from chalicelib.guidance.outside import REPLY, Outside, outside
from chalicelib.guidance.search import Hit, Ranking, Ranks
from chalicelib.guidance.terms import Term, asked_term
from chalicelib.masking import scrub

MAX_CANDIDATES = 3
WORTH_SHOWING = 0.35
CLOSE_SECOND = 0.65
"""A candidate, or the second guide of an answer, is offered when its score is at least this share of the best."""

_CLAUSES = re.compile(r"[,，。;；?？!！\n]|还有|另外|顺便")
_SHORTEST_CLAUSE = 4
ASKS_BENEFITS = re.compile(r"补贴|补助|有没有补|有补|补不补|奖励")
"""Money from the state: what the policies answer, not a guide."""
SECOND_COVERED = 0.5
"""A clause of its own matter shares at least this much of its subject with the guide: 国家有没有补 is about none."""
_REMEMBERED = 80
"""Characters of a question that a numbered step takes along, so that its answer still knows what was asked."""

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

    def kind_in(self, text: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A guide that may be meant."""

    id: str
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class GuideAnswer:
    """``text`` is what to send, numbered steps included; ``options`` are those steps in the same order.

    ``item_id`` is the guide answered with (item or bundle) and the ``topic`` of a follow-up question; ``chosen`` are
    the situations (情形) it was answered for.
    """

    kind: Literal["answer", "candidates", "handoff"]
    text: str
    candidates: tuple[Candidate, ...] = ()
    options: tuple[Option, ...] = ()
    item_id: str | None = None
    facet: Facet | None = None
    reason: Outside | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """The contract of ``guide ask``."""
        found = [{"id": one.id, "name": one.name, "score": one.score} for one in self.candidates]
        return {"kind": self.kind, "candidates": found, "text": self.text}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as the cards need it: its normalised ``text``, the ``part`` it asks for, the asker's ``town`` and what
    is known of their situation."""

    text: str
    part: Facet | None = None
    town: str | None = None
    chosen: Mapping[str, str] = field(default_factory=dict)


class GuideService:
    """办事指南问答 over one version of the catalogue; building it builds the index.

    ``learned``: confirmed phrasings of each guide, beside those that it carries.
    """

    def __init__(
        self,
        catalogue: HasGuides,
        points: PointFinder,
        terms: Iterable[Term] = (),
        learned: Mapping[str, Sequence[str]] | None = None,
        index: Ranks | None = None,
    ) -> None:
        self._items = catalogue.items
        self._bundles = catalogue.bundles
        self._points = points
        self._terms = list(terms)
        self._index = index or documents.index_of(self._items.values(), self._bundles.values())
        confirmed = ((id_, text) for id_, texts in (learned or {}).items() if self._known(id_) for text in texts)
        own = _exact(self._items.values(), self._bundles.values())
        self._phrasings = own | {normalise(text): id_ for id_, text in confirmed}

    def item(self, id_: str) -> ServiceItem | None:
        return self._items.get(id_)

    def bundle(self, id_: str) -> Bundle | None:
        return self._bundles.get(id_)

    def has_phrasing(self, text: str) -> bool:
        """Whether a guide names this very question as its own."""
        return normalise(text) in self._phrasings

    def name_of(self, id_: str | None) -> str | None:
        """The short name of a guide; None for none, or for one that is gone."""
        return cards.short_name(self._name(id_)) if id_ and self._known(id_) else None

    def ask(
        self,
        text: str,
        topic: str | None = None,
        town: str | None = None,
        chosen: Mapping[str, str] | None = None,
    ) -> GuideAnswer:
        """Answer a question as typed. ``topic``: guide of the previous answer, ``chosen``: the situations it was given
        for; ``town``: the asker's town code."""
        words = normalise(text)
        term = asked_term(words, self._terms)
        if term is not None:
            return self._explain(term)
        reason = outside(words)
        if reason is not None:
            return _handoff(reason)
        asked = _Asked(words, facet(words), self._points.town_in(words) or town)
        if topic and asked.part and self._known(topic) and names_no_subject(words):
            return self._answer(topic, replace(asked, chosen=chosen or {}), ())
        known = self._phrasings.get(words)
        ranking = self._index.rank(self._points.without_town(words), MAX_CANDIDATES)
        if known:
            return self._answer(known, asked, self._candidates(ranking, first=known))
        two = self._two_intents(asked)
        return two if two else self._judged(asked, ranking)

    def open(self, id_: str, town: str | None = None) -> GuideAnswer | None:
        """The whole guide of an item or bundle; None when the catalogue no longer has it."""
        return self._answer(id_, _Asked("", None, town), ()) if self._known(id_) else None

    def follow(
        self, option: Option, town: str | None = None, chosen: Mapping[str, str] | None = None
    ) -> GuideAnswer | None:
        """What a numbered step leads to, for somebody in the situations ``chosen``; None when its guide is gone or the
        step is not about a guide."""
        id_ = option.args.get("id", "")
        if not self._known(id_):
            return None
        if option.action in (Action.ITEM, Action.SITUATION):
            words = normalise(option.args.get("asked", ""))
            said = json.loads(option.args.get("chosen", "{}"))
            return self._answer(id_, _Asked(words, facet(words), self._points.town_in(words) or town, said), ())
        part = _PARTS.get(option.action)
        return self._part(id_, part, town, chosen or {}) if part else None

    def meant(self, options: Iterable[Option], text: str) -> Option | None:
        """The situation among numbered steps that somebody names in their own words: 卖给我崽的住宅."""
        words = normalise(text)
        for option in (one for one in options if one.action is Action.SITUATION):
            item = self._items.get(option.args.get("id", ""))
            for question in item.situations if item else ():
                if question.ask == option.args["question"] and situations.named(question, words) == option.label:
                    return option
        return None

    def otherwise(self, id_: str, chosen: Mapping[str, str], asked: str, text: str) -> GuideAnswer | None:
        """The same guide for the situation that a correction names (不是住宅，是厂房); None when it names none."""
        item, words = self._items.get(id_), normalise(text)
        for question in item.situations if item else ():
            name = situations.named(question, words)
            if name is not None and question.ask in chosen:
                words = normalise(asked)
                return self._answer(id_, _Asked(words, facet(words), None, {**chosen, question.ask: name}), ())
        return None

    # ------------------------------------------------------------------------------------------------------- deciding

    def _judged(self, asked: _Asked, ranking: Ranking) -> GuideAnswer:
        match verdict(ranking):
            case Verdict.ANSWER:
                return self._answer(ranking.hits[0].id, asked, self._candidates(ranking))
            case Verdict.CANDIDATES:
                return _choose(self._candidates(ranking), asked)
            case Verdict.HANDOFF:
                return _handoff(Outside.UNKNOWN)

    def _two_intents(self, asked: _Asked) -> GuideAnswer | None:
        """Two matters in one message: the first one's card, and one tap to the other; None for a single matter."""
        found: list[tuple[str, _Asked]] = []
        for clause in _CLAUSES.split(asked.text):
            id_ = self._clearly(clause)
            if id_ and id_ not in [one for one, _ in found]:
                found.append((id_, replace(asked, text=clause, part=facet(clause))))
        if len(found) < 2:
            return None
        (first, about), (second, other) = found[:2]
        hits = (self._candidate(Hit(first, 1.0)), self._candidate(Hit(second, 1.0)))
        also = Option(
            f"您还问到：{cards.short_name(self._name(second))}",
            Action.ITEM,
            {"id": second, "asked": _brief(other.text)},
        )
        return self._answer(first, about, hits, also)

    def _clearly(self, clause: str) -> str | None:
        """The guide that a clause is about, where it would be answered on its own."""
        if len(clause.strip()) < _SHORTEST_CLAUSE or outside(clause) is not None or ASKS_BENEFITS.search(clause):
            return None
        if clause in self._phrasings:
            return self._phrasings[clause]
        ranking = self._index.rank(self._points.without_town(clause), MAX_CANDIDATES)
        sure = verdict(ranking) is Verdict.ANSWER and ranking.coverage >= SECOND_COVERED
        return ranking.hits[0].id if sure else None

    # -------------------------------------------------------------------------------------------------------- wording

    def _explain(self, term: Term) -> GuideAnswer:
        known = [id_ for id_ in term.items if id_ in self._items]
        options = [Option(cards.short_name(self._name(id_)), Action.ITEM, {"id": id_}) for id_ in known]
        card = cards.term_card(term, options)
        found = tuple(self._candidate(Hit(id_, 0.0)) for id_ in known)
        return GuideAnswer("answer", card.text, found, card.options)

    def _answer(
        self, id_: str, asked: _Asked, candidates: tuple[Candidate, ...], also: Option | None = None
    ) -> GuideAnswer:
        related = [also] if also else self._related(id_, candidates)
        if id_ in self._bundles:
            card = self._bundle_card(self._bundles[id_], asked, also)
        else:
            asked = replace(asked, chosen=situations.said(self._items[id_], asked.text) | dict(asked.chosen))
            card = self._item_card(self._items[id_], asked, related)
        found = candidates or (self._candidate(Hit(id_, 0.0)),)
        return GuideAnswer("answer", card.text, found, card.options, id_, asked.part, chosen=asked.chosen)

    def _item_card(self, item: ServiceItem, asked: _Asked, related: Sequence[Option]) -> Card:
        question = situations.next_question(item, asked.part, asked.chosen)
        here = situations.variant(item, asked.chosen)
        extras = Extras(
            self._point_line(item, asked),
            best_faq(asked.text, item.faq),
            related,
            amount(asked.text),
            [name for name in asked.chosen.values() if name != situations.UNSURE],
            situations.notes(item, asked.chosen),
        )
        if question is None or asked.part is None:
            return cards.item_card(here, asked.part, self._points.for_item(item.id, asked.town), extras)
        names = [*(choice.name for choice in question.choices), situations.UNSURE]
        options = [_situation(item.id, question.ask, name, asked) for name in names]
        return cards.question_card(here, asked.part, question.ask, options, extras)

    def _point_line(self, item: ServiceItem, asked: _Asked) -> str:
        """社保卡在邮政能办吗: yes with the points, or no with where to go; empty where no kind of point is named."""
        kind = self._points.kind_in(asked.text)
        if kind is None:
            return ""
        places = self._points.for_item(item.id, asked.town)
        takers = [place for place in places if place.kind == kind]
        return cards.point_line(kind, takers, places, item.id)

    def _bundle_card(self, bundle: Bundle, asked: _Asked, also: Option | None) -> Card:
        places = self._points.for_item(bundle.id, asked.town)
        first = bundle.steps[0].items[:1] if asked.town else ()
        near = [p for item in first for p in self._points.for_item(item, asked.town) if p not in places]
        card = cards.bundle_card(bundle, self._items, places, near)
        return replace(card, options=(*card.options, also)) if also and also.args["id"] not in bundle.item_ids else card

    def _part(self, id_: str, part: Facet, town: str | None, chosen: Mapping[str, str]) -> GuideAnswer:
        places = self._points.for_item(id_, town)
        if id_ in self._bundles:
            card = cards.places_card(self._bundles[id_], places)
        else:
            card = cards.part_card(situations.variant(self._items[id_], chosen), part, places)
        found = (self._candidate(Hit(id_, 0.0)),)
        return GuideAnswer("answer", card.text, found, card.options, id_, part, chosen=chosen)

    def _related(self, id_: str, candidates: tuple[Candidate, ...]) -> list[Option]:
        """One tap to the guide that was second, and to the 一件事 that this item opens."""
        best = max((one.score for one in candidates), default=0.0)
        second = [one.id for one in candidates if one.id != id_ and one.score >= CLOSE_SECOND * best][:1]
        whole = [bundle.id for bundle in self._bundles.values() if id_ in bundle.steps[0].items][:1]
        named = dict.fromkeys(second + whole)
        return [Option(cards.short_name(self._name(one)), Action.ITEM, {"id": one}) for one in named]

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


def _situation(id_: str, question: str, name: str, asked: _Asked) -> Option:
    """One choice of a situation question; it takes along what was asked and what is known already."""
    chosen = json.dumps({**asked.chosen, question: name}, ensure_ascii=False)
    args = {"id": id_, "question": question, "chosen": chosen, "asked": _brief(asked.text)}
    return Option(name, Action.SITUATION, args)


def _brief(text: str) -> str:
    """The question as it may be kept in a session: short, and without numbers that name a person."""
    return scrub(text)[:_REMEMBERED]


def _exact(items: Iterable[ServiceItem], bundles: Iterable[Bundle]) -> dict[str, str]:
    """Stored phrasings to the one guide that has them; a phrasing of two guides decides nothing."""
    owners: dict[str, set[str]] = {}
    rows: list[ServiceItem | Bundle] = [*items, *bundles]
    for row in rows:
        for phrase in (*row.asks, row.name):
            owners.setdefault(normalise(phrase), set()).add(row.id)
    return {phrase: next(iter(ids)) for phrase, ids in owners.items() if len(ids) == 1}


def _choose(candidates: tuple[Candidate, ...], asked: _Asked) -> GuideAnswer:
    """Which one is meant; the step keeps the question, so that a part or a sum it names is still answered."""
    kept = _brief(asked.text)
    options = tuple(
        Option(cards.short_name(one.name), Action.ITEM, {"id": one.id, "asked": kept}) for one in candidates
    )
    options = (*options, Option("都不是", Action.HUMAN))
    text = "您要办的是哪一件？\n" + "\n".join(f"{n} {option.label}" for n, option in enumerate(options, 1))
    return GuideAnswer("candidates", text, candidates, options, None, asked.part)


def _handoff(reason: Outside) -> GuideAnswer:
    return GuideAnswer("handoff", REPLY[reason], reason=reason)

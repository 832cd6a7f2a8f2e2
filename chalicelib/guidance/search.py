"""Word search: every document under several fields, each an index of its own, and the evidence for its first hit.

A document has a body and any number of phrasings (问法). Its score is the sum of three fields: the whole text, its best
passage (a long guide says one thing in one place), and its best phrasing, so that a phrasing of eight characters is
judged among phrasings and not among guides.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Protocol, Self

from chalicelib.guidance.bm25 import EXHAUSTIVE, K1, Bm25, terms
from chalicelib.guidance.intent import subject
from chalicelib.guidance.normalise import characters, core

WHOLE_WEIGHT = PASSAGE_WEIGHT = PHRASING_WEIGHT = 0.5
PASSAGE, STEP = 150, 75
"""Characters of a passage, and from one to the next: they overlap, so that no sentence is only cut."""
CLOSE_LOOK = 10
BARE = 0.5
"""With 1,133 names of another district beside them, our guides are found as before; a name that is asked for, too."""
Progress = Callable[[int, int], None]
"""Called with (done, all)."""
SHORTLIST = 100
"""Texts of each field that are looked at in an index of more than ``bm25.EXHAUSTIVE``."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is found: ``body`` is its text, ``title`` counts again, ``phrasings`` are ways people ask for it.

    ``prior``: how much its score counts, ``BARE`` for a name with no guide behind it.
    """

    id: str
    body: str
    title: str = ""
    phrasings: tuple[str, ...] = ()
    prior: float = 1.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. ``score`` orders results of one query; it is no probability."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Hits of one query and how clear they are (see ``confidence``).

    ``coverage``: share of the subject's bigrams, by how telling they are, that the first document has, 0 to 1.
    ``rivals``: how many of the first ten have as many of them. ``gap``: how far the second lies behind the first, as a
    share of the first, 0 to 1. ``strength``: score of the first as a share of the best score a text could reach.
    ``heard``: found by sound or shape alone (``second_chance``).
    """

    hits: list[Hit]
    coverage: float = 0.0
    rivals: int = 0
    gap: float = 0.0
    strength: float = 0.0
    heard: bool = False


class Ranks(Protocol):
    """What ranks guides: a ``SearchIndex``, or a ``fusion.FusedIndex``."""

    def rank(self, text: str, limit: int = 3) -> Ranking: ...


def query_terms(text: str, emphasis: int = 1) -> list[str]:
    """Terms of a normalised question; those of its subject (without 怎么, 请问, 要带什么 …) ``emphasis`` times more."""
    return [*terms(text), *list(terms(core(subject(text)))) * emphasis]


def passages(document: Document) -> Iterator[str]:
    """The title with each stretch of the body; at least one."""
    body = document.body
    last = max(len(body) - PASSAGE + STEP, 1)
    return (f"{document.title}\n{body[start : start + PASSAGE]}" for start in range(0, last, STEP))


@dataclass(frozen=True, slots=True)
class Field:
    """One kind of text of the documents; a document counts by its best one.

    ``owners``: the document's number of each text, ascending (element type I of ``array``).
    """

    texts: Bm25
    owners: Sequence[int]
    weight: float

    @classmethod
    def build(
        cls,
        documents: Sequence[Document],
        texts: Callable[[Document], Iterable[str]],
        weight: float,
        told: Progress | None = None,
    ) -> Field:
        owners = array("I")

        def each() -> Iterator[str]:
            for number, document in enumerate(documents):
                if told and number % 1000 == 0:
                    told(number, len(documents))
                for text in texts(document):
                    owners.append(number)
                    yield text

        return cls(Bm25.build(each()), owners, weight)

    def scores(self, query: Sequence[str], limit: int | None = None) -> dict[int, float]:
        """Weighted score by document; with ``limit`` at least the best so many, without all that share a term."""
        found = self.texts.scores(query) if limit is None else self.texts.best(query, limit)
        best: dict[int, float] = {}
        for text, score in found.items():
            owner = self.owners[text]
            if score > best.get(owner, 0.0):
                best[owner] = score
        return {owner: self.weight * score for owner, score in best.items()}

    def scores_of(self, query: Sequence[str], documents: Iterable[int]) -> dict[int, float]:
        """Weighted score of these documents; 0 for one that has no text in this field."""
        ranges = {one: range(bisect_left(self.owners, one), bisect_left(self.owners, one + 1)) for one in documents}
        found = self.texts.scores_of(query, (text for texts in ranges.values() for text in texts))
        return {one: self.weight * max((found[text] for text in texts), default=0.0) for one, texts in ranges.items()}


class SearchIndex:
    """Documents under one ranking. Texts must be normalised alike on both sides; this class changes nothing.

    ``fields``: the first is the whole text. ``emphasis``: how much more the subject of a question counts than its other
    words (1 for long documents, 2 for guides, whose phrasings share their question words).
    """

    def __init__(self, ids: Sequence[str], fields: Sequence[Field], priors: Sequence[float], emphasis: int = 1) -> None:
        self.ids = ids
        self.fields = fields
        self.priors = priors
        self.emphasis = emphasis

    @classmethod
    def build(cls, documents: Iterable[Document], emphasis: int = 1, told: Progress | None = None) -> Self:
        """``told`` hears of every thousandth document. Raises ValueError when two documents have one id."""
        known = list(documents)
        ids = [one.id for one in known]
        if len(set(ids)) != len(ids):
            raise ValueError("two documents have the same id")
        return cls(ids, list(_fields(known, told)), array("f", (one.prior for one in known)), emphasis)

    def __len__(self) -> int:
        return len(self.ids)

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """At most ``limit`` documents, best first; equal scores in order of building. No shared term, no hit."""
        return [Hit(self.ids[number], score) for number, score in _best(self.scores(text), limit)]

    def scores(self, text: str) -> dict[int, float]:
        """The score of every document that shares a term with the question, by its number; of the best when large."""
        query = query_terms(text, self.emphasis)
        if self.fields[0].texts.size > EXHAUSTIVE:
            return self._shortlist(query)
        totals: dict[int, float] = {}
        for field in self.fields:
            for number, score in field.scores(query).items():
                totals[number] = totals.get(number, 0.0) + score
        return self._with_priors(totals)

    def rank(self, text: str, limit: int = 3) -> Ranking:
        """``search`` with the evidence that tells a clear result from a lucky one."""
        best = _best(self.scores(text), max(limit, CLOSE_LOOK))
        if not best:
            return Ranking([])
        top = best[0][1]
        second = best[1][1] if len(best) > 1 else 0.0
        coverages = self._coverages(text, [number for number, _ in best[:CLOSE_LOOK]])
        return Ranking(
            hits=[Hit(self.ids[number], score) for number, score in best[:limit]],
            coverage=coverages[0],
            rivals=sum(coverage >= coverages[0] for coverage in coverages[1:]),
            gap=(top - second) / top,
            strength=top / self._reachable(text),
        )

    def _shortlist(self, query: Sequence[str]) -> dict[int, float]:
        found = [field.scores(query, SHORTLIST) for field in self.fields]
        totals = dict.fromkeys((number for scores in found for number in scores), 0.0)
        for field, scores in zip(self.fields, found, strict=True):
            known = scores | field.scores_of(query, totals.keys() - scores.keys())
            for number in totals:
                totals[number] += known[number]
        return self._with_priors(totals)

    def _with_priors(self, totals: dict[int, float]) -> dict[int, float]:
        return {number: score * self.priors[number] for number, score in totals.items()}

    def _reachable(self, text: str) -> float:
        whole = self.fields[0].texts
        return sum(whole.idf(term) for term in query_terms(text, self.emphasis)) * (K1 + 1)

    def _coverages(self, text: str, numbers: Sequence[int]) -> list[float]:
        whole = self.fields[0].texts
        telling = {term: whole.idf(term) for term in terms(core(subject(text))) if len(characters(term)) > 1}
        total = sum(telling.values())
        if not total:
            return [0.0] * len(numbers)
        return [sum(idf for term, idf in telling.items() if whole.holds(term, one)) / total for one in numbers]


def _fields(documents: Sequence[Document], told: Progress | None) -> Iterator[Field]:
    """A passage field only where a body is longer than a passage; else the whole text counts for both."""
    long = any(len(one.body) > PASSAGE for one in documents)
    whole_weight = WHOLE_WEIGHT if long else WHOLE_WEIGHT + PASSAGE_WEIGHT
    yield Field.build(documents, lambda one: ["\n".join((one.title, one.body, *one.phrasings))], whole_weight, told)
    if long:
        yield Field.build(documents, passages, PASSAGE_WEIGHT, told)
    if any(one.phrasings for one in documents):
        yield Field.build(documents, lambda one: (core(subject(text)) for text in one.phrasings), PHRASING_WEIGHT, told)


def _best(totals: dict[int, float], limit: int) -> list[tuple[int, float]]:
    return nlargest(limit, totals.items(), key=lambda one: (one[1], -one[0]))

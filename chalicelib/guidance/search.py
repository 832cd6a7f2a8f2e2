"""Search over character unigrams and bigrams with BM25; no segmenter, no numpy.

A document has a body and any number of phrasings (问法). Its score is the body's BM25 plus the best phrasing's, each
kept in its own index, so that a phrasing of eight characters is judged among phrasings and not among guides.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise
from math import log
from typing import Self

from chalicelib.guidance.intent import subject
from chalicelib.guidance.normalise import characters, core, runs

K1 = 1.2
B = 0.9
"""Best together on the three sets of retrieval.md; quality is flat around them."""
PHRASING_WEIGHT = 0.5
CLOSE_LOOK = 10


@dataclass(frozen=True, slots=True)
class Document:
    """What is found: ``body`` is its text, ``title`` counts again, ``phrasings`` are ways people ask for it."""

    id: str
    body: str
    title: str = ""
    phrasings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. ``score`` orders results of one query; it is no probability."""

    id: str
    score: float


def terms(text: str) -> Iterator[str]:
    """Character unigrams and bigrams of normalised text; runs of letters and digits count as one character."""
    for units in runs(text):
        yield from units
        for left, right in pairwise(units):
            yield left + right


def query_terms(text: str, emphasis: int = 1) -> list[str]:
    """Terms of a normalised question; those of its subject (without 怎么, 请问, 要带什么 …) ``emphasis`` times more."""
    return [*terms(text), *list(terms(core(subject(text)))) * emphasis]


class Bm25:
    """One inverted index over texts numbered from 0; the weight of a term in a text is computed once, at build."""

    def __init__(self, postings: dict[str, tuple[array[int], array[float]]], size: int) -> None:
        self._postings = postings
        self.size = size

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        counts: dict[str, tuple[array[int], array[float]]] = defaultdict(lambda: (array("I"), array("f")))
        lengths: list[int] = []
        for number, text in enumerate(texts):
            bag = Counter(terms(text))
            lengths.append(bag.total())
            for term, count in bag.items():
                numbers, weights = counts[term]
                numbers.append(number)
                weights.append(count)
        size = len(lengths)
        mean = (sum(lengths) / size if size else 0.0) or 1.0
        norms = [K1 * (1 - B + B * length / mean) for length in lengths]
        for numbers, weights in counts.values():
            idf = log(1 + (size - len(numbers) + 0.5) / (len(numbers) + 0.5))
            for position, number in enumerate(numbers):
                frequency = weights[position]
                weights[position] = idf * frequency * (K1 + 1) / (frequency + norms[number])
        return cls(dict(counts), size)

    def idf(self, term: str) -> float:
        """How telling a term is; highest for one that no text has."""
        found = self._postings.get(term)
        count = len(found[0]) if found else 0
        return log(1 + (self.size - count + 0.5) / (count + 0.5))

    def holds(self, term: str, number: int) -> bool:
        """Whether text ``number`` has the term."""
        found = self._postings.get(term)
        if found is None:
            return False
        position = bisect_left(found[0], number)
        return position < len(found[0]) and found[0][position] == number

    def scores(self, query: Sequence[str]) -> dict[int, float]:
        """Score of every text that shares a term with the query, by its number."""
        totals: dict[int, float] = {}
        for term, often in Counter(query).items():
            found = self._postings.get(term)
            if found is None:
                continue
            for number, weight in zip(*found, strict=True):
                totals[number] = totals.get(number, 0.0) + weight * often
        return totals


@dataclass(frozen=True, slots=True)
class Ranking:
    """Hits of one query and how clear they are (see ``confidence``).

    ``coverage``: share of the subject's bigrams, by how telling they are, that the first document has, 0 to 1.
    ``rivals``: how many of the first ten have as many of them. ``gap``: how far the second lies behind the first, as a
    share of the first, 0 to 1. ``strength``: score of the first as a share of the best score a text could reach.
    """

    hits: list[Hit]
    coverage: float = 0.0
    rivals: int = 0
    gap: float = 0.0
    strength: float = 0.0


class SearchIndex:
    """Documents under one ranking. Texts must be normalised alike on both sides; this class changes nothing.

    ``emphasis``: how much more the subject of a question counts than its other words (1 for long documents, 2 for
    guides, whose phrasings share their question words).
    """

    def __init__(
        self, ids: Sequence[str], bodies: Bm25, phrasings: Bm25, owners: Sequence[int], emphasis: int = 1
    ) -> None:
        self._ids = ids
        self._bodies = bodies
        self._phrasings = phrasings
        self._owners = owners
        self._emphasis = emphasis

    @classmethod
    def build(cls, documents: Iterable[Document], emphasis: int = 1) -> Self:
        """Raises ValueError when two documents have one id."""
        known = list(documents)
        ids = [one.id for one in known]
        if len(set(ids)) != len(ids):
            raise ValueError("two documents have the same id")
        bodies = Bm25.build("\n".join((one.title, one.body, *one.phrasings)) for one in known)
        phrasings = Bm25.build(core(subject(text)) for one in known for text in one.phrasings)
        owners = [number for number, one in enumerate(known) for _ in one.phrasings]
        return cls(ids, bodies, phrasings, owners, emphasis)

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """At most ``limit`` documents, best first; equal scores in order of building. No shared term, no hit."""
        return [Hit(self._ids[number], score) for number, score in self._best(self._totals(text), limit)]

    def scores(self, text: str) -> dict[str, float]:
        """The score of every document that shares a term with the question, by id."""
        return {self._ids[number]: score for number, score in self._totals(text).items()}

    def rank(self, text: str, limit: int = 3) -> Ranking:
        """``search`` with the evidence that tells a clear result from a lucky one."""
        totals = self._totals(text)
        best = self._best(totals, max(limit, CLOSE_LOOK))
        if not best:
            return Ranking([])
        top = best[0][1]
        second = best[1][1] if len(best) > 1 else 0.0
        coverages = [self._coverage(text, number) for number, _ in best[:CLOSE_LOOK]]
        reachable = sum(self._bodies.idf(term) for term in query_terms(text, self._emphasis)) * (K1 + 1)
        return Ranking(
            hits=[Hit(self._ids[number], score) for number, score in best[:limit]],
            coverage=coverages[0],
            rivals=sum(coverage >= coverages[0] for coverage in coverages[1:]),
            gap=(top - second) / top,
            strength=top / reachable,
        )

    def _coverage(self, text: str, number: int) -> float:
        telling = {term for term in terms(core(subject(text))) if len(characters(term)) > 1}
        total = sum(self._bodies.idf(term) for term in telling)
        held = sum(self._bodies.idf(term) for term in telling if self._bodies.holds(term, number))
        return held / total if total else 0.0

    def _best(self, totals: dict[int, float], limit: int) -> list[tuple[int, float]]:
        return nlargest(limit, totals.items(), key=lambda one: (one[1], -one[0]))

    def _totals(self, text: str) -> dict[int, float]:
        query = query_terms(text, self._emphasis)
        totals = self._bodies.scores(query)
        for number, score in self._best_phrasings(query).items():
            totals[number] = totals.get(number, 0.0) + PHRASING_WEIGHT * score
        return totals

    def _best_phrasings(self, query: Sequence[str]) -> dict[int, float]:
        best: dict[int, float] = {}
        for number, score in self._phrasings.scores(query).items():
            owner = self._owners[number]
            best[owner] = max(score, best.get(owner, 0.0))
        return best

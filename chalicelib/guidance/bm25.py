"""BM25 over character unigrams and bigrams: no segmenter, no numpy, and nothing but flat columns.

The columns are arrays when an index was just built and views into a memory-mapped file when it was opened
(``indexfile``); nothing is unpacked, so a hundred thousand texts cost no more memory than the pages that are read.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from heapq import nlargest
from itertools import pairwise
from math import log
from typing import Self

from chalicelib.guidance.normalise import runs

K1 = 1.0
B = 0.9
"""Best together on the three sets of ``bench/search_quality.py``; quality is flat around them."""
EXHAUSTIVE = 20_000
"""Up to so many texts every score is computed."""
WALKED = 30_000
"""Places in postings visited for one query of a larger index."""


def terms(text: str) -> Iterator[str]:
    """Character unigrams and bigrams of normalised text; runs of letters and digits count as one character."""
    for units in runs(text):
        yield from units
        for left, right in pairwise(units):
            yield left + right


@lru_cache(maxsize=1 << 16)
def key(term: str) -> int:
    """64 bits of a hash stand for a term: a collision among a million terms is a one in forty million chance."""
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class Columns:
    """``keys`` sorted; the texts of term ``i`` are ``numbers[starts[i]:starts[i + 1]]``, ascending, each with a weight.

    Element types: Q, I, I, f of ``array``.
    """

    keys: Sequence[int]
    starts: Sequence[int]
    numbers: Sequence[int]
    weights: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Posting:
    """One term of a question: where its texts stand, and how often it was asked."""

    start: int
    stop: int
    often: int


class Bm25:
    """One inverted index over texts numbered from 0; the weight of a term in a text is computed once, at build."""

    def __init__(self, columns: Columns, size: int) -> None:
        self.columns = columns
        self.size = size

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        lengths: list[int] = []
        counts: dict[str, tuple[array[int], array[float]]] = defaultdict(lambda: (array("I"), array("f")))
        for number, text in enumerate(texts):
            bag = Counter(terms(text))
            lengths.append(bag.total())
            for term, count in bag.items():
                numbers, weights = counts[term]
                numbers.append(number)
                weights.append(count)
        _weigh(counts, lengths)
        return cls(_columns(counts), len(lengths))

    def idf(self, term: str) -> float:
        """How telling a term is; highest for one that no text has."""
        start, stop = self._range(term)
        return _idf(self.size, stop - start)

    def holds(self, term: str, number: int) -> bool:
        """Whether text ``number`` has the term."""
        start, stop = self._range(term)
        return self._weight(start, stop, number) > 0

    def scores(self, query: Sequence[str]) -> dict[int, float]:
        """Score of every text that shares a term with the query, by its number."""
        totals: dict[int, float] = {}
        for posting in self._postings(query):
            self._add(totals, posting)
        return totals

    def best(self, query: Sequence[str], limit: int) -> dict[int, float]:
        """Scores of the ``limit`` best texts at least."""
        return self.scores(query) if self.size <= EXHAUSTIVE else self.shortlist(query, limit)

    def shortlist(self, query: Sequence[str], limit: int, walked: int = WALKED) -> dict[int, float]:
        """The ``limit`` best by the query's rarest terms, each with its full score.

        Terms are walked from the rarest until ``walked`` places were visited, so a query costs the same however large
        the index is; the common ones left are only looked up. A text that has none of the rare terms cannot be best.
        """
        postings = sorted(self._postings(query), key=lambda one: one.stop - one.start)
        totals: dict[int, float] = {}
        for place, posting in enumerate(postings):
            walked -= posting.stop - posting.start
            if walked < 0 and totals:
                best = nlargest(limit, totals, key=totals.__getitem__)
                return {number: totals[number] + self._lookup(postings[place:], number) for number in best}
            self._add(totals, posting)
        return totals

    def scores_of(self, query: Sequence[str], numbers: Iterable[int]) -> dict[int, float]:
        """Score of these texts."""
        postings = self._postings(query)
        return {number: self._lookup(postings, number) for number in numbers}

    def _lookup(self, postings: Sequence[_Posting], number: int) -> float:
        return sum(self._weight(one.start, one.stop, number) * one.often for one in postings)

    def _add(self, totals: dict[int, float], posting: _Posting) -> None:
        numbers = self.columns.numbers[posting.start : posting.stop]
        weights = self.columns.weights[posting.start : posting.stop]
        often = posting.often
        get = totals.get
        for number, weight in zip(numbers, weights, strict=True):
            totals[number] = get(number, 0.0) + weight * often

    def _postings(self, query: Sequence[str]) -> list[_Posting]:
        found = []
        for term, often in Counter(query).items():
            start, stop = self._range(term)
            if stop > start:
                found.append(_Posting(start, stop, often))
        return found

    def _range(self, term: str) -> tuple[int, int]:
        wanted = key(term)
        keys = self.columns.keys
        place = bisect_left(keys, wanted)
        if place == len(keys) or keys[place] != wanted:
            return 0, 0
        return self.columns.starts[place], self.columns.starts[place + 1]

    def _weight(self, start: int, stop: int, number: int) -> float:
        place = bisect_left(self.columns.numbers, number, start, stop)
        return self.columns.weights[place] if place < stop and self.columns.numbers[place] == number else 0.0


def _idf(size: int, having: int) -> float:
    return log(1 + (size - having + 0.5) / (having + 0.5))


def _weigh(counts: Mapping[str, tuple[array[int], array[float]]], lengths: Sequence[int]) -> None:
    """Counts become weights, in place."""
    size = len(lengths)
    mean = (sum(lengths) / size if size else 0.0) or 1.0
    norms = [K1 * (1 - B + B * length / mean) for length in lengths]
    for numbers, weights in counts.values():
        idf = _idf(size, len(numbers))
        for place, number in enumerate(numbers):
            frequency = weights[place]
            weights[place] = idf * frequency * (K1 + 1) / (frequency + norms[number])


def _columns(counts: Mapping[str, tuple[array[int], array[float]]]) -> Columns:
    keys, starts = array("Q"), array("I", [0])
    numbers, weights = array("I"), array("f")
    for term in sorted(counts, key=key):
        having, weight = counts[term]
        keys.append(key(term))
        numbers.extend(having)
        weights.extend(weight)
        starts.append(len(numbers))
    return Columns(keys, starts, numbers, weights)

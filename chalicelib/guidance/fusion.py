"""Word search and meaning search joined: the sum of the two z-scores (facts: clearly better than joining ranks).

Optional: without an Embedder the plain ``SearchIndex`` does the work. Long documents are cut into chunks and count by
their best one. Plain Python on purpose: no numpy where no vectors are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest
from itertools import islice
from math import sqrt
from operator import mul
from typing import Self

from chalicelib.guidance.search import Document, Hit, SearchIndex
from chalicelib.ports import Embedder

CHUNK = 300
"""Characters of one passage; the model reads about 500 tokens."""
MOST_CHUNKS = 8


class FusedIndex:
    """The ranking of a ``SearchIndex`` with that of an ``Embedder``; same surface as ``SearchIndex.search``."""

    def __init__(
        self, words: SearchIndex, ids: Sequence[str], vectors: Sequence[Sequence[Sequence[float]]], embedder: Embedder
    ) -> None:
        self._words = words
        self._ids = ids
        self._vectors = vectors
        self._embedder = embedder

    @classmethod
    def build(cls, documents: Iterable[Document], embedder: Embedder, emphasis: int = 1) -> Self:
        """Embeds every document: minutes for thousands, so do it when content is published, never in a request."""
        known = list(documents)
        cut = [chunks(one) for one in known]
        flat = iter(embedder.embed_passages([chunk for pieces in cut for chunk in pieces]))
        vectors = [list(islice(flat, len(pieces))) for pieces in cut]
        return cls(SearchIndex.build(known, emphasis), [one.id for one in known], vectors, embedder)

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """At most ``limit`` documents, best first."""
        if not self._ids:
            return []
        asked = self._embedder.embed_queries([text])[0]
        meaning = [max(sum(map(mul, asked, vector)) for vector in pieces) for pieces in self._vectors]
        scores = self._words.scores(text)
        words = [scores.get(id_, 0.0) for id_ in self._ids]
        joined = [left + right for left, right in zip(z_scores(words), z_scores(meaning), strict=True)]
        best = nlargest(limit, range(len(joined)), key=lambda number: (joined[number], -number))
        return [Hit(self._ids[number], joined[number]) for number in best]


def chunks(document: Document) -> list[str]:
    """The title with each stretch of the body; at least one piece, at most ``MOST_CHUNKS``."""
    body = document.body or document.title or " "
    stretches = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)][:MOST_CHUNKS]
    return [f"{document.title} {stretch}".strip() or " " for stretch in stretches]


def z_scores(values: Sequence[float]) -> list[float]:
    """How many standard deviations each lies above the mean; all 0 when they are equal."""
    mean = sum(values) / len(values)
    spread = sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / spread if spread else 0.0 for value in values]

"""Word search and meaning search joined: the sum of two z-scores (clearly better than joining ranks).

Word scores are damped first, because one rare word can lift a document fifteen deviations above the rest. The longer
the documents, the less the meaning of a passage says about the whole, and the less it counts. Needs numpy, as the
embedder does; without an embedder the plain ``SearchIndex`` does the work and nothing here is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp
from typing import Self

import numpy as np
import numpy.typing as npt

from chalicelib.guidance.confidence import Verdict, verdict
from chalicelib.guidance.search import Document, Hit, Ranking, SearchIndex
from chalicelib.ports import Embedder

CHUNK = 300
"""Characters of one passage; the model reads about 500 tokens."""
MOST_CHUNKS = 8
BUDGET = 1_000_000
"""Characters embedded for one index: ten minutes of two cores."""
DAMPING = 0.4
LENGTH_PENALTY = 2.0
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Meanings:
    """``vectors``: one row a passage, unit length; those of document ``i`` start at row ``starts[i]``.

    ``weight``: what the meaning counts beside the words, 1 for one stretch of text a document, a sixteenth for four.
    """

    vectors: Floats
    starts: npt.NDArray[np.int64]
    weight: float

    @classmethod
    def of(cls, documents: Sequence[Document], embedder: Embedder) -> Self:
        """Minutes for thousands of documents, so made when content is published, never in a request.

        Raises TooMuchText.
        """
        cut = cut_within_budget(documents)
        flat = [chunk for pieces in cut for chunk in pieces]
        vectors = np.asarray(embedder.embed_passages(flat), dtype=np.float32).reshape(len(flat), embedder.dimensions)
        stretches = len(flat) - sum(len(one.phrasings) for one in documents)
        weight = (stretches / len(documents)) ** -LENGTH_PENALTY if documents else 1.0
        return cls(vectors, np.cumsum([0, *map(len, cut[:-1])]), weight)

    @classmethod
    def of_columns(cls, vectors: memoryview, starts: memoryview, width: int, weight: float) -> Self:
        """From the columns of an index file, in place."""
        rows = np.frombuffer(vectors, dtype=np.float32).reshape(-1, width)
        return cls(rows, np.frombuffer(starts, dtype=np.int64), weight)

    def nearness(self, asked: Sequence[float]) -> Floats:
        """Cosine of each document's nearest passage."""
        cosines = self.vectors @ np.asarray(asked, dtype=np.float32)
        nearest: Floats = np.maximum.reduceat(cosines, self.starts)
        return nearest


class FusedIndex:
    """The ranking of a ``SearchIndex`` with that of an ``Embedder``; same surface as ``SearchIndex.search``."""

    def __init__(self, words: SearchIndex, meanings: Meanings, embedder: Embedder) -> None:
        self._words = words
        self._meanings = meanings
        self._embedder = embedder

    @classmethod
    def build(cls, documents: Iterable[Document], embedder: Embedder, emphasis: int = 1) -> Self:
        """Embeds every document (``Meanings.of``)."""
        known = list(documents)
        return cls(SearchIndex.build(known, emphasis), Meanings.of(known, embedder), embedder)

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """At most ``limit`` documents, best first."""
        if not len(self._words):
            return []
        joined = self._joined(text)
        best = np.argsort(-joined, kind="stable")[:limit]
        return [Hit(self._words.ids[number], float(joined[number])) for number in best]

    def rank(self, text: str, limit: int = 3) -> Ranking:
        """Words decide whether there is an answer; where they leave doubt, meaning orders what is offered.

        Asking the model costs 20 ms, so a question that words answer never pays it.
        """
        ranking = self._words.rank(text, limit)
        if verdict(ranking) is not Verdict.CANDIDATES:
            return ranking
        best = self.search(text, limit)
        top = ranking.hits[0].score
        return replace(ranking, hits=[Hit(hit.id, top * exp(hit.score - best[0].score)) for hit in best])

    def _joined(self, text: str) -> Floats:
        words = np.zeros(len(self._words), dtype=np.float32)
        for number, score in self._words.scores(text).items():
            words[number] = score
        near = self._meanings.nearness(self._embedder.embed_queries([text])[0])
        joined: Floats = z_scores(words**DAMPING) + self._meanings.weight * z_scores(near)
        return joined


class TooMuchText(Exception):
    """More text than is worth embedding: the words must do."""


def cut_within_budget(documents: Sequence[Document]) -> list[list[str]]:
    """The passages of each document: as many of its first ones as the budget allows. Raises TooMuchText."""
    most = MOST_CHUNKS
    while most:
        cut = [chunks(one, most) for one in documents]
        if sum(len(piece) for pieces in cut for piece in pieces) <= BUDGET:
            return cut
        most //= 2
    raise TooMuchText


def chunks(document: Document, most: int = MOST_CHUNKS) -> list[str]:
    """The title with each stretch of the body, then each phrasing; at most ``most`` stretches."""
    body = document.body or document.title or " "
    count = min(ceil(len(body) / CHUNK), most)
    stretches = (body[CHUNK * number : CHUNK * (number + 1)] for number in range(count))
    return [*(f"{document.title} {stretch}".strip() or " " for stretch in stretches), *document.phrasings]


def z_scores(values: Floats) -> Floats:
    """How many standard deviations each lies above the mean; all 0 when they are equal."""
    spread = values.std()
    level: Floats = values - values.mean()
    return level / spread if spread else np.zeros_like(level)

"""A second chance for questions that words cannot place: compared by sound and shape, and only ever offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from chalicelib.guidance.confidence import Verdict, probability, verdict
from chalicelib.guidance.normalise import core
from chalicelib.guidance.search import Document, Ranking, Ranks, SearchIndex
from chalicelib.guidance.sounds import fold

HEARD_FROM = 0.4
"""By sound nearly everything is a little like something, so more is asked of it than of words."""


class SecondChance:
    """``Ranks`` that asks ``first`` and, where that finds nothing worth offering, the names and phrasings by sound."""

    def __init__(self, first: Ranks, documents: Sequence[Document], emphasis: int = 1) -> None:
        self._first = first
        self._documents = documents
        self._emphasis = emphasis

    def rank(self, text: str, limit: int = 3) -> Ranking:
        ranking = self._first.rank(text, limit)
        if verdict(ranking) is not Verdict.HANDOFF:
            return ranking
        heard = self._sounds.rank(fold(core(text)), limit)
        likely = probability(heard) >= HEARD_FROM
        return replace(heard, heard=True) if likely else ranking

    @cached_property
    def _sounds(self) -> SearchIndex:
        """Made when it is first needed: most questions never do."""
        folded = (
            replace(
                one, body=fold(one.title), title=fold(one.title), phrasings=tuple(fold(core(t)) for t in one.phrasings)
            )
            for one in self._documents
        )
        return SearchIndex.build(folded, self._emphasis)

"""What people asked and did not get (答不上的问题): the operators' to-do list, without who asked.

A question is kept scrubbed of numbers that name a person, with counts and no openid, for KEEP after it was last asked.
Rows ``asked#{shard}`` / ``{hash of the normalised question}#{guide or nothing}``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from pydantic import Field

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.bm25 import terms
from chalicelib.guidance.normalise import core
from chalicelib.masking import scrub
from chalicelib.ports import Conflict, Record, Store
from chalicelib.shape import Shape
from chalicelib.shards import SHARDS, shard

KEEP = timedelta(days=90)
LONGEST = 120
SIMILAR = 0.5
_TRIES = 5
_log = logging.getLogger(__name__)


class Mark(StrEnum):
    """What became of a question."""

    MISSED = "missed"  # 没有对应的指南
    REJECTED = "rejected"  # 给了选项，都不是
    USEFUL = "useful"  # 有用
    USELESS = "useless"  # 没用


class Question(Shape):
    """One wording, and the guide it was answered with, where there was one."""

    text: str
    guide_id: str | None = None
    counts: dict[Mark, int] = Field(default_factory=dict)
    first_at: datetime
    last_at: datetime

    @property
    def unanswered(self) -> int:
        """How often it went without a good answer."""
        return sum(number for mark, number in self.counts.items() if mark is not Mark.USEFUL)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions that ask for the same thing; ``questions`` the most frequent first."""

    questions: tuple[Question, ...]

    @property
    def count(self) -> int:
        return sum(question.unanswered for question in self.questions)


class QuestionBook:
    """问题簿."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, text: str, mark: Mark, now: datetime, guide_id: str | None = None) -> None:
        """Count one more. What somebody else is writing at the same moment is tried again, then let go: a count is no
        reason to leave a person without an answer."""
        kept = scrub(text).strip()[:LONGEST]
        if not kept:
            return
        for _ in range(_TRIES):
            held = self._store.get(*_key(kept, guide_id))
            old = Question.model_validate(held.body) if held else Question(text=kept, first_at=now, last_at=now)
            counts = old.counts | {mark: old.counts.get(mark, 0) + 1}
            new = old.model_copy(update={"counts": counts, "last_at": max(old.last_at, now), "guide_id": guide_id})
            try:
                self._store.put(_row(new), if_absent=held is None, if_version=held.version if held else None)
            except Conflict:
                continue
            return
        _log.warning("a question was asked too often at once to be counted")

    def forget(self, text: str) -> None:
        """Take a wording off the list, once it is dealt with."""
        kept = scrub(text).strip()[:LONGEST]
        partition, prefix = _partition(kept), _hash(kept)
        for record in self._store.query(partition, prefix=prefix).records:
            self._store.delete(record.pk, record.sk)

    def every(self) -> Iterator[Question]:
        for number in range(SHARDS):
            page: str | None = None
            while True:
                found = self._store.query(f"asked#{number}", page=page, limit=500)
                yield from (Question.model_validate(record.body) for record in found.records)
                page = found.next
                if page is None:
                    break


def clusters(questions: Iterable[Question], similar: float = SIMILAR) -> list[Cluster]:
    """Questions without a good answer, those that share half of their bigrams together, the most asked first.

    The most frequent wording leads its cluster; a question joins the leader that it shares the most with.
    """
    open_ones = sorted((q for q in questions if q.unanswered), key=lambda q: (-q.unanswered, q.text))
    leaders: list[tuple[set[str], list[Question]]] = []
    having: dict[str, list[int]] = {}
    for question in open_ones:
        own = _bigrams(question.text)
        near = {number for term in own for number in having.get(term, ())}
        best = max(near, key=lambda number: (_overlap(own, leaders[number][0]), -number), default=None)
        if best is not None and _overlap(own, leaders[best][0]) >= similar:
            leaders[best][1].append(question)
            continue
        for term in own:
            having.setdefault(term, []).append(len(leaders))
        leaders.append((own, [question]))
    found = [Cluster(tuple(members)) for _, members in leaders]
    return sorted(found, key=lambda cluster: -cluster.count)


def _bigrams(text: str) -> set[str]:
    return set(terms(core(normalise(text))))


def _overlap(one: set[str], other: set[str]) -> float:
    """Dice's share: twice what they have in common, of what they have together."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _row(question: Question) -> Record:
    pk, sk = _key(question.text, question.guide_id)
    expires = int((question.last_at + KEEP).timestamp())
    return Record(pk, sk, question.model_dump(mode="json"), expires_at=expires)


def _key(text: str, guide_id: str | None) -> tuple[str, str]:
    return _partition(text), f"{_hash(text)}#{guide_id or ''}"


def _partition(text: str) -> str:
    return f"asked#{shard(_hash(text))}"


def _hash(text: str) -> str:
    return sha256(normalise(text).encode()).hexdigest()[:24]

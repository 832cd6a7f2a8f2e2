from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from chalicelib.adapters.vector_cache import CachedEmbedder
from chalicelib.guidance.fusion import CHUNK, MOST_CHUNKS, FusedIndex, chunks, z_scores
from chalicelib.guidance.search import Document


class TopicEmbedder:
    """Three topics by the words they are known by; a stand-in for meaning."""

    TOPICS = (("执照", "开店"), ("房", "过户", "产权"), ("看病", "医保"))

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def dimensions(self) -> int:
        return len(self.TOPICS) + 1

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        self.asked += texts
        return self.embed_queries(texts)

    def _vector(self, text: str) -> list[float]:
        raw = [float(any(word in text for word in words)) for words in self.TOPICS] + [0.1]
        length = sqrt(sum(x * x for x in raw))
        return [x / length for x in raw]


DOCUMENTS = [
    Document("A", "产权变更登记", "不动产"),
    Document("B", "个体工商执照"),
    Document("C", "医保备案"),
]


def test_meaning_finds_what_shares_no_word() -> None:
    index = FusedIndex.build(DOCUMENTS, TopicEmbedder())
    assert index.search("过户")[0].id == "A"
    assert index.search("开店", limit=1)[0].id == "B"


def test_words_decide_where_meaning_is_level() -> None:
    index = FusedIndex.build([Document("A", "医保报销"), Document("B", "医保备案")], TopicEmbedder())
    assert [hit.id for hit in index.search("医保备案")] == ["B", "A"]


def test_an_empty_index_finds_nothing() -> None:
    assert FusedIndex.build([], TopicEmbedder()).search("执照") == []


def test_a_long_document_counts_by_its_best_chunk() -> None:
    long = Document("L", "无" * CHUNK + "看病")
    assert len(chunks(long)) == 2
    assert len(chunks(Document("M", "无" * CHUNK * 20))) == MOST_CHUNKS
    assert chunks(Document("E", "")) == [" "]
    assert FusedIndex.build([DOCUMENTS[1], long], TopicEmbedder()).search("看病")[0].id == "L"


def test_z_scores() -> None:
    assert z_scores(np.array([1, 3], np.float32)).tolist() == [-1.0, 1.0]
    assert z_scores(np.array([2, 2], np.float32)).tolist() == [0.0, 0.0]


def test_vectors_are_made_once_and_survive(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vectors.db"
    inner = TopicEmbedder()
    texts = [f"执照{n}" for n in range(70)] + ["执照0"]
    seen: list[tuple[int, int]] = []
    first = CachedEmbedder(inner, path, "m1", lambda done, total: seen.append((done, total))).embed_passages(texts)
    assert seen[-1] == (71, 71)
    asked = len(inner.asked)
    again = CachedEmbedder(inner, path, "m1").embed_passages(texts)
    assert again == first
    assert len(inner.asked) == asked
    CachedEmbedder(inner, path, "m2").embed_passages(texts[:1])
    assert len(inner.asked) == asked + 1
    assert first[0] == pytest.approx(inner.embed_queries(texts[:1])[0], abs=1e-6)

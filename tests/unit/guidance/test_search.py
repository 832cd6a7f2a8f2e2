from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.guidance import documents
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.bm25 import K1, B, Bm25, terms
from chalicelib.guidance.confidence import Verdict, probability, verdict
from chalicelib.guidance.search import Document, Hit, Ranking, SearchIndex, query_terms
from tests.unit.guidance.content import content

FLOOR_HIT_AT_3 = 0.93
"""Measured 0.937 over 302 phrasings with the bundles in the index (bench/search_quality.py prints it)."""


def test_terms_are_characters_and_pairs_that_stop_at_a_comma() -> None:
    assert list(terms("开店,a1b")) == ["开", "店", "开店", "a1b"]


def test_the_subject_counts_more() -> None:
    assert query_terms("怎么刻章", emphasis=2).count("刻章") == 3
    assert query_terms("怎么刻章", emphasis=2).count("怎么") == 1


def test_scores_are_bm25_by_hand() -> None:
    index = Bm25.build(["甲", "甲乙", "丙"])
    idf = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean = (1 + 3 + 1) / 3
    expected = {n: idf * (K1 + 1) / (1 + K1 * (1 - B + B * length / mean)) for n, length in ((0, 1), (1, 3))}
    assert index.scores(["甲"]) == pytest.approx(expected, rel=1e-6)
    assert index.scores(["丁"]) == {}


def test_best_phrasing_and_body_add_up_and_ties_keep_their_order() -> None:
    index = SearchIndex.build(
        [
            Document("A", "营业执照", phrasings=("开店要办照吗", "公司注册")),
            Document("B", "营业执照"),
            Document("C", "营业执照"),
        ]
    )
    assert [hit.id for hit in index.search("公司注册")] == ["A"]
    assert [hit.id for hit in index.search("营业执照", limit=2)] == ["B", "C"]
    assert index.search("") == index.search("啊") == []


def test_an_empty_index_finds_nothing() -> None:
    index = SearchIndex.build([])
    assert index.search("营业执照") == []
    assert verdict(index.rank("营业执照")) is Verdict.HANDOFF


def test_two_documents_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        SearchIndex.build([Document("A", "甲"), Document("A", "乙")])


@given(st.lists(st.text("甲乙丙丁戊 ,", max_size=12), max_size=8), st.text("甲乙丙丁戊", max_size=6))
def test_search_is_sorted_limited_and_only_finds_what_shares_a_term(texts: list[str], query: str) -> None:
    index = SearchIndex.build(Document(str(n), text) for n, text in enumerate(texts))
    hits = index.search(query, 3)
    assert len(hits) <= 3
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    for hit in hits:
        assert set(query) & set(texts[int(hit.id)])
    ranking = index.rank(query)
    assert ranking.hits == hits
    assert 0 <= ranking.coverage <= 1
    assert 0 <= ranking.gap <= 1
    assert 0 <= probability(ranking) <= 1


def test_left_out_phrasings_find_their_item_among_three() -> None:
    """Fold by fold, every item loses one phrasing at once, which is harder than losing it alone."""
    items = list(content().items.values())
    folds = max(len(item.asks) for item in items)
    asked = found = 0
    for fold in range(folds):
        without = [i.model_copy(update={"asks": i.asks[:fold] + i.asks[fold + 1 :]}) for i in items]
        index = documents.index_of(without, content().bundles.values())
        for item in items:
            if fold < len(item.asks):
                asked += 1
                found += item.id in {hit.id for hit in index.search(normalise(item.asks[fold]), 3)}
    assert asked > 300
    assert found / asked >= FLOOR_HIT_AT_3


def test_the_verdict_follows_the_evidence() -> None:
    hits = [Hit("A", 10.0), Hit("B", 1.0)]
    clear = Ranking(hits, coverage=0.9, rivals=0, gap=0.9, strength=0.8)
    assert verdict(clear) is Verdict.ANSWER
    assert verdict(Ranking(hits, coverage=0.9, rivals=2, gap=0.9, strength=0.8)) is Verdict.CANDIDATES
    assert verdict(Ranking(hits, coverage=0.4, rivals=0, gap=0.1, strength=0.4)) is Verdict.CANDIDATES
    assert verdict(Ranking(hits, coverage=0.0, rivals=0, gap=0.9, strength=0.8)) is Verdict.HANDOFF
    assert verdict(Ranking([])) is Verdict.HANDOFF

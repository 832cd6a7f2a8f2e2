from __future__ import annotations

from array import array
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.guidance import bm25, indexfile
from chalicelib.guidance.indexfile import BadIndexFile
from chalicelib.guidance.search import Document, SearchIndex

DOCUMENTS = [
    Document("执照", "个体工商户营业执照" + "办理" * 100, "营业执照", ("开店要办照吗", "公司注册")),
    Document("B", "不动产权证"),
    Document("C", "营业执照"),
]


def encoded(index: SearchIndex) -> bytes:
    out = BytesIO()
    indexfile.write(out, index, "7", {"vectors": array("f", [0.5, 1.5])})
    return out.getvalue()


def test_a_mapped_index_answers_like_the_one_it_was_written_from(tmp_path: Path) -> None:
    built = SearchIndex.build(DOCUMENTS, emphasis=2)
    path = tmp_path / "guide.idx"
    path.write_bytes(encoded(built))
    opened = indexfile.open_file(path)
    for text in ("公司注册", "营业执照", "产权", "红烧肉"):
        assert opened.index.rank(text) == built.rank(text)
    assert list(opened.index.ids) == ["执照", "B", "C"]
    assert opened.index.ids[1:] == ["B", "C"]
    assert opened.header["version"] == "7"
    assert opened.columns["vectors"].tolist() == [0.5, 1.5]
    assert encoded(opened.index) == path.read_bytes()


@pytest.mark.parametrize("cut", [0, 7, 20, -1, -200])
def test_a_file_cut_off_is_refused(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "guide.idx"
    path.write_bytes(encoded(SearchIndex.build(DOCUMENTS))[:cut])
    with pytest.raises(BadIndexFile):
        indexfile.open_file(path)


def test_an_empty_index_can_be_written() -> None:
    assert indexfile.read(memoryview(encoded(SearchIndex.build([])))).index.search("执照") == []


@given(
    st.lists(st.text("甲乙丙丁戊己", min_size=1, max_size=9), min_size=1, max_size=40),
    st.text("甲乙丙丁戊己", min_size=1),
)
def test_a_shortlist_has_full_scores_and_all_when_there_is_time(texts: list[str], question: str) -> None:
    index = bm25.Bm25.build(texts)
    query = list(bm25.terms(question))
    every = index.scores(query)
    assert index.shortlist(query, 3) == pytest.approx(every)
    hurried = index.shortlist(query, 3, walked=5)
    assert bool(hurried) == bool(every)
    for number, score in hurried.items():
        assert score == pytest.approx(every[number], rel=1e-5)
    assert index.scores_of(query, every) == pytest.approx(every, rel=1e-5)


def test_a_large_index_finds_the_same_first(monkeypatch: pytest.MonkeyPatch) -> None:
    index = SearchIndex.build(DOCUMENTS)
    every = index.search("开店办营业执照")
    monkeypatch.setattr("chalicelib.guidance.search.EXHAUSTIVE", 1)
    assert [hit.id for hit in index.search("开店办营业执照")] == [hit.id for hit in every]
    assert index.search("开店办营业执照")[0].score == pytest.approx(every[0].score)

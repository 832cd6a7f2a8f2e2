from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chalicelib.adapters.mapped import mapped
from chalicelib.adapters.memory import MemoryBlobs
from chalicelib.guidance import published
from chalicelib.guidance.fusion import FusedIndex
from chalicelib.guidance.search import Document, SearchIndex
from tests.unit.guidance.test_fusion import TopicEmbedder

DOCUMENTS = [
    Document("A", "产权变更登记", "不动产", ("产权怎么改名",)),
    Document("B", "个体工商执照"),
    Document("C", "医保备案"),
]


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


def test_meaning_is_read_from_the_file_and_orders_what_is_offered(blobs: MemoryBlobs, tmp_path: Path) -> None:
    name = published.name_of(DOCUMENTS)
    blobs.put(name, published.encode(DOCUMENTS, TopicEmbedder()))
    index = published.opened(DOCUMENTS, lambda one: mapped(blobs, one, tmp_path), TopicEmbedder)
    assert isinstance(index, FusedIndex)
    built = FusedIndex.build(DOCUMENTS, TopicEmbedder(), 2)
    assert index.search("过户") == built.search("过户")
    assert index.rank("产权") == built.rank("产权")


def test_without_the_model_words_answer(blobs: MemoryBlobs, tmp_path: Path) -> None:
    blobs.put(published.name_of(DOCUMENTS), published.encode(DOCUMENTS, TopicEmbedder()))
    index = published.opened(DOCUMENTS, lambda one: mapped(blobs, one, tmp_path), lambda: None)
    assert isinstance(index, SearchIndex)
    assert index.rank("医保").hits[0].id == "C"


def test_changed_documents_have_another_name_and_are_indexed_at_once(blobs: MemoryBlobs, tmp_path: Path) -> None:
    blobs.put(published.name_of(DOCUMENTS), published.encode(DOCUMENTS, None))
    changed = [*DOCUMENTS, Document("D", "公章刻制")]
    index = published.opened(changed, lambda one: mapped(blobs, one, tmp_path), lambda: None)
    assert index.rank("公章").hits[0].id == "D"


def test_a_damaged_file_is_passed_over(blobs: MemoryBlobs, tmp_path: Path) -> None:
    blobs.put(published.name_of(DOCUMENTS), b"XXBIDX01 and no more")
    index = published.opened(DOCUMENTS, lambda one: mapped(blobs, one, tmp_path), lambda: None)
    assert index.rank("医保").hits[0].id == "C"


def test_a_file_is_copied_once_and_mapped(blobs: MemoryBlobs, tmp_path: Path) -> None:
    blobs.put("guide-index/x", b"first")
    assert mapped(blobs, "guide-index/none", tmp_path) is None
    assert bytes(mapped(blobs, "guide-index/x", tmp_path) or b"") == b"first"
    blobs.delete("guide-index/x")
    assert bytes(mapped(blobs, "guide-index/x", tmp_path) or b"") == b"first"


def test_where_nothing_can_be_written_bytes_are_held(blobs: MemoryBlobs, tmp_path: Path) -> None:
    blobs.put("guide-index/x", b"first")
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert bytes(mapped(blobs, "guide-index/x", blocked / "sub") or b"") == b"first"
    shutil.rmtree(tmp_path, ignore_errors=True)

"""How well search finds the right document of any question set in the three-file form (检索评测)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.normalise import heading
from chalicelib.guidance.search import Document, Hit, SearchIndex
from chalicelib.ports import Embedder

DEPTH = 10
Progress = Callable[[int, int], None]
"""Called with (done, all) after each query."""


class BadEvaluationSet(Exception):
    """The text names the file and row and says what is wrong; for operators."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """``queries`` and ``documents`` by id in file order; ``relevant``: the right documents of each query."""

    queries: Mapping[str, str]
    documents: Mapping[str, Document]
    relevant: Mapping[str, frozenset[str]]


class Searches(Protocol):
    """A ``SearchIndex`` or a ``FusedIndex``."""

    def search(self, text: str, limit: int) -> list[Hit]: ...


def evaluate(directory: Path, progress: Progress | None = None, embedder: Embedder | None = None) -> dict[str, float]:
    """Quality of a fresh index of ``directory``: fractions, and seconds for one query. With an ``embedder``, words and
    meaning are joined, and building takes minutes for thousands of documents.

    A query with several right documents counts at the first of them that is found. Queries without a row in
    qrels.tsv are left out. Raises BadEvaluationSet.
    """
    questions = read_set(directory)
    return measure(questions, index_of(questions, embedder), progress)


def index_of(questions: QuestionSet, embedder: Embedder | None) -> Searches:
    """Words alone without an embedder, or where there is more text than is worth embedding."""
    documents = list(questions.documents.values())
    if embedder is None:
        return SearchIndex.build(documents)
    from chalicelib.guidance.fusion import FusedIndex, TooMuchText  # numpy only where there is an embedder

    try:
        return FusedIndex.build(documents, embedder)
    except TooMuchText:
        return SearchIndex.build(documents)


def measure(questions: QuestionSet, index: Searches, progress: Progress | None = None) -> dict[str, float]:
    """Every query with a right document asked of ``index``."""
    ranks: list[int] = []
    started = time.perf_counter()
    for done, (id_, right) in enumerate(questions.relevant.items(), 1):
        hits = index.search(normalise(questions.queries[id_]), DEPTH)
        ranks.append(first_right(hits, right))
        if progress:
            progress(done, len(questions.relevant))
    return summary(ranks, time.perf_counter() - started)


def first_right(hits: list[Hit], right: frozenset[str]) -> int:
    """The place of the first right hit, from 1; 0 when there is none."""
    return next((place for place, hit in enumerate(hits, 1) if hit.id in right), 0)


def summary(ranks: list[int], seconds: float) -> dict[str, float]:
    """The contract of ``guide evaluate``."""
    size = len(ranks)

    def hit(depth: int) -> float:
        return sum(0 < rank <= depth for rank in ranks) / size

    return {
        "queries": size,
        "hit@1": hit(1),
        "hit@3": hit(3),
        "hit@10": hit(10),
        "mrr@10": sum(1 / rank for rank in ranks if rank) / size,
        "seconds_per_query": seconds / size,
    }


def read_set(directory: Path) -> QuestionSet:
    """queries.jsonl {"id","text"}, docs.jsonl {"id","title","text"}, qrels.tsv query<TAB>document."""
    queries = {row["id"]: row["text"] for _, row in _rows(directory / "queries.jsonl", ("id", "text"))}
    documents: dict[str, Document] = {}
    for number, row in _rows(directory / "docs.jsonl", ("id", "text")):
        if row["id"] in documents:
            raise BadEvaluationSet(f"docs.jsonl 第 {number} 行：id“{row['id']}”重复，请改成不同的 id")
        title = row.get("title") or ""
        documents[row["id"]] = Document(row["id"], normalise(row["text"]), heading(normalise(title)))
    relevant = _qrels(directory / "qrels.tsv", queries, documents)
    return QuestionSet(queries, documents, relevant)


def _qrels(path: Path, queries: Mapping[str, str], documents: Mapping[str, Document]) -> dict[str, frozenset[str]]:
    relevant: dict[str, set[str]] = {}
    for number, line in _lines(path):
        cells = line.split("\t")
        if len(cells) < 2:
            raise BadEvaluationSet(f"{path.name} 第 {number} 行：应是“问题id<Tab>文档id”，请补全")
        query, document = cells[0].strip(), cells[1].strip()
        for kind, id_, known, file in (
            ("问题", query, queries, "queries.jsonl"),
            ("文档", document, documents, "docs.jsonl"),
        ):
            if id_ not in known:
                raise BadEvaluationSet(f"{path.name} 第 {number} 行：{kind}“{id_}”不在 {file} 里，请核对")
        relevant.setdefault(query, set()).add(document)
    if not relevant:
        raise BadEvaluationSet(f"{path.name} 里没有一行，无法评测")
    return {query: frozenset(ids) for query, ids in relevant.items()}


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            raise BadEvaluationSet(f"{path.name} 第 {number} 行：不是完整的 JSON，请检查这一行") from None
        if not isinstance(row, dict):
            raise BadEvaluationSet(f"{path.name} 第 {number} 行：应是一个 JSON 对象")
        for name in needed:
            if not isinstance(row.get(name), str) or not row[name]:
                raise BadEvaluationSet(f"{path.name} 第 {number} 行：缺少“{name}”，或它不是文字")
        yield number, row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError:
        raise BadEvaluationSet(f"找不到 {path}，目录里要有 queries.jsonl、docs.jsonl、qrels.tsv") from None
    except UnicodeDecodeError:
        raise BadEvaluationSet(f"{path.name} 不是 UTF-8 文字，请另存为 UTF-8") from None

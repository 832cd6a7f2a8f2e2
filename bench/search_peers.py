"""Our search beside bm25s with jieba, SQLite FTS5 trigram and tantivy, each in a process of its own, in one run.

``python -m bench search_peers`` starts ``.venv-bench/bin/python -m bench.search_peers ENGINE SET`` for each. Every
engine gets the same normalised text. tantivy gets jieba's words with a blank between them, as it brings no Chinese
tokenizer; FTS5 gets the question as an OR of its trigrams, as a phrase would find nothing.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.report import Section, table
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.evaluate import DEPTH, QuestionSet, first_right, index_of, read_set, summary
from chalicelib.guidance.search import Document, Hit

ROOT = Path(__file__).resolve().parent.parent
SETS = ROOT.parent / "shared" / "data" / "eval"
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
Search = Callable[[str], list[str]]


def ours(documents: Sequence[Document]) -> Search:
    index = index_of(QuestionSet({}, {one.id: one for one in documents}, {}), None)
    return lambda text: [hit.id for hit in index.search(text, DEPTH)]


def ours_with_meaning(documents: Sequence[Document]) -> Search:
    from chalicelib.adapters.embedders import embedder

    with embedder(ROOT / "var" / "vectors.db") as model:
        index = index_of(QuestionSet({}, {one.id: one for one in documents}, {}), model)
    return lambda text: [hit.id for hit in index.search(text, DEPTH)]


def bm25s_jieba(documents: Sequence[Document]) -> Search:
    import bm25s
    import jieba

    def words(text: str) -> list[str]:
        return [word for word in jieba.lcut(text) if not word.isspace()]

    index = bm25s.BM25(k1=1.2, b=0.75)
    index.index([words(f"{one.title}\n{one.body}") for one in documents], show_progress=False)
    depth = min(DEPTH, len(documents))

    def search(text: str) -> list[str]:
        found, _ = index.retrieve([words(text)], k=depth, show_progress=False)
        return [documents[number].id for number in found[0]]

    return search


def fts5_trigram(documents: Sequence[Document]) -> Search:
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE found USING fts5(body, tokenize='trigram')")
    rows = ((number, f"{one.title}\n{one.body}") for number, one in enumerate(documents))
    base.executemany("INSERT INTO found(rowid, body) VALUES (?, ?)", rows)

    def search(text: str) -> list[str]:
        grams = dict.fromkeys(text[start : start + 3].replace('"', "") for start in range(len(text) - 2))
        asked = " OR ".join(f'"{gram}"' for gram in grams if len(gram) == 3)
        if not asked:
            return []
        found = base.execute("SELECT rowid FROM found WHERE found MATCH ? ORDER BY rank LIMIT ?", (asked, DEPTH))
        return [documents[number].id for (number,) in found]

    return search


def tantivy_jieba(documents: Sequence[Document]) -> Search:
    import jieba
    import tantivy

    def words(text: str) -> list[str]:
        return [word for word in jieba.lcut(text) if any(one.isalnum() for one in word)]

    schema = tantivy.SchemaBuilder()
    schema.add_text_field("body", tokenizer_name="whitespace")
    schema.add_integer_field("number", stored=True)
    index = tantivy.Index(schema.build())
    writer = index.writer()
    for number, one in enumerate(documents):
        writer.add_document(tantivy.Document(body=" ".join(words(f"{one.title}\n{one.body}")), number=number))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def search(text: str) -> list[str]:
        terms = [tantivy.Query.term_query(index.schema, "body", word) for word in words(text)]
        asked = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
        found = searcher.search(asked, DEPTH).hits
        return [documents[searcher.doc(place)["number"][0]].id for _, place in found]

    return search


ENGINES: Mapping[str, Callable[[Sequence[Document]], Search]] = {
    "ours, words": ours,
    "ours, words and meaning": ours_with_meaning,
    "bm25s + jieba": bm25s_jieba,
    "SQLite FTS5 trigram": fts5_trigram,
    "tantivy + jieba": tantivy_jieba,
}


def measured(engine: str, directory: Path) -> dict[str, float]:
    """One engine over one set, in this process: CPU seconds and megabytes beside the quality."""
    questions = read_set(directory)
    before = _megabytes()
    started = time.process_time()
    search = ENGINES[engine](list(questions.documents.values()))
    built = time.process_time() - started
    asked = [(normalise(questions.queries[id_]), right) for id_, right in questions.relevant.items()]
    search(asked[0][0])
    started = time.process_time()
    ranks = [first_right([Hit(id_, 0.0) for id_ in search(text)], right) for text, right in asked]
    spent = time.process_time() - started
    return summary(ranks, spent) | {"build": built, "memory": _megabytes() - before}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def section() -> Section:
    title = "Search: other engines"
    for needed, how in ((PYTHON, "`make bench` sets it up"), (SETS, "the question sets are not part of the project")):
        if not needed.exists():
            return Section(title, f"Not run: there is no {needed.name}, {how}.", holds=False)
    rows = []
    for directory in sorted(one for one in SETS.iterdir() if one.is_dir()):
        for engine in ENGINES:
            command = [str(PYTHON), "-m", "bench.search_peers", engine, str(directory)]
            told = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(told)
            quality = [f"{100 * found[name]:.1f}" for name in ("hit@1", "hit@3", "hit@10", "mrr@10")]
            speed = f"{1 / found['seconds_per_query']:,.0f}"
            rows.append([directory.name, engine, *quality, speed, f"{found['build']:.1f}", f"{found['memory']:.0f}"])
    head = ["set", "engine", "hit@1", "hit@3", "hit@10", "MRR@10", "queries per CPU s", "build, CPU s", "memory, MB"]
    text = (
        "`python -m bench search_peers`: each engine in its own process, one core, the same normalised text; memory is "
        "what index and libraries add. With meaning, the passages' vectors were on disk already.\n\n"
    )
    return Section(title, text + table(head, rows))


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))

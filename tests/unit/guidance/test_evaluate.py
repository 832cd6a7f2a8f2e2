from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.guidance.evaluate import BadEvaluationSet, evaluate


def write(directory: Path, **files: str) -> Path:
    base = {
        "queries.jsonl": [
            {"id": "q1", "text": "怎么刻章"},
            {"id": "q2", "text": "養老金"},
            {"id": "q3", "text": "没有标注"},
        ],
        "docs.jsonl": [
            {"id": "d1", "title": "公章刻制", "text": "刻章要备案"},
            {"id": "d2", "title": "", "text": "养老金发放"},
            {"id": "d3", "text": "养老"},
        ],
    }
    for name, rows in base.items():
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (directory / name).write_text(files.get(name.split(".")[0], lines), encoding="utf-8")
    (directory / "qrels.tsv").write_text(files.get("qrels", "q1\td1\nq2\td3\nq2\td2\n"), encoding="utf-8")
    return directory


def test_the_first_of_several_right_documents_counts(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = evaluate(write(tmp_path), lambda done, total: seen.append((done, total)))
    assert list(result) == ["queries", "hit@1", "hit@3", "hit@10", "mrr@10", "seconds_per_query"]
    assert (result["queries"], result["hit@1"], result["mrr@10"]) == (2, 1.0, 1.0)
    assert seen == [(1, 2), (2, 2)]


def test_a_right_document_at_the_second_place(tmp_path: Path) -> None:
    result = evaluate(write(tmp_path, qrels="q1\td1\nq2\td3\n"))
    assert (result["hit@1"], result["hit@3"], result["mrr@10"]) == (0.5, 1.0, 0.75)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"queries": '{"id": "q1", "text"'}, "queries.jsonl 第 1 行：不是完整的 JSON"),
        ({"queries": '{"id": "q1"}'}, "queries.jsonl 第 1 行：缺少“text”"),
        ({"queries": "[1]"}, "queries.jsonl 第 1 行：应是一个 JSON 对象"),
        ({"docs": '{"id":"d1","text":"甲"}\n{"id":"d1","text":"乙"}'}, "docs.jsonl 第 2 行：id“d1”重复"),
        ({"qrels": "q1 d1\n"}, "qrels.tsv 第 1 行：应是"),
        ({"qrels": "q1\td1\nq9\td1\n"}, "qrels.tsv 第 2 行：问题“q9”不在 queries.jsonl 里"),
        ({"qrels": "q1\td9\n"}, "qrels.tsv 第 1 行：文档“d9”不在 docs.jsonl 里"),
        ({"qrels": "\n"}, "qrels.tsv 里没有一行"),
    ],
)
def test_a_bad_set_is_refused_by_file_and_row(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(BadEvaluationSet, match=message):
        evaluate(write(tmp_path, **files))


def test_missing_and_undecodable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadEvaluationSet, match="找不到"):
        evaluate(tmp_path / "nowhere")
    (write(tmp_path) / "docs.jsonl").write_bytes(b'{"id":"\xff"}')
    with pytest.raises(BadEvaluationSet, match=r"docs.jsonl 不是 UTF-8"):
        evaluate(tmp_path)

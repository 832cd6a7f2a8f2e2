"""``match_file``: the contract of ``policy match``, and what it says of bad files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chalicelib.policies.builtin import FACTS
from chalicelib.policies.matching import MatchSummary, match_file
from chalicelib.policies.reading import FileProblems

SCHEMA = {"x": "number", "c": "category", "d": "date", "s": "set", "f": "flag"}
CONDITION = {
    "all": [
        {"fact": "x", "op": ">=", "value": 10},
        {"none": [{"fact": "c", "op": "in", "value": ["7263"]}]},
    ]
}


class Folder:
    """Files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.out = path / "out.jsonl"
        self.write("p.jsonl", {"id": "A", "condition": CONDITION})
        self.write("e.jsonl", {"uscc": "U1", "facts": {"x": 12, "c": "3073"}})
        (path / "s.json").write_text(json.dumps(SCHEMA), encoding="utf8")

    def write(self, name: str, *rows: Any) -> None:
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        (self.path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf8")

    def match(self, every: bool = False, schema: bool = True, **more: Any) -> MatchSummary:
        dictionary = self.path / "s.json" if schema else None
        return match_file(self.path / "p.jsonl", self.path / "e.jsonl", dictionary, self.out, every, **more)

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text(encoding="utf8").splitlines()]

    def refused(self) -> str:
        with pytest.raises(FileProblems) as caught:
            self.match()
        assert not self.out.exists()
        assert not list(self.path.glob(".*"))
        return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_contract(folder: Folder) -> None:
    cases = (("U1", 12, "3073"), ("U2", 12, None), ("U3", 9, None), ("U4", None, "3073"))
    folder.write("e.jsonl", *({"uscc": uscc, "facts": {"x": x, "c": c}} for uscc, x, c in cases))
    summary = folder.match(every=True)
    outcomes = {row["uscc"]: row["outcome"] for row in folder.rows()}
    assert outcomes == {"U1": "match", "U2": "need_info", "U3": "not_match", "U4": "need_info"}
    assert [row["missing"] for row in folder.rows()] == [[], ["c"], [], ["x"]]
    assert folder.rows()[2]["reasons"] == ["x：9，要求不低于 10，还差 1"]
    assert all(set(row) == {"uscc", "policy", "outcome", "reasons", "missing"} for row in folder.rows())
    assert (summary.enterprises, summary.pairs, summary.written) == (4, 4, 4)


def test_not_match_rows_only_when_asked(folder: Folder) -> None:
    folder.write("e.jsonl", {"uscc": "U1", "facts": {"x": 12, "c": "a"}}, {"uscc": "U3", "facts": {"x": 9}})
    summary = folder.match()
    assert [row["uscc"] for row in folder.rows()] == ["U1"]
    assert summary.outcomes["not_match"] == 1 and summary.written == 1


def test_manual_is_manual_only_when_nothing_else_is_open(folder: Folder) -> None:
    folder.write("p.jsonl", {"id": "M", "condition": {"all": [CONDITION, {"manual": "一事一议"}]}})
    folder.write("e.jsonl", {"uscc": "U1", "facts": {"x": 12, "c": "a"}}, {"uscc": "U2", "facts": {"x": 12}})
    folder.match()
    assert [(row["outcome"], row["reasons"]) for row in folder.rows()] == [
        ("manual", ["一事一议，需人工认定"]),
        ("need_info", ["还不知道c（要求不属于 7263）"]),
    ]


def test_small_blocks_and_workers_write_the_same_file(folder: Folder) -> None:
    rows = [
        {"uscc": f"U{n}", "facts": {"x": n % 25 if n % 7 else None, "s": ["a"] if n % 2 else []}} for n in range(500)
    ]
    folder.write("e.jsonl", *rows)
    folder.write(
        "p.jsonl",
        *({"id": f"P{n}", "condition": {"any": [{"fact": "x", "op": ">", "value": n}, CONDITION]}} for n in range(9)),
    )
    whole = folder.match(every=True, workers=1)
    first = folder.out.read_bytes()
    assert Counter(row["policy"] for row in folder.rows())["P3"] == 500
    seen: list[tuple[int, int]] = []
    parted = folder.match(
        every=True, workers=2, block_bytes=777, progress=lambda done, total: seen.append((done, total))
    )
    assert folder.out.read_bytes() == first
    assert (parted.outcomes, parted.written) == (whole.outcomes, whole.written)
    assert len(seen) > 10 and seen[-1][0] == seen[-1][1]


def test_a_file_without_a_last_line_end_and_with_a_mark_at_its_beginning(folder: Folder) -> None:
    line = json.dumps({"uscc": "U1", "facts": {"x": 12, "c": "a"}})
    (folder.path / "e.jsonl").write_bytes(b"\xef\xbb\xbf" + f"{line}\r\n\n{line}".encode())
    assert folder.match().enterprises == 2


def test_facts_beyond_the_dictionary_are_told(folder: Folder) -> None:
    folder.write("e.jsonl", {"uscc": "U1", "facts": {"x": 12, "c": "a", "revenu": 3}})
    assert folder.match().unused == ("revenu",)


def test_without_a_schema_the_built_in_dictionary_holds(folder: Folder) -> None:
    folder.write("p.jsonl", {"id": "A", "condition": {"fact": "revenue", "op": ">=", "value": 1500}})
    folder.write("e.jsonl", {"uscc": "U1", "facts": {"revenue": 1400}})
    folder.match(every=True, schema=False)
    assert folder.rows()[0]["reasons"] == ["营业收入（上年）：1,400 万元，要求不低于 1,500 万元，还差 100 万元"]
    assert "revenue" in FACTS


def test_a_branch_that_can_never_hold_is_a_warning(folder: Folder) -> None:
    folder.write("p.jsonl", {"id": "A", "condition": {"all": [CONDITION, {"fact": "x", "op": "<", "value": 5}]}})
    summary = folder.match()
    assert summary.warnings and "p.jsonl 第 1 行「condition.all[1]」" in summary.warnings[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"uscc": "U1", "fac', "第 2 行：不是完整的 JSON"),
        ("[]", "第 2 行：应是一个 JSON 对象"),
        ('{"facts": {}}', "第 2 行「uscc」：应为非空的文字"),
        ('{"uscc": "U1"}', "第 2 行「facts」：应是一个对象"),
        ('{"uscc": "U1", "facts": {"x": "12"}}', "第 2 行「facts.x」：应为数字，写的是 “12”"),
        ('{"uscc": "U1", "facts": {"x": true}}', "第 2 行「facts.x」：应为数字，写的是 True"),
        ('{"uscc": "U1", "facts": {"x": NaN}}', "第 2 行：不能写 NaN"),
        ('{"uscc": "U1", "facts": {"x": 1e999}}', "第 2 行「facts.x」：应为数字"),
        ('{"uscc": "U1", "facts": {"x": 99999999999999999}}', "第 2 行「facts.x」：应为数字"),
        ('{"uscc": "U1", "facts": {"c": 7263}}', "第 2 行「facts.c」：应为文字，写的是 7263"),
        ('{"uscc": "U1", "facts": {"c": {}}}', "第 2 行「facts.c」"),
        ('{"uscc": "U1", "facts": {"f": 1}}', "第 2 行「facts.f」：应为true 或 false"),
        ('{"uscc": "U1", "facts": {"d": "2026-02-30"}}', "第 2 行「facts.d」：应为日期"),
        ('{"uscc": "U1", "facts": {"d": ["2026-02-01"]}}', "第 2 行「facts.d」：应为日期"),
        ('{"uscc": "U1", "facts": {"s": "LG"}}', "第 2 行「facts.s」：应为文字列表"),
        ('{"uscc": "U1", "facts": {"s": [1]}}', "第 2 行「facts.s」：应为文字列表"),
        ('{"uscc": "U1", "facts": {"s": [{}]}}', "第 2 行「facts.s」"),
        ("[" * 100_000, "第 2 行"),
    ],
)
def test_a_bad_enterprise_names_file_row_and_field(folder: Folder, row: str, said: str) -> None:
    folder.write("e.jsonl", {"uscc": "U0", "facts": {"x": 12, "c": "a"}}, row)
    assert f"e.jsonl {said}" in folder.refused()


def test_every_bad_row_is_named_up_to_twenty(folder: Folder) -> None:
    folder.write("e.jsonl", *({"uscc": "U", "facts": {"x": "?"}} for _ in range(30)))
    text = folder.refused()
    assert text.count("「facts.x」") == 20 and "另有 10 处" in text


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "B"}, "第 2 行「condition」：政策 B：应是一个条件或分组"),
        ({"condition": CONDITION}, "第 2 行「id」：应为非空的文字"),
        ({"id": "A", "condition": CONDITION}, "第 2 行「id」：“A”与第 1 行重复"),
        ({"id": "B", "condition": CONDITION, "name": 1}, "第 2 行「name」：不认识的字段"),
        (
            {"id": "B", "condition": {"all": [{"fact": "revenue", "op": ">", "value": 1}]}},
            "第 2 行「condition.all[0].fact」：政策 B：事实字典里没有“revenue”",
        ),
        ("{", "第 2 行：不是完整的 JSON"),
    ],
)
def test_a_bad_policy_names_file_row_and_path(folder: Folder, row: Any, said: str) -> None:
    folder.write("p.jsonl", {"id": "A", "condition": CONDITION}, row)
    assert f"p.jsonl {said}" in folder.refused()


def test_bad_dictionaries_and_absent_files(folder: Folder) -> None:
    (folder.path / "s.json").write_text('{"x": "money"}', encoding="utf8")
    assert "s.json：「x」：类型 'money' 不认识" in folder.refused()
    (folder.path / "s.json").unlink()
    assert "s.json：读不了" in folder.refused()
    folder.write("p.jsonl")
    with pytest.raises(FileProblems, match="没有一条政策"):
        folder.match(schema=False)
    folder.write("p.jsonl", {"id": "A", "condition": {"manual": "一事一议"}})
    (folder.path / "e.jsonl").unlink()
    with pytest.raises(FileProblems, match=r"e\.jsonl：读不了"):
        folder.match(schema=False)


def test_a_failed_run_leaves_the_last_result(folder: Folder) -> None:
    folder.match()
    before = folder.out.read_bytes()
    folder.write("e.jsonl", "{")
    with pytest.raises(FileProblems):
        folder.match()
    assert folder.out.read_bytes() == before


def test_no_enterprises_give_an_empty_file(folder: Folder) -> None:
    folder.write("e.jsonl")
    assert folder.match().enterprises == 0
    assert folder.out.read_bytes() == b""

"""Good and damaged files: what is read, and what is said of what cannot be."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from chalicelib.content import readers
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.rows import RowReader
from chalicelib.content.sources import RawRow, Source
from chalicelib.errors import BadInput

HEAD = "统一社会信用代码,名称,来源标注\n"
GOOD = "91360323MAXX00015C,芦溪示例电瓷有限公司,R\n"


def read(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Raw rows, and problems as text."""
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    for source in readers.find(path):
        if isinstance(source, Problem):
            problems.append(str(source))
        elif isinstance(source, Source):
            try:
                for row in source.open():
                    if isinstance(row, RawRow):
                        rows.append(row.values)
                    else:
                        problems.append(str(row))
            except Broken as broken:
                problems.append(str(broken))
    return rows, problems


def csv_file(folder: Path, text: str | bytes, encoding: str = "utf-8", name: str = "企业.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_each_encoding(tmp_path: Path, encoding: str) -> None:
    text = HEAD + GOOD + '\r\n"91360323MAXX000237","有“引号”""和,逗号\n及换行","S,R"\r\n,,\n'
    rows, problems = read(csv_file(tmp_path, text, encoding))
    assert problems == []
    assert rows == [
        {"统一社会信用代码": "91360323MAXX00015C", "名称": "芦溪示例电瓷有限公司", "来源标注": "R"},
        {"统一社会信用代码": "91360323MAXX000237", "名称": '有“引号”"和,逗号\n及换行', "来源标注": "S,R"},
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + GOOD + '91,"没有写完', "企业.csv 第 3 行：这一行的引号没有闭合"),
        (HEAD + '91,"名"称,R\n' + GOOD, "企业.csv 第 2 行：引号后面多了字"),
        (HEAD + "91,名称\n" + GOOD, "企业.csv 第 2 行：这一行只有 2 列，表头有 3 列"),
        (HEAD + "91,名称,R,多\n" + GOOD, "企业.csv 第 2 行：这一行有 4 列，表头只有 3 列"),
        (HEAD + "91,名\0称,R\n" + GOOD, "企业.csv 第 2 行：有空字符（NUL）"),
        ("名称,名称\n1,2\n", "企业.csv 第 1 行：表头里“名称”出现了不止一次"),
        ("名称,,来源标注\n1,2,3\n", "企业.csv 第 1 行：表头第 2 列没有名称"),
        ((HEAD + GOOD + GOOD).encode()[:-4], "企业.csv 第 3 行：这一行不是完整的 UTF-8 文字"),
        ((HEAD + GOOD).encode("utf-16"), "企业.csv：文件是 UTF-16 编码"),
        (b"name\n\xff\xff\n", "企业.csv 第 2 行：这一行不是完整的 UTF-8 文字"),
    ],
)
def test_damaged_csv_is_told_by_row(tmp_path: Path, text: str | bytes, problem: str) -> None:
    _, problems = read(csv_file(tmp_path, text))
    assert len(problems) == 1 and problems[0].startswith(problem), problems


def test_good_rows_after_a_bad_one_are_still_read(tmp_path: Path) -> None:
    rows, problems = read(csv_file(tmp_path, HEAD + "91,名称\n" + GOOD + '91,"名"称,R\n' + GOOD))
    assert (len(rows), len(problems)) == (2, 2)


def test_trailing_commas_are_no_columns(tmp_path: Path) -> None:
    rows, problems = read(csv_file(tmp_path, "名称,来源标注,,\n甲,R,,\n"))
    assert (rows, problems) == ([{"名称": "甲", "来源标注": "R"}], [])


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused_in_chinese(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "junk"
    folder.mkdir(exist_ok=True)
    for name in ("企业.csv", "items.yaml", "items.json", "items.jsonl", "items.xlsx"):
        path = folder / name
        path.write_bytes(junk)
        read(path)
        path.unlink()


# ------------------------------------------------------------------------------------------------------------ documents


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("items.yaml", "- {id: SX-01, name: 甲}\n- id: SX-02\n  name: 乙\n"),
        ("事项（一）.yml", "- {id: SX-01, name: 甲}\n- {id: SX-02, name: 乙}\n"),
        ("items-1.json", '[{"id":"SX-01","name":"甲"},{"id":"SX-02","name":"乙"}]'),
        ("事项2.jsonl", '\ufeff{"id":"SX-01","name":"甲"}\n\n{"id":"SX-02","name":"乙"}'),
    ],
)
def test_documents(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read(tmp_path / name) == ([{"id": "SX-01", "name": "甲"}, {"id": "SX-02", "name": "乙"}], [])


BOMB = "- &a0 [x]\n" + "".join(f"- &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
CHAIN = "- &a0 [x]\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, 200))


def test_references_within_a_document_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "items.yaml").write_text("- {id: SX-01, legal: &two {n: 2}}\n- {id: SX-02, legal: *two}\n")
    rows, problems = read(tmp_path / "items.yaml")
    assert (rows[1], problems) == ({"id": "SX-02", "legal": {"n": 2}}, [])


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("items.yaml", "- id: SX-01\n  name: 'x\n", "items.yaml 第 3 行：YAML 写法不对"),
        ("items.yaml", "- &a\n  b: [*a]\n", "items.yaml 第 1 行：引用（*）指回了自己"),
        ("items.yaml", BOMB, "items.yaml 第 8 行：嵌套太深或引用（*）展开后太大"),
        ("items.yaml", CHAIN, "items.yaml 第 59 行：嵌套太深或引用（*）展开后太大"),
        ("items.yaml", "- id: SX-01\n  id: SX-02\n", "items.yaml 第 2 行：“id”在同一条里写了两次"),
        ("items.yaml", "id: SX-01\n", "items.yaml：最外层应是一个列表"),
        ("items.yaml", "", "items.yaml：文件是空的"),
        ("items.yaml", "- 甲\n", "items.yaml 第 1 条：应是一组“名称: 值”"),
        ("items.yaml", "- {1: 甲}\n", "items.yaml 第 1 条：名称 1 应是文字"),
        ("items.yaml", "- !!python/object/apply:os.system [ls]\n", "items.yaml 第 1 行：YAML 写法不对"),
        ("items.yaml", "- {d: 2026-13-45}\n", "items.yaml：YAML 写法不对"),
        ("items.yaml", "[" * 5000, "items.yaml"),
        ("items.yaml", "- " * 100 + "a", "items.yaml 第 1 行：嵌套太深"),
        ("items.json", '[{"id": 1},\n{"id": 2', "items.json 第 2 行：不是完整的 JSON"),
        ("items.json", '[{"id": 1, "id": 2}]', "items.json：“id”在同一条里写了两次"),
        ("items.json", '[{"n": NaN}]', "items.json：NaN 不是确定的数字"),
        ("items.json", "[" * 200_000, "items.json：嵌套太深"),
        ("items.jsonl", '{"id": 1}\n{"id": \n', "items.jsonl 第 2 行：不是完整的 JSON"),
        ("items.jsonl", "[1]\n", "items.jsonl 第 1 行：应是一组“名称: 值”"),
    ],
)
def test_damaged_documents_are_told_by_place(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    _, problems = read(tmp_path / name)
    assert len(problems) == 1 and problems[0].startswith(problem), problems


def test_a_document_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "items.yaml").write_bytes(b"- a: 1\n- b: \xb4\xed\n")
    assert read(tmp_path / "items.yaml")[1] == ["items.yaml 第 2 行：不是 UTF-8 文字。请另存为 UTF-8"]


# ------------------------------------------------------------------------------------------------------------ workbooks


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_workbook_by_sheets(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "全部.xlsx",
        {
            "企业": [["名称", "行业代码", None], ["甲", 3073, None], [None, None, None], ["乙", "0111", None]],
            "说明": [["随便写"]],
            "items": [["id"], ["SX-01"]],
        },
    )
    assert read(path) == ([{"名称": "甲", "行业代码": "3073"}, {"名称": "乙", "行业代码": "0111"}, {"id": "SX-01"}], [])


def test_a_single_sheet_may_leave_the_name_to_the_file(tmp_path: Path) -> None:
    assert read(workbook(tmp_path / "企业.xlsx", {"Sheet1": [["名称"], ["甲"]]})) == ([{"名称": "甲"}], [])


def test_a_sheet_of_another_name_is_a_problem(tmp_path: Path) -> None:
    path = workbook(tmp_path / "企业.xlsx", {"企业": [["名称"], ["甲"]], "杂项": [["x"]]})
    rows, problems = read(path)
    assert rows == [{"名称": "甲"}]
    assert problems[0].startswith("企业.xlsx「杂项」表：看不出是哪一类内容，工作表名请用：items 事项、")


def test_a_case_number_kept_as_a_number_is_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "办件.xlsx", {"办件": [["办件编号"], [3603232026112200123]]})
    assert read(path)[1] == [
        "办件.xlsx「办件」表 第 2 行「第 1 列」：表格软件把它当成了数字，后几位已经丢失。请把这一列设为“文本”后重新填写"
    ]


def test_zip_bombs_and_other_zips_are_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "企业.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    assert read(bomb)[1] == ["企业.xlsx：展开后大得不正常，没有读取。请核对文件来源，或改用 CSV"]
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    for junk in (other.getvalue(), b"PK\x03\x04", b"<html>"):
        bomb.write_bytes(junk)
        assert read(bomb)[1][0].startswith("企业.xlsx：不是能读的 Excel 文件")


def test_a_workbook_cut_short_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "企业.xlsx", {"企业": [["名称"], *([f"企业{n}"] for n in range(500))]})
    path.write_bytes(path.read_bytes()[:-200])
    assert read(path)[1][0].startswith("企业.xlsx：不是能读的 Excel 文件")


# -------------------------------------------------------------------------------------------------------------- folders


def test_a_folder_is_read_through_and_says_what_it_left(tmp_path: Path) -> None:
    (tmp_path / "深").mkdir()
    (tmp_path / "深" / "items.json").write_text('[{"id": "SX-01"}]')
    (tmp_path / "enterprise.csv").write_text("名称\n甲\n", encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text("{}")
    (tmp_path / "README.md").write_text("x")
    (tmp_path / "政策.xls").write_bytes(b"x")
    (tmp_path / ".hidden.csv").write_text("x")
    (tmp_path / "~$企业.xlsx").write_text("x")
    found = list(readers.find(tmp_path))
    assert [source.place.file for source in found if isinstance(source, Source)] == ["深/items.json"]
    assert sorted(str(problem) for problem in found if isinstance(problem, Problem)) == [
        "enterprise.csv：文件名不认识。如果是企业，请改名为 enterprises.csv",
        "政策.xls：不能读 .xls 文件，可用：.yaml、.yml、.json、.jsonl、.csv、.xlsx",
    ]
    assert sorted(text.split("：")[0] for text in found if isinstance(text, str)) == ["README.md", "queries.jsonl"]


def test_one_file_must_name_its_kind(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text("{}")
    (tmp_path / "a.txt").write_text("x")
    [named] = readers.find(tmp_path / "queries.jsonl")
    assert str(named).startswith("queries.jsonl：看不出是哪一类内容，文件名请用：items 事项、bundles 一件事、")
    [typed] = readers.find(tmp_path / "a.txt")
    assert str(typed) == "a.txt：不能读 .txt 文件，可用：.yaml、.yml、.json、.jsonl、.csv、.xlsx"
    with pytest.raises(BadInput, match="没有找到"):
        list(readers.find(tmp_path / "nothing"))


# ----------------------------------------------------------------------------------------------------------------- rows


def problems_of(path: Path) -> list[str]:
    reader = RowReader()
    [source] = readers.find(path)
    assert isinstance(source, Source)
    return [str(found) for found in reader.read(source) if isinstance(found, Problem)]


def test_every_mistake_names_file_row_and_column(tmp_path: Path) -> None:
    text = "统一社会信用代码,name,来源标注,成立日期,信用代码已人工核对,老板\n91360323MAXX00015D,甲,X9,去年,也许,张三\n"
    problems = problems_of(csv_file(tmp_path, text))
    starts = ["老板", "信用代码已人工核对", "来源标注", "统一社会信用代码", "成立日期"]
    assert sorted(problem.split("」")[0] for problem in problems) == sorted(f"企业.csv 第 2 行「{s}" for s in starts)


def test_a_key_may_come_once(tmp_path: Path) -> None:
    problems = problems_of(csv_file(tmp_path, HEAD + GOOD + GOOD))
    assert problems == [
        "企业.csv 第 3 行「统一社会信用代码」：91360323MAXX00015C 已经出现在 企业.csv 第 2 行，请删去一处"
    ]


def test_a_column_may_come_once_by_either_name(tmp_path: Path) -> None:
    problems = problems_of(csv_file(tmp_path, "uscc,统一社会信用代码,名称,prov\n1,2,甲,R\n"))
    assert (
        "企业.csv 第 2 行「统一社会信用代码」：这一列写了两次（名称和中文名各一次，或整格和分列各一次），请删去一列"
        in problems
    )


def test_a_yaml_row_is_named_by_its_number_and_id(tmp_path: Path) -> None:
    path = tmp_path / "points.yaml"
    path.write_text(
        "- {id: PT01, name: 大厅, kind: 县大厅, prov: [R]}\n- {id: PT02, name: 大厅, kind: 大厅, prov: [R]}\n"
    )
    [problem] = problems_of(path)
    assert problem.startswith("points.yaml 第 2 条（PT02）「网点类型」：只能填 县大厅、")


def test_an_empty_table_is_a_problem(tmp_path: Path) -> None:
    assert problems_of(csv_file(tmp_path, HEAD)) == ["企业.csv：没有一行企业。不需要这个文件时请删去它"]


def test_places_read_as_people_say_them() -> None:
    assert str(Place("企业.xlsx", 18, sheet="企业")) == "企业.xlsx「企业」表 第 18 行"
    assert str(Place("items.yaml", 3, "条", key="SX-03")) == "items.yaml 第 3 条（SX-03）"
    assert json.dumps(str(Problem(Place("a.csv"), "坏了")), ensure_ascii=False) == '"a.csv：坏了"'

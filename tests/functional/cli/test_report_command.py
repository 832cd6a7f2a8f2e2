"""``report``: one page and one workbook, each figure with its meaning, reported figures apart from counted ones."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from chalicelib.bootstrap import Application
from tests.functional.cli.conftest import Jobs


def figures(document: dict[str, object], title: str) -> dict[str, str]:
    (section,) = [each for each in document["sections"] if each["title"] == title]  # type: ignore[attr-defined]
    return {each["name"]: each["value"] for each in section["figures"]}


def test_the_page_the_workbook_and_the_document_tell_the_same(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    found = jobs("report", "--json").json
    page, book = tmp_path / "county.html", tmp_path / "county.xlsx"
    jobs("report", "--html", page, "--xlsx", book)
    text = page.read_text(encoding="utf-8")
    sheets = openpyxl.load_workbook(book)
    rows = [list(row) for row in sheets["指标"].iter_rows(values_only=True)]
    for section in found["sections"]:
        for figure in section["figures"]:
            assert figure["value"] in text and figure["definition"]
            assert [section["title"], figure["name"], figure["value"], figure["definition"]] in [r[:4] for r in rows]
    assert found["sample"] and "示例数据" in text
    assert "<script" not in text and len(text.encode()) < 60_000
    assert len(sheets["分银行"]._charts) == 1


def test_loans_add_up_bank_by_bank_and_to_the_loans_themselves(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    book = tmp_path / "county.xlsx"
    jobs("report", "--xlsx", book)
    rows = list(openpyxl.load_workbook(book)["分银行"].iter_rows(min_row=2, values_only=True))
    told = figures(jobs("report", "--json").json, "贷款")
    assert told["贷款"] == f"{sum(row[1] for row in rows)} 笔"
    loans = list(county.loans.all_loans(county.clock.now().date(), county.clock.now()))
    assert sum(row[1] for row in rows) == len(loans) > 0


def test_what_was_reported_stands_apart_with_its_source(county: Application, jobs: Jobs) -> None:
    found = jobs("report", "--json").json
    conflicting = [fact["value"] for fact in found["reported"] if fact["key"] == "treasury_bond"]
    assert conflicting == ["900万", "952万"]
    assert all(fact["source"] and fact["as_of"] for fact in found["reported"])
    counted = {figure["value"] for section in found["sections"] for figure in section["figures"]}
    assert not counted & {"28.69亿", "20.70亿", "2.33亿"}


def test_wrong_input_is_named(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    assert "2026-11" in jobs("report", "--month", "2026年").err
    file = tmp_path / "reported.yaml"
    assert str(file) in jobs("report", "--reported", file).err
    file.write_text("- {key: a, name: 数字}\n", encoding="utf-8")
    done = jobs("report", "--reported", file)
    assert done.code == 2 and "第 1 条" in done.err and "source" in done.err
    file.write_text("{", encoding="utf-8")
    assert "YAML" in jobs("report", "--reported", file).err


def test_a_person_reads_it_in_the_terminal(county: Application, jobs: Jobs) -> None:
    assert "小巨人 48 小时通道" in jobs("report").out

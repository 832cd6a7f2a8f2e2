"""A workbook as operators use it: out, looked at, edited, back in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryStore
from chalicelib.content import snapshots
from chalicelib.content.kinds import CATALOGUE, KINDS
from chalicelib.content.service import ContentRefused, ContentService
from tests.functional.support import DATA

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded() -> tuple[ContentService, MemoryStore, MemoryBlobs]:
    store, blobs = MemoryStore(FixedClock(NOW)), MemoryBlobs()
    service = ContentService(store, blobs)
    service.load(DATA, "运维甲", NOW)
    return service, store, blobs


@pytest.fixture(scope="module")
def workbook(loaded: tuple[ContentService, MemoryStore, MemoryBlobs], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("out") / "内容.xlsx"
    loaded[0].export(path)
    return path


@pytest.fixture(scope="module")
def book(workbook: Path) -> Any:
    return load_workbook(workbook)


def bodies(store: MemoryStore, blobs: MemoryBlobs) -> dict[str, dict[str, Any]]:
    published = snapshots.read_head(store)
    assert published is not None
    return snapshots.read_bodies(blobs, published.head)


def test_a_round_trip_of_all_sample_content_changes_nothing(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path
) -> None:
    service, store, blobs = loaded
    again = service.load(workbook, "运维乙", NOW)
    for name, changes in again.kinds.items():
        counts = changes.counts()
        assert (name, counts["added"], counts["changed"], counts["removed"]) == (name, 0, 0, 0)
        assert counts["unchanged"] > 0
    fresh_store, fresh_blobs = MemoryStore(FixedClock(NOW)), MemoryBlobs()
    ContentService(fresh_store, fresh_blobs).load(workbook, "运维乙", NOW)
    assert bodies(fresh_store, fresh_blobs) == bodies(store, blobs)


def test_one_sheet_a_kind_with_a_frozen_header_and_a_comment_on_every_heading(book: Any) -> None:
    assert {KINDS[name].title for name in CATALOGUE} <= set(book.sheetnames)
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "B2"
        for heading in sheet[1]:
            assert heading.value in heading.comment.text
            assert "填" in heading.comment.text


def test_columns_with_a_short_list_of_values_have_a_drop_down(book: Any) -> None:
    sheet = book["事项"]
    columns = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {str(rule.sqref).split("2:")[0]: rule for rule in sheet.data_validations.dataValidation}
    assert rules[columns["板块"]].formula1 == '"服务升级,创新赋能,政策直达,法治护航"'
    assert rules[columns["办件类型"]].formula1 == '"即办件,承诺件"'
    assert "只能填" in rules[columns["板块"]].error
    points = book["服务点"]
    kinds = {cell.value: cell.column_letter for cell in points[1]}
    named = {str(rule.sqref).split("2:")[0]: rule.formula1 for rule in points.data_validations.dataValidation}
    assert "邮政代办点" in named[kinds["网点类型"]]
    assert named[kinds["服务方式"]] == '"当场办,自助办,帮办代办,代收代办"'


def test_a_comment_says_what_goes_into_the_cell(book: Any) -> None:
    comments = {cell.value: cell.comment.text for cell in book["事项"][1]}
    assert "多项用“；”隔开" in comments["办理渠道"]
    assert "source 来源渠道" in comments["申请材料"]
    assert "2026-11-22" in comments["更新日期"]
    assert "示例数据" in comments["来源标注"]
    assert "必填" in comments["事项名称"]


def test_a_bad_cell_is_told_by_sheet_row_and_column_and_nothing_changes(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path, tmp_path: Path
) -> None:
    service, store, blobs = loaded
    before = bodies(store, blobs)
    edited = load_workbook(workbook)
    sheet = edited["事项"]
    column = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(3, column["板块"]).value = "别的"
    sheet.cell(5, column["更新日期"]).value = "昨天"
    materials = sheet.cell(4, column["申请材料"])
    materials.value = str(materials.value).replace('"original": 1', '"original": "一"', 1)
    edited.save(tmp_path / "改.xlsx")
    with pytest.raises(ContentRefused) as refused:
        service.load(tmp_path / "改.xlsx", "运维乙", NOW)
    lines = list(refused.value.report.lines())
    assert lines[0].startswith("改.xlsx「事项」表 第 3 行（SX-02）「板块」：只能填") or "第 3 行" in lines[0]
    assert any("第 4 行" in line and "申请材料.第 1 项.原件份数" in line for line in lines)
    assert any("第 5 行" in line and "更新日期" in line for line in lines)
    assert bodies(store, blobs) == before


def test_a_statutory_material_set_to_tolerable_in_a_sheet_is_refused(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path, tmp_path: Path
) -> None:
    edited = load_workbook(workbook)
    sheet = edited["事项"]
    column = {cell.value: cell.column for cell in sheet[1]}
    row = next(row for row in range(2, sheet.max_row + 1) if sheet.cell(row, column["事项编号"]).value == "SX-21")
    cell = sheet.cell(row, column["申请材料"])
    text = str(cell.value)
    at = text.index("身份证明")
    cell.value = text[:at] + text[at:].replace("必要", "容缺", 1).replace(
        '"never_tolerable": true', '"never_tolerable": false', 1
    )
    edited.save(tmp_path / "容缺.xlsx")
    report = loaded[0].check(tmp_path / "容缺.xlsx")
    [line] = report.lines()
    assert "SX-21" in line or f"第 {row} 行" in line
    assert "法定要件不能设为容缺：身份证明" in line

"""A workbook as operators use it: out, looked at, edited, back in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryStore
from chalicelib.content import parts, snapshots
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
    materials = edited["事项-申请材料"]
    originals = {cell.value: cell.column for cell in materials[1]}["原件份数"]
    materials.cell(4, originals).value = "一"
    edited.save(tmp_path / "改.xlsx")
    with pytest.raises(ContentRefused) as refused:
        service.load(tmp_path / "改.xlsx", "运维乙", NOW)
    lines = list(refused.value.report.lines())
    assert "改.xlsx「事项-申请材料」表 第 4 行「原件份数」：应是整数，写的是“一”" in lines
    assert any(line.startswith("改.xlsx「事项」表 第 3 行「板块」：只能填") for line in lines)
    assert any("第 5 行" in line and "更新日期" in line for line in lines)
    assert bodies(store, blobs) == before


def test_a_statutory_material_set_to_tolerable_in_a_sheet_is_refused(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path, tmp_path: Path
) -> None:
    edited = load_workbook(workbook)
    sheet, column = edited["事项-申请材料"], columns_of(edited["事项-申请材料"])
    row = next(
        row
        for row in range(2, sheet.max_row + 1)
        if sheet.cell(row, column["所属事项"]).value == "SX-21"
        and "身份证明" in sheet.cell(row, column["材料名称"]).value
    )
    sheet.cell(row, column["材料必要性"]).value = "容缺"
    sheet.cell(row, column["不可容缺"]).value = "否"
    edited.save(tmp_path / "容缺.xlsx")
    report = loaded[0].check(tmp_path / "容缺.xlsx")
    lines = list(report.lines())
    assert any("法定要件不能设为容缺：身份证明" in line for line in lines), lines


def columns_of(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def test_lists_stand_in_sheets_of_their_own_and_small_groups_in_columns(book: Any) -> None:
    materials = book["事项-申请材料"]
    assert [cell.value for cell in materials[1]][:2] == ["所属事项", "材料名称"]
    assert materials.cell(2, 1).value == "SX-01"
    rules = {str(rule.sqref).split("2:")[0]: rule.formula1 for rule in materials.data_validations.dataValidation}
    letter = {cell.value: cell.column_letter for cell in materials[1]}["材料必要性"]
    assert rules[letter] == '"必要,条件,容缺"'
    items, column = book["事项"], columns_of(book["事项"])
    assert items.cell(2, column["承诺办结时限.数量"]).value is not None
    assert items.cell(2, column["申请材料"]).value is None
    assert "事项-申请材料" in items.cell(1, column["申请材料"]).comment.text


def test_an_entry_of_a_row_that_is_not_there_or_without_an_owner_is_refused(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path, tmp_path: Path
) -> None:
    edited = load_workbook(workbook)
    materials = edited["事项-申请材料"]
    last = materials.max_row
    materials.cell(last, 1).value = "SX-98"
    materials.cell(last - 1, 1).value = None
    edited.save(tmp_path / "附表.xlsx")
    lines = list(loaded[0].check(tmp_path / "附表.xlsx").lines())
    sheet = "附表.xlsx「事项-申请材料」表"
    assert f"{sheet} 第 {last} 行「所属事项」：“事项”表里没有 SX-98。请核对，或删去" in lines
    assert f"{sheet} 第 {last - 1} 行「所属事项」：没有填。请写它属于哪一个事项" in lines


def test_a_list_that_is_written_in_its_cell_and_its_sheet_is_refused(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path, tmp_path: Path
) -> None:
    edited = load_workbook(workbook)
    items = edited["事项"]
    items.cell(2, columns_of(items)["申请材料"]).value = "[]"
    edited.save(tmp_path / "两处.xlsx")
    [line] = loaded[0].check(tmp_path / "两处.xlsx").lines()
    assert line == "两处.xlsx「事项」表 第 2 行「申请材料」：这一格和“事项-申请材料”表都写了，请只留一处"


def test_a_part_sheet_without_its_kind_is_refused(
    loaded: tuple[ContentService, MemoryStore, MemoryBlobs], workbook: Path, tmp_path: Path
) -> None:
    edited = load_workbook(workbook)
    del edited["事项"]
    edited.save(tmp_path / "缺表.xlsx")
    lines = list(loaded[0].check(tmp_path / "缺表.xlsx").lines())
    assert "缺表.xlsx「事项-申请材料」表：只有附表，没有“事项”表。请一起放进来" in lines


def test_headings_are_told_apart_in_every_sheet() -> None:
    """No owner, title or group part shares its heading with another column, and no name is too long for a sheet."""
    for kind in KINDS.values():
        titles = [part.title for part in parts.sheets(kind).values()]
        assert len(titles) == len(set(titles))
        assert all(len(title) < parts.MAX_TITLE for title in titles)
        for part in parts.sheets(kind).values():
            inner = [field.title or name for name, field in part.model.model_fields.items()]
            assert part.owner not in inner
            assert len(inner) == len(set(inner))

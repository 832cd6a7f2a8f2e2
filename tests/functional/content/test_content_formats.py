"""The same register in every format, and a long one that must not be held in memory."""

from __future__ import annotations

import csv
import json
import tracemalloc
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.files import FileBlobs
from chalicelib.adapters.memory import MemoryBlobs, MemoryStore
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.content.registers import Register
from chalicelib.content.service import ContentRefused, ContentService
from chalicelib.enterprises import uscc
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.service import EnterpriseService

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {
        "uscc": "91360323MAXX00015C",
        "name": "芦溪溪华电瓷有限公司",
        "established_on": "2012-05-18",
        "industry_code": "3073",
        "main_products": ["电瓷", "绝缘子"],
        "chain_member": True,
        "contacts": [{"name": "示例甲", "mobile": "13800000101", "role": "法人"}],
        "facts": {"revenue": {"value": 9800, "unit": "万元"}},
        "prov": ["S", "R"],
    },
    {"uscc": "91360323MAXX000237", "name": "芦溪示例粉店“老表”", "prov": ["R"]},
]
TITLES = {name: field.title for name, field in Enterprise.model_fields.items()}
COLUMNS = ["name", "uscc", "main_products", "chain_member", "established_on", "industry_code"]
COLUMNS += ["contacts", "facts", "prov"]


def cell(value: Any) -> Any:
    """As an operator would write it."""
    if value is True:
        return "是"
    if isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict)):
        return json.dumps(value, ensure_ascii=False)
    return "；".join(value) if isinstance(value, list) else (value or "")


def write_csv(path: Path, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow([TITLES[name] for name in COLUMNS])
        writer.writerows([[cell(row.get(name)) for name in COLUMNS] for row in ROWS])


def write_xlsx(path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "企业"
    sheet.append([TITLES[name] for name in COLUMNS])
    for row in ROWS:
        cells = [cell(row.get(name)) for name in COLUMNS]
        typed = {"established_on": lambda text: date.fromisoformat(text), "industry_code": int}
        sheet.append([typed[n](c) if n in typed and c else c for n, c in zip(COLUMNS, cells, strict=True)])
    book.save(path)


def write_file(folder: Path, form: str) -> Path:
    if form.startswith("csv"):
        path = folder / "企业.csv"
        write_csv(path, form.removeprefix("csv-"))
    elif form == "xlsx":
        path = folder / "企业.xlsx"
        write_xlsx(path)
    elif form == "yaml":
        path = folder / "enterprises.yaml"
        path.write_text(yaml.safe_dump(ROWS, allow_unicode=True), encoding="utf-8")
    elif form == "json":
        path = folder / "enterprises.json"
        path.write_text(json.dumps(ROWS), encoding="utf-8")
    else:
        path = folder / "企业-2026.jsonl"
        path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["csv-utf-8", "csv-utf-8-sig", "csv-gb18030", "xlsx", "yaml", "json", "jsonl"])
def test_every_format_loads_the_same_rows(tmp_path: Path, form: str) -> None:
    store = SqliteStore(tmp_path / "x.db", FixedClock(NOW), synchronous="NORMAL")
    service = ContentService(store, FileBlobs(tmp_path / "blobs"))
    path = write_file(tmp_path, form)
    changes = service.load(path, "运维甲", NOW)
    assert changes.kinds["enterprises"].counts() == {"added": 2, "changed": 0, "removed": 0, "unchanged": 0}
    enterprises = EnterpriseService(store)
    for row in ROWS:
        assert enterprises.get(row["uscc"]) == Enterprise.model_validate(row)
    assert service.load(path, "运维甲", NOW).kinds["enterprises"].unchanged == 2
    store.close()


def test_two_formats_of_one_row_in_a_folder_are_told(tmp_path: Path) -> None:
    write_file(tmp_path, "json")
    write_file(tmp_path, "xlsx")
    service = ContentService(MemoryStore(FixedClock(NOW)), MemoryBlobs())
    with pytest.raises(ContentRefused) as refused:
        service.load(tmp_path, "运维甲", NOW)
    first, second = refused.value.report.lines()
    assert first.startswith(
        "企业.xlsx「企业」表 第 2 行「统一社会信用代码」：91360323MAXX00015C 已经出现在 enterprises.json 第 1 条"
    )
    assert second.startswith("企业.xlsx「企业」表 第 3 行「统一社会信用代码」：")


def write_long(path: Path, rows: int) -> None:
    """Rows with credit codes of a series that is not issued, each with the right check character."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("统一社会信用代码,名称,来源标注,主导产品\n")
        for number in range(rows):
            body = f"91360323MAXX{number:05}"
            code = body + uscc.check_character(body)
            file.write(f"{code},芦溪第{number}号示例企业有限责任公司,R,{'电瓷；' * 30}\n")


def peak_of(path: Path, rows: int) -> int:
    """Bytes at the peak of loading so many rows into a register that keeps none."""
    write_long(path, rows)
    taken: list[str] = []
    told: list[tuple[str, int]] = []

    def save(row: Enterprise, now: datetime) -> bool:
        taken.append(row.uscc)
        return False

    registers = {"enterprises": Register(lambda key: False, save)}
    service = ContentService(MemoryStore(FixedClock(NOW)), MemoryBlobs(), registers)
    tracemalloc.start()
    try:
        changes = service.load(path, "运维甲", NOW, progress=lambda what, n: told.append((what, n)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(set(taken)) == changes.kinds["enterprises"].unchanged == rows
    assert told[0] == ("检查", 500) and told[-1] == ("导入企业", rows)
    return peak


def test_a_long_register_streams(tmp_path: Path) -> None:
    """Only codes and places of rows are kept: a validated row of this file takes over 5,000 bytes."""
    path = tmp_path / "企业.csv"
    peak_of(path, 500)
    growth = (peak_of(path, 3500) - peak_of(path, 500)) / 3000
    assert growth < 1000, f"{growth:.0f} bytes for each further row"

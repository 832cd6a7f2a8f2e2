"""An export becomes the columns that a night reads: whole or not at all, once, and in any order of its files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from chalicelib.adapters.memory import MemoryBlobs
from chalicelib.adapters.streams import FolderStreams
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.repository import EnterpriseRow
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.columns import decode
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.tree import NOT_APPLICABLE
from chalicelib.ports import Record
from jobs.province.building import Building, Built
from jobs.province.export import Export, ExportProblem
from jobs.province.files import complete, name_of, numbers_of, shard_of, source_of
from jobs.province.shards import unpack_shard
from tests.unit.province_source.exports import ID, line_of, write_export

ON = date(2026, 11, 23)
SAVED = datetime(2026, 11, 1, tzinfo=UTC)
SHARDS = 3


def enterprise(n: int) -> Enterprise:
    """Some know their revenue, some their industry, some neither; one in five has no VAT credit to speak of."""
    facts: dict[str, Any] = {"vat_status": "小规模" if n % 5 == 0 else "一般", "above_scale": ["规上", "规下"][n % 2]}
    if n % 3:
        facts["revenue"] = n * 10.5
    row: dict[str, Any] = {"uscc": f"91360323MA{n:08}", "uscc_confirmed": True, "name": f"示例企业{n}", "prov": ["S"]}
    row["facts"] = facts
    if n % 4:
        row |= {"industry_code": ["3073", "1019"][n % 2], "established_on": date(2015, 1, 1 + n % 28)}
    return Enterprise.model_validate(row)


ENTERPRISES = [enterprise(n) for n in range(60)]


def profile(each: Enterprise) -> str:
    return line_of(EnterpriseRow(enterprise=each, saved_at=SAVED).record())


def others() -> list[str]:
    """Rows that are nobody's profile, one of which says so, one that is long over."""
    return [
        line_of(Record("case#1", "row", {"of": "profile"})),
        line_of(Record("person#o1", "profile", {"name": "profile"})),
        line_of(Record("enterprise#91360323MA00000000", "member#o1", {"role": "法人"})),
        line_of(Record("enterprise#91360323MA99999999", "profile", {}, expires_at=1)),
    ]


def export(folder: Path, **summary: Any) -> Path:
    lines = [profile(each) for each in ENTERPRISES]
    return write_export(folder, [lines[:25] + others(), [], lines[25:40], lines[40:]], **summary)


class Counted:
    """A folder that counts how often each file is opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = FolderStreams(folder)
        self.opened: list[str] = []

    def open(self, name: str) -> BinaryIO:
        self.opened.append(name)
        return self._folder.open(name)


def quiet(done: int, of: int) -> None:
    assert 0 <= done <= of


def build(folder: Path, blobs: MemoryBlobs, batch: int = 7) -> Built:
    building = Building(Export(FolderStreams(folder)), blobs, ON, SHARDS, batch)
    building.read(quiet)
    return building.write(quiet)


def known(blobs: MemoryBlobs) -> dict[str, dict[str, Any]]:
    """What the columns of the day say of each enterprise."""
    found: dict[str, dict[str, Any]] = {}
    for number in numbers_of(blobs, ON.isoformat()):
        shard = unpack_shard(blobs.get(name_of(ON.isoformat(), "columns", number)) or b"")
        columns = {name: decode(FACTS[name].type, column) for name, column in shard.columns.by_name.items()}
        codes = [code.decode() for code in shard.usccs.tolist()]
        assert codes == sorted(codes) and {shard_of(code, SHARDS) for code in codes} <= {number}
        for place, code in enumerate(codes):
            found[code] = {name: values[place] for name, values in columns.items() if values[place] is not None}
    return found


def test_columns_hold_what_fact_sheets_say(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    built = build(export(tmp_path / "export"), blobs)
    sheets = {each.uscc: fact_sheet(each, ON).values for each in ENTERPRISES}
    assert any(value is NOT_APPLICABLE for sheet in sheets.values() for value in sheet.values())
    assert known(blobs) == {
        uscc: {name: value for name, value in sheet.items() if value is not NOT_APPLICABLE}
        for uscc, sheet in sheets.items()
    }
    assert built == Built(files=4, enterprises=60, shards=SHARDS, written=SHARDS)
    source = source_of(blobs, ON.isoformat())
    assert source and (source.export, source.shards, source.enterprises) == (ID, SHARDS, 60)
    assert complete(blobs, ON.isoformat())


def test_the_same_bytes_in_batches_of_any_size_and_files_of_any_order(tmp_path: Path) -> None:
    one, other = MemoryBlobs(), MemoryBlobs()
    build(export(tmp_path / "one"), one, batch=7)
    lines = [profile(each) for each in reversed(ENTERPRISES)]
    build(write_export(tmp_path / "other", [lines]), other, batch=1000)
    for number in range(SHARDS):
        name = name_of(ON.isoformat(), "columns", number)
        assert one.get(name) == other.get(name) is not None


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    folder, blobs = export(tmp_path / "export"), MemoryBlobs()
    last = sorted((folder / "data").iterdir())[-1]
    whole = last.read_bytes()
    last.write_bytes(whole[:-9])
    with pytest.raises(ExportProblem, match="不完整"):
        build(folder, blobs)
    assert numbers_of(blobs, ON.isoformat()) == [] and source_of(blobs, ON.isoformat()) is None
    last.write_bytes(whole)
    streams = Counted(folder)
    building = Building(Export(streams), blobs, ON, SHARDS, 7)
    assert building.read(quiet).read == 1
    assert [name for name in streams.opened if name.startswith("data/")] == [f"data/{last.name}"]
    assert building.write(quiet).written == SHARDS
    first = name_of(ON.isoformat(), "columns", 0)
    kept = blobs.get(first)
    blobs.delete(first)
    assert not complete(blobs, ON.isoformat())
    assert Building(Export(streams), blobs, ON, SHARDS, 7).write(quiet).written == 1
    assert blobs.get(first) == kept


def test_runs_side_by_side_share_the_files(tmp_path: Path) -> None:
    folder, blobs = export(tmp_path / "export"), MemoryBlobs()
    for number in (1, 2):
        built = Building(Export(FolderStreams(folder)), blobs, ON, SHARDS, 7).read(quiet, (number, 2))
        assert built == Built(files=2, read=2)
        if number == 1:
            with pytest.raises(ExportProblem, match="还有 2 个数据文件没有读完"):
                Building(Export(FolderStreams(folder)), blobs, ON, SHARDS, 7).write(quiet)
    Building(Export(FolderStreams(folder)), blobs, ON, SHARDS, 7).write(quiet)
    assert len(known(blobs)) == 60


def test_a_day_has_one_source(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    build(export(tmp_path / "one"), blobs)
    other = Export(FolderStreams(export(tmp_path / "other", number="01693685899999-ffffffff")))
    with pytest.raises(ExportProblem, match=f"已由导出 {ID} 生成（3 片），不能再换"):
        Building(other, blobs, ON, SHARDS).read(quiet)
    with pytest.raises(ExportProblem, match="不能再换"):
        Building(Export(FolderStreams(tmp_path / "one")), blobs, ON, SHARDS + 1).write(quiet)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _other_bytes(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data), compresslevel=1)


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("data/asdl00gi7dmpmmsgxzdsbmm4.json.gz", _cut, r"data/asdl00\w+.json.gz 不完整，读到第 \d+ 行中断"),
        ("data/asdl00gi7dmpmmsgxzdsbmm4.json.gz", _other_bytes, "校验值（md5）不符"),
        ("data/asdl00gi7dmpmmsgxzdsbmm4.json.gz", None, "导出里没有 data/asdl00"),
        ("manifest-files.json", None, "导出里没有 manifest-files.json。导出可能还没有完成"),
        ("manifest-summary.json", None, "导出里没有 manifest-summary.json"),
        ("manifest-summary.json", lambda _: b"{}", "manifest-summary.json 的 exportArn 读不出来"),
        ("manifest-files.json", lambda data: data + b"{", "manifest-files.json 第 5 行 的 整行 读不出来"),
        ("manifest-files.json", lambda data: b"\n".join(data.splitlines()[:-1]), r"合计 \d+ 行，.* 64 行，清单不完整"),
        ("manifest-summary.json", lambda data: data.replace(b"DYNAMODB_JSON", b"ION"), "这是 ION、FULL_EXPORT 的导出"),
        ("manifest-summary.json", lambda data: data.replace(b"FULL_", b"INCREMENTAL_"), "请按 DYNAMODB_JSON 格式全量"),
        (
            "manifest-files.json",
            lambda data: data.replace(b'"itemCount": 29', b'"itemCount": 28').replace(b": 15,", b": 16,"),
            "有 29 行，清单里写的是 28 行",
        ),
    ],
)
def test_half_an_export_changes_nothing(
    tmp_path: Path, file: str, change: Callable[[bytes], bytes] | None, told: str
) -> None:
    folder, blobs = export(tmp_path / "export"), MemoryBlobs()
    path = folder / file
    if change is None:
        path.unlink()
    else:
        path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ExportProblem, match=told):
        build(folder, blobs)
    assert numbers_of(blobs, ON.isoformat()) == [] and source_of(blobs, ON.isoformat()) is None


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["{}", '{"Item": "profile"'], r"data/asdl00\w+.json.gz 第 2 行 不是 DynamoDB JSON"),
        (['{"Keys": "profile"}'], "第 1 行 不是 DynamoDB JSON"),
        (['{"Item": {"sk": "profile"}}'], "第 1 行 的企业资料读不出来"),
        ([line_of(Record("enterprise#x", "profile", {"enterprise": {"uscc": "1"}}))], "第 1 行 的企业资料读不出来"),
        ([profile(ENTERPRISES[0]), profile(ENTERPRISES[0])], f"同一家企业在导出 {ID} 里出现两次"),
    ],
)
def test_a_line_that_is_not_ours_is_named(tmp_path: Path, lines: list[str], told: str) -> None:
    blobs = MemoryBlobs()
    with pytest.raises(ExportProblem, match=told):
        build(write_export(tmp_path / "export", [lines]), blobs)
    assert numbers_of(blobs, ON.isoformat()) == []


def test_only_one_batch_and_one_line_are_in_memory(tmp_path: Path) -> None:
    """The reader never asks for more of a file than it hands on, and pieces are written as soon as they are full."""
    folder = export(tmp_path / "export")
    read = Export(FolderStreams(folder))
    lines = read.lines(read.files[0])
    assert json.loads(next(lines))["Item"]["sk"] == {"S": "profile"}
    lines.close()  # type: ignore[attr-defined]  # a generator
    blobs = MemoryBlobs()
    Building(read, blobs, ON, SHARDS, batch=10).read(quiet)
    batches = {name.split("/")[4] for name in blobs.list(f"province/{ON}/parts/{ID}-{SHARDS}/0")}
    assert batches == {f"{place:05}-{batch:04}" for place, count in ((0, 3), (2, 2), (3, 2)) for batch in range(count)}

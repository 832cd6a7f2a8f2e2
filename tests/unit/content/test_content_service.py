from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryStore
from chalicelib.content import snapshots
from chalicelib.content.catalogue import Catalogue, CatalogueReader
from chalicelib.content.service import ContentRefused, ContentService
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.errors import BadInput, Refusal
from chalicelib.ports import Page, Record, Write
from tests.unit.content.samples import NOW, USCC, USCC_2, bundle, enterprise, item, point


class CountingStore(MemoryStore):
    """Counts reads, and lets somebody else publish first when asked to."""

    def __init__(self) -> None:
        super().__init__(FixedClock(NOW))
        self.gets = 0
        self.rival: Any = None

    def get(self, pk: str, sk: str) -> Record | None:
        self.gets += 1
        return super().get(pk, sk)

    def transact(self, writes: Sequence[Write]) -> None:
        rival, self.rival = self.rival, None
        if rival is not None:
            rival()
        super().transact(writes)


class Desk:
    """An operator with a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.blobs = CountingStore(), MemoryBlobs()
        self.service = ContentService(self.store, self.blobs)
        self.reader = CatalogueReader(self.store, lambda: self.blobs)

    def write(self, **kinds: list[dict[str, Any]]) -> Path:
        for old in self.folder.iterdir():
            old.unlink()
        for name, rows in kinds.items():
            (self.folder / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        return self.folder

    def load(self, **kinds: list[dict[str, Any]]) -> Any:
        return self.service.load(self.write(**kinds), "运维甲", NOW)

    def state(self) -> tuple[Page, list[str]]:
        return self.store.query("content"), self.blobs.list("")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "set").mkdir()
    return Desk(tmp_path / "set")


def test_a_first_load_publishes_version_one(desk: Desk) -> None:
    changes = desk.load(items=[item()], bundles=[bundle()], points=[point()], enterprises=[enterprise()])
    assert changes.version == 1
    assert changes.report.counts == {"bundles": 1, "enterprises": 1, "items": 1, "points": 1}
    assert {name: each.counts() for name, each in changes.kinds.items()} == {
        name: {"added": 1, "changed": 0, "removed": 0, "unchanged": 0}
        for name in ("items", "bundles", "points", "enterprises")
    }
    catalogue = desk.reader.current()
    assert catalogue.version == 1
    assert catalogue.items["SX-01"].name == "食品经营许可"
    assert (list(catalogue.bundles), list(catalogue.points), list(catalogue.policies)) == (["B01"], ["PT01"], [])
    assert EnterpriseService(desk.store).get(USCC) is not None


def test_the_same_again_changes_nothing(desk: Desk) -> None:
    rows: Any = {"items": [item("SX-01"), item("SX-02")], "enterprises": [enterprise(), enterprise(USCC_2)]}
    desk.load(**rows)
    before = desk.state()
    rows["items"].reverse()
    again = desk.load(**rows)
    assert (again.version, [each.unchanged for each in again.kinds.values()]) == (1, [2, 2])
    assert not any(again.kinds.values())
    assert desk.state() == before
    held = desk.store.get(f"enterprise#{USCC}", "profile")
    assert held is not None and held.version == 1


def test_what_changed_is_shown_by_field(desk: Desk) -> None:
    desk.load(items=[item("SX-01"), item("SX-02"), item("SX-03")], enterprises=[enterprise()])
    changes = desk.load(
        items=[item("SX-01"), item("SX-02", name="改名", dept="县税务局"), item("SX-04")],
        enterprises=[enterprise(name="改名公司"), enterprise(USCC_2)],
    )
    assert list(changes.lines()) == [
        "事项：新增 1，修改 1，移除 1，未变 1",
        "  + SX-04",
        "  ~ SX-02（事项名称、实施主体）",
        "  - SX-03",
        "企业：新增 1，修改 1，移除 0，未变 0",
        f"  + {USCC_2}",
        f"  ~ {USCC}",
    ]
    assert changes.version == 2
    assert list(desk.reader.current().items) == ["SX-01", "SX-02", "SX-04"]


def test_loading_one_kind_leaves_the_others(desk: Desk) -> None:
    desk.load(items=[item()], bundles=[bundle()])
    desk.load(bundles=[bundle("B02")])
    catalogue = desk.reader.current()
    assert (list(catalogue.items), list(catalogue.bundles)) == (["SX-01"], ["B02"])


def test_a_bad_set_loads_nothing(desk: Desk) -> None:
    desk.load(items=[item()])
    before = desk.state()
    with pytest.raises(ContentRefused, match="没有导入任何内容") as refused:
        desk.load(items=[item(), item("SX-2x")], enterprises=[enterprise(), enterprise("91")])
    assert refused.value.report.total_problems == 2
    assert "enterprises.json 第 2 条（91）「统一社会信用代码」" in str(refused.value)
    assert desk.state() == before
    assert EnterpriseService(desk.store).get(USCC) is None


def test_names_that_lead_nowhere_are_told(desk: Desk) -> None:
    report = desk.service.check(
        desk.write(items=[item()], bundles=[bundle(items=("SX-01", "SX-77"))], points=[point(bundles=["B09"])])
    )
    assert list(report.lines()) == [
        "bundles.json 第 1 条（B01）「环节.事项编号（任一）」：事项 SX-77 不存在。请核对编号，或把事项一起导入",
        "points.json 第 1 条（PT01）「可办集成包」：一件事 B09 不存在。请核对编号，或把一件事一起导入",
    ]


def test_taking_away_what_others_name_is_told(desk: Desk) -> None:
    desk.load(items=[item("SX-01"), item("SX-02")], bundles=[bundle()])
    with pytest.raises(ContentRefused) as refused:
        desk.load(items=[item("SX-02")])
    assert "已发布的内容（一件事 B01）「环节.事项编号（任一）」：事项 SX-01 不存在" in str(refused.value)


def test_a_spoilt_row_is_not_told_twice_through_those_that_name_it(desk: Desk) -> None:
    report = desk.service.check(desk.write(items=[item(name="")], bundles=[bundle()]))
    assert [problem.column for problem in report.problems] == ["事项名称"]


def test_problems_are_capped_when_shown(desk: Desk) -> None:
    report = desk.service.check(desk.write(items=[item(f"X{n}") for n in range(80)]))
    lines = list(report.lines(10))
    assert (report.total_problems, len(lines), lines[-1]) == (80, 11, "……还有 70 处，改好以上各处后再检查一次")


def test_nothing_to_read_is_a_problem(desk: Desk, tmp_path: Path) -> None:
    assert "没有找到内容文件" in next(desk.service.check(desk.write()).lines())
    with pytest.raises(BadInput, match="没有找到"):
        desk.service.check(tmp_path / "nothing")
    report = desk.service.check(desk.write(items=[]))
    assert list(report.lines()) == ["items.json：没有一行事项。不需要这个文件时请删去它"]


def test_versions_are_kept(desk: Desk) -> None:
    desk.load(items=[item()])
    desk.load(items=[item(name="改名")])
    head, first, second = (record.body for record in desk.store.query("content").records)
    assert (first["version"], second["version"], head["version"]) == (1, 2, 2)
    assert second["changes"] == {"items": {"added": 0, "changed": 1, "removed": 0, "unchanged": 0}}
    assert (second["loaded_by"], second["blob"]) == ("运维甲", head["blob"])
    assert len(desk.blobs.list("catalogue/")) == 2


def test_a_rival_load_is_merged_not_lost(desk: Desk, tmp_path: Path) -> None:
    desk.load(items=[item()])
    (tmp_path / "rival").mkdir()
    rival = Desk(tmp_path / "rival")
    rival.service = ContentService(desk.store, desk.blobs)
    desk.store.rival = lambda: rival.load(points=[point()])
    assert desk.load(bundles=[bundle()]).version == 3
    catalogue = desk.reader.current()
    assert (list(catalogue.points), list(catalogue.bundles)) == (["PT01"], ["B01"])


def test_a_load_that_always_loses_gives_up(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "rival").mkdir()
    rival = Desk(tmp_path / "rival")
    rival.service = ContentService(desk.store, desk.blobs)
    names = iter(range(100))

    def again() -> None:
        rival.load(items=[item(name=f"第 {next(names)} 次")])
        desk.store.rival = again

    desk.store.rival = again
    with pytest.raises(Refusal, match="稍后再试"):
        desk.load(points=[point(items=[])])
    assert desk.reader.current().points == {}


# --------------------------------------------------------------------------------------------------------------- reader


def test_the_empty_catalogue(desk: Desk) -> None:
    assert desk.reader.current() == Catalogue()


def test_reading_costs_one_get_and_parses_once_a_version(desk: Desk) -> None:
    desk.load(items=[item()])
    first = desk.reader.current()
    desk.store.gets = 0
    assert desk.reader.current() is first
    assert desk.store.gets == 1
    desk.load(items=[item(name="改名")])
    assert desk.reader.current().items["SX-01"].name == "改名"
    assert first.items["SX-01"].name == "食品经营许可"


def test_a_missing_or_changed_snapshot_is_told(desk: Desk) -> None:
    desk.load(items=[item()])
    [blob] = desk.blobs.list("")
    desk.blobs.put(blob, b"{}")
    with pytest.raises(snapshots.SnapshotMissing, match="第 1 版"):
        desk.reader.current()
    desk.blobs.delete(blob)
    with pytest.raises(snapshots.SnapshotMissing, match="content load"):
        desk.reader.current()


# --------------------------------------------------------------------------------------------------------------- export


@pytest.mark.parametrize("name", ["folder", "全部.xlsx"])
def test_what_is_exported_loads_back_unchanged(desk: Desk, tmp_path: Path, name: str) -> None:
    facts = {"revenue": {"value": 9800, "unit": "万元", "source": "税务"}, "tax_credit": "A", "x": None}
    desk.load(
        items=[item("SX-01", name="=SUM(A1)", note="换\n行，逗号；分号", asks=["带；分号", "[方括号"]), item("SX-02")],
        bundles=[bundle()],
        points=[point(hours=[{"days": [1, 2], "opens": "09:00", "closes": "12:00"}], lat=27.63, lng=114.0)],
        enterprises=[enterprise(facts=facts, main_products=[], chain_member=False, industry_code="0730")],
    )
    out = tmp_path / "out" / name
    assert desk.service.export(out) == {"items": 2, "bundles": 1, "points": 1, "enterprises": 1}
    again = desk.service.load(out, "运维甲", NOW)
    assert not any(again.kinds.values()), list(again.lines())
    fresh = Desk(desk.folder)
    fresh.service.load(out, "运维甲", NOW)
    assert fresh.reader.current() == desk.reader.current()
    assert EnterpriseService(fresh.store).get(USCC) == EnterpriseService(desk.store).get(USCC)


def test_export_needs_content_and_a_known_form(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="还没有内容"):
        desk.service.export(tmp_path / "a.xlsx")
    with pytest.raises(BadInput, match=r"不能导出为 \.csv"):
        desk.service.export(tmp_path / "a.csv")


def test_a_cell_too_long_for_a_workbook_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.load(items=[item(note="长" * 40_000)])
    with pytest.raises(Refusal, match="SX-01 的「备注」太长"):
        desk.service.export(tmp_path / "a.xlsx")


def test_a_load_keeps_what_the_enterprise_said_of_itself(desk: Desk) -> None:
    """自报 is in no file; it stays until an office says it, and loading the same again still changes nothing."""
    row = enterprise(facts={"revenue": {"value": 1, "source": "税务"}})
    desk.load(enterprises=[row])
    service = EnterpriseService(desk.store)
    held = service.get(USCC)
    assert held is not None
    own = {"value": 400, "source": "企业自填", "basis": "自报"}
    said = held.model_dump(mode="json")
    said["facts"] |= {"assets": own, "revenue": own}
    service.save(type(held).model_validate(said), NOW)
    assert desk.load(enterprises=[row]).kinds["enterprises"].counts()["changed"] == 1
    again = service.get(USCC)
    assert again is not None
    assert {name: fact.value for name, fact in again.facts.items()} == {"assets": 400, "revenue": 1}
    assert desk.load(enterprises=[row]).kinds["enterprises"].counts()["unchanged"] == 1

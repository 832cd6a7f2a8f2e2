"""``enterprise import``: any column order, rows with mistakes beside it, again and onwards without harm."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from chalicelib.bootstrap import Application
from chalicelib.content import fact_import
from chalicelib.enterprises.model import Enterprise, FactSource
from chalicelib.enterprises.uscc import problem
from chalicelib.policies.facts import fact_sheet
from chalicelib.ports import Conflict, Put
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01, snapshot

E11 = "91360323MAXX00111M"
MAPPING = """
uscc: 信用代码
as_of_column: 数据日期
defaults: {source: 税务}
columns:
  企业名称: name
  营业收入（元）: {fact: revenue, unit: 元, basis: 申报口径, valid_days: 730}
  研发占比: rd_ratio
  从业人数: {fact: employees_avg, source: 统计}
  查账: accounting
  有效资质: valid_quals
"""


def codes(count: int) -> list[str]:
    """Valid credit codes, made by trying the check character."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    found = []
    for number in range(count):
        body = f"91360323MAX{number:06}"
        found.append(next(body + last for last in alphabet if problem(body + last) is None))
    return found


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.mapping = path / "map.yaml"
        self.mapping.write_text(MAPPING, encoding="utf-8")

    def csv(self, header: str, *rows: str, name: str = "数据.csv") -> Path:
        path = self.path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    def errors(self, path: Path) -> list[list[str]]:
        with path.with_name(path.name + ".errors.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))[1:]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def profile(county: Application, uscc: str) -> Enterprise:
    found = county.enterprises.get(uscc)
    assert found is not None
    return found


def test_columns_in_any_order_with_units_source_and_day(jobs: Jobs, county: Application, folder: Folder) -> None:
    path = folder.csv(
        "从业人数,数据日期,研发占比,信用代码,备注,营业收入（元）,查账,有效资质",
        f'25,2025/12/31,4.2%,"{E11[:8]} {E11[8:].lower()}",不看,"4,200,000",查账征收,HNTE；SRDI',
    )
    done = jobs("enterprise", "import", path, "--mapping", folder.mapping, "--json")
    said = done.json
    assert said.pop("peak_mb") > 0  # of the whole test process; the bound is for bench/
    assert said == {"rows": 1, "added": 0, "changed": 1, "unchanged": 0, "failed": 0, "errors": None}
    facts = profile(county, E11).facts
    assert (facts["revenue"].value, facts["revenue"].unit, facts["revenue"].basis) == (4_200_000, "元", "申报口径")
    assert (facts["revenue"].source, facts["employees_avg"].source) == (FactSource.TAX, FactSource.STATISTICS)
    assert (facts["revenue"].as_of, facts["revenue"].valid_until) == (date(2025, 12, 31), date(2027, 12, 31))
    values = fact_sheet(profile(county, E11), date(2026, 11, 23)).values
    assert (values["revenue"], values["rd_ratio"], values["size"]) == (420, 0.042, "小")
    assert values["valid_quals"] == {"HNTE", "SRDI"}


def test_without_a_mapping_columns_say_what_they_are(jobs: Jobs, county: Application, folder: Folder) -> None:
    path = folder.csv("统一社会信用代码,营业收入（上年）,is_zombie,乡镇代码", f"{E11},420,否,360323103")
    assert jobs("enterprise", "import", path).code == 0
    row = profile(county, E11)
    assert (row.facts["revenue"].value, row.facts["is_zombie"].value, row.town_code) == (420, False, "360323103")


@pytest.mark.parametrize("suffix", [".xlsx", ".jsonl"])
def test_other_formats(suffix: str, jobs: Jobs, county: Application, folder: Folder) -> None:
    path = folder.path / f"数据{suffix}"
    if suffix == ".xlsx":
        book = Workbook()
        book.active.append(["revenue", "统一社会信用代码"])  # type: ignore[union-attr]
        book.active.append([420.5, E11])  # type: ignore[union-attr]
        book.save(path)
    else:
        rows = [{"uscc": E11, "facts": {"revenue": 420.5}}, {"uscc": E01, "revenue": "12"}]
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert jobs("enterprise", "import", path).code == 0
    assert profile(county, E11).facts["revenue"].value == 420.5


def test_mistakes_by_row_and_the_good_rows_are_in(jobs: Jobs, county: Application, folder: Folder) -> None:
    path = folder.csv(
        "uscc,revenue,accounting,industry_code",
        f"{E11},420,查账征收,3073",
        f"{E01},很多,查账征收,3073",
        "91360323MAXX00015D,1,查账征收,3073",
        f"{E01},1,查帐,3073",
        f"{E01},1,查账征收,30",
        f"{codes(1)[0]},1,查账征收,3073",
        ",1,查账征收,3073",
    )
    done = jobs("enterprise", "import", path)
    assert done.code == 2
    assert "7 行：新增 0，修改 1，未变 0，有错 6。" in done.out
    found = folder.errors(path)
    assert [(row[0], row[2]) for row in found] == [
        ("3", "revenue"),
        ("4", "统一社会信用代码"),
        ("5", "accounting"),
        ("6", "行业代码"),
        ("7", "名称"),
        ("8", "统一社会信用代码"),
    ]
    assert "应为数字，写的是 “很多”" in found[0][3] and "应为 C" in found[1][3] and "不能新建" in found[4][3]
    assert profile(county, E11).facts["revenue"].value == 420
    path.write_text("uscc,revenue\n" + E01 + ",9800\n", encoding="utf-8")
    assert jobs("enterprise", "import", path).code == 0
    assert not path.with_name(path.name + ".errors.csv").exists()


@pytest.mark.parametrize(
    ("header", "mapping", "said"),
    [
        ("uscc,营收", None, "不认识“营收”这一列"),
        ("uscc,revenue", "columns: {revenue: 营收}", "map.yaml「columns.revenue.fact」：事实字典里没有“营收”"),
        ("uscc,revenue", "columns: {revenue: {fact: revenue, unit: 人}}", "单位应为“万元”，写的是“人”"),
        ("uscc,revenue", "columns: {revenue: {fact: revenue, valid_days: 9}}", "就要有 as_of"),
        ("uscc,revenue", "columns: [", "读不了"),
        ("uscc,revenue", "columns: {}", "columns"),
    ],
)
def test_a_column_that_means_nothing(
    header: str, mapping: str | None, said: str, jobs: Jobs, county: Application, folder: Folder
) -> None:
    path = folder.csv(header, f"{E11},1")
    words: list[Any] = ["enterprise", "import", path]
    if mapping is not None:
        folder.mapping.write_text(mapping, encoding="utf-8")
        words += ["--mapping", folder.mapping]
    before = snapshot(county)
    done = jobs(*words)
    assert done.code == 2 and said in done.err
    assert snapshot(county) == before


def thousands(folder: Folder, count: int) -> Path:
    rows = (f"{code},企业{n},{n},统计" for n, code in enumerate(codes(count)))
    return folder.csv("uscc,name,employees_avg,main_products", *rows)


def test_a_second_import_changes_nothing(jobs: Jobs, county: Application, folder: Folder) -> None:
    path = thousands(folder, 2000)
    assert jobs("enterprise", "import", path, "--json").json["added"] == 2000
    before = snapshot(county)
    again = jobs("enterprise", "import", path, "--json").json
    assert (again["unchanged"], again["added"], again["changed"]) == (2000, 0, 0)
    assert snapshot(county) == before


def audited(writes: Any) -> bool:
    """Whether this is the audit log's own write, which goes on whatever becomes of the command."""
    return any(isinstance(write, Put) and write.record.pk.startswith("audit") for write in writes)


def test_an_import_that_was_cut_off_goes_on(
    jobs: Jobs, county: Application, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = thousands(folder, 1000)
    real, batches = county.store.transact, 0

    def dying(writes: Any) -> None:
        nonlocal batches
        batches += not audited(writes)
        if batches > 5:
            raise KeyboardInterrupt
        real(writes)

    monkeypatch.setattr(county.store, "transact", dying)
    assert jobs("enterprise", "import", path).code != 0
    monkeypatch.setattr(county.store, "transact", real)
    done = jobs("enterprise", "import", path, "--json")
    assert "接着上次的第 500 行继续" in done.err
    assert (done.json["rows"], done.json["added"]) == (1000, 500)
    assert sum(1 for each in county.enterprises.all() if each.name.startswith("企业")) == 1000
    assert not path.with_name(path.name + ".progress.json").exists()


def test_a_changed_file_starts_from_the_beginning(jobs: Jobs, county: Application, folder: Folder) -> None:
    path = thousands(folder, 100)
    cursor = path.with_name(path.name + ".progress.json")
    cursor.write_text(json.dumps({"file": "another", "rows": 80}), encoding="utf-8")
    assert jobs("enterprise", "import", path, "--json").json["added"] == 100


def test_somebody_else_saves_meanwhile(
    jobs: Jobs, county: Application, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write is conditional: the other's change is read again and kept."""
    path = folder.csv("uscc,revenue", f"{E11},420")
    real = county.store.transact

    def beaten(writes: Any) -> None:
        monkeypatch.setattr(county.store, "transact", real)
        other = profile(county, E11).model_copy(update={"name_used": "旧名"})
        county.enterprises.save(other, county.clock.now())
        real(writes)

    monkeypatch.setattr(county.store, "transact", beaten)
    assert jobs("enterprise", "import", path).code == 0
    row = profile(county, E11)
    assert (row.name_used, row.facts["revenue"].value) == ("旧名", 420)


def test_it_gives_up_where_it_is_always_beaten(
    jobs: Jobs, county: Application, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(writes: Any) -> None:
        if audited(writes):
            return real(writes)
        raise Conflict([("enterprise", "profile")])

    real = county.store.transact
    monkeypatch.setattr(county.store, "transact", refused)
    done = jobs("enterprise", "import", folder.csv("uscc,revenue", f"{E11},420"))
    assert done.code == 1 and "请再运行一次" in done.err


def test_older_figures_stay_out_and_its_own_give_way(jobs: Jobs, county: Application, folder: Folder) -> None:
    row = profile(county, E11).model_dump(mode="json")
    row["facts"] |= {
        "revenue": {"value": 500, "unit": "万元", "source": "税务", "as_of": "2026-06-30"},
        "employees_avg": {"value": 3, "source": "企业自填", "as_of": "2026-11-01", "basis": "自报"},
    }
    county.enterprises.save(Enterprise.model_validate(row), county.clock.now())
    path = folder.csv("信用代码,数据日期,营业收入（元）,从业人数", f"{E11},2025-12-31,1,25")
    assert jobs("enterprise", "import", path, "--mapping", folder.mapping).code == 0
    facts = profile(county, E11).facts
    assert (facts["revenue"].value, facts["employees_avg"].value) == (500, 25)


def test_batches_fit_a_transaction() -> None:
    from chalicelib.ports import MAX_TRANSACT

    assert fact_import.BATCH <= MAX_TRANSACT

"""``project`` and ``loan reconcile`` as an operator uses them, with right and with wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.bootstrap import Application
from chalicelib.finance.model import TransitionProject
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01

GIANT = "91360323MAXX000312"


def test_review_by_two_people(county: Application, jobs: Jobs) -> None:
    fresh = "ZX-2026-0099"
    row = {"id": fresh, "name": "隧道窑余热利用", "uscc": E01, "subject": "企业", "industry_code": "3073",
           "stage": "申报", "path": ["余热利用"], "prov": ["R"]}  # fmt: skip
    county.projects.save_row(TransitionProject.model_validate(row))
    listed = jobs("project", "list", "--json").json
    assert fresh in [each["id"] for each in listed["projects"]]
    assert "形式审查" in jobs("project", "review", fresh, "形式审查通过", "--by", "甲").out
    assert jobs("project", "review", fresh, "评审通过", "--by", "乙").code != 0
    jobs("project", "review", fresh, "测算完成", "--by", "丙")
    scores = [f"--score={name}" for name in ("目录符合性=28", "减碳强度=20", "技术成熟=10", "财务=12", "披露=5")]
    assert "75 分" in jobs("project", "review", fresh, "评审通过", "--by", "乙", *scores).out
    shown = jobs("project", "show", fresh).out
    assert "形式审查通过 · 甲" in shown and "减碳强度 20" in shown
    assert listed["totals"]["balance"] <= listed["totals"]["line"]
    assert "使用率" in jobs("project", "list").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("project", "show", "ZX-9999"), "project list"),
        (("project", "review", "ZX-9999", "通过"), "形式审查通过"),
        (("project", "review", "ZX-9999", "评审通过", "--score", "披露"), "目录符合性=28"),
        (("project", "bundle", "none.json"), "none.json"),
        (("loan", "reconcile", "示例银行芦溪支行", "none.csv"), "none.csv"),
    ],
)
def test_wrong_words(county: Application, jobs: Jobs, words: tuple[str, ...], says: str) -> None:
    done = jobs(*words)
    assert done.code == 2 and says in done.err


def test_a_bundle_is_divided_to_the_fen(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    file = tmp_path / "bundle.json"
    members = [{"uscc": E01, "share": 2}, {"uscc": GIANT, "share": 1}]
    row = {"id": "DK-01", "policy": "P15", "lead": E01, "unit": "吨标准煤", "basis": "示例", "members": members}
    file.write_text(json.dumps(row), encoding="utf-8")
    assert "待核定" in jobs("project", "bundle", file).out
    done = jobs("project", "bundle", file, "--grant", "100", "--json").json
    assert done["parts"] == {E01: 6667, GIANT: 3333}
    assert jobs("project", "bundle", file, "--grant", "1.001").code == 2
    file.write_text(json.dumps({**row, "members": []}), encoding="utf-8")
    assert "members" in jobs("project", "bundle", file).err
    file.write_text("{", encoding="utf-8")
    assert "JSON" in jobs("project", "bundle", file).err


def test_reconcile_lists_differences_and_writes_them(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    bank = "示例银行芦溪支行"
    mine = [loan for loan in county.loans.watched_loans() if loan.head.bank == bank]
    assert mine
    file, out = tmp_path / "bank.csv", tmp_path / "differences.csv"
    file.write_text(f"贷款编号,环节,余额（元）\n{mine[0].id},结清,1\n", encoding="utf-8")
    done = jobs("loan", "reconcile", bank, file, "--out", out, "--json")
    assert done.code == 1
    found = json.loads(done.out)["differences"]
    assert {(each["loan_id"], each["what"]) for each in found} >= {(mine[0].id, "余额（元）")}
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == len(found) + 1
    file.write_text("贷款编号,环节\nLN-1,放了\n", encoding="utf-8")
    broken = jobs("loan", "reconcile", bank, file)
    assert broken.code == 2 and "第 2 行" in broken.err
    file.write_text("贷款编号,环节\nLN-1,放款\n", encoding="utf-8")
    assert "银行名称" in jobs("loan", "reconcile", "没有的银行", file).err


def test_emissions_by_factors_with_a_source(county: Application, jobs: Jobs, tmp_path: Path) -> None:
    row = {"id": "ZX-2026-0098", "name": "隧道窑余热利用", "uscc": E01, "subject": "企业", "industry_code": "3073",
           "stage": "申报", "path": ["余热利用"], "prov": ["R"], "base_year": 2024, "target_year": 2027,
           "reduction_percent": 10, "figures": [
               {"year": 2024, "power_kwh": 1000, "gas_m3": 0, "coal_t": 3},
               {"year": 2025, "power_kwh": 1000, "gas_m3": 0, "coal_t": 2}]}  # fmt: skip
    county.projects.save_row(TransitionProject.model_validate(row))
    assert "没有登记" in jobs("project", "emissions", "ZX-2026-0098").out
    file = tmp_path / "factors.yaml"
    file.write_text(
        "- {energy: 电, factor: 0.001, valid_from: 2020-01-01, source: 测试用的整数}\n"
        "- {energy: 煤, factor: 2, valid_from: 2020-01-01, source: 测试用的整数}\n",
        encoding="utf-8",
    )
    assert "测试用的整数" in jobs("project", "factors", file).out
    found = jobs("project", "emissions", "ZX-2026-0098", "--json").json
    assert [(each["year"], each["tonnes"], each["reduction"]) for each in found] == [
        (2024, "7.0", "0.0"),
        (2025, "5.0", "28.6"),
    ]
    assert "减 10%" in jobs("project", "emissions", "ZX-2026-0098").out
    file.write_text("- {energy: 风, factor: 1, valid_from: 2020-01-01, source: 测试}\n", encoding="utf-8")
    refused = jobs("project", "factors", file)
    assert refused.code == 2 and "第 1 条的 energy" in refused.err

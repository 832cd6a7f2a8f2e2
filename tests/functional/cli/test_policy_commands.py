"""``policy``: from a draft to a publication and back, a look before it, why, and replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01
from tests.functional.support import DATA

E12 = "91360323MAXX0012XD"
GOLDEN = {"name": "规下", "day": "2026-11-22", "facts": {"chain_member": False}, "outcome": "not_match"}


@pytest.mark.parametrize(
    "name",
    "check match preview why decisions replay submit review publish suspend withdraw rollback history diff".split(),
)
def test_help(name: str, jobs: Jobs) -> None:
    done = jobs("policy", name, "--help")
    assert done.code == 0 and done.out.startswith("Usage: python -m jobs")


def write(folder: Path, policy_id: str, **change: Any) -> Path:
    """All sample policies, one of them in a new version."""
    rows = yaml.safe_load((DATA / "policies.yaml").read_text(encoding="utf-8"))
    new = [row | change if row["id"] == policy_id else row for row in rows]
    path = folder / "policies.yaml"
    path.write_text(yaml.safe_dump(new, allow_unicode=True), encoding="utf-8")
    return path


def test_a_new_version_from_draft_to_rollback(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    change = {"version": 2, "state": "draft", "benefit": {"kind": "fixed", "amount": 1}, "golden": [GOLDEN]}
    assert jobs("content", "load", write(tmp_path, "P24-2", **change)).code == 0
    assert county.catalogue().policies["P24-2"].version == 1
    for step, by in (("submit", "甲"), ("review", "乙"), ("publish", "丙")):
        done = jobs("policy", step, "P24-2", "--by", by, "--json")
        assert done.json["version"] == 2
    assert county.catalogue().policies["P24-2"].version == 2
    [changed] = [row for row in jobs("policy", "diff", "P24-2", 1, 2, "--json").json if row["field"] == "标准"]
    assert changed["new"]["amount"] == "1"
    assert "标准\n" in jobs("policy", "diff", "P24-2", 1, 2).out
    assert jobs("policy", "rollback", "P24-2", 1, "--by", "丁", "--json").json == {
        "policy": "P24-2",
        "version": 3,
        "state": "published",
    }
    history = jobs("policy", "history", "P24-2", "--json").json
    assert [each["state"] for each in history["versions"]] == ["withdrawn", "withdrawn", "published"]
    assert {each["by"] for each in history["log"]} >= {"甲", "乙", "丙", "丁"}
    assert "回退到第 1 版的内容" in jobs("policy", "history", "P24-2").out


def test_a_suspended_policy_matches_nobody(jobs: Jobs, county: Application) -> None:
    assert jobs("policy", "suspend", "P14", "--by", "甲").code == 0
    rows = {row["policy"]: row for row in jobs("policy", "check", E01, "--json").json}
    assert (rows["P14"]["outcome"], rows["P14"]["reasons"]) == ("not_match", ["政策已暂停受理"])
    assert jobs("policy", "publish", "P14", "--by", "甲").code == 0
    refused = jobs("policy", "review", "P14", "--by", "甲")
    assert refused.code == 1 and "现在是“已发布”，不能复核通过" in refused.err


def test_a_look_before_publishing(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    stricter = {"fact": "valid_quals", "op": "contains", "value": "LG"}
    change = {"version": 2, "state": "draft", "condition": stricter, "benefit": {"kind": "fixed", "amount": 300000}}
    failing = jobs("content", "load", write(tmp_path, "P25", **change))
    assert (
        failing.code == 2 and "（P25）「用例」：用例“首次认定小巨人”" in failing.out
    )  # its golden cases travel with it
    change |= {"golden": []}
    assert jobs("content", "load", write(tmp_path, "P25", **change)).code == 0
    found = jobs("policy", "preview", "P25", "--pool", "10", "--json").json
    assert (found["version"], found["against"]) == (2, 1)
    assert E12 in found["losses"] and len(found["gains"]) >= 1
    assert found["cost_fen"] == 30_000_000 * found["outcomes"]["match"]
    assert found["pool_left_fen"] == 10_000_000 - found["cost_fen"] < 0
    assert sum(t["matches"] for t in found["by_town"].values()) == found["outcomes"]["match"]
    assert sum(t["fen"] for t in found["by_size"].values()) == found["cost_fen"]
    shown = jobs("policy", "preview", "P25", "--pool", "10").out
    assert "不再符合" in shown and "不够，还差" in shown and "乡镇" in shown and "规模" in shown
    assert "没有第 9 版" in jobs("policy", "preview", "P25", "--version", 9).err


def test_a_look_at_a_policy_for_nobody_says_why_in_words(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    nobody = {"fact": "town_code", "op": "==", "value": "360302001"}
    change = {"version": 2, "state": "draft", "condition": nobody, "golden": [], "mode_overrides": []}
    assert jobs("content", "load", write(tmp_path, "P26", **change)).code == 0
    shown = jobs("policy", "preview", "P26").out
    assert "没有企业符合，也没有待补充的。卡在：" in shown
    assert "名称" not in shown
    ended = jobs("policy", "preview", "P01").out
    assert "没有企业符合，也没有待补充的。卡在：政策执行期限至2025-12-31（12 家）" in ended


def test_the_pool_is_the_one_that_was_registered(jobs: Jobs, county: Application) -> None:
    assert "还没有登记金额" in jobs("policy", "preview", "P24-2").out
    pool = county.catalogue().policies["P24-2"].pool
    assert pool is not None
    county.awards.set_pool(pool, 2026, 12_345_600, "甲", "年度预算", county.clock.now())
    found = jobs("policy", "preview", "P24-2", "--json").json
    assert found["pool_fen"] == 12_345_600
    assert "资金池" in jobs("policy", "preview", "P24-2").out


def test_why_for_a_person_and_for_an_auditor(jobs: Jobs, county: Application) -> None:
    shown = jobs("policy", "why", "91360323MAXX00074F", "P11").out
    assert "纳税信用级别：C，要求属于 A、B" in shown
    found = jobs("policy", "why", "91360323MAXX00074F", "P11", "--json").json
    [line] = [each for each in found["trace"] if each["fact"] == "tax_credit"]
    assert (line["verdict"], line["evidence"]["source"], line["decides"]) == ("不满足", "税务", True)
    assert "没有编号为 P99 的政策" in jobs("policy", "why", E01, "P99").err


def test_replay_after_the_content_has_changed(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    now = county.clock.now()
    county.followers.follow("o-1", now)
    county.bindings.redeem("o-1", county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    county.consents.grant("o-1", [Scope.POLICY_PUSH], "v1", "page", now)
    assert jobs("run", "policy-push", "--enterprise", E01).code == 0
    kept = jobs("policy", "decisions", E01, "--json").json
    assert {"P14"} <= {each["policy"] for each in kept}
    change = {"version": 2, "condition": {"fact": "revenue", "op": ">", "value": 900000}, "counts": []}
    change |= {"benefit": {"kind": "words", "text": "无"}}
    assert jobs("content", "load", write(tmp_path, "P14", **change)).code == 0
    for each in kept:
        done = jobs("policy", "replay", each["id"], "--json")
        assert done.json["same"] is True, done.out
    assert "重算结果相同。" in jobs("policy", "replay", kept[0]["id"]).out
    assert json.loads(jobs("policy", "check", E01, "--json").out)
    assert "决定编号" in jobs("policy", "replay", "nonsense").err

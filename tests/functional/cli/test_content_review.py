"""Content that two people saw: draft, review, publication, what differs, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from chalicelib.bootstrap import Application
from tests.functional.cli.conftest import Jobs
from tests.functional.county import make_county, snapshot
from tests.functional.support import DATA


def edited(folder: Path, name: str = "承诺 2 个工作日", n: int = 2) -> Path:
    """The sample items with another promise for SX-01."""
    rows = yaml.safe_load((DATA / "items.yaml").read_text(encoding="utf-8"))
    rows[0]["promised"] = {"n": n, "unit": "wd", "note": name, "prov": ["R"]}
    path = folder / "items.yaml"
    path.write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    return path


def promise(county: Application) -> int:
    return county.catalogue().items["SX-01"].promised.n


def proposed(jobs: Jobs, path: Path, by: str = "小李") -> int:
    draft: int = jobs("content", "load", path, "--draft", "--by", by, "--json").json["id"]
    return draft


def test_a_draft_reaches_people_only_after_a_second_person(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    draft = proposed(jobs, edited(tmp_path))
    assert promise(county) == 1
    refused = jobs("content", "publish", draft, "--by", "小李")
    assert (refused.code, "要先是“已复核”" in refused.err) == (1, True)
    own = jobs("content", "review", draft, "--by", "小 李")
    assert (own.code, "复核人要换一个人" in own.err) == (1, True)
    assert jobs("content", "review", draft, "--by", "老王", "--json").json["state"] == "reviewed"
    assert promise(county) == 1
    published = jobs("content", "publish", draft, "--by", "老王", "--json").json
    assert published["kinds"]["items"] == {"added": 0, "changed": 1, "removed": 0, "unchanged": 40}
    assert promise(county) == 2
    assert "小李 编制，老王 复核" in jobs("content", "versions").out
    [shown] = jobs("content", "drafts", "--json").json
    assert (shown["state"], shown["version"], shown["reviewer"]) == ("published", published["version"], "老王")
    again = jobs("content", "publish", draft, "--by", "老王")
    assert (again.code, "已发布" in again.err) == (1, True)


def test_what_differs_is_told_field_by_field(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    draft = proposed(jobs, edited(tmp_path))
    out = jobs("content", "diff", draft).out
    assert "事项 SX-01「承诺办结时限」" in out
    assert "共 1 处不同" in out
    [one] = jobs("content", "diff", draft, "--json").json
    assert (one["before"]["n"], one["after"]["n"]) == (1, 2)


def test_a_rollback_is_a_new_version_with_the_old_content(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    first = county.catalogue().version
    draft = proposed(jobs, edited(tmp_path))
    jobs("content", "review", draft, "--by", "老王")
    jobs("content", "publish", draft, "--by", "老王")
    assert jobs("content", "rollback", first, "--by", "老王", "--json").json["version"] == first + 2
    assert promise(county) == 1
    assert jobs("content", "diff", first, "--to", first + 2).out.strip() == "没有不同。"
    assert "回到第" in jobs("content", "versions").out
    assert jobs("content", "rollback", 99, "--by", "老王").code == 2


def test_a_draft_that_somebody_overtook_is_not_published(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    draft = proposed(jobs, edited(tmp_path, n=2))
    jobs("content", "review", draft, "--by", "老王")
    assert jobs("content", "load", edited(tmp_path, n=5)).code == 0
    refused = jobs("content", "publish", draft, "--by", "老王")
    assert (refused.code, "别人改过事项" in refused.err) == (1, True)
    assert promise(county) == 5
    assert jobs("content", "drop", draft, "--json").json["state"] == "dropped"


def test_a_bad_or_mixed_set_makes_no_draft(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    before = snapshot(county)
    bad = edited(tmp_path, n=-1)
    assert jobs("content", "load", bad, "--draft", "--by", "小李").code == 2
    refused = jobs("content", "load", DATA / "enterprises.yaml", "--draft", "--by", "小李")
    assert (refused.code, "草稿只能有目录内容" in refused.err) == (2, True)
    assert jobs("content", "review", 7, "--by", "老王").code == 2
    assert snapshot(county) == before


def test_the_same_content_is_nothing_to_publish(jobs: Jobs, county: Application) -> None:
    draft = proposed(jobs, DATA / "points.yaml")
    jobs("content", "review", draft, "--by", "老王")
    refused = jobs("content", "publish", draft, "--by", "老王")
    assert (refused.code, "没有可发布的" in refused.err) == (1, True)


@pytest.mark.usefixtures("county")
def test_where_review_is_the_rule_a_load_of_the_catalogue_is_refused(jobs: Jobs, tmp_path: Path) -> None:
    strict = make_county(content_review=True)
    refused = jobs("content", "load", edited(tmp_path))
    assert (refused.code, "content load --draft" in refused.err) == (1, True)
    assert promise(strict) == 1
    assert jobs("content", "load", DATA / "enterprises.yaml").code == 0
    draft = proposed(jobs, edited(tmp_path))
    jobs("content", "review", draft, "--by", "老王")
    jobs("content", "publish", draft, "--by", "老王")
    assert promise(strict) == 2

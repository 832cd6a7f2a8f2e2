"""``form prefill``: the table of the samples, one enterprise, and a code that nobody has."""

from __future__ import annotations

from chalicelib.bootstrap import Application
from tests.functional.cli.conftest import Jobs


def test_the_table_counts_the_samples(county: Application, jobs: Jobs) -> None:
    told = jobs("form", "prefill", "--json").json
    rows = told["rows"]
    assert len({row["uscc"] for row in rows}) == 12
    assert told["filled"] == sum(row["filled"] for row in rows) and told["total"] >= told["knowable"] > told["filled"]
    [line] = [row for row in rows if (row["uscc"], row["form"]) == ("91360323MAXX00058R", "FM-07")]
    assert line["filled"] == line["knowable"] and line["total"] == line["filled"] + line["later"] + line["asked"]
    shown = jobs("form", "prefill", "--uscc", "91360323maxx00015c")
    assert "失业保险稳岗返还申请审批表" in shown.out and "信用修复申请书" not in shown.out
    assert "政府可知" in shown.out


def test_a_code_that_nobody_has_is_told(county: Application, jobs: Jobs) -> None:
    done = jobs("form", "prefill", "--uscc", "91360323MAXX9999XX")
    assert done.code == 2 and "没有这家企业的档案" in done.err

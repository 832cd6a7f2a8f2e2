"""``run case-drop``: a file that nobody can read shows in the run's figures, and holds up no other."""

from __future__ import annotations

import json

from chalicelib.bootstrap import Application
from tests.functional.cli.conftest import Jobs

HEADER = "project_no,task_name,dept_name,uscc,apply_date"
ROW = "3603232026112200991,药品经营许可,县市场监管局,91360323MAXX00015C,2026-11-20 09:00"


def test_one_that_cannot_be_read_counts_as_failed(county: Application, jobs: Jobs) -> None:
    box = county.drop
    box.blobs.put(f"{box.prefix}a.csv", f"{HEADER}\n{ROW}\n".encode())
    box.blobs.put(f"{box.prefix}b.csv", b"\xff\xfe\x00")
    jobs("run", "case-drop")
    second = jobs("run", "case-drop", "--json")
    told = json.loads(second.out)
    assert (second.code, told["queued"], told["failed"]) == (1, 1, 1)
    assert county.cases.get("3603232026112200991") is not None
    assert jobs("run", "case-drop", "--json").json["planned"] == 0

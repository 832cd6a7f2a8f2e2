"""How fast cases of the exchange table come in (办件导入), how much memory that takes, and what a second time changes.

100,000 rows, one in a hundred broken in one of four ways, by the operators' command, each run a process of its own.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.report import Section, table

ROWS = 100_000
BROKEN_EVERY = 100
_HEADER = (
    "project_no", "task_name", "dept_name", "project_type", "统一社会信用代码", "apply_date", "accept_date",
    "promise_day", "promise_type", "anticipate_day", "anticipate_type", "result_type", "result_date",
)  # fmt: skip
_ENTERPRISES = ("91360323MAXX00015C", "91360323MAXX000905", "91360323MAXX00111M", "91360323MAXX0012XD")


def section() -> Section:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.csv"
        write_rows(path, ROWS)
        first, took = _imported(path)
        second, again = _imported(path)
    broken = ROWS // BROKEN_EVERY
    holds = (
        (first["added"], first["failed"]) == (ROWS - broken, broken)
        and (second["added"], second["changed"], second["unchanged"]) == (0, 0, ROWS - broken)
        and max(first["peak_mb"], second["peak_mb"]) <= 512
    )
    lines = [
        ("first", f"{took:.0f} s", f"{ROWS / took:,.0f}", first["added"], first["failed"], f"{first['peak_mb']} MB"),
        (
            "second",
            f"{again:.0f} s",
            f"{ROWS / again:,.0f}",
            second["added"],
            second["failed"],
            f"{second['peak_mb']} MB",
        ),
    ]
    text = (
        f"`case import` of {ROWS:,} rows of the exchange table, 1 % broken, into one SQLite file (FULL). The good rows "
        f"are in, the broken ones are told by row and reason beside the file; the second import changes "
        f"{second['changed'] + second['added']} rows.\n\n"
        + table(("run", "time", "rows/s", "added", "broken", "peak memory"), lines)
    )
    return Section("Case import", text, holds)


def write_rows(path: Path, rows: int) -> None:
    """``rows`` rows of the acceptance and result tables joined; one in BROKEN_EVERY broken, each way in turn."""
    start = date(2026, 1, 5)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for n in range(rows):
            day = start + timedelta(days=n % 200)
            ended = (day + timedelta(days=3)).isoformat() if n % 3 else ""
            row = [
                f"360323{day:%Y%m%d}{n // 200:05}", "食品经营许可（新办）", "县市场监督管理局", "2",
                _ENTERPRISES[n % 4], f"{day} 09:00", f"{day} 15:30", "5", "1", "20", "1", "0" if ended else "", ended,
            ]  # fmt: skip
            if n % BROKEN_EVERY == BROKEN_EVERY - 1:
                place, value = _WAYS[n // BROKEN_EVERY % len(_WAYS)]
                row[place] = value
            writer.writerow(row)


_WAYS = ((0, "12345"), (4, "91360323MAXX00015X"), (5, "上个月"), (7, "五天"))


def _imported(path: Path) -> tuple[dict[str, Any], float]:
    environment = os.environ | {"XIXINBAN_DB": str(path.with_name("bench.db")), "XIXINBAN_STAGE": "local"}
    started = time.monotonic()
    words = [sys.executable, "-m", "jobs", "case", "import", str(path), "--json"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    took = time.monotonic() - started
    if done.returncode not in (0, 2) or not done.stdout:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout), took

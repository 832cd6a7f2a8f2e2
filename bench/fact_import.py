"""How fast facts of enterprises come in (企业数据导入), how much memory that takes, and what a second time changes.

    python -m bench fact_import [--write]
    python -m bench.fact_import --rows 1000000 [--once] [--kill] [--write]

Rows of ten columns, four of the profile and six facts with unit, source and day from a mapping file, one in a hundred
broken in one of four ways, by the operators' command, each run a process of its own. ``--kill`` ends the first run of
each format with kill -9 a few times on the way and runs it again until it is through; ``--once`` leaves the second time
out.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.policy_match import today
from bench.report import Section, table, write
from chalicelib.enterprises.uscc import check_character

ROWS = 20_000
BROKEN_EVERY = 100
PROMISED = 5_000
"""Rows a second of a first import."""
KILLS = 3
_KILLED = (
    " A run that was killed counts its last part only; that each row is in once shows in the second run, which finds "
    "all of them unchanged."
)
_MAPPING = """
uscc: 信用代码
as_of_column: 数据日期
defaults: {source: 税务}
columns:
  企业名称: name
  登记状态: reg_status
  乡镇: town_code
  行业: industry_code
  营业收入（元）: {fact: revenue, unit: 元, basis: 申报口径, valid_days: 730}
  研发占比: rd_ratio
  从业人数: {fact: employees_avg, source: 统计}
  资产: assets
  信用级别: tax_credit
"""
_HEADER = (
    "信用代码", "数据日期", "企业名称", "登记状态", "乡镇", "行业", "营业收入（元）", "研发占比", "从业人数", "资产",
    "信用级别",
)  # fmt: skip
_WAYS = ((0, "91360323MAXX00015X"), (3, "不知道"), (6, "很多"), (1, "上个月"))


def rows(count: int) -> Iterator[list[str]]:
    """Rows under the header; one in BROKEN_EVERY broken, each way in turn."""
    for n in range(count):
        body = f"91360323MA{n:07}"
        row = [
            body + check_character(body), f"2025-12-{n % 28 + 1:02}", f"示例企业{n}", "存续", f"36032310{n % 6 + 1}",
            f"{3000 + n % 900}", f"{n * 37 % 90_000_000:,}", f"{n % 12}.5%", str(n % 400), str(n % 9000), "ABMC"[n % 4],
        ]  # fmt: skip
        if n % BROKEN_EVERY == BROKEN_EVERY - 1:
            place, value = _WAYS[n // BROKEN_EVERY % len(_WAYS)]
            row[place] = value
        yield row


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows(rows(count))


def write_lines(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows(count):
            file.write(json.dumps(dict(zip(_HEADER, row, strict=True)), ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True)
class Run:
    """One import, all its processes together. ``took`` in seconds."""

    took: float
    cpu: float
    peak_mb: int
    kills: int
    counts: dict[str, Any]


class Bench:
    """Imports into a database of its own in ``folder``."""

    def __init__(self, folder: Path, count: int, kills: int, again: bool) -> None:
        self._folder = folder
        self._count = count
        self._kills = kills
        self._again = again
        (folder / "map.yaml").write_text(_MAPPING, encoding="utf-8")

    def of(self, kind: str) -> list[tuple[str, Run]]:
        path = self._folder / f"facts.{kind}"
        (write_csv if kind == "csv" else write_lines)(path, self._count)
        found = [(f"{kind}, first", self._through(path, self._kills))]
        if self._again:
            found.append((f"{kind}, the same again", self._through(path, 0)))
        for each in (path, *self._folder.glob("bench.db*"), *self._folder.glob("facts.*.errors.csv")):
            each.unlink(missing_ok=True)
        return found

    def _through(self, path: Path, kills: int) -> Run:
        times, started, peak, done = os.times(), time.monotonic(), 0, 0
        while True:
            process = self._started(path)
            killed = done < kills and self._killed(process, path)
            if killed:
                done += 1
                continue
            out, error = process.communicate()
            if process.returncode not in (0, 2) or not out:
                raise RuntimeError(error[-2000:])
            after = os.times()
            cpu = after.children_user + after.children_system - times.children_user - times.children_system
            counts = json.loads(out)
            peak = max(peak, counts.pop("peak_mb"))
            run = Run(time.monotonic() - started, cpu, peak, done, counts)
            print(path.suffix, run, file=sys.stderr, flush=True)
            return run

    def _started(self, path: Path) -> subprocess.Popen[str]:
        environment = os.environ | {"XIXINBAN_DB": str(self._folder / "bench.db"), "XIXINBAN_STAGE": "local"}
        words = [sys.executable, "-m", "jobs", "enterprise", "import", str(path), "--json"]
        words += ["--mapping", str(self._folder / "map.yaml")]
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _killed(self, process: subprocess.Popen[str], path: Path) -> bool:
        """Once it has begun to write, and a little later; False when it was through before."""
        progress = path.with_name(path.name + ".progress.json")
        while process.poll() is None and not progress.exists():
            time.sleep(0.05)
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.2, self._count / 40_000))
        if process.poll() is not None:
            return False
        process.kill()
        process.communicate()
        return True


def measure(count: int, kills: int, again: bool = True) -> Section:
    """CSV and JSON Lines, each a first time and again. Holds when the figures do, and each row came in once."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        bench = Bench(Path(folder), count, kills, again)
        found = bench.of("csv") + bench.of("jsonl")
    broken = count // BROKEN_EVERY
    lines, holds = [], True
    for name, run in found:
        figures = (f"{run.took:.0f}", f"{run.cpu:.0f}", f"{count / run.took:,.0f}", f"{run.peak_mb} MB", run.kills)
        counts = (f"{run.counts[each]:,}" for each in ("added", "changed", "unchanged", "failed"))
        lines.append((name, *figures, *counts))
        holds &= run.peak_mb <= 512 and run.kills == (kills if "first" in name else 0)
        if "again" in name:
            holds &= (run.counts["unchanged"], run.counts["failed"]) == (count - broken, broken)
        elif not kills:
            holds &= (run.counts["added"], run.counts["failed"]) == (count - broken, broken)
            holds &= count / run.took >= PROMISED
    head = ("run", "seconds", "CPU seconds", "rows/s", "peak memory", "killed -9")
    text = (
        f"`enterprise import` of {count:,} rows of ten columns with a mapping, 1 % broken, into one SQLite file "
        f"(FULL), {today()}. Broken rows are told by row and reason beside the file."
        + (_KILLED if kills else "")
        + "\n\n"
        + table((*head, "added", "changed", "unchanged", "failed"), lines)
    )
    return Section(f"Import of facts: {count:,} rows", text, holds)


def section() -> Section:
    return measure(ROWS, 0)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--kill", action="store_true")
    words.add_argument("--once", action="store_true")
    words.add_argument("--write", action="store_true", help="into docs/benchmarks.md, as a section of its own")
    asked = words.parse_args()
    found = measure(asked.rows, KILLS if asked.kill else 0, not asked.once)
    print(found.text)
    if asked.write:
        write(f"fact_import_{asked.rows}{'_killed' if asked.kill else ''}", found)


if __name__ == "__main__":
    main()

"""``policy match`` end to end on files it makes itself: JSON Lines in, JSON Lines out, time and memory.

    python -m bench.policy_files [--policies 200] [--enterprises 100000] [--workers 2] [--dir var/bench]
    python -m bench.policy_files --growth 5000 50000 500000 5000000 [--write]

The growth is a section of its own in docs/benchmarks.md: 5,000,000 enterprises take half an hour and 30 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.policy_data import SCHEMA, make_columns, make_conditions, rows
from bench.policy_match import peak_memory, today
from bench.report import Section, table, write
from chalicelib.policies.matching import match_file

PART = 50_000


def write_inputs(folder: Path, policies: int, enterprises: int) -> tuple[Path, Path, Path]:
    """policies, enterprises, schema; the enterprises are made and written part by part."""
    folder.mkdir(parents=True, exist_ok=True)
    rules, firms, schema = (folder / name for name in ("policies.jsonl", "enterprises.jsonl", "schema.json"))
    conditions = enumerate(make_conditions(policies))
    _write(rules, ({"id": f"P{number:03}", "condition": raw} for number, raw in conditions))
    schema.write_text(json.dumps({name: definition.type for name, definition in SCHEMA.items()}), encoding="utf-8")
    _write(firms, _firms(enterprises))
    return rules, firms, schema


def _firms(count: int) -> Iterator[dict[str, Any]]:
    for start in range(0, count, PART):
        size = min(PART, count - start)
        for number, facts in enumerate(rows(make_columns(size, seed=start), size), start):
            known = {name: value for name, value in facts.items() if value is not None}
            yield {"uscc": f"91510000{number:010}", "facts": known}


def _write(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def measure(policies: int, enterprises: int, workers: int, folder: Path, repeat: int = 2) -> dict[str, Any]:
    with get_context("spawn").Pool(1) as maker:  # in a process of its own: what it took is not ours to count
        rules, firms, schema = maker.apply(write_inputs, (folder, policies, enterprises))
    out = folder / "matches.jsonl"
    runs = []
    for _ in range(repeat):
        out.unlink(missing_ok=True)  # or the disk has to hold two of them
        times = os.times()
        with peak_memory() as peak:
            summary = match_file(rules, firms, schema, out, workers=workers)
        cpu = sum(os.times()[:4]) - sum(times[:4])
        runs.append({"seconds": round(summary.seconds, 1), "cpu_seconds": round(cpu, 1), "peak_mb": peak[0]})
    return {
        "pairs": summary.pairs,
        "rows_written": summary.written,
        "input_mb": firms.stat().st_size >> 20,
        "output_mb": out.stat().st_size >> 20,
        "runs": runs,
    }


def section() -> Section:
    """100,000 enterprises from file to file."""
    report = measure(200, 100_000, 2, Path("var/bench"))
    rates = [report["pairs"] / run["cpu_seconds"] / 1e6 for run in report["runs"]]
    written = [report["rows_written"] / run["cpu_seconds"] for run in report["runs"]]
    runs = [[run["seconds"], run["cpu_seconds"], run["peak_mb"]] for run in report["runs"]]
    text = (
        f"`python -m bench.policy_files`, {today()}: 200 policies × 100,000 enterprises, "
        f"{report['input_mb']} MB of JSON Lines in, {report['rows_written']:,} rows with reasons and missing facts out "
        f"({report['output_mb']} MB), read, decided, explained and written by 2 processes on a shared machine: "
        f"{max(rates):.1f} million pairs and {max(written):,.0f} written rows a CPU second.\n\n"
        f"{table(['seconds', 'CPU seconds', 'peak MB of parent and children'], runs)}"
    )
    return Section("Policies: policy match from file to file", text)


def growth(sizes: list[int], policies: int, workers: int, folder: Path) -> Section:
    """One run a size, the same policies; what it has written is removed. Holds when the largest stays within 2 GB."""
    rows, peaks = [], []
    for size in sizes:
        report = measure(policies, size, workers, folder, 1)
        shutil.rmtree(folder)
        run = report["runs"][0]
        peaks.append(run["peak_mb"])
        per_second = f"{report['pairs'] / run['seconds'] / 1e6:.2f}"
        files = (f"{report['input_mb']:,}", f"{report['output_mb']:,}", f"{report['rows_written']:,}")
        rows.append((f"{size:,}", *files, run["seconds"], run["cpu_seconds"], per_second, run["peak_mb"]))
        print(json.dumps({"enterprises": size, **report}), file=sys.stderr, flush=True)
    head = ("enterprises", "MB in", "MB out", "rows out", "seconds", "CPU seconds", "million pairs/s", "peak MB")
    text = (
        f"`python -m bench.policy_files --growth {' '.join(map(str, sizes))} --write`, {today()}: `policy match` of "
        f"{policies} policies from JSON Lines to JSON Lines with reasons and missing facts, {workers} processes, one "
        "run a size; memory is that of parent and children together, shared pages once. Promised: 2,048 MB at most.\n\n"
        f"{table(head, rows)}"
    )
    return Section("Policies: policy match from file to file, growth", text, max(peaks) <= 2048)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--policies", type=int, default=200)
    words.add_argument("--enterprises", type=int, default=100_000)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--dir", type=Path, default=Path("var/bench"))
    words.add_argument("--growth", type=int, nargs="+", metavar="ENTERPRISES")
    words.add_argument("--write", action="store_true", help="the growth into docs/benchmarks.md")
    asked = words.parse_args()
    if asked.growth:
        section = growth(asked.growth, asked.policies, asked.workers, asked.dir)
        print(section.text)
        return write("policy_files_growth", section) if asked.write else None
    print(json.dumps(measure(asked.policies, asked.enterprises, asked.workers, asked.dir), indent=2))


if __name__ == "__main__":
    main()

"""Growth from 5,000 to 5,000,000 enterprises, ours and the column engines: seconds for 200 policies, drawn to a PNG.

    .venv-bench/bin/python -m bench.policy_growth [--out docs/images/policy-growth.png]

Best of the repeats, the counts asserted equal at each size. The index is timed as a run that finds it on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

from bench.policy_data import make_columns, make_trees
from bench.policy_peers import Counts, _three, in_duckdb, in_polars, ours
from chalicelib.policies.columns import Columns, load_columns, save_columns
from chalicelib.policies.kept import KeptBits
from chalicelib.policies.program import compile_columns
from chalicelib.policies.tree import Tree

mpl.use("agg")
from matplotlib import pyplot

SIZES = (5_000, 20_000, 100_000, 500_000, 1_000_000, 5_000_000)
LOOKS = {"ours, kept index": "o-", "ours, columns": "s-", "polars": "^--", "duckdb": "v--"}


def with_index(trees: list[Tree], columns: Columns, folder: Path) -> Callable[[], Counts]:
    save_columns(columns, folder)
    compile_columns(trees, KeptBits(folder, "bench")).count(columns, 2)
    return lambda: _three(compile_columns(trees, KeptBits(folder, "bench")).count(load_columns(folder), 2))


def seconds(policies: int, size: int, repeat: int) -> dict[str, float]:
    trees, columns = make_trees(policies), make_columns(size)
    folder = Path(tempfile.mkdtemp(prefix="policy-growth-", dir=os.environ.get("BENCH_DIR")))
    try:
        makers: dict[str, Callable[[], Callable[[], Counts]]] = {
            "ours, kept index": lambda: with_index(trees, columns, folder),
            "ours, columns": lambda: ours(trees, columns, 2),
            "polars": lambda: in_polars(trees, columns),
            "duckdb": lambda: in_duckdb(trees, columns),
        }
        found: dict[str, float] = {}
        counts: set[Counts] = set()
        for name, make in makers.items():
            run = make()
            times = []
            for _ in range(1 if name == "duckdb" and size > 1_000_000 else repeat):
                started = time.perf_counter()
                counts.add(run())
                times.append(time.perf_counter() - started)
            found[name] = round(min(times), 4)
            del run
        assert len(counts) == 1, counts
        return found
    finally:
        shutil.rmtree(folder)


def draw(found: dict[int, dict[str, float]], policies: int, out: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(7, 4.2), dpi=110)
    for name, look in LOOKS.items():
        axes.loglog(list(found), [times[name] for times in found.values()], look, label=name)
    axes.set_xlabel("enterprises")
    axes.set_ylabel(f"seconds for {policies} policies, three-valued")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(out)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--policies", type=int, default=200)
    words.add_argument("--repeat", type=int, default=3)
    words.add_argument("--most", type=int, default=SIZES[-1])
    words.add_argument("--out", type=Path, default=Path("docs/images/policy-growth.png"))
    asked = words.parse_args()
    found: dict[int, dict[str, Any]] = {}
    for size in (size for size in SIZES if size <= asked.most):
        found[size] = seconds(asked.policies, size, asked.repeat)
        print(json.dumps({"enterprises": size} | found[size]), flush=True)
    draw(found, asked.policies, asked.out)


if __name__ == "__main__":
    main()

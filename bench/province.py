"""The rehearsal of a province's night: ``python -m bench.province [--enterprises N] [--policies N]``.

The same code as a night on AWS (``jobs.province``), files in place of S3 and SQLite in place of SQS: the first night
remembers who matches what, then one enterprise in a hundred changes some facts, and the second night finds the
difference. What is new is handed on in batches; a sample of it is checked against the closures, pair by pair.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.policy_data import AMOUNTS, make_columns, make_trees, rows
from bench.policy_match import peak_memory, today
from bench.report import Section, table
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.files import FileBlobs
from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.policies.closures import compile_closure
from chalicelib.policies.columns import Columns, Numbers
from chalicelib.policies.tree import Outcome
from chalicelib.queue_names import MATCHING_SHARDS
from jobs.province.files import name_of, numbers_of
from jobs.province.night import Night
from jobs.province.shards import Shard, pack_shard, unpack_news, unpack_shard

SHARD_SIZE = 200_000
CHANGED = 0.01
FIRST, SECOND = "2026-11-22", "2026-11-23"
_SAMPLED = 200


def _shards(enterprises: int) -> Iterator[tuple[int, Shard]]:
    for number, start in enumerate(range(0, enterprises, SHARD_SIZE)):
        size = min(SHARD_SIZE, enterprises - start)
        usccs = np.array([f"91360323M{start + row:09}".encode() for row in range(size)])
        yield number, Shard(usccs, make_columns(size, seed=number))


def _a_day_later(shard: Shard, seed: int) -> Shard:
    """One in a hundred has another figure in some of its amounts."""
    draw = np.random.default_rng(seed)
    rows_changed = np.flatnonzero(draw.random(shard.columns.size) < CHANGED)
    by_name = dict(shard.columns.by_name)
    for name in draw.choice(AMOUNTS, 4, replace=False).tolist():
        values = by_name[name].part(slice(None))
        assert isinstance(values, Numbers)
        fresh = values.values.copy()
        fresh[rows_changed] = np.round(draw.lognormal(6, 2, len(rows_changed)), 2)
        by_name[name] = Numbers(fresh)
    return Shard(shard.usccs, Columns(shard.columns.size, by_name))


def _night(night: Night, blobs: FileBlobs, queue: SqliteQueue, day: str, before: str | None) -> dict[str, Any]:
    """Fan out and work off, one consumer."""
    wall, cpu = time.perf_counter(), time.process_time()
    queue.send(MATCHING_SHARDS, [{"shard": number, "day": day, "before": before} for number in numbers_of(blobs, day)])
    total = {"enterprises": 0, "matches": 0, "news": 0, "told": 0, "shards": 0}
    while messages := queue.receive(MATCHING_SHARDS, limit=1):
        for message in messages:
            done = night.work_off(message.body)
            queue.ack(MATCHING_SHARDS, message.receipt)
            for name in ("enterprises", "matches", "news", "told"):
                total[name] += getattr(done, name)
            total["shards"] += 1
            print(f"  {day} shard {message.body['shard']}", file=sys.stderr)
    return {**total, "seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def measure(enterprises: int, policies: int, folder: Path) -> dict[str, Any]:
    trees = [(f"P-{number:04}", tree) for number, tree in enumerate(make_trees(policies))]
    blobs, queue = FileBlobs(folder / "blobs"), SqliteQueue(folder / "queue.db", SystemClock())
    told: list[int] = []

    def hand_on(codes: Collection[str]) -> None:
        told.append(len(codes))

    for number, shard in _shards(enterprises):
        blobs.put(name_of(FIRST, "columns", number), pack_shard(shard))
        blobs.put(name_of(SECOND, "columns", number), pack_shard(_a_day_later(shard, number)))
    night = Night(blobs, trees, hand_on)
    with peak_memory() as peak:
        first = _night(night, blobs, queue, FIRST, None)
        second = _night(night, blobs, queue, SECOND, FIRST)
    again = _night(night, blobs, queue, SECOND, FIRST)
    assert again["news"] == second["news"] and again["matches"] == second["matches"]
    assert again["seconds"] < second["seconds"], "a second run matches nothing again"
    queue.close()
    sizes = {what: _megabytes(folder / "blobs" / "province" / SECOND / what) for what in ("columns", "matches", "news")}
    return {
        "enterprises": enterprises,
        "policies": policies,
        "first": first,
        "second": second,
        "again_seconds": again["seconds"],
        "peak_mb": peak[0],
        "megabytes": sizes,
        "batches": len(told) // 2,
        "checked": _checked(trees, blobs),
    }


def _checked(trees: list[tuple[str, Any]], blobs: FileBlobs) -> int:
    """Some of what is called new, asked of the closures on both nights. Raises AssertionError."""
    data = blobs.get(name_of(SECOND, "news", 0))
    assert data is not None
    news = unpack_news(data)
    before, after = (unpack_shard(blobs.get(name_of(day, "columns", 0)) or b"").columns for day in (FIRST, SECOND))
    usccs = unpack_shard(blobs.get(name_of(SECOND, "columns", 0)) or b"").usccs
    picked = random.Random(1).sample(range(len(news.rows)), min(_SAMPLED, len(news.rows)))
    for place in picked:
        row = int(np.searchsorted(usccs, news.usccs[news.rows[place]]))
        decide = compile_closure(trees[int(news.which[place])][1])
        one = slice(row, row + 1)
        was, now = (decide(rows(columns.part(one), 1)[0]) for columns in (before, after))
        assert now is Outcome.MATCH and was is not Outcome.MATCH, (row, was, now)
    return len(picked)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def section() -> Section:
    """5,000,000 enterprises × 2,000 policies."""
    return _section(_measured(5_000_000, 2_000))


def _section(report: dict[str, Any]) -> Section:
    pairs = report["enterprises"] * report["policies"]
    nights = [
        _row("first night, remembered only", report["first"], pairs),
        _row("second night", report["second"], pairs),
    ]
    sizes = report["megabytes"]
    text = (
        f"`python -m bench.province`, {today()}: {report['enterprises']:,} enterprises × {report['policies']:,} "
        f"policies = {pairs / 1e9:.2g} G pairs, {report['second']['shards']} column shards of up to {SHARD_SIZE:,} as "
        "files in place of S3, one message a shard in SQLite in place of SQS, one consumer. One enterprise in a "
        "hundred changed figures between the nights.\n\n"
        + table(
            ["night", "seconds", "CPU seconds", "million pairs a CPU second", "matches", "new pairs", "told"], nights
        )
        + f"\n\nTold: enterprises with news, handed on in {report['batches']:,} batches of up to 200 to the ordinary "
        f"match. Peak memory {report['peak_mb']:,} MB. Files of a night: columns {sizes['columns']:,.0f} MB, who "
        f"matches what {sizes['matches']:,.0f} MB, news {sizes['news']:,.1f} MB. The second night asked for again took "
        f"{report['again_seconds']:.1f} s and matched nothing again. {report['checked']} new pairs were asked of the "
        "closures on both nights: all right."
    )
    return Section("Policies: a province's night", text, report["peak_mb"] <= 2048)


def _row(name: str, one: dict[str, Any], pairs: int) -> list[str]:
    rate = pairs / one["cpu"] / 1e6
    counts = [f"{one[what]:,}" for what in ("matches", "news", "told")]
    return [name, f"{one['seconds']:.0f}", f"{one['cpu']:.0f}", f"{rate:.0f}", *counts]


def _measured(enterprises: int, policies: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="province-", dir=os.environ.get("BENCH_DIR")))
    try:
        return measure(enterprises, policies, folder)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--enterprises", type=int, default=5_000_000)
    words.add_argument("--policies", type=int, default=2_000)
    asked = words.parse_args()
    report = _measured(asked.enterprises, asked.policies)
    print(json.dumps(report, indent=2))
    print(_section(report).text)


if __name__ == "__main__":
    main()

"""A round of 10,000 enterprises, killed -9 twenty times: the same payment file, and nobody is paid twice."""

from __future__ import annotations

import random
import shutil
import signal
from decimal import ROUND_HALF_UP, Decimal
from multiprocessing import get_context
from pathlib import Path

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.policies.awards.model import EntryAct, RoundAct
from chalicelib.policies.awards.statistics import Paid
from tests.fault.award_worker import FIRMS, POOL_TOTAL, ROUND, Death, premium, run, seed, service
from tests.unit.policies.awards.support import NOW, POOL

KILLS = 20
LIMIT_SECONDS = 120
_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.fault.award_worker"])


def killed(db: Path, out: Path, chance: random.Random) -> str:
    """Have the worker go on with the round and die; the step it was in."""
    death = Death(chance.randint(20, 50), chance.choice(["before", "after", "soon"]), chance.uniform(0, 0.005))
    process = _PROCESSES.Process(target=run, args=(db, out, death))
    process.start()
    process.join(LIMIT_SECONDS)
    assert process.exitcode == -signal.SIGKILL, "the round was over before the last kill"
    store = SqliteStore(db, FixedClock(NOW), "NORMAL")
    last = service(store).round(ROUND).events[-1]
    store.close()
    return last.act


@pytest.mark.slow
def test_killed_twenty_times(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    calm, rough = tmp_path / "calm.db", tmp_path / "rough.db"
    seed(calm)
    shutil.copy(calm, rough)
    undisturbed = _PROCESSES.Process(target=run, args=(calm, tmp_path / "calm.csv"))
    undisturbed.start()
    died_in = {killed(rough, tmp_path / "rough.csv", chance) for _ in range(KILLS)}
    assert died_in == {RoundAct.OPENED, RoundAct.PUBLICISED, RoundAct.BATCH_OPENED, RoundAct.BATCH_APPROVED}
    run(rough, tmp_path / "rough.csv")
    undisturbed.join(LIMIT_SECONDS)
    assert undisturbed.exitcode == 0

    data = (tmp_path / "rough.csv").read_bytes()
    assert data == (tmp_path / "calm.csv").read_bytes()
    owed = [int((Decimal(premium(n)) * 60).quantize(Decimal(1), ROUND_HALF_UP)) for n in range(1, FIRMS + 1)]
    assert data.decode().splitlines()[-1] == f"合计,,,,,{FIRMS} 笔,{Decimal(sum(owed)) / 100:.2f},"

    store = SqliteStore(rough, FixedClock(NOW), "NORMAL")
    awards = service(store)
    for entry in awards.entries(ROUND):
        acts = [event.act for event in entry.events]
        assert acts == [EntryAct.LISTED, EntryAct.ACCOUNT_CONFIRMED, EntryAct.BATCHED, EntryAct.PAID]
    assert awards.statistics(2026).all == Paid(sum(owed), FIRMS, FIRMS)
    pool = awards.pool(POOL, 2026)
    assert (pool.total, pool.committed, pool.paid) == (POOL_TOTAL, 0, sum(owed))
    store.close()

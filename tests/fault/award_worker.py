"""One process of the award round with kills: drives a round from its list to the last receipt, and may be killed.

``run`` does what two officers and 10,000 enterprises would do, from wherever an earlier process was killed. With a
``Death`` it kills itself -9 around its n-th write of several rows; counting writes, not seconds, spreads the deaths
over the whole round on machines of any speed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Timer
from typing import Any, Literal

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.repository import EnterpriseRow
from chalicelib.policies.awards.accounts import COLUMNS as ACCOUNT_COLUMNS
from chalicelib.policies.awards.life import round_life
from chalicelib.policies.awards.service import AwardService
from chalicelib.ports import Put, Store, Write
from tests.unit.policies.awards.support import ANN, BOB, NOW, POOL, TODAY, enterprise, fact, policy, uscc

FIRMS = 10_000
ROUND = "P90-2026-1"
AFTER_NOTICE = NOW + timedelta(days=6)
POOL_TOTAL = 10**12


@dataclass(frozen=True)
class Death:
    """At which write: right before it, right after it, or ``soon``, a few thousandths of a second into what follows."""

    write: int
    when: Literal["before", "after", "soon"]
    seconds: float = 0.0


class MortalStore:
    """A store in front of another whose process dies by ``death``."""

    def __init__(self, store: Store, death: Death) -> None:
        self._store, self._death = store, death
        self._left = death.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def transact(self, writes: Sequence[Write]) -> None:
        self._left -= len(writes) > 1
        if self._left == 0:
            self._die("before")
        self._store.transact(writes)
        if self._left == 0:
            self._die("after")
            Timer(self._death.seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()

    def _die(self, when: str) -> None:
        if self._death.when == when:
            os.kill(os.getpid(), signal.SIGKILL)


def name(number: int) -> str:
    return f"芦溪第{number}电瓷有限公司"


def premium(number: int) -> str:
    """元, with 分 that need rounding: 39,030.99 + a little more for each."""
    return f"{39_030.99 + number * 1.01:.2f}"


def firms() -> Iterator[Enterprise]:
    for number in range(1, FIRMS + 1):
        yield enterprise(
            number,
            name=name(number),
            facts={"unemp_premium_last_year": fact(float(premium(number)), "税务", unit="元")},
        )


def seed(db: Path) -> None:
    """The register of enterprises, in as few writes as it takes."""
    store = SqliteStore(db, FixedClock(NOW), "NORMAL")
    rows = [Put(EnterpriseRow(enterprise=firm, saved_at=NOW).record()) for firm in firms()]
    for start in range(0, len(rows), 100):
        store.transact(rows[start : start + 100])
    store.close()


def service(store: Store) -> AwardService:
    policies = {"P90": policy()}
    return AwardService(store, lambda: policies)


def run(db: Path, out: Path, death: Death | None = None) -> None:
    """Bring the round to its end and write its payment file to ``out``."""
    store = SqliteStore(db, FixedClock(NOW), "NORMAL")
    awards = service(store if death is None else MortalStore(store, death))  # type: ignore[arg-type]
    awards.set_pool(POOL, 2026, POOL_TOTAL, ANN, "年度预算", NOW)
    awards.open("P90", 2026, ANN, NOW)
    awards.confirm(ROUND, BOB, NOW)
    awards.publicise(ROUND, ANN, TODAY, 5, NOW)
    if not round_life(awards.round(ROUND)).batches:
        awards.take_accounts(ROUND, accounts(), ANN, NOW)
    if not any(batch.approved_by for batch in round_life(awards.round(ROUND)).batches):
        awards.prepare(ROUND, ANN, AFTER_NOTICE)
    file = awards.pay(ROUND, BOB, AFTER_NOTICE)
    awards.take_receipts(ROUND, receipts(file.data), "回执.csv", AFTER_NOTICE)
    store.close()
    draft = out.with_suffix(".draft")
    draft.write_bytes(file.data)
    draft.rename(out)


def accounts() -> bytes:
    """Every enterprise names an account of its own."""
    rows = [f"{uscc(n)},{name(n)},示例银行芦溪支行,150222123456{n:05}" for n in range(1, FIRMS + 1)]
    return "\n".join([",".join(ACCOUNT_COLUMNS), *rows]).encode()


def receipts(payment_file: bytes) -> bytes:
    """The bank paid every line of the file."""
    cells = [row.split(",") for row in payment_file.decode("utf-8-sig").splitlines()[1:-1]]
    rows = [f"{cell[1]},{cell[6]},成功,2026-11-30," for cell in cells]
    return "\n".join(["支付编号,金额（元）,结果,日期,原因", *rows]).encode()

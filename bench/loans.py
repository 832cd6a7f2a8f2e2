"""Loan events taken in, beside a bare loop that inserts the same rows into SQLite; and the reports on them.

python -m bench.loans [--events 1000000]
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.report import Section, table
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.sqlite_store import _SCHEMA, SqliteStore
from chalicelib.finance.channel_report import month_report
from chalicelib.finance.model import LoanRow
from chalicelib.finance.service import LoanService
from chalicelib.finance.summary import by_bank, portfolio

NOW = datetime(2026, 11, 23, tzinfo=UTC)
STATES = ("ACCEPTED", "DUE_DILIGENCE", "REVIEWING", "APPROVED", "LINE_GRANTED", "SIGNED", "PAID_OUT")
STEPS = (*STATES, *("NORMAL", "REPAID") * 6, "SETTLED")
_WRITE = "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
AMOUNTS = {"LINE_GRANTED": 1_000_000, "SIGNED": 1_000_000, "PAID_OUT": 1_000_000, "REPAID": 10_000}


def rows(loans: int) -> Iterator[LoanRow]:
    """A loan of 20 events, one in ten on the fast channel, spread over the year."""
    for number in range(loans):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number * 7500 // loans)
        events: list[dict[str, Any]] = [
            {
                "id": f"{number}-{place}",
                "state": state,
                "at": (start + timedelta(hours=3 * place)).isoformat(),
                "source": "银行",
                "amount": AMOUNTS.get(state),
            }
            for place, state in enumerate(STEPS)
        ]
        row = {"id": f"LN-2026-{number:07}", "uscc": "91360323MAXX00015C", "bank": f"示例银行{number % 6}"}
        yield LoanRow.model_validate({**row, "fast_channel": number % 10 == 0, "prov": ["R"], "events": events})


def ours(path: Path, loans: int) -> tuple[LoanService, float]:
    service = LoanService(SqliteStore(path, FixedClock(NOW)))
    seconds = 0.0
    for row in rows(loans):
        began = time.perf_counter()
        service.save_row(row, NOW)
        seconds += time.perf_counter() - began
    return service, seconds


def bare(source: Path, path: Path) -> float:
    """The same rows, loan by loan, each loan durable before the next, as ours."""
    read, write = sqlite3.connect(source), sqlite3.connect(path, isolation_level=None)
    write.execute("PRAGMA journal_mode=WAL")
    write.execute("PRAGMA synchronous=FULL")
    for statement in _SCHEMA:
        write.execute(statement)
    seconds = 0.0
    for (loan,) in read.execute("SELECT pk FROM rows WHERE sk = 'row'").fetchall():
        found = read.execute("SELECT * FROM rows WHERE pk = ?", (loan,)).fetchall()
        began = time.perf_counter()
        write.execute("BEGIN")
        for row in found:
            write.execute(_WRITE, row)
        write.execute("COMMIT")
        seconds += time.perf_counter() - began
    return seconds


def reports(service: LoanService) -> tuple[float, float]:
    began = time.perf_counter()
    summaries = list(service.summaries(date(2026, 1, 1), NOW))
    portfolio(summaries), by_bank(summaries)
    lists = time.perf_counter() - began
    month = date(2026, 10, 1)
    ids = [row.id for row in summaries if row.fast_channel and row.started_in(month)]
    month_report((loan for loan in map(service.get, ids) if loan), [], month, NOW)
    return lists, time.perf_counter() - began - lists


def section(events: int = 1_000_000) -> Section:
    loans = events // len(STEPS)
    with tempfile.TemporaryDirectory() as folder:
        service, took = ours(Path(folder, "ours.db"), loans)
        loop = bare(Path(folder, "ours.db"), Path(folder, "bare.db"))
        lists, month = reports(service)
    text = (
        f"`python -m bench loans`: {events:,} events of {loans:,} loans, each loan with its life checked "
        "and one durable transaction, beside a bare loop of `INSERT` with one transaction a loan (both "
        "synchronous=FULL).\n\n"
        + table(
            ["", "seconds", "events a second", "of the bare loop"],
            [
                ["LoanService", f"{took:.0f}", f"{events / took:,.0f}", f"{loop / took:.2f}"],
                ["bare SQLite loop", f"{loop:.0f}", f"{events / loop:,.0f}", "1"],
            ],
        )
        + f"\n\nOn them: sums by bank in {lists:.1f} s, month report of the 48-hour channel in {month:.1f} s."
    )
    return Section("Loans: a million events", text, holds=loop / took >= 0.2 and lists + month < 10)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--events", type=int, default=1_000_000)
    print(section(words.parse_args().events).text)

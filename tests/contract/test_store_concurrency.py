"""Eight writers at once lose nothing, in threads on every adapter and in processes on SQLite."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.adapters.clocks import FixedClock, SystemClock
from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.ports import Conflict, Put, Record, Store, Throttled

WRITERS = 8
ROUNDS = 6


def together(work: Callable[[int], None]) -> None:
    """Run the work in eight threads that start at one moment."""
    gate = threading.Barrier(WRITERS)

    def run(writer: int) -> None:
        gate.wait()
        work(writer)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(run, range(WRITERS)))


def count_up(store: Store) -> None:
    """One optimistic step: read, write over that version, again on Conflict."""
    while True:
        record = store.get("p", "counter")
        assert record is not None
        try:
            store.put(Record("p", "counter", {"n": record.body["n"] + 1}), if_version=record.version)
            return
        except Conflict:
            continue


def test_optimistic_counter(store: Store) -> None:
    store.put(Record("p", "counter", {"n": 0}))
    together(lambda _: [count_up(store) for _ in range(ROUNDS)] and None)
    got = store.get("p", "counter")
    assert got is not None
    assert got.body["n"] == WRITERS * ROUNDS
    assert got.version == WRITERS * ROUNDS + 1


def test_unconditional_puts_each_count(store: Store, clock: FixedClock) -> None:
    store.put(Record("p", "row", {}, expires_at=int(clock.now().timestamp()) + 1))
    clock.advance(1)
    versions: list[int] = []
    together(lambda writer: versions.append(store.put(Record("p", "row", {"writer": writer})).version))
    assert sorted(versions) == list(range(1, WRITERS + 1))


def test_one_of_eight_makes_the_row(store: Store) -> None:
    made: list[int] = []

    def work(writer: int) -> None:
        try:
            store.put(Record("p", "row", {"writer": writer}), if_absent=True)
            made.append(writer)
        except Conflict:
            pass

    together(work)
    got = store.get("p", "row")
    assert got is not None and made == [got.body["writer"]]


def test_transfers_keep_the_sum(store: Store) -> None:
    """Eight writers move money between four accounts, two rows at a time."""
    for account in range(4):
        store.put(Record("bank", f"{account}", {"fen": 100}))

    def move(writer: int) -> None:
        choice = random.Random(writer)
        for _ in range(ROUNDS):
            a, b = choice.sample(range(4), 2)
            while True:
                left, right = store.get("bank", f"{a}"), store.get("bank", f"{b}")
                assert left is not None and right is not None
                try:
                    store.transact(
                        [
                            Put(Record("bank", left.sk, {"fen": left.body["fen"] - 1}), if_version=left.version),
                            Put(Record("bank", right.sk, {"fen": right.body["fen"] + 1}), if_version=right.version),
                        ]
                    )
                    break
                except Conflict as refused:
                    assert set(refused.keys) <= {("bank", left.sk), ("bank", right.sk)} and refused.keys

    together(move)
    rows = store.query("bank").records
    assert sum(record.body["fen"] for record in rows) == 400
    assert sum(record.version for record in rows) == 4 + 2 * WRITERS * ROUNDS


def test_add_never_passes_its_limit(store: Store, clock: FixedClock) -> None:
    store.add("p", "n", {"taken": 9}, expires_at=int(clock.now().timestamp()) + 1)
    clock.advance(1)
    taken: list[int] = []

    def work(_: int) -> None:
        for _ in range(ROUNDS):
            try:
                taken.append(store.add("p", "n", {"taken": 1}, at_most={"taken": 20})["taken"])
            except Conflict:
                pass

    together(work)
    assert sorted(taken) == list(range(1, 21))


# ------------------------------------------------------------------------------------------------------------- SQLite

CHILD = """
import sys
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.ports import Conflict, Record
path, writer = sys.argv[1], int(sys.argv[2])
store, queue = SqliteStore(path, SystemClock()), SqliteQueue(path, SystemClock())
try:
    store.put(Record("p", "counter", {"n": 0}), if_absent=True)
except Conflict:
    pass
print("ready", flush=True)
sys.stdin.readline()
for step in range(25):
    while True:
        row = store.get("p", "counter")
        try:
            store.put(Record("p", "counter", {"n": row.body["n"] + 1}), if_version=row.version)
            break
        except Conflict:
            continue
    store.add("p", "sum", {"n": 1})
    queue.send("work", [{"writer": writer, "step": step}])
store.close(); queue.close()
"""


def test_eight_processes_make_the_file_at_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "xixinban.db"
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", CHILD, str(path), str(writer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for writer in range(WRITERS)
    ]
    for child in children:
        assert child.stdout is not None and child.stdin is not None
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, errors = child.communicate(timeout=60)
        assert (child.returncode, errors) == (0, "")
    store, queue = SqliteStore(path, SystemClock()), SqliteQueue(path, SystemClock())
    counter, total = store.get("p", "counter"), store.get("p", "sum")
    assert counter is not None and total is not None
    assert counter.body["n"] == total.body["n"] == WRITERS * 25
    assert queue.depth("work") == WRITERS * 25
    assert path.stat().st_mode & 0o077 == 0
    store.close()
    queue.close()


def test_a_file_locked_too_long_is_throttled(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "store.db"
    holder, waiter = SqliteStore(path, clock), SqliteStore(path, clock, busy_seconds=0.05)
    waiter.put(Record("p", "row", {"n": 1}))
    with holder._file.writing():
        with pytest.raises(Throttled):
            waiter.put(Record("p", "row", {"n": 2}))
        got = waiter.get("p", "row")
        assert got is not None and got.body == {"n": 1}
    assert waiter.put(Record("p", "row", {"n": 2})).version == 2
    holder.close()
    waiter.close()


def test_many_threads_leave_few_connections(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "store.db", clock)
    for n in range(30):
        thread = threading.Thread(target=store.put, args=(Record("p", f"{n}", {}),))
        thread.start()
        thread.join()
    assert len(store.query("p").records) == 30
    assert len(store._file._idle) == 1
    store.close()


def test_what_was_written_is_there_after_opening_again(tmp_path: Path, clock: FixedClock) -> None:
    first = SqliteStore(tmp_path / "store.db", clock)
    first.put(Record("p", "row", {"n": 1}))
    first.close()
    again = SqliteStore(tmp_path / "store.db", clock)
    assert again.get("p", "row") == Record("p", "row", {"n": 1}, 1)
    again.close()


def test_expired_rows_leave_the_disk(tmp_path: Path, clock: FixedClock) -> None:
    store = SqliteStore(tmp_path / "store.db", clock, synchronous="NORMAL")
    store.put(Record("person#o1", "session", {}, expires_at=int(clock.now().timestamp()) + 1))
    clock.advance(1)
    for n in range(256):
        store.put(Record("p", f"{n}", {}))
    with store._file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM rows").fetchone()[0] == 256
    store.close()


def test_queue_and_store_share_one_file(tmp_path: Path, clock: FixedClock) -> None:
    store, queue = SqliteStore(tmp_path / "one.db", clock), SqliteQueue(tmp_path / "one.db", clock)
    store.put(Record("p", "row", {}))
    queue.send("work", [{"n": 1}])
    store.close()
    queue.close()
    again = SqliteQueue(tmp_path / "one.db", clock)
    assert [message.body for message in again.receive("work")] == [{"n": 1}]
    again.close()

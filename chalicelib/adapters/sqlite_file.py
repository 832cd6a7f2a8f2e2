"""One SQLite file in WAL mode, shared by many threads and processes.

A connection serves one call at a time and goes back to a pool, so a server that starts a thread for every request
holds no more connections than it has calls at once. WAL with ``synchronous=FULL`` syncs every commit: a power cut must
not forget what was sent.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from chalicelib.adapters.sqlite_commits import Commits, Opened
from chalicelib.ports import Throttled

Synchronous = Literal["FULL", "NORMAL"]

BUSY_SECONDS = 30.0
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class SqliteFile:
    """Connections to one file whose tables are made by ``schema`` (idempotent SQL statements) on first use."""

    def __init__(
        self,
        path: str | Path,
        schema: tuple[str, ...],
        *,
        synchronous: Synchronous = "FULL",
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.path = Path(path)
        self._schema = schema
        self._synchronous = synchronous
        self._busy_seconds = busy_seconds
        self._idle: list[sqlite3.Connection] = []
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._commits = Commits.of(self.path)
        self._inherited: list[sqlite3.Connection] = []

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reads. Raises Throttled when the file stays locked."""
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise Throttled("database is busy") from error
            raise

    @contextmanager
    def reading_together(self) -> Iterator[sqlite3.Connection]:
        """Many reads of one moment: beginning and ending each by itself costs nearly as much as finding a row."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, on the disk on leaving and taken back on any exception. Raises Throttled.

        Threads of this process queue on a lock of our own, one for each file, because SQLite's own way to wait is to
        sleep for longer and longer, and those in a row share a commit (``sqlite_commits``); other processes are left
        to SQLite's way.
        """
        if self._commits.pid != os.getpid():
            self._commits = Commits.of(self.path)
        try:
            with self._commits.writing(self, self._begin, self._busy_seconds) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise Throttled("database is busy") from error
            raise

    def _begin(self) -> Opened:
        connection = self._take()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._give_back(connection)
            raise
        return connection, lambda: self._give_back(connection)

    def close(self) -> None:
        """Close the idle connections; a later call opens new ones."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._pid != os.getpid():
                # A forked child must neither use nor close its parent's connections (sqlite.org/howtocorrupt.html).
                self._inherited += self._idle
                self._idle, self._pid = [], os.getpid()
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            self._idle.append(connection)

    def _open(self) -> sqlite3.Connection:
        """Open and prepare. Turning on WAL does not wait for other processes by itself, so this tries again."""
        self._create_private()
        deadline = time.monotonic() + self._busy_seconds
        while True:
            connection = sqlite3.connect(
                self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
                return connection
            except sqlite3.OperationalError as error:
                connection.close()
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            except BaseException:
                connection.close()
                raise

    def _create_private(self) -> None:
        """The file holds personal data: only its owner may read it. SQLite gives -wal and -shm the same mode."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={self._synchronous}")
        for statement in self._schema:
            connection.execute(statement)


def _is_busy(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _BUSY

"""The Store port on one SQLite file: the embedded default."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from chalicelib.adapters import rows
from chalicelib.adapters.sqlite_file import BUSY_SECONDS, SqliteFile, Synchronous
from chalicelib.ports import Clock, Conflict, Delete, Index, Page, Put, Record, Write

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS rows (
        pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL, version INTEGER NOT NULL,
        gsi1pk TEXT, gsi1sk TEXT, gsi2pk TEXT, gsi2sk TEXT, expires_at INTEGER,
        PRIMARY KEY (pk, sk))""",
    "CREATE INDEX IF NOT EXISTS rows_gsi1 ON rows (gsi1pk, gsi1sk, pk, sk) WHERE gsi1pk IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS rows_gsi2 ON rows (gsi2pk, gsi2sk, pk, sk) WHERE gsi2pk IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS rows_expiry ON rows (expires_at) WHERE expires_at IS NOT NULL",
)
_GET = "SELECT * FROM rows WHERE pk = ? AND sk = ? AND (expires_at IS NULL OR expires_at > ?)"
_VERSION = "SELECT version FROM rows WHERE pk = ? AND sk = ? AND (expires_at IS NULL OR expires_at > ?)"
# One statement checks and writes; where the condition fails it changes no row.
# Not INSERT OR REPLACE: that moves the row to the end of the table, and a commit writes more pages.
_INSERT = """INSERT INTO rows VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?) ON CONFLICT (pk, sk) DO UPDATE SET
             body = excluded.body, gsi1pk = excluded.gsi1pk, gsi1sk = excluded.gsi1sk, gsi2pk = excluded.gsi2pk,
             gsi2sk = excluded.gsi2sk, expires_at = excluded.expires_at,"""
_PUT = _INSERT + " version = CASE WHEN rows.expires_at <= ? THEN 1 ELSE rows.version + 1 END RETURNING version"
_PUT_IF_ABSENT = _INSERT + " version = 1 WHERE rows.expires_at <= ?"
_PUT_OVER = """UPDATE rows SET body = ?, gsi1pk = ?, gsi1sk = ?, gsi2pk = ?, gsi2sk = ?, expires_at = ?,
               version = version + 1
               WHERE pk = ? AND sk = ? AND version = ? AND (expires_at IS NULL OR expires_at > ?)"""
_DELETE = "DELETE FROM rows WHERE pk = ? AND sk = ?"
_SWEEP = "DELETE FROM rows WHERE rowid IN (SELECT rowid FROM rows WHERE expires_at <= ? LIMIT 500)"
_SWEEP_EVERY = 256


class SqliteStore:
    """Safe for many threads and processes on one file; ``close`` when done."""

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        synchronous: Synchronous = "FULL",
        *,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._file = SqliteFile(path, _SCHEMA, synchronous=synchronous, busy_seconds=busy_seconds)
        self._clock = clock
        self._calls = count(1)

    def close(self) -> None:
        """Close the file's connections; a later call opens it again."""
        self._file.close()

    def get(self, pk: str, sk: str) -> Record | None:
        rows.check_key(pk, sk)
        with self._file.reading() as connection:
            return _find(connection, pk, sk, self._now())

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        rows.check_keys(keys)
        with self._file.reading_together() as connection:
            now = self._now()
            return [_find(connection, pk, sk, now) for pk, sk in keys]

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        [version] = self._apply([Put(record, if_absent, if_version)])
        return replace(record, version=version)

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        self._apply([Delete(pk, sk, if_version)])

    def transact(self, writes: Sequence[Write]) -> None:
        self._apply(writes)

    def add(
        self,
        pk: str,
        sk: str,
        counts: Mapping[str, int],
        *,
        at_most: Mapping[str, int] | None = None,
        expires_at: int | None = None,
    ) -> dict[str, int]:
        rows.check_add(pk, sk, counts)
        with self._file.writing() as connection:
            now = self._now()
            old = _find(connection, pk, sk, now)
            totals = rows.added(old.body if old else {}, counts, at_most or {})
            if totals is None:
                raise Conflict([(pk, sk)])
            kept = old.expires_at if old and expires_at is None else expires_at
            record = Record(pk, sk, dict(totals), expires_at=kept)
            _put(connection, Put(record), rows.encode_body(record.body), now)
            self._sweep(connection)
        return totals

    def query(
        self,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        asked = rows.span(prefix=prefix, start=start, end=end, limit=limit, page=page, reverse=reverse, key_length=1)
        return self._select("pk", pk, ("sk",), asked)

    def query_index(
        self,
        index: Index,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        asked = rows.span(prefix=prefix, start=start, end=end, limit=limit, page=page, reverse=reverse, key_length=3)
        return self._select(f"{index}pk", pk, (f"{index}sk", "pk", "sk"), asked)

    def _apply(self, writes: Sequence[Write]) -> list[int]:
        """All writes in one transaction or none; the new version of each row, 0 where none is left or written."""
        bodies = rows.check_writes(writes)
        with self._file.writing() as connection:
            now = self._now()
            result = [_carry_out(connection, write, body, now) for write, body in zip(writes, bodies, strict=True)]
            refused = [rows.key_of(write) for write, version in zip(writes, result, strict=True) if version is None]
            if refused:
                raise Conflict(refused)
            self._sweep(connection)
        return [version or 0 for version in result]

    def _now(self) -> int:
        return rows.epoch(self._clock.now())

    def _sweep(self, connection: sqlite3.Connection) -> None:
        """Now and then really remove expired rows, a few at a time: what had a term must not stay on the disk."""
        if next(self._calls) % _SWEEP_EVERY == 0:
            connection.execute(_SWEEP, (self._now(),))

    def _select(self, column: str, pk: str, order: tuple[str, ...], asked: rows.Span) -> Page:
        if asked.empty:
            return Page([])
        where, values = _where(column, pk, order, asked)
        direction = " DESC" if asked.reverse else " ASC"
        statement = (
            "SELECT * FROM rows WHERE (expires_at IS NULL OR expires_at > ?) AND "  # noqa: S608 - columns are ours
            f"{where} ORDER BY {', '.join(name + direction for name in order)} LIMIT ?"
        )
        with self._file.reading() as connection:
            found = connection.execute(statement, (self._now(), *values, asked.limit + 1)).fetchall()
        more = len(found) > asked.limit
        kept = found[: asked.limit]
        return Page([_record(row) for row in kept], rows.make_token([kept[-1][n] for n in order]) if more else None)


def _find(connection: sqlite3.Connection, pk: str, sk: str, now: int) -> Record | None:
    row = connection.execute(_GET, (pk, sk, now)).fetchone()
    return None if row is None else _record(row)


def _where(column: str, pk: str, order: tuple[str, ...], asked: rows.Span) -> tuple[str, list[str]]:
    terms, values = [f"{column} = ?"], [pk]
    low = asked.prefix or asked.start
    if low is not None:
        terms.append(f"{order[0]} >= ?")
        values.append(low)
    if asked.end is not None:
        terms.append(f"{order[0]} <= ?")
        values.append(asked.end)
    above = rows.prefix_end(asked.prefix or "")
    if above is not None:
        terms.append(f"{order[0]} < ?")
        values.append(above)
    if asked.after is not None:
        terms.append(f"({', '.join(order)}) {'<' if asked.reverse else '>'} ({', '.join('?' for _ in order)})")
        values.extend(asked.after)
    return " AND ".join(terms), values


def _carry_out(connection: sqlite3.Connection, write: Write, body: str, now: int) -> int | None:
    """The row's new version, 0 where none is left or written; None, and nothing written, when the condition fails."""
    if isinstance(write, Put):
        return _put(connection, write, body, now)
    row = connection.execute(_VERSION, (write.pk, write.sk, now)).fetchone()
    if rows.refuses(write, None if row is None else int(row[0])):
        return None
    if isinstance(write, Delete):
        connection.execute(_DELETE, (write.pk, write.sk))
    return 0


def _put(connection: sqlite3.Connection, put: Put, body: str, now: int) -> int | None:
    record = put.record
    key = record.pk, record.sk
    values = (body, *(record.gsi1 or (None, None)), *(record.gsi2 or (None, None)), record.expires_at)
    if put.if_version is not None:
        done = connection.execute(_PUT_OVER, (*values, *key, put.if_version, now)).rowcount
        return put.if_version + 1 if done else None
    if put.if_absent:
        return 1 if connection.execute(_PUT_IF_ABSENT, (*key, *values, now)).rowcount else None
    [(version,)] = connection.execute(_PUT, (*key, *values, now)).fetchall()
    return int(version)


def _record(row: sqlite3.Row) -> Record:
    pk, sk, body, version, gsi1pk, gsi1sk, gsi2pk, gsi2sk, expires_at = row
    gsi1 = None if gsi1pk is None else (gsi1pk, gsi1sk)
    gsi2 = None if gsi2pk is None else (gsi2pk, gsi2sk)
    return Record(pk, sk, rows.decode_body(body), version, gsi1, gsi2, expires_at)

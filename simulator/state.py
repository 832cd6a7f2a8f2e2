"""Everything the simulator remembers, in one SQLite file that survives a restart and ``kill -9``."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users (
  openid TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, following INTEGER NOT NULL DEFAULT 0,
  followed_at REAL, follow_scene TEXT NOT NULL DEFAULT '', qr_scene TEXT NOT NULL DEFAULT '',
  refuses INTEGER NOT NULL DEFAULT 0, snapshot INTEGER NOT NULL DEFAULT 0,
  last_said REAL NOT NULL DEFAULT 0, typing_until REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, openid TEXT NOT NULL, sender TEXT NOT NULL, kind TEXT NOT NULL,
  channel TEXT NOT NULL, body TEXT NOT NULL, created REAL NOT NULL, msgid TEXT NOT NULL DEFAULT '',
  client_msg_id TEXT NOT NULL DEFAULT '', template_id TEXT NOT NULL DEFAULT '', fingerprint TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS messages_of_user ON messages (openid, id);
CREATE TABLE IF NOT EXISTS windows (
  openid TEXT NOT NULL, rule TEXT NOT NULL, remaining INTEGER NOT NULL, expires REAL NOT NULL,
  PRIMARY KEY (openid, rule));
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, family TEXT NOT NULL, issued REAL NOT NULL, expires REAL NOT NULL,
  current INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS forced_refreshes (at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sends (
  openid TEXT NOT NULL, client_msg_id TEXT NOT NULL, msgid TEXT NOT NULL, errcode INTEGER NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (openid, client_msg_id));
CREATE TABLE IF NOT EXISTS consents (
  openid TEXT NOT NULL, template_id TEXT NOT NULL, long_term INTEGER NOT NULL, credits INTEGER NOT NULL,
  PRIMARY KEY (openid, template_id));
CREATE TABLE IF NOT EXISTS qr_codes (ticket TEXT PRIMARY KEY, scene TEXT NOT NULL, expires REAL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS oauth_codes (
  code TEXT PRIMARY KEY, openid TEXT NOT NULL, scope TEXT NOT NULL, expires REAL NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS oauth_tokens (
  token TEXT PRIMARY KEY, openid TEXT NOT NULL, scope TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS media (media_id TEXT PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS drafts (media_id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mass_jobs (msgid TEXT PRIMARY KEY, client_msg_id TEXT NOT NULL, day TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mass_received (
  openid TEXT NOT NULL, month TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (openid, month));
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, kind TEXT NOT NULL, openid TEXT NOT NULL,
  body TEXT NOT NULL, claimed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (claimed, due);
CREATE INDEX IF NOT EXISTS outbox_of_user ON outbox (openid);
CREATE TABLE IF NOT EXISTS quota (path TEXT NOT NULL, bucket TEXT NOT NULL, used INTEGER NOT NULL,
  PRIMARY KEY (path, bucket));
CREATE TABLE IF NOT EXISTS api_counts (path TEXT NOT NULL, outcome TEXT NOT NULL, calls INTEGER NOT NULL,
  PRIMARY KEY (path, outcome));
CREATE TABLE IF NOT EXISTS api_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, path TEXT NOT NULL, outcome TEXT NOT NULL, rid TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused_calls (
  rid TEXT PRIMARY KEY, at REAL NOT NULL, url TEXT NOT NULL, body TEXT NOT NULL, answer TEXT NOT NULL,
  client_ip TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS push_log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, openid TEXT NOT NULL, event TEXT NOT NULL,
  try INTEGER NOT NULL, outcome TEXT NOT NULL, seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS fault_hits (rule TEXT PRIMARY KEY, seen INTEGER NOT NULL, fired INTEGER NOT NULL);
"""


class State:
    """One connection behind one lock; ``write`` blocks nest and commit once, at the outermost end."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def write(self) -> Iterator[None]:
        """All changes inside happen together or, when an exception leaves the block, not at all."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def execute(self, sql: str, *values: object) -> int:
        """Run one statement; returns the number of rows it changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **values: object) -> int:
        """Add one row; returns its rowid. ``table`` and the names are ours, never a caller's text."""
        names, marks = ",".join(values), ",".join("?" * len(values))
        with self._lock:
            cursor = self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
            return int(cursor.lastrowid or 0)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def row(self, sql: str, *values: object) -> dict[str, Any] | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def next_id(self, now: float) -> int:
        """A 64-bit id, unique for this file and, like the platform's, beyond what a JavaScript number holds."""
        with self.write():
            self.execute(
                "INSERT INTO sequence VALUES ('id', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
            )
            row = self.row("SELECT value FROM sequence WHERE name = 'id'")
        assert row is not None
        return (int(now) << 31) + int(row["value"])

    def setting(self, name: str, default: str = "") -> str:
        row = self.row("SELECT value FROM settings WHERE name = ?", name)
        return str(row["value"]) if row else default

    def set_setting(self, name: str, value: str) -> None:
        self.execute(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value
        )

    def close(self) -> None:
        with self._lock:
            self._db.close()


def issued_at(msgid: int) -> int:
    """The Unix time at which ``next_id`` made this id."""
    return msgid >> 31


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

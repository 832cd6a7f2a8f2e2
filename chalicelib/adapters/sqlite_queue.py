"""The Queue port on one SQLite file: durable, with visibility timeout and dead letters."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from chalicelib.adapters.messages import check_delay, check_receive, decode_message, encode_messages
from chalicelib.adapters.sqlite_file import BUSY_SECONDS, SqliteFile, Synchronous
from chalicelib.ports import Clock, JsonObject, Message

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS messages (
        id TEXT PRIMARY KEY, queue TEXT NOT NULL, body TEXT NOT NULL, visible_at REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, receipt TEXT, dead INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS messages_waiting ON messages (queue, dead, visible_at)",
    "CREATE INDEX IF NOT EXISTS messages_receipt ON messages (receipt) WHERE receipt IS NOT NULL",
)
_SEND = "INSERT INTO messages (id, queue, body, visible_at) VALUES (?, ?, ?, ?)"
_ANY = "SELECT 1 FROM messages WHERE queue = ? AND dead = 0 AND visible_at <= ? LIMIT 1"
_BURY = "UPDATE messages SET dead = 1, receipt = NULL WHERE id = ?"
_WAITING = """SELECT id, body, attempts FROM messages
              WHERE queue = ? AND dead = 0 AND visible_at <= ? ORDER BY visible_at, rowid LIMIT ?"""
_TAKE = "UPDATE messages SET attempts = attempts + 1, receipt = ? || id, visible_at = ? WHERE id IN ({})"
_ACK = "DELETE FROM messages WHERE receipt IN ({}) AND queue = ? AND dead = 0"
_RELEASE = "UPDATE messages SET receipt = NULL, visible_at = ? WHERE receipt = ? AND queue = ? AND dead = 0"
_DEPTH = "SELECT count(*) FROM messages WHERE queue = ? AND dead = 0"
_DEAD = "SELECT id, body, attempts FROM messages WHERE queue = ? AND dead = 1 ORDER BY visible_at, rowid LIMIT ?"
_RECOVER = "UPDATE messages SET receipt = NULL, visible_at = ? WHERE receipt IS NOT NULL AND dead = 0"
_REDRIVE = "UPDATE messages SET dead = 0, attempts = 0, visible_at = ? WHERE queue = ? AND dead = 1"


class SqliteQueue:
    """Safe for many receivers in threads and processes; a message received more than ``max_receives`` times is dead.

    It may share its file with the store.
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        max_receives: int = 5,
        *,
        synchronous: Synchronous = "FULL",
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._file = SqliteFile(path, _SCHEMA, synchronous=synchronous, busy_seconds=busy_seconds)
        # What a power cut may forget: that a message was received or is done. It comes again, as any message may.
        self._hasty = SqliteFile(path, _SCHEMA, synchronous="NORMAL", busy_seconds=busy_seconds)
        self._clock = clock
        self._max_receives = max_receives

    def close(self) -> None:
        """Close the file's connections; a later call opens it again."""
        self._file.close()
        self._hasty.close()

    def send(self, queue: str, bodies: Sequence[JsonObject], *, delay_seconds: int = 0) -> None:
        texts = encode_messages(bodies, delay_seconds)
        visible_at = self._now() + delay_seconds
        with self._file.writing() as connection:
            connection.executemany(_SEND, [(uuid4().hex, queue, text, visible_at) for text in texts])

    def receive(self, queue: str, *, limit: int = 10, visibility_seconds: int = 60) -> list[Message]:
        check_receive(limit, visibility_seconds)
        now = self._now()
        if not self._any(queue, now):
            return []
        with self._hasty.writing() as connection:
            waiting = self._waiting(connection, queue, now, limit)
            ids = [row["id"] for row in waiting]
            delivery = uuid4().hex
            connection.execute(_TAKE.format(_marks(ids)), (delivery, now + visibility_seconds, *ids))
        return [
            Message(row["id"], decode_message(row["body"]), delivery + row["id"], row["attempts"] + 1)
            for row in waiting
        ]

    def ack(self, queue: str, *receipts: str) -> None:
        if receipts:
            with self._hasty.writing() as connection:
                connection.execute(_ACK.format(_marks(receipts)), (*receipts, queue))

    def release(self, queue: str, receipt: str, *, delay_seconds: int = 0) -> None:
        check_delay(delay_seconds)
        with self._hasty.writing() as connection:
            connection.execute(_RELEASE, (self._now() + delay_seconds, receipt, queue))

    def depth(self, queue: str) -> int:
        with self._file.reading() as connection:
            return int(connection.execute(_DEPTH, (queue,)).fetchone()[0])

    def dead(self, queue: str, *, limit: int = 10) -> list[Message]:
        with self._file.reading() as connection:
            found = connection.execute(_DEAD, (queue, limit)).fetchall()
        return [Message(row["id"], decode_message(row["body"]), "", row["attempts"]) for row in found]

    def redrive(self, queue: str) -> int:
        return self._change(_REDRIVE, (self._now(), queue))

    def recover(self) -> int:
        """Give back at once, in all queues, what receivers hold: for one who knows that they are all dead.

        Returns how many messages. Should one live after all, its message comes a second time, as any message may.
        """
        return self._change(_RECOVER, (self._now(),))

    def _waiting(self, connection: sqlite3.Connection, queue: str, now: float, limit: int) -> list[sqlite3.Row]:
        """The oldest visible messages; those among them that came too often are buried, and the next looked at."""
        while True:
            found: list[sqlite3.Row] = connection.execute(_WAITING, (queue, now, limit)).fetchall()
            spent = [row["id"] for row in found if row["attempts"] >= self._max_receives]
            if not spent:
                return found
            connection.executemany(_BURY, [(message_id,) for message_id in spent])

    def _any(self, queue: str, now: float) -> bool:
        """A look without the write lock: most polls find nothing."""
        with self._hasty.reading() as connection:
            return connection.execute(_ANY, (queue, now)).fetchone() is not None

    def _change(self, statement: str, values: tuple[object, ...]) -> int:
        with self._file.writing() as connection:
            return connection.execute(statement, values).rowcount

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _marks(values: Sequence[str]) -> str:
    """The place holders of a list."""
    return ", ".join("?" * len(values))

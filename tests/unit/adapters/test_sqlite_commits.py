"""Writers that wait for one another share a commit: what each is told, and what is on the file when they are told."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.sqlite_commits import Commits, Opened
from chalicelib.adapters.sqlite_file import SqliteFile
from chalicelib.ports import Throttled

_PATIENT = 30.0


class Shared:
    """One connection with a table, its transactions begun on request; ``statements`` is what it was asked to run."""

    def __init__(self, kind: type[sqlite3.Connection] = sqlite3.Connection) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, factory=kind)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute("CREATE TABLE parents (name TEXT PRIMARY KEY)")
        self.connection.execute(
            "CREATE TABLE names (name TEXT PRIMARY KEY,"
            " parent TEXT REFERENCES parents (name) DEFERRABLE INITIALLY DEFERRED)"
        )
        self.statements: list[str] = []
        self.connection.set_trace_callback(self.statements.append)
        self.commits = Commits()
        self.told: dict[str, str] = {}

    def begin(self) -> Opened:
        self.connection.execute("BEGIN IMMEDIATE")
        return self.connection, lambda: None

    @contextmanager
    def writing(self, seconds: float = _PATIENT) -> Iterator[sqlite3.Connection]:
        with self.commits.writing(self, self.begin, seconds) as connection:
            yield connection

    def write(self, name: str, parent: str | None = None) -> None:
        """As a thread does it: what came of it is in ``told``."""
        try:
            with self.writing() as connection:
                connection.execute("INSERT INTO names VALUES (?, ?)", (name, parent))
            self.told[name] = "kept"
        except (sqlite3.Error, Throttled) as error:
            self.told[name] = type(error).__name__

    def kept(self) -> set[str]:
        return {name for (name,) in self.connection.execute("SELECT name FROM names")}

    def begun(self) -> int:
        return self.statements.count("BEGIN IMMEDIATE")


def behind(shared: Shared, *writers: Callable[[], None]) -> list[threading.Thread]:
    """Threads that all wait for the turn that the caller has."""
    threads = [threading.Thread(target=writer) for writer in writers]
    for thread in threads:
        thread.start()
    until = time.monotonic() + _PATIENT
    while shared.commits._waiting < len(threads):
        assert time.monotonic() < until
        time.sleep(0.002)
    return threads


def test_those_that_wait_share_a_commit_and_one_that_fails_takes_back_its_own_only() -> None:
    shared = Shared()
    with shared.writing() as connection:
        connection.execute("INSERT INTO names VALUES ('first', NULL)")
        threads = behind(
            shared,
            lambda: shared.write("second"),
            lambda: shared.write("first"),
            lambda: shared.write("third"),
        )
        assert shared.told == {}
    for thread in threads:
        thread.join(_PATIENT)
    assert shared.told == {"second": "kept", "third": "kept", "first": "IntegrityError"}
    assert shared.kept() == {"first", "second", "third"}
    assert shared.begun() == shared.statements.count("COMMIT") == 1


def test_a_commit_that_fails_is_told_to_everybody_in_it() -> None:
    shared = Shared()
    with pytest.raises(sqlite3.IntegrityError), shared.writing() as connection:
        connection.execute("INSERT INTO names VALUES ('first', NULL)")
        [thread] = behind(shared, lambda: shared.write("orphan", "nobody"))
    thread.join(_PATIENT)
    assert shared.told == {"orphan": "IntegrityError"}
    assert shared.kept() == set()
    shared.write("later")
    assert shared.kept() == {"later"}


class BrokenOff(BaseException):
    """Ctrl-C."""


class Interrupted(sqlite3.Connection):
    """Its first commit is broken off."""

    broken = False

    def execute(self, *words: Any) -> sqlite3.Cursor:
        if words[0] == "COMMIT" and not self.broken:
            self.broken = True
            raise BrokenOff
        return super().execute(*words)


def test_a_commit_that_is_broken_off_is_told_to_everybody_in_it_and_the_turn_goes_on() -> None:
    shared = Shared(Interrupted)
    broken: list[str] = []

    def second() -> None:
        try:
            shared.write("second")
        except BrokenOff:
            broken.append("second")

    with pytest.raises(sqlite3.OperationalError, match="broken off"), shared.writing() as connection:
        connection.execute("INSERT INTO names VALUES ('first', NULL)")
        [thread] = behind(shared, second)
    thread.join(_PATIENT)
    assert broken == ["second"] and shared.kept() == set()
    shared.write("later")
    assert shared.told == {"later": "kept"}


def test_a_commit_left_to_one_who_gave_up_is_made_all_the_same() -> None:
    shared = Shared()
    shared.commits._waiting = 1
    shared.write("first")
    assert shared.told == {"first": "kept"} and not shared.connection.in_transaction


def test_who_waits_too_long_is_told_so_and_the_others_go_on() -> None:
    shared = Shared()
    with shared.writing() as connection:
        connection.execute("INSERT INTO names VALUES ('first', NULL)")
        with pytest.raises(Throttled), shared.commits.writing(shared, shared.begin, 0.01):
            pytest.fail("not its turn")
    shared.write("second")
    assert shared.kept() == {"first", "second"}


def test_two_files_objects_of_one_path_do_not_share_a_connection(tmp_path: Path) -> None:
    """The store and the queue lie in one file: each has its own tables and its own way to sync."""
    schema = ("CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY)",)
    one, other = (SqliteFile(tmp_path / "one.db", schema) for _ in range(2))
    told: list[str] = []

    def write(file: SqliteFile, name: str) -> None:
        with file.writing() as connection:
            connection.execute("INSERT INTO names VALUES (?)", (name,))
        with one.reading() as connection:
            told.extend(row[0] for row in connection.execute("SELECT name FROM names WHERE name = ?", (name,)))

    names = {f"{number}" for number in range(40)}
    threads = [threading.Thread(target=write, args=(one if int(name) % 2 else other, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENT)
    assert set(told) == names
    one.close()
    other.close()

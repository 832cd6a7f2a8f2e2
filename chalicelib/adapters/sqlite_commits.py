"""Writers of one process to one SQLite file: one after the other, with one commit for those that wait in a row.

A commit that reaches the disk takes milliseconds, the statements of a writer a fraction of one. So a writer that sees
others waiting leaves the commit to them (group commit), each after the first behind a savepoint of its own, and nobody
is told that something is written before the commit that holds it has come back.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from chalicelib.ports import Throttled

Opened = tuple[sqlite3.Connection, Callable[[], None]]
"""A connection with its transaction begun, and what gives it back."""

MOST = 64
"""Writers that share a commit at most."""
_PATIENCE = 0.05
"""Seconds after which a writer whose commit nobody made looks whether it has to make it."""

_KNOWN: WeakValueDictionary[Path, Commits] = WeakValueDictionary()
_GUARD = threading.Lock()
os.register_at_fork(after_in_child=_KNOWN.clear)  # a lock that another thread held at the fork is never released


@dataclass(slots=True, eq=False)
class _Group:
    """A transaction that several writers share. ``owner``: the file object whose connection it is; ``writers``: those
    whose statements are in it."""

    owner: object
    connection: sqlite3.Connection
    give_back: Callable[[], None]
    writers: int = 0
    done: threading.Event = field(default_factory=threading.Event)
    error: sqlite3.Error | None = None


class Commits:
    """What all writers of this process to one file share; get it by ``of``."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @classmethod
    def of(cls, path: Path) -> Commits:
        with _GUARD:
            return _KNOWN.setdefault(path.absolute(), cls())

    @contextmanager
    def writing(self, owner: object, begin: Callable[[], Opened], seconds: float) -> Iterator[sqlite3.Connection]:
        """One writer's statements: all or none of them, and there for good on leaving. ``begin`` opens a transaction.

        Raises Throttled when the turn does not come within ``seconds``, and what ``begin`` and the commit raise.
        """
        self._take_turn(seconds)
        try:
            group = self._joined(owner, begin)
        except BaseException:
            self._turn.release()
            raise
        refusal: BaseException | None = None
        try:
            yield group.connection
            if group.writers > 1:
                group.connection.execute("RELEASE writer")
        except BaseException as error:
            refusal = error
            _undo(group, error)
        self._leave(group)
        if group.error is not None and group.error is not refusal:
            raise group.error from refusal
        if refusal is not None:
            raise refusal

    def _take_turn(self, seconds: float) -> None:
        with self._guard:
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=seconds):
                raise Throttled("database is busy")
        finally:
            with self._guard:
                self._waiting -= 1

    def _joined(self, owner: object, begin: Callable[[], Opened]) -> _Group:
        """The group that waits for us, when it is on a connection of ours, our savepoint set; or a new one, where the
        transaction itself is all there is to take back."""
        if self._group is not None and self._group.owner is not owner:
            self._commit(self._group)
        if self._group is None:
            self._group = _Group(owner, *begin())
        else:
            self._group.connection.execute("SAVEPOINT writer")
        self._group.writers += 1
        return self._group

    def _leave(self, group: _Group) -> None:
        """Pass the turn on, with the commit where somebody waits; back when the commit has been made."""
        try:
            if not self._waiting or not 0 < group.writers < MOST or group.error is not None:
                self._commit(group)
        finally:
            self._turn.release()
        while not group.done.wait(_PATIENCE):
            # Who waited may have given up in this very moment: then the commit is left to whoever looks first.
            if self._turn.acquire(blocking=False):
                try:
                    if self._group is group:
                        self._commit(group)
                finally:
                    self._turn.release()

    def _commit(self, group: _Group) -> None:
        """Ends the group; whose turn it is calls this."""
        self._group = None
        try:
            if group.error is None and group.writers:
                _commit(group.connection)
        except sqlite3.Error as error:
            group.error = error
        except BaseException:
            # Ctrl-C in the one that commits: the others' writes are gone too, and they have to hear of it.
            group.error = sqlite3.OperationalError("the commit was broken off")
            raise
        finally:
            group.give_back()
            group.done.set()


def _undo(group: _Group, cause: BaseException) -> None:
    """Take back this writer's statements alone; where SQLite itself gave up the transaction (a full disk), nobody's
    are left, and all of the group have to hear of it."""
    group.writers -= 1
    try:
        if group.writers:
            group.connection.execute("ROLLBACK TO writer")
            group.connection.execute("RELEASE writer")
        else:
            group.connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        group.error = cause if isinstance(cause, sqlite3.Error) else error
        if group.connection.in_transaction:
            group.connection.execute("ROLLBACK")


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

"""Whether another server lives on the same database: told by a lock that the kernel drops with its process, however
that ends."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


class Presence:
    """Every server holds a shared lock on ``{db}.serving`` while it lives; who gets it alone knows that none does."""

    def __init__(self, db: Path) -> None:
        self._path = Path(f"{db}.serving")
        self._held: BinaryIO | None = None

    def enter(self, when_alone: Callable[[], None]) -> bool:
        """Be present from now on. ``when_alone`` runs first if nobody else is, and nobody can enter while it runs.

        Beside a living server it never runs: what a dead third one held then comes back by its timeouts.
        """
        self._held = self._path.open("ab")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        else:
            alone = True
            when_alone()
        # Turning the lock from exclusive to shared may let another in for a moment: we hold nothing yet.
        fcntl.flock(self._held, fcntl.LOCK_SH)
        return alone

    def leave(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

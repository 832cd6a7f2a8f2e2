"""Clocks: the machine's, and one that stands still for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """Stands at one instant until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, step: timedelta | float) -> None:
        """Move on by a timedelta or by seconds."""
        self._at += step if isinstance(step, timedelta) else timedelta(seconds=step)

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

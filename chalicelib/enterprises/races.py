"""Two at the same rows: who was slower looks again and decides anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.ports import Conflict

T = TypeVar("T")

ATTEMPTS = 8


def settled(work: Callable[[], T]) -> T:
    """The result of ``work``, which reads, decides and writes under conditions; done again while others are faster.

    Raises Conflict when they were ATTEMPTS times.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except Conflict:
            continue
    return work()

"""Who is at the command line: the system's user name, and on a deployed stage the operator's AWS identity."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

_acting: list[str] = []


def name() -> str:
    return _acting[-1] if _acting else getpass.getuser()


@contextmanager
def acting_as(identity: str) -> Iterator[None]:
    _acting.append(identity)
    try:
        yield
    finally:
        _acting.pop()

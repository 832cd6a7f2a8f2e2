"""Who is at the command line: the system's user name, and on a deployed stage the operator's AWS identity."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

GIVEN = "XIXINBAN_OPERATOR"
"""Set by ``infra.within`` for the command that it runs: the AWS identity that it found."""

_acting: list[str] = []


def name() -> str:
    return _acting[-1] if _acting else os.environ.get(GIVEN) or getpass.getuser()


@contextmanager
def acting_as(identity: str) -> Iterator[None]:
    _acting.append(identity)
    try:
        yield
    finally:
        _acting.pop()

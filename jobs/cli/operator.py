"""Who is at the command line (经办人): the system's user name, and on a deployed stage the operator's AWS identity.

Every row that says who did it takes the name from here.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

GIVEN = "XIXINBAN_OPERATOR"
"""Set by ``infra.within`` for the command that it runs: the AWS identity that it found."""

_acting: list[str] = []


def name() -> str:
    return _acting[-1] if _acting else os.environ.get(GIVEN) or getpass.getuser()


def _named(given: str) -> str:
    return given.strip() or name()


ByOption = Annotated[str, typer.Option("--by", default_factory=name, callback=_named, help="经办人；不写时用登录名")]
"""For who acts in another's name; the audit log names who is logged in all the same."""


@contextmanager
def acting_as(identity: str) -> Iterator[None]:
    _acting.append(identity)
    try:
        yield
    finally:
        _acting.pop()

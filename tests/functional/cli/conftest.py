"""The command line in this process: what it prints where, and the code it leaves with."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from jobs.cli import main
from tests.functional.county import make_county


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout; anything before or after it is an error."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Jobs = Callable[..., Done]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that sets up logging writes to the stderr of its own test only."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def county() -> Iterator[Application]:
    yield make_county()
    bootstrap.install(None)


@pytest.fixture
def jobs(capsys: pytest.CaptureFixture[str]) -> Jobs:
    """``jobs("guide", "ask", "…")``; every command ends as a process would."""

    def run(*words: object) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main.run([str(word) for word in words])
        printed = capsys.readouterr()
        return Done(left.value.code if isinstance(left.value.code, int) else 0, printed.out, printed.err)

    return run

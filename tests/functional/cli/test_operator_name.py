"""Who did it stands in every row the same way: the login, the AWS identity on a stage, or who is named with --by."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from jobs.cli import operator
from jobs.cli.audited import leaves
from jobs.cli.main import app
from jobs.cli.operator import ByOption

TWO_PEOPLE = ("policy ", "content ")
"""Drafts are made by one and approved by another: both are named, none is guessed."""


def _said(*arguments: str) -> str:
    probe = typer.Typer()

    @probe.command()
    def who(by: ByOption) -> None:
        typer.echo(by)

    return CliRunner().invoke(probe, arguments).stdout.strip()


@pytest.mark.parametrize("blank", [(), ("--by", ""), ("--by", "  ")])
def test_nobody_named_is_who_is_logged_in(blank: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(operator.GIVEN, raising=False)
    assert _said(*blank) == getpass.getuser()
    with operator.acting_as("assumed-role/operators/zhang"):
        assert _said(*blank) == "assumed-role/operators/zhang"


def test_who_is_named_is_taken() -> None:
    assert _said("--by", " 小李 ") == "小李"


def _by_options() -> Iterator[tuple[str, Any]]:
    for path, command in leaves(get_command(app)):
        yield from ((path, option) for option in command.params if "--by" in option.opts)


def test_every_command_takes_the_name_from_one_place() -> None:
    guessed = [(path, option) for path, option in _by_options() if not option.required]
    assert {"award open", "guide confirm", "loan recommend", "project review"} <= {path for path, _ in guessed}
    assert [path for path, option in guessed if option.default is not operator.name] == []
    required = [path for path, option in _by_options() if option.required]
    assert [path for path in required if not path.startswith(TWO_PEOPLE)] == []

"""The commands as an operator meets them: exit 2 for what was given wrong, and a sentence that says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.deploy import deploy
from infra.package import package_command
from infra.within import within


@pytest.mark.parametrize(
    ("command", "words", "said"),
    [
        (deploy, ["--stage", "Prod!"], "环境名“Prod!”不对"),
        (deploy, ["--stage", "nowhere", "--dry-run"], "example.toml"),
        (package_command, ["--stage", "test", "--architecture", "mips"], "x86_64 或 arm64"),
        (within, ["--stage", "Prod!", "list"], "环境名“Prod!”不对"),
    ],
)
def test_what_is_given_wrong_is_named(command: object, words: list[str], said: str) -> None:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_the_python_that_should_package_must_run(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(package_command)
    answer = CliRunner().invoke(app, ["--stage", "test", "--python", str(tmp_path / "nowhere")])
    assert answer.exit_code == 1
    assert "不能用来打包" in answer.stderr

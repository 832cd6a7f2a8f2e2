"""The commands as an operator meets them: exit 2 for what was given wrong, and a sentence that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from infra.cloud import Cloud
from infra.deploy import deploy
from infra.package import package_command
from infra.within import acting, within


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


def test_what_is_done_within_a_stage_is_written_down_under_the_aws_identity() -> None:
    class Sts:
        """Stands for AWS's own answer to who is asking."""

        def get_caller_identity(self) -> dict[str, str]:
            return {"Account": "123456789012", "Arn": "arn:aws-cn:sts::123456789012:assumed-role/ops/zhang"}

    known = acting(Cloud(lambda service: Sts(), "cn-north-1", "aws-cn"))
    code = "from jobs.cli import operator; print(operator.name())"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **known}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "assumed-role/ops/zhang\n"

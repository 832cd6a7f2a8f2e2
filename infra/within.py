"""``python -m infra.within --stage NAME jobs …``: the command line of jobs/ on this machine, with a stage's settings.

What the functions get from the template, this process gets from the stage file, the stack's outputs and the secret; it
is handed on in the environment of the child only and never printed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from chalicelib.errors import BadInput, Refusal
from chalicelib.settings import PREFIX
from infra import stagefile
from infra.account import known_secrets, this_cloud
from infra.cloud import Cloud
from infra.parameters import setting_text
from infra.stage import Stage
from infra.stagefile import StageFile
from jobs.cli import operator


def environment(cloud: Cloud, stage: Stage, chosen: StageFile) -> dict[str, str]:
    """The variables of the stage's functions. Raises DeploymentFailed where there is no stack or no secret."""
    secrets, _ = cloud.secret(stage)
    outputs = cloud.outputs(stage)
    values = {
        "stage": "aws",
        "table": outputs["TableName"],
        "bucket": outputs["BucketName"],
        "queue_prefix": outputs["QueuePrefix"],
        **{name: setting_text(value) for name, value in chosen.settings.items()},
        **known_secrets(stage, secrets),
    }
    return {PREFIX + name.upper(): value for name, value in values.items()}


def acting(cloud: Cloud) -> dict[str, str]:
    """The variable by which the command's lines in the stage's audit log name the operator as AWS knows them."""
    return {operator.GIVEN: cloud.identity()[1].rpartition(":")[2]}


def within(
    command: Annotated[list[str], typer.Argument(help="jobs 的命令，例如 content load data")],
    stage: Annotated[str, typer.Option(help="环境名，例如 prod")],
    table: Annotated[str, typer.Option(help="换用另一张表，例如恢复出来的副本")] = "",
) -> None:
    """在本机用某个环境的设置运行 jobs 的命令。"""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        wanted = Stage(stage)
        cloud = this_cloud()
        variables = environment(cloud, wanted, stagefile.read(wanted)) | acting(cloud)
        variables |= {f"{PREFIX}TABLE": table} if table else {}
    except (BadInput, Refusal) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"AWS 没有答复：{error}。请检查凭证、区域和权限。", err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(run_jobs(command, variables))


def run_jobs(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """The exit code of ``python -m jobs …`` with these variables and none of this process's own settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run([sys.executable, "-m", "jobs", *command], env={**inherited, **variables}, check=False)
    return done.returncode


if __name__ == "__main__":
    app = typer.Typer(add_completion=False)
    app.command(context_settings={"ignore_unknown_options": True})(within)
    app()

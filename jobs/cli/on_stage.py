"""``--stage NAME``: the same command on a deployed stage, as the operator that AWS knows (docs/adr/0014).

The command runs here, over the stage's own table, bucket and queues, and so says what it says locally; what it does is
in the stage's audit log under the operator's AWS identity. ``run`` alone is carried out by the stage's function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib import bootstrap
from chalicelib.errors import BadInput, Refusal
from infra.stage import Stage
from jobs.cli import operator, remote
from jobs.cli.audited import leaves
from jobs.cli.remote import RemoteStage

STAGED = frozenset(
    {
        "audit list",
        "audit verify",
        "content check",
        "content diff",
        "content drafts",
        "content drop",
        "content export",
        "content load",
        "content publish",
        "content review",
        "content rollback",
        "content versions",
        "doctor",
        "list",
        "notice cancel",
        "notice list",
        "notice retry",
        "notice show",
        "policy sql",
        "province columns",
        "province export",
        "province parquet",
        "queue dead",
        "queue list",
        "queue redrive",
        "run",
        "runs",
        "upgrade",
    }
)
"""None of them needs a secret of the stage; those that do are for ``python -m infra.within``."""

_NEEDS_SECRETS = ("online",)


def staged(command: Any, open_stage: Callable[[str], RemoteStage]) -> Any:
    """The same command (a Typer one, with all below it), those of STAGED with the option ``--stage``."""
    found = {path: leaf for path, leaf in leaves(command) if path in STAGED}
    option = next(each for each in found["run"].params if each.name == "stage")
    for path, leaf in found.items():
        takes_it = option in leaf.params
        if not takes_it:
            leaf.params.append(option)
        leaf.callback = _on_stage(path, leaf.callback, takes_it, open_stage)
    return command


def _on_stage(
    path: str, callback: Callable[..., Any], takes_it: bool, open_stage: Callable[[str], RemoteStage]
) -> Callable[..., Any]:
    @functools.wraps(callback)
    def run(**params: Any) -> Any:
        name = params.get("stage")
        if not takes_it:
            params.pop("stage")
        if not name or name == "local":
            return callback(**params)
        if asked := [each for each in _NEEDS_SECRETS if params.get(each)]:
            instead = f"python -m infra.within --stage {name} {path} --{asked[0]}"
            raise BadInput(f"--{asked[0]} 要用环境里的密钥，不能和 --stage 一起用。请用 {instead}。")
        with _opened(open_stage(Stage(name).name)):
            return callback(**params)

    return run


@contextmanager
def _opened(stage: RemoteStage) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    before = bootstrap.installed()
    bootstrap.install(stage.application())
    try:
        with remote.opened(stage), operator.acting_as(stage.identity()):
            yield
    except (BotoCoreError, ClientError) as error:
        raise Refusal(f"环境 {stage.name} 没有接受：{error}。请核对您的权限（docs/operations.md 第 7 步）。") from None
    finally:
        bootstrap.install(before)

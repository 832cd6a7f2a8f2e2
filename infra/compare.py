"""``python -m infra.compare --stage NAME TABLE``: whether a restored or upgraded copy holds what the table does.

Rows are named by their keys' kind and counted, never shown: they are people's.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from chalicelib.errors import BadInput, Refusal
from infra.stage import Stage

Key = tuple[str, str]
Rows = Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rows of ``kind`` (``notice#``…): in both and the same, in both but changed, only here, only in the copy."""

    kind: str
    same: int
    changed: int
    only_here: int
    only_there: int


def rows_of(client: Any, table: str) -> Rows:
    """A digest of each row by its key. Reads the whole table: consistent row by row, not as a whole."""
    found: dict[Key, str] = {}
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            text = json.dumps(item, sort_keys=True, default=str)
            found[item["pk"]["S"], item["sk"]["S"]] = hashlib.sha256(text.encode()).hexdigest()
    return found


def compare(here: Rows, there: Rows) -> list[Comparison]:
    counts: Counter[tuple[str, str]] = Counter()
    for key in here.keys() | there.keys():
        counts[kind_of(key), _how(here.get(key), there.get(key))] += 1
    kinds = sorted({kind for kind, _ in counts})
    return [
        Comparison(kind, *(counts[kind, how] for how in ("same", "changed", "only_here", "only_there")))
        for kind in kinds
    ]


def _how(one: str | None, other: str | None) -> str:
    if one == other:
        return "same"
    if one is None:
        return "only_there"
    return "only_here" if other is None else "changed"


def kind_of(key: Key) -> str:
    """``case`` of ``case#3603…``."""
    return key[0].partition("#")[0]


def compare_command(
    copy: Annotated[str, typer.Argument(help="恢复出来的表名")],
    stage: Annotated[str, typer.Option(help="环境名，例如 prod")],
) -> None:
    """把一个环境的表和它的副本逐行比较；有不同时退出码为 1。"""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.session.Session().client("dynamodb")
        found = compare(rows_of(client, Stage(stage).stack), rows_of(client, copy))
    except (BadInput, Refusal) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"读不了表：{error}。请检查凭证、区域和表名。", err=True)
        raise typer.Exit(1) from None
    for each in found:
        typer.echo(
            f"{each.kind}：相同 {each.same}，改过 {each.changed}，只在原表 {each.only_here}，只在副本 {each.only_there}"
        )
    if any(each.changed or each.only_here or each.only_there for each in found):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(compare_command)

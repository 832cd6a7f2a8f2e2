"""``python -m infra.bring_back COPY KIND… --stage NAME``: rows of a restored copy back into the stage's table (恢复).

Rows that the table has lost come back; with ``--replace`` those that it holds otherwise become what the copy says. Each
write has its condition: what somebody writes meanwhile stays. With the rights of whoever deploys, in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.dynamodb_store import DynamoDBStore
from chalicelib.audit.log import AuditLog, Result
from chalicelib.errors import BadInput, Refusal
from infra.account import this_cloud
from infra.compare import kind_of
from infra.stage import Stage

Item = dict[str, Any]

_NEVER = {
    "audit": "审计日志不改写",
    "person": "群众撤回的同意、解除的绑定和要求删除的，不能放回；请本人重新绑定",
    "once": "“办过没有”的记号放回会漏办或重办",
    "inbound": "“收过没有”的记号放回会漏办或重办",
}
"""Kinds of rows that do not come back, and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the copy, and what the table holds in its place (None: nothing)."""

    item: Item
    there: Item | None

    @property
    def is_lost(self) -> bool:
        return self.there is None


def wanted(client: Any, table: str, copy: str, kinds: set[str], now: int) -> Iterator[Row]:
    """Rows of these kinds that the copy holds and the table does not, or not so; none that have expired."""
    for page in client.get_paginator("scan").paginate(TableName=copy, ConsistentRead=True):
        for item in page["Items"]:
            expires = int(item["expires_at"]["N"]) if "expires_at" in item else now + 1
            if kind_of((item["pk"]["S"], item["sk"]["S"])) not in kinds or expires <= now:
                continue
            key = {name: item[name] for name in ("pk", "sk")}
            there = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
            if there != item and (there is None or "version" in there):  # a counter has none, and counts on
                yield Row(item, there)


def write(client: Any, table: str, row: Row) -> bool:
    """Put it as the copy has it, over exactly what was seen; False when that has changed meanwhile.

    Its version goes on from the one that is there, so that whoever read that one writes over nothing unseen.
    """
    item: Item = dict(row.item)
    over: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if row.there is not None:
        version = row.there["version"]
        item["version"] = {"N": str(int(version["N"]) + 1)}
        over = {"ConditionExpression": "version = :seen", "ExpressionAttributeValues": {":seen": version}}
    try:
        client.put_item(TableName=table, Item=item, **over)
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def bring_back(
    copy: Annotated[str, typer.Argument(help="恢复出来的表名")],
    kinds: Annotated[list[str], typer.Argument(help="哪些种类的行，见 infra.compare，例如 case caseof")],
    stage: Annotated[str, typer.Option(help="环境名，例如 prod")],
    replace: Annotated[bool, typer.Option("--replace", help="改过的也换回副本里的样子")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只数，不写")] = False,
) -> None:
    """把副本里的行放回一个环境的表：丢了的放回来，已有的默认不动。"""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _run(Stage(stage), copy, set(kinds), replace, dry_run)
    except (BadInput, Refusal) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"没有办成：{error}。请检查凭证、区域和表名；再运行一次会接着做。", err=True)
        raise typer.Exit(1) from None


def _run(stage: Stage, copy: str, kinds: set[str], replace: bool, dry_run: bool) -> None:
    if barred := sorted(kinds & set(_NEVER)):
        raise BadInput(f"{barred[0]} 不能放回：{_NEVER[barred[0]]}。请去掉它。")
    if copy == stage.stack:
        raise BadInput("副本不能就是环境自己的表。")
    import boto3

    client, now = boto3.session.Session().client("dynamodb"), datetime.now(UTC)
    rows = list(wanted(client, stage.stack, copy, kinds, int(now.timestamp())))
    lost = [row for row in rows if row.is_lost]
    chosen = rows if replace else lost
    typer.echo(f"丢失 {len(lost)} 行，改过 {len(rows) - len(lost)} 行；要放回 {len(chosen)} 行。")
    if dry_run or not chosen:
        return
    who = this_cloud().identity()[1].rpartition(":")[2]
    log = AuditLog(DynamoDBStore(stage.stack, lambda: client, SystemClock()))
    subject = f"copy={copy} kinds={','.join(sorted(kinds))} rows={len(chosen)}"
    begun = log.append(who, "infra.bring_back", subject, Result.BEGUN, now)
    done = sum(write(client, stage.stack, row) for row in chosen)
    log.append(who, "infra.bring_back", subject, Result.DONE, datetime.now(UTC), of=begun.number)
    typer.echo(f"放回 {done} 行。" + (f"{len(chosen) - done} 行刚刚有人改过，没有动。" if done < len(chosen) else ""))


if __name__ == "__main__":
    typer.run(bring_back)

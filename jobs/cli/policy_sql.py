"""``policy sql``: policies as SQL, for questions to Athena over the Parquet of ``province parquet`` (临时查询)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.model import Policy, State
from chalicelib.policies.sql import LONGEST_QUERY, select_all, select_counts, table_definition
from chalicelib.times import local_date
from jobs.cli.output import note, say
from jobs.cli.policy import DayOption

PLACE = "s3://BUCKET/province/parquet/"


def register(app: typer.Typer) -> None:
    app.command("sql")(sql)


def sql(
    policy_ids: Annotated[list[str] | None, typer.Argument(metavar="[POLICY]…", help="默认全部发布的政策")] = None,
    as_of: DayOption = None,
    count: Annotated[bool, typer.Option("--count", help="只数：符合、不符合、定不了各多少家")] = False,
    name: Annotated[str, typer.Option("--name", help="表名")] = "enterprises",
    table: Annotated[bool, typer.Option("--table", help="只写建表语句")] = False,
    location: Annotated[str, typer.Option(help="建表用：Parquet 文件在 S3 的哪里")] = PLACE,
) -> None:
    """把政策条件写成 Athena 的 SQL：每家企业一行，每项政策一列（true、false，定不了是 NULL）。"""
    if table:
        return say(f"{table_definition(FACTS, name, location)};")
    application = bootstrap.current()
    on = as_of.date() if as_of else local_date(application.clock.now())
    policies = _chosen(application.catalogue().policies, policy_ids or [], on)
    trees = {each.id: each.tree(each.condition, on) for each in policies}
    text = (select_counts if count else select_all)(trees, name, FACTS.keys())
    if len(text.encode()) > LONGEST_QUERY:
        raise BadInput(f"{len(policies)} 项政策的语句超过 Athena 的 {LONGEST_QUERY} 字节。请分几次，写出政策编号。")
    left = sorted({fact for tree in trees.values() for fact in tree.facts} - FACTS.keys())
    if left:
        note(f"表里没有、按未知处理的：{'、'.join(left)}（要按明细记录统计）。")
    return say(f"{text};")


def _chosen(known: Mapping[str, Policy], wanted: list[str], on: date) -> list[Policy]:
    if unknown := [each for each in wanted if each not in known]:
        raise BadInput(f"没有编号为 {'、'.join(unknown)} 的政策。请用 content export 看有哪些。")
    chosen = [known[each] for each in dict.fromkeys(wanted)] or [
        each for _, each in sorted(known.items()) if each.state is State.PUBLISHED and each.in_force(on)
    ]
    if not chosen:
        raise BadInput(f"{on} 没有在施行的政策。请先发布，或写出政策编号。")
    return chosen

"""``province``: from the table to the columns that a province's night is matched on, and to Parquet (全省匹配)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.adapters.aws import client_factory
from chalicelib.adapters.streams import FolderStreams, S3Streams, Streams
from chalicelib.bootstrap import Application
from chalicelib.errors import BadInput, Refusal
from chalicelib.times import local_date
from jobs.cli.output import JSON, document, note, progress, say
from jobs.province.asking import PREFIX, Asked, TableExports

app = typer.Typer(help="全省匹配：把表导出、变成企业列，或变成 Parquet 给 Athena。", no_args_is_help=True)

POLL_SECONDS = 30.0
MOST_POLLS = 960
"""Eight hours, as long as a repeated request is the same export."""

DayOption = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="哪一天的列，默认今天")]


@app.command("export")
def export(
    as_of: DayOption = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="等到导出完成")] = True,
    again: Annotated[bool, typer.Option("--again", help="当天已有导出，也另导一次（上次失败时用）")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """请 DynamoDB 把整个表导出到环境的存储桶；当天再运行，是同一个导出。"""
    application = bootstrap.current()
    settings = application.settings
    if settings.stage != "aws":
        raise BadInput("本机没有可以导出的 DynamoDB 表。请加 --stage NAME。")
    exports = TableExports(settings.table, settings.bucket, client_factory("dynamodb", settings.aws_endpoint_url))
    asked = exports.ask(_day(application, as_of), again)
    if wait:
        asked = followed(exports, asked)
    if asked.state == "FAILED":
        raise Refusal(f"导出 {asked.id} 失败：{asked.why or '没有说明原因'}。请处理后加 --again 再运行。")
    if as_json:
        return document({"export": asked.id, "state": asked.state})
    done = "已完成" if asked.state == "COMPLETED" else "还在进行"
    return say(f"导出 {asked.id} {done}。完成后运行 province columns {asked.id}。")


@app.command("columns")
def columns(
    source: Annotated[str, typer.Argument(metavar="EXPORT", help="导出编号，或下载到本机的导出目录")],
    as_of: DayOption = None,
    shards: Annotated[int | None, typer.Option(min=1, max=10_000, help="分几片；默认和上一晚一样")] = None,
    share: Annotated[str, typer.Option(help="2/4：分四处同时读，这里读第二份；最后不带它再运行一次")] = "1/1",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把导出变成一天的企业列；读过的文件、写好的分片不再做。"""
    from jobs.province.building import Building
    from jobs.province.export import Export

    application = bootstrap.current()
    day, part = _day(application, as_of), _share(share)
    export = Export(_streams(application, source))
    building = Building(export, application.blobs, day, shards or _as_before(application, day))
    with progress("读导出") as step:
        built = building.read(step, part)
    if part[1] == 1:
        read = built.read
        with progress("写企业列") as step:
            built = building.write(step)
    else:
        read = built.read
    told = {"day": day.isoformat(), "export": export.summary.id, **asdict(built), "read": read}
    if as_json:
        return document(told)
    if part[1] > 1:
        return say(
            f"第 {share} 份：{built.files} 个数据文件，这次读了 {read} 个。各份都读完后，不带 --share 再运行一次。"
        )
    return say(
        f"{day} 的企业列：{built.enterprises} 家，{built.shards} 片，这次写了 {built.written} 片；"
        f"来自 {export.summary.exported_at:%Y-%m-%d %H:%M} UTC 的导出 {export.summary.id}。"
    )


@app.command("parquet")
def parquet(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="写到这个目录，一片一个文件")],
    as_of: DayOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把一天的企业列写成 Parquet，给 Athena 用 policy sql 的语句查。"""
    from jobs.province.parquet import write_day

    application = bootstrap.current()
    day = _day(application, as_of).isoformat()
    with progress("写 Parquet") as step:
        written = write_day(application.blobs, day, out, step)
    if as_json:
        return document({"day": day, **asdict(written)})
    return say(f"{day}：{written.enterprises} 家，{written.files} 个文件，在 {out}。表的定义见 policy sql --table。")


def followed(exports: TableExports, asked: Asked, pause: Callable[[float], None] = time.sleep) -> Asked:
    """At its end, or as far as it is when nobody waits any longer."""
    if asked.state == "IN_PROGRESS":
        note(f"导出 {asked.id} 在后台进行，通常要几十分钟。按 Ctrl-C 只是不再等。")
    try:
        for _ in range(MOST_POLLS):
            if asked.state != "IN_PROGRESS":
                break
            pause(POLL_SECONDS)
            asked = exports.look(asked)
    except KeyboardInterrupt:
        return asked
    return asked


def _day(application: Application, as_of: datetime | None) -> date:
    return as_of.date() if as_of else local_date(application.clock.now())


def _share(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text)
    number, of = (int(each) for each in found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        raise BadInput(f"--share {text} 不对。请写第几份和共几份，如 2/4。")
    return number, of


def _streams(application: Application, source: str) -> Streams:
    if Path(source).is_dir():
        return FolderStreams(Path(source))
    export = source.rpartition("/")[2]
    if application.settings.stage != "aws":
        raise BadInput(f"本机没有 {source} 这个目录。请给出导出所在的目录，或加 --stage NAME 和导出编号。")
    if not re.fullmatch(r"[0-9A-Za-z-]+", export):
        raise BadInput(f"“{source}”不是导出编号。编号由 province export 给出，形如 01693685827463-2d8752fd。")
    settings = application.settings
    folder = f"{PREFIX}/AWSDynamoDB/{export}/"
    return S3Streams(settings.bucket, folder, client_factory("s3", settings.aws_endpoint_url))


def _as_before(application: Application, day: date) -> int:
    """As many shards as the last day before that has columns: only such nights can be compared."""
    from jobs.province.files import days_of, numbers_of, source_of

    before = [each for each in days_of(application.blobs) if each <= day.isoformat()]
    if not before:
        raise BadInput("还没有哪一天的企业列，请用 --shards 说明分几片（每 20 万家约一片）。")
    source = source_of(application.blobs, before[-1])
    return source.shards if source else len(numbers_of(application.blobs, before[-1]))

"""``list``, ``runs`` and ``run``: the jobs (任务)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time
from jobs.cli import remote
from jobs.cli.enterprise import known
from jobs.cli.output import FAILED, JSON, document, note, progress, say, table
from jobs.core import RunResult
from jobs.history import RunRow, last_run, runs
from jobs.registry import JOBS
from jobs.runner import run_by_name

_SHOWN = 50


def register(app: typer.Typer) -> None:
    app.command("list")(list_jobs)
    app.command("runs")(show_runs)
    app.command("run")(run)


def list_jobs(as_json: Annotated[bool, JSON] = False) -> None:
    """任务、时间表和最近一次结果。"""
    store = bootstrap.current().store
    rows = [(job, last_run(store, job.name)) for job in JOBS.values()]
    if as_json:
        document(
            [
                {"job": job.name, "title": job.title, "schedule": str(job.schedule), "last": last and _row(last)}
                for job, last in rows
            ]
        )
        return
    columns = ("任务", "做什么", "时间（北京）", "最近一次")
    table(columns, [(job.name, job.title, job.schedule, _when(last)) for job, last in rows])


def show_runs(
    job: Annotated[str | None, typer.Argument(help="任务名；不写则看全部")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """运行记录，新的在前。"""
    store = bootstrap.current().store
    names = [_checked(job)] if job else list(JOBS)
    found = [row for name in names for row in runs(store, name, limit)]
    found.sort(key=lambda row: row.started_at, reverse=True)
    if as_json:
        document([_row(row) for row in found[:limit]])
        return
    table(
        ("任务", "开始", "状态", "结果"),
        [(r.job, chinese_time(r.started_at), r.state, _result(r)) for r in found[:limit]],
    )


def run(
    job: Annotated[str, typer.Argument(help="任务名，见 list")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只显示计划，不发送、不写入")] = False,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="按哪一天算，默认今天")] = None,
    enterprise: Annotated[str | None, typer.Option(help="只算一家企业（统一社会信用代码）")] = None,
    stage: Annotated[str | None, typer.Option(help="在已部署的环境里运行")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """运行一个任务：先计划，再执行。"""
    name = _checked(job)
    on = as_of.date() if as_of else None
    if stage and stage != "local":
        answer = remote.run_job(stage, name, as_of=on, dry_run=dry_run, enterprise=enterprise)
        return document(answer) if as_json else say(str(answer.get("sentence", answer)))
    code = known(enterprise) if enterprise else None
    with progress(f"正在计划和执行 {name}"):
        result = run_by_name(name, as_of=on, dry_run=dry_run, enterprise=code)
    if as_json:
        document(result.document())
    else:
        _tell(result)
    if result.failed:
        raise typer.Exit(FAILED)
    return None


def _tell(result: RunResult) -> None:
    names = bootstrap.current().desk
    rows = [(names.enterprise_name(one.notice.uscc), one.notice.title, one.why) for one in result.plan.notices[:_SHOWN]]
    rows += [("", line.what, line.why) for line in result.plan.lines[: _SHOWN - len(rows)]]
    if rows:
        table(("企业", "内容", "为什么"), rows)
    if result.planned > len(rows):
        note(f"另有 {result.planned - len(rows)} 项没有列出。")
    say(result.sentence())


def _checked(name: str) -> str:
    if name not in JOBS:
        raise BadInput(f"没有“{name}”这个任务；可用：{'、'.join(JOBS)}")
    return name


def _row(row: RunRow) -> dict[str, Any]:
    return row.model_dump(mode="json")


def _when(row: RunRow | None) -> str:
    return f"{chinese_time(row.started_at)} {row.state}，{_result(row)}" if row else "还没有运行过"


def _result(row: RunRow) -> str:
    if row.error:
        return row.error
    result = row.result or {}
    return f"计划 {result.get('planned', 0)}，处理 {result.get('queued', 0)}，失败 {result.get('failed', 0)}"

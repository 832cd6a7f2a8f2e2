"""``list``, ``runs`` and ``run``: the jobs (任务)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time
from jobs.cli import following, remote
from jobs.cli.enterprise import known
from jobs.cli.output import FAILED, JSON, document, note, progress, say, table
from jobs.cli.remote import RemoteStage
from jobs.history import RunRow, last_run, runs
from jobs.registry import JOBS
from jobs.runner import answer_of, run_by_name


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
    stage: Annotated[str | None, typer.Option(help="已部署的环境名，例如 prod；用您自己的 AWS 身份")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """运行一个任务：先计划，再执行。"""
    name = _checked(job)
    on = as_of.date() if as_of else None
    code = known(enterprise) if enterprise else None
    there = remote.current()
    answer = _run_there(there, name, on, dry_run, code, as_json) if there else _run_here(name, on, dry_run, code)
    shown, sentence = answer.pop("shown"), answer.pop("sentence")
    if as_json:
        document(answer)
    else:
        if there is None or dry_run:
            _tell_plan(answer["planned"], shown)
        say(sentence)
    pause = there.pause if there and not dry_run and answer["queued"] else None
    followed = following.to_its_end(JOBS[name], on, pause)
    if followed and not as_json:
        say(followed.sentence)
    if answer["failed"] or (followed and followed.failed):
        raise typer.Exit(FAILED)


def _run_here(name: str, on: date | None, dry_run: bool, enterprise: str | None) -> dict[str, Any]:
    with progress(f"正在计划和执行 {name}") as step:
        result = run_by_name(name, as_of=on, dry_run=dry_run, enterprise=enterprise, step=step)
    return answer_of(result, bootstrap.current())


def _run_there(
    there: RemoteStage, name: str, on: date | None, dry_run: bool, enterprise: str | None, quiet: bool
) -> dict[str, Any]:
    """The plan first, then the run of the stage's own function; what comes between the two is in the run's summary."""
    with progress(f"环境 {there.name} 正在计划 {name}"):
        planned = there.run_job(name, as_of=on, dry_run=True, enterprise=enterprise)
    if dry_run:
        return planned
    if not quiet:
        _tell_plan(planned["planned"], planned["shown"])
        note(f"环境 {there.name} 现在执行 {name}，计划 {planned['planned']} 项。")
    with progress(f"环境 {there.name} 正在执行 {name}") as step:
        store, since = bootstrap.current().store, bootstrap.current().clock.now()
        with following.run_of(store, name, since, step, there.pause):
            return there.run_job(name, as_of=on, dry_run=False, enterprise=enterprise)


def _tell_plan(planned: int, shown: Sequence[Sequence[str]]) -> None:
    if shown:
        table(("企业", "内容", "为什么"), shown)
    if planned > len(shown):
        note(f"另有 {planned - len(shown)} 项没有列出。")


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

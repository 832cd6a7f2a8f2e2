"""``content``: check, load and export what 溪小办 knows (内容)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from chalicelib import bootstrap
from chalicelib.content.problems import Report
from chalicelib.content.service import ContentRefused
from chalicelib.content.service import Progress as Told
from chalicelib.errors import BadInput
from jobs.cli import content_versions
from jobs.cli.operator import ByOption
from jobs.cli.output import BAD_INPUT, JSON, document, note, notes, say

app = typer.Typer(help="内容：检查、导入、导出（YAML、JSON、CSV、XLSX）。", no_args_is_help=True)
content_versions.register(app)

PathArgument = Annotated[Path, typer.Argument(help="一个文件或一个文件夹")]


@app.command("check")
def check(path: PathArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """找出全部错误，什么都不改。"""
    _existing(path)
    with _telling() as told:
        report = bootstrap.current().content.check(path, told)
    _show(report, as_json=as_json)
    if not report.ok:
        raise typer.Exit(BAD_INPUT)


@app.command("load")
def load(
    path: PathArgument,
    by: ByOption,
    draft: Annotated[bool, typer.Option("--draft", help="存成草稿，等另一个人复核后再发布")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """检查后导入；有一处错就一条也不导入。再导一次什么都不变。"""
    _existing(path)
    application = bootstrap.current()
    try:
        if draft:
            return content_versions.propose(path, by, as_json=as_json)
        with _telling() as told:
            changes = application.content.load(path, by, application.clock.now(), told)
    except ContentRefused as refused:
        _show(refused.report, as_json=as_json)
        note("没有导入任何内容。改好后再运行一次。")
        raise typer.Exit(BAD_INPUT) from None
    if as_json:
        document({"version": changes.version, "kinds": {name: kind.counts() for name, kind in changes.kinds.items()}})
        return None
    for line in changes.lines():
        say(line)
    say(f"目录现在是第 {changes.version} 版。")
    return None


@app.command("export")
def export(path: Annotated[Path, typer.Argument(help="文件夹，或 .xlsx 文件名")]) -> None:
    """导出现有内容；导出的文件可以改好再导入。"""
    for kind, count in bootstrap.current().content.export(path).items():
        say(f"{kind}：{count}")
    note("文件里有企业联系人，请按规定保管。")


def _existing(path: Path) -> None:
    if not path.exists():
        raise BadInput(f"没有 {path} 这个文件或文件夹。请核对路径。")


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        problems = [
            {
                "file": problem.place.file,
                "sheet": problem.place.sheet,
                "row": problem.place.row,
                "key": problem.place.key,
                "field": problem.column,
                "text": problem.text,
            }
            for problem in report.problems
        ]
        return document({"ok": report.ok, "rows": report.counts, "problems": problems, "total": report.total_problems})
    for line in report.lines():
        say(line)
    for line in report.unread:
        note(line)
    say("、".join(f"{kind} {count} 条" for kind, count in report.counts.items()) or "没有读到内容")
    say("没有错误。" if report.ok else f"共 {report.total_problems} 处错误。")
    return None


@contextmanager
def _telling() -> Iterator[Told]:
    """Rows so far on stderr; the total isn't known before the files are read."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=notes, transient=True, disable=not notes.is_terminal
    ) as bar:
        task = bar.add_task("读取")
        yield lambda what, rows: bar.update(task, description=f"{what} {rows:,} 行")

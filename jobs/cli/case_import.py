"""``case import``: cases from a table of the exchange library, of any size (办件导入)."""

from __future__ import annotations

import csv
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.cases.bulk import BulkCases
from chalicelib.content.case_import import CaseImport, Counts, RowMistake
from chalicelib.content.problems import Place
from chalicelib.content.tables import read_csv
from chalicelib.errors import BadInput
from jobs.cli import operator
from jobs.cli.output import BAD_INPUT, JSON, document, progress, say

HEADER = ("行", "办件编号", "列", "问题")


def import_cases(
    path: Annotated[
        Path, typer.Argument(help="CSV 文件：前置库受理、环节、特别程序、材料、办结各表的列名，列的顺序不限")
    ],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """导入办件。有错的行不导入，写在 FILE.errors.csv；再导入一次什么都不变。"""
    if not path.exists():
        raise BadInput(f"没有 {path} 这个文件。请核对路径。")
    if not path.is_file() or path.suffix.lower() != ".csv":
        raise BadInput(f"{path} 不是 CSV 文件。请另存为“CSV UTF-8”。")
    application = bootstrap.current()
    job = CaseImport(BulkCases(application.cases), operator.name(), application.clock.now(), path.name)
    with progress("导入") as step, _errors(path) as write:

        def told(counts: Counts, mistakes: Sequence[RowMistake]) -> None:
            write(mistakes)
            step(counts.rows)

        counts = job.run(read_csv(path, Place(path.name)), told)
    errors = errors_file(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if as_json:
        document(asdict(counts) | {"errors": str(errors) if counts.failed else None, "peak_mb": peak})
    else:
        said = f"新增 {counts.added:,}，修改 {counts.changed:,}，未变 {counts.unchanged:,}，有错 {counts.failed:,}"
        say(
            f"{counts.rows:,} 行：{said}。内存最多 {peak:,} MB。"
            if counts.rows
            else "文件里没有数据行，什么都没有导入。"
        )
        if counts.failed:
            say(f"有错的行写在 {errors}，改好后只导入这些行就行。")
    if counts.failed:
        raise typer.Exit(BAD_INPUT)


def errors_file(path: Path) -> Path:
    return path.with_name(path.name + ".errors.csv")


@contextmanager
def _errors(path: Path) -> Iterator[Callable[[Sequence[RowMistake]], None]]:
    """Mistakes go to the file beside it as they are found; without any there is no such file."""
    target = errors_file(path)
    target.unlink(missing_ok=True)

    def write(mistakes: Sequence[RowMistake]) -> None:
        if not mistakes:
            return
        new = not target.exists()
        # Excel takes a CSV for UTF-8 only by its mark.
        with target.open("a", encoding="utf-8-sig" if new else "utf-8", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(HEADER)
            writer.writerows((m.row, m.no, m.column, m.text) for m in mistakes)

    yield write

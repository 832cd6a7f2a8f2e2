"""``enterprise import``: facts of enterprises from a CSV, XLSX or JSON Lines file of any size (企业数据导入)."""

from __future__ import annotations

import csv
import hashlib
import json
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.content.fact_import import Counts, FactImport, RowMistake, open_rows
from chalicelib.content.fact_mapping import Columns, read_mapping
from chalicelib.errors import BadInput
from chalicelib.policies.rematch import Gathered
from jobs.cli import operator
from jobs.cli.output import BAD_INPUT, JSON, document, note, progress, say

_HEADER = ("行", "统一社会信用代码", "列", "问题")


def import_facts(
    path: Annotated[Path, typer.Argument(help=".csv、.xlsx 或 .jsonl 文件，列的顺序不限")],
    mapping: Annotated[Path | None, typer.Option(help="对照表 YAML：列 → 事实、单位、来源、数据日期")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """导入部门给的企业数据。有错的行不导入，写在 FILE.errors.csv；中断后再运行会接着做，重复导入不改变什么。"""
    if not path.is_file():
        raise BadInput(f"没有 {path} 这个文件。请核对路径。")
    columns = Columns(read_mapping(mapping) if mapping else None)
    with progress("核对文件") as _:
        mark, lines = _fingerprint(path, mapping)
    cursor = _Cursor(path, mark)
    done = cursor.rows
    if done:
        note(f"接着上次的第 {done:,} 行继续。")
    application = bootstrap.current()
    now, touched = application.clock.now(), Gathered(application.rematch)
    job = FactImport(application.store, columns, operator.name(), now, path.name, touched.add)
    with progress("导入", lines) as step, _errors(path, resumed=done > 0) as write:

        def told(counts: Counts, mistakes: Sequence[RowMistake]) -> None:
            write(mistakes)
            cursor.move(counts.rows)
            step(counts.rows)

        counts = job.run(open_rows(path), told, skip=done)
    if done:
        application.rematch.everyone()  # which rows the run before this one changed is not known any more
    else:
        touched.ask(now)
    cursor.remove()
    _report(path, counts, as_json=as_json)


def _report(path: Path, counts: Counts, *, as_json: bool) -> None:
    errors = _errors_file(path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if as_json:
        document(asdict(counts) | {"errors": str(errors) if errors.exists() else None, "peak_mb": peak})
    else:
        said = f"新增 {counts.added:,}，修改 {counts.changed:,}，未变 {counts.unchanged:,}，有错 {counts.failed:,}"
        say(f"{counts.rows:,} 行：{said}。内存最多 {peak:,} MB。")
        if errors.exists():
            say(f"有错的行写在 {errors}，改好后只导入这些行就行。")
        note("有变化的企业马上重新匹配，新符合政策的会收到提示。")
    if counts.failed:
        raise typer.Exit(BAD_INPUT)


class _Cursor:
    """How far an import has come, in ``FILE.progress.json``: rows that are written for good. Another file of the same
    name, or another mapping, starts from the beginning."""

    def __init__(self, path: Path, mark: str) -> None:
        self._path = path.with_name(path.name + ".progress.json")
        self._mark = mark

    @property
    def rows(self) -> int:
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0  # none yet, or half written: importing again harms nothing
        return int(held["rows"]) if held.get("file") == self._mark else 0

    def move(self, rows: int) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text(json.dumps({"file": self._mark, "rows": rows}), encoding="utf-8")
        fresh.replace(self._path)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def _fingerprint(path: Path, mapping: Path | None) -> tuple[str, int | None]:
    """What file and mapping these are, and about how many rows, as far as lines tell."""
    digest, lines = hashlib.sha256(mapping.read_bytes() if mapping else b""), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n")
    return digest.hexdigest(), None if path.suffix.lower() == ".xlsx" else max(
        lines - (path.suffix.lower() == ".csv"), 1
    )


def _errors_file(path: Path) -> Path:
    return path.with_name(path.name + ".errors.csv")


@contextmanager
def _errors(path: Path, *, resumed: bool) -> Iterator[Any]:
    """Mistakes go to the file beside it as they are found; without any there is no such file."""
    target = _errors_file(path)
    if not resumed:
        target.unlink(missing_ok=True)

    def write(mistakes: Sequence[RowMistake]) -> None:
        if not mistakes:
            return
        new = not target.exists()
        # Excel takes a CSV for UTF-8 only by its mark.
        with target.open("a", encoding="utf-8-sig" if new else "utf-8", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(_HEADER)
            writer.writerows((m.row, m.uscc, m.column, m.text) for m in mistakes)

    yield write

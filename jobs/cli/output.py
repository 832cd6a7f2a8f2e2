"""How commands speak: results on stdout, everything else on stderr; exit 0 done, 1 failed, 2 bad usage or bad input."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

FAILED, BAD_INPUT = 1, 2
JSON = typer.Option("--json", help="输出一个 JSON 文档，给程序用")

notes = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A result line for a person."""
    typer.echo(text)


def document(value: Any) -> None:
    """The one JSON document of ``--json``."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=None, default=str))


def note(text: str) -> None:
    """Progress or explanation: stderr, never in a pipe."""
    notes.print(text, markup=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table that a person reads; as wide as the terminal, or unbroken in a pipe."""
    out = Console(highlight=False)
    drawn = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    if not out.is_terminal:
        out = Console(highlight=False, width=200)
    out.print(drawn, markup=False)


def fail(text: str, code: int = FAILED) -> NoReturn:
    """Say on stderr what is wrong and leave with ``code``."""
    notes.print(text, markup=False, style="red")
    raise typer.Exit(code)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Any]:
    """A progress bar on stderr: ``with progress("匹配", 100) as step: step(10)``; silent where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        task = bar.add_task(label, total=total)

        def step(done: int, of: int | None = None) -> None:
            """``done`` so far, of ``of`` in all."""
            bar.update(task, completed=done, total=of if of is not None else total)

        yield step

"""``guide``: asking as a person would, and measuring the answers (办事指南)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from jobs.cli.output import JSON, document, progress, say

app = typer.Typer(help="办事指南：提问、评测。", no_args_is_help=True)


@app.command("ask")
def ask(
    text: Annotated[str, typer.Argument(help="像用户一样问一句")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """看溪小办会怎么回答。"""
    if not text.strip():
        raise BadInput("问题是空的。请写一句要问的话，比如：换法人要带什么")
    application = bootstrap.current()
    if not application.catalogue().version:
        raise BadInput("还没有内容。请先运行 content load data")
    answer = application.guide().ask(text)
    if as_json:
        document(answer.json())
    else:
        say(answer.text)


@app.command("evaluate")
def evaluate(
    directory: Annotated[Path, typer.Argument(help="含 queries.jsonl、docs.jsonl、qrels.tsv 的文件夹")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """用一套问题评测检索：现建索引，报告命中率。"""
    from chalicelib.guidance.evaluate import evaluate as measure

    if not directory.is_dir():
        raise BadInput(f"没有 {directory} 这个文件夹。请核对路径。")
    with progress("评测") as step:
        result = measure(directory, progress=step)
    if as_json:
        document(result)
        return
    for name, value in result.items():
        say(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")

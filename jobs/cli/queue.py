"""``queue``: what waits to be delivered, what failed too often (死信), and putting that back."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap, logs
from chalicelib.entrypoints.queues import NAMES
from chalicelib.errors import BadInput
from chalicelib.ports import Message
from jobs.cli.output import JSON, document, note, say, table

app = typer.Typer(help="队列：看积压，看死信，把死信放回去重做。", no_args_is_help=True)

QueueArgument = Annotated[str, typer.Argument(metavar="QUEUE", help="队列名，见 queue list")]
COUNTED = 50
"""Dead letters are counted by looking at them; more than so many are not looked at."""


@app.command("list")
def list_queues(as_json: Annotated[bool, JSON] = False) -> None:
    """每个队列等着多少条，死信多少条。"""
    queue = bootstrap.current().queue
    rows = [(name, queue.depth(name), len(queue.dead(name, limit=COUNTED))) for name in NAMES]
    if as_json:
        document([{"queue": name, "waiting": waiting, "dead": dead} for name, waiting, dead in rows])
        return
    table(("队列", "等着处理", "死信"), [(name, waiting, _counted(dead)) for name, waiting, dead in rows])


@app.command("dead")
def dead(
    queue: QueueArgument,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """一个队列的死信：试了几次，是什么。只看，不动。"""
    found = bootstrap.current().queue.dead(_known(queue), limit=limit)
    if as_json:
        document([{"id": one.id, "attempts": one.attempts, "body": logs.clean("body", one.body)} for one in found])
        return
    table(("编号", "试过", "内容"), [(one.id, f"{one.attempts} 次", _told(one)) for one in found])
    if found:
        note(f"原因看日志里的“message not worked off”；修好以后运行 queue redrive {queue}。")


@app.command("redrive")
def redrive(
    queue: QueueArgument, dry_run: Annotated[bool, typer.Option("--dry-run", help="只看有多少")] = False
) -> None:
    """把死信放回队列重做；做过的不会再做一遍。"""
    queues = bootstrap.current().queue
    name = _known(queue)
    if dry_run:
        say(f"{name} 有 {_counted(len(queues.dead(name, limit=COUNTED)))} 条死信可以放回。")
        return
    moved = queues.redrive(name)
    say(f"已把 {moved} 条放回 {name}。" if moved else f"{name} 没有死信。")


def _known(name: str) -> str:
    if name not in NAMES:
        raise BadInput(f"没有“{name}”这个队列；可用：{'、'.join(NAMES)}")
    return name


def _counted(count: int) -> str:
    return f"{count} 以上" if count >= COUNTED else str(count)


def _told(message: Message) -> str:
    """``notice=…``; what could be personal in an unreadable one is masked as in the log."""
    return " ".join(f"{key}={logs.clean(key, value)}" for key, value in message.body.items())

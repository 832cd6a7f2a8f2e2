"""``upgrade``: rows of an earlier version brought to the shape of this one (升级)."""

from __future__ import annotations

import typer

from chalicelib import bootstrap
from jobs.cli.output import say
from jobs.upgrade import LAYOUT
from jobs.upgrade import upgrade as bring_along


def register(app: typer.Typer) -> None:
    app.command("upgrade")(upgrade)


def upgrade() -> None:
    """换新版本后运行一次：把旧数据整理成新版本的样子，重复运行没有害处。"""
    found = bring_along(bootstrap.current())
    if not found.was_needed:
        say(f"数据已是第 {LAYOUT} 版，不用整理。")
        return
    say(f"数据已从第 {found.before} 版整理到第 {LAYOUT} 版：办件 {found.cases} 件，贷款 {found.loans} 笔。")

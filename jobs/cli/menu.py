"""``menu``: the menu at the bottom of the chat (自定义菜单)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from jobs.cli.output import document, note, say

app = typer.Typer(help="公众号菜单。", no_args_is_help=True)


@app.command("publish")
def publish(dry_run: Annotated[bool, typer.Option("--dry-run", help="只显示，不发布")] = False) -> None:
    """发布菜单；手机上最多 5 分钟后刷新。"""
    from chalicelib.wechat.menu import default_menu

    application = bootstrap.current()
    menu = default_menu(application.settings.public_url)
    if dry_run:
        document(menu.for_platform())
        return
    note(f"发布到 {application.settings.wechat_api_base}")
    application.wechat_client.menu.create(menu)
    say("菜单已发布。")

"""``menu``: the menu at the bottom of the chat (自定义菜单)."""

from __future__ import annotations

from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import Refusal
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
    from chalicelib.wechat.errors import ApiError, NotSent, Unclear, rule

    try:
        application.wechat_client.menu.create(menu)
    except ApiError as error:
        raise Refusal(
            f"平台没有接受菜单：{rule(error.code).meaning}（errcode {error.code}，{error.message}）。"
        ) from None
    except (NotSent, Unclear) as error:
        raise Refusal(
            f"连不上平台（{error.cause}）。请检查网络和 XIXINBAN_WECHAT_API_BASE；本机模拟的菜单由 serve 自己发布。"
        ) from None
    say("菜单已发布。")

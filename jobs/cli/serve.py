"""``serve``: everything on one machine, with the simulator unless a platform is set."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap, logs
from chalicelib.bootstrap import Application
from chalicelib.errors import Refusal
from chalicelib.settings import PREFIX, Settings
from chalicelib.settings import load as load_settings
from jobs.cli.output import note, say

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_CONTENT = ROOT / "data"
LOOPBACK = "127.0.0.1"


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="监听地址")] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="监听端口")] = 8000,
    db: Annotated[Path | None, typer.Option(help="SQLite 文件，默认 XIXINBAN_DB 或 var/xixinban.db")] = None,
) -> None:
    """在这台机器上运行溪心办。按 Ctrl-C 停止，什么都不会丢。"""
    settings = _settings(host, port, db)
    if settings.stage != "local":
        raise Refusal("serve 只用于本机（XIXINBAN_STAGE=local）。云上由 make deploy 部署。")
    logs.configure(settings.log_level, sys.stderr)
    application = Application(settings)
    bootstrap.install(application)
    _bring_along(application)
    _load_sample(application)

    from jobs.embedded.run import Embedded

    simulated = settings.wechat_api_base == _simulator_api(port)
    with Embedded(application, host, port, simulator=simulated) as embedded:
        _announce(host, port, simulated=simulated)
        _wait_for_signal()
        note("正在停止……")
        embedded.stop()


def _settings(host: str, port: int, db: Path | None) -> Settings:
    """What is not set otherwise points at this very process: its address and its simulator."""
    here = f"http://{LOOPBACK if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104 - compared, not bound
    own = {"public_url": here, "wechat_api_base": _simulator_api(port), "wechat_oauth_base": _simulator_api(port)}
    unset = {name: value for name, value in own.items() if PREFIX + name.upper() not in os.environ}
    if "wechat_api_base" not in unset:
        unset.pop("wechat_oauth_base", None)
    return load_settings(db=db, **unset)


def _simulator_api(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/simulator/api"


def _bring_along(application: Application) -> None:
    """What an earlier version left is read by this one."""
    from jobs.upgrade import upgrade

    found = upgrade(application)
    if found.cases or found.loans:
        note(f"旧版本的数据已整理：办件 {found.cases} 件，贷款 {found.loans} 笔。")


def _load_sample(application: Application) -> None:
    """In a demo, an empty stage starts with the sample content."""
    if not application.settings.demo or application.catalogue().version or not SAMPLE_CONTENT.is_dir():
        return
    note("第一次运行，正在导入示例内容……")
    changes = application.content.load(SAMPLE_CONTENT, "serve", application.clock.now())
    for line in changes.lines(at_most=0):
        note(line)


def _announce(host: str, port: int, *, simulated: bool) -> None:
    shown = LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    say(f"溪心办已启动：http://{shown}:{port}/healthz")
    if simulated:
        say(f"在浏览器打开手机模拟页：http://{shown}:{port}/simulator")
    sys.stdout.flush()


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    while not stopped.wait(1):
        pass

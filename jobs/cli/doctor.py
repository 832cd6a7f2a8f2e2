"""``doctor``: what is missing before this stage can serve, in the order to mend it (体检)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from jobs.cli.failures import explain
from jobs.cli.output import FAILED, JSON, document, table


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``advice`` says what to do where it is not ``ok``."""

    what: str
    ok: bool
    detail: str
    advice: str = ""


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    online: Annotated[bool, typer.Option("--online", help="也向微信平台取一次凭证")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """检查设置、存储、内容、队列；有缺的退出码为 1。"""
    findings = list(examine(bootstrap.current(), online=online))
    if as_json:
        document([asdict(finding) for finding in findings])
    else:
        table(
            ("检查", "结果", "情况", "怎么办"),
            [(f.what, "好" if f.ok else "缺", f.detail, "" if f.ok else f.advice) for f in findings],
        )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)


def examine(application: Application, *, online: bool) -> Iterator[Finding]:
    """Findings in the order in which they must be mended."""
    settings = application.settings
    yield Finding("设置", True, f"stage={settings.stage} demo={settings.demo}")
    yield _try(
        "存储",
        lambda: "读得到" if application.store.get("doctor", "probe") is None else "有残留的探针",
        "检查 XIXINBAN_DB 的目录权限或数据表",
    )
    yield _content(application)
    yield _dead_letters(application)
    yield Finding(
        "对外地址",
        settings.public_url.startswith("https://") or settings.stage == "local",
        settings.public_url,
        "设置 XIXINBAN_PUBLIC_URL 为已备案的 https 域名",
    )
    paused = application.notices.paused(application.clock.now())
    yield Finding(
        "发送", not paused, "；".join(pause.cause for pause in paused) or "没有暂停", "处理原因后等它到期，或联系平台"
    )
    if online:
        yield _try(
            "微信凭证",
            lambda: "已取得" if application.wechat_client.access_token else "空",
            "检查 AppID、AppSecret 和 IP 白名单",
        )


def _try(what: str, probe: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what, True, probe())
    except Exception as error:
        told = explain(error)
        return Finding(what, False, told[0] if told else type(error).__name__, advice)


def _content(application: Application) -> Finding:
    catalogue = application.catalogue()
    kinds = {
        "事项": catalogue.items,
        "一件事": catalogue.bundles,
        "服务点": catalogue.points,
        "政策": catalogue.policies,
    }
    counts = "，".join(f"{name} {len(rows)}" for name, rows in kinds.items())
    return Finding("内容", bool(catalogue.items), f"第 {catalogue.version} 版：{counts}", "运行 content load data")


def _dead_letters(application: Application) -> Finding:
    from chalicelib.entrypoints.queues import NAMES

    dead = sum(len(application.queue.dead(name)) for name in NAMES)
    return Finding("死信", dead == 0, f"{dead} 条", "用 queue list、queue dead 看，修好后 queue redrive")

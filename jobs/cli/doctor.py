"""``doctor``: what is missing before this stage can serve, in the order to mend it (体检)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from chalicelib import bootstrap
from jobs.cli.findings import examine
from jobs.cli.output import FAILED, JSON, document, table


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    online: Annotated[bool, typer.Option("--online", help="也向微信平台取一次凭证、问当日额度")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """检查设置、存储、内容、定时任务、队列，按要处理的先后；有缺的退出码为 1。"""
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

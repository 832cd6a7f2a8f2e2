"""``form prefill``: how much of each form is filled in before anybody is asked, enterprise by enterprise (预填率)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.enterprises import uscc as credit_code
from chalicelib.enterprises.model import Enterprise
from chalicelib.errors import BadInput
from chalicelib.forms.coverage import Coverage, cover
from jobs.cli.output import JSON, document, note, say, table


def register(app: typer.Typer) -> None:
    app.command("prefill")(prefill)


def prefill(
    uscc: Annotated[str, typer.Option(help="只看这一家的统一社会信用代码；不写是全部示例企业")] = "",
    at_most: Annotated[int, typer.Option("--top", min=1, help="最多看几家")] = 50,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """每家企业、每张适用的表，预填和算出多少项、要问多少项；只有数目，什么都不写。"""
    application = bootstrap.current()
    chosen = list(islice(_chosen(application, uscc), at_most))
    if not chosen:
        raise BadInput("没有示例企业。请用 --uscc 指定一家，或先运行 content load data。")
    found = list(cover(application.forms.forms().values(), chosen, application.clock.now()))
    if as_json:
        return document({"rows": [_row(each) for each in found], **_sums(found)})
    table(
        ("企业", "表单", "带出", "算出", "随后算出", "要问", "共", "可知", "占可知", "占全部"),
        map(_cells, found),
    )
    sums = _sums(found)
    shares = _share(sums["filled"], sums["knowable"]), _share(sums["filled"], sums["total"])
    say(
        f"{len(chosen)} 家、{len(found)} 张表：填好 {sums['filled']} 项，"
        f"政府可知 {sums['knowable']} 项（{shares[0]}），"
        f"必填 {sums['total']} 项（{shares[1]}），要问 {sums['asked']} 项。"
    )
    note("只数开始时就要填的必填项。可知：档案或部门有来源的，和由它们算出的；本人的打算、别人的信息不算。")
    return None


def _chosen(application: bootstrap.Application, uscc: str) -> Iterable[Enterprise]:
    if not uscc:
        return (each for each in application.enterprises.all() if each.is_sample)
    found = application.enterprises.get(credit_code.normalise(uscc))
    if found is None:
        raise BadInput("没有这家企业的档案。请核对统一社会信用代码。")
    return [found]


def _cells(each: Coverage) -> tuple[object, ...]:
    counts = (each.prefilled, each.derived, each.later, each.asked, each.total, each.knowable)
    return each.name, each.title, *counts, _share(each.filled, each.knowable), _share(each.filled, each.total)


def _row(each: Coverage) -> dict[str, Any]:
    return asdict(each) | {"filled": each.filled, "total": each.total}


def _sums(found: Iterable[Coverage]) -> dict[str, int]:
    rows = list(found)
    return {name: sum(getattr(each, name) for each in rows) for name in ("filled", "asked", "knowable", "total")}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "—"

"""``form measure``: per form how much was filled in for people, how long it took, where they gave up (填表统计)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.forms.measure import Figures, figures, share_text, time_text
from chalicelib.forms.model import Compiled
from chalicelib.times import local
from jobs.cli.output import JSON, document, say, table

_MOST_STUCK = 3


def register(app: typer.Typer) -> None:
    app.command("measure")(measure)


def measure(
    first: Annotated[str, typer.Option("--from", help="从哪个月，如 2026-10；不写是本月")] = "",
    last: Annotated[str, typer.Option("--to", help="到哪个月；不写是本月")] = "",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """每张表预填了多少、用了多久、在哪一项停下；只有数目，没有个人信息。"""
    application = bootstrap.current()
    this_month = f"{local(application.clock.now()):%Y-%m}"
    begin, end = _month(first or last or this_month), _month(last or this_month)
    found = figures(application.form_measure.of_months(begin, end))
    if as_json:
        document({"from": begin, "to": end, "forms": [asdict(each) for each in found]})
        return
    if not found:
        say(f"{begin} 至 {end} 没有填完或放弃的表。")
        return
    forms = application.forms.forms()
    columns = ("表单", "开始", "提交", "取消", "过期", "带出", "算出", "自己填", "中位用时", "九成用时", "停在哪一项")
    table(columns, [_row(each, forms.get(each.form)) for each in found])
    say("带出、算出、自己填是提交的表里各占多少；用时从开始到提交，含中间离开的时间。")


def _row(each: Figures, compiled: Compiled | None) -> tuple[object, ...]:
    return (
        compiled.form.title if compiled else each.form,
        each.started,
        each.submitted,
        each.cancelled,
        each.expired,
        *(share_text(share) for share in (each.prefilled, each.derived, each.asked)),
        *(time_text(seconds) for seconds in (each.median_seconds, each.p90_seconds)),
        "、".join(f"{_named(name, compiled)} {count}" for name, count in each.gave_up_at[:_MOST_STUCK]),
    )


def _named(field: str, compiled: Compiled | None) -> str:
    return compiled.fields[field].name if compiled and field in compiled.fields else field


def _month(text: str) -> str:
    try:
        return f"{date.fromisoformat(f'{text}-01'):%Y-%m}"
    except ValueError:
        raise BadInput(f"月份写成 2026-11 这样，写的是“{text}”。") from None

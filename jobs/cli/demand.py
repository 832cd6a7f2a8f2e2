"""``loan demands | recommend | offers | offer``: 融资需求 from the department's and the bank's side."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, get_args

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.finance.demands import Answer, DemandState
from chalicelib.finance.model import Refusal
from chalicelib.money import FEN_PER_YUAN, show
from chalicelib.times import local_date
from jobs.cli.operator import ByOption
from jobs.cli.output import JSON, document, say, table

_DECLINED = "、".join(get_args(Refusal))


def register(app: typer.Typer) -> None:
    app.command("demands")(demands)
    app.command("recommend")(recommend)
    app.command("asked")(asked)
    app.command("offer")(offer)


def demands(as_json: Annotated[bool, JSON] = False) -> None:
    """没有结束的融资需求：等推荐、等企业同意、等银行答复；逾期没答复的银行列出来。"""
    application = bootstrap.current()
    today = local_date(application.clock.now())
    found = application.demands.listed()
    if as_json:
        hidden = {"answers", "chosen"}
        document([{**d.model_dump(mode="json", exclude=hidden), "silent": list(d.silent(today))} for d in found])
        return
    table(
        ("编号", "企业", "金额", "期限（月）", "用途", "状态", "银行", "逾期未答复"),
        [
            (
                each.id,
                application.desk.enterprise_name(each.uscc),
                show(each.amount),
                each.months,
                each.purpose,
                _WAITING[each.state],
                "、".join(each.banks),
                "、".join(each.silent(today)),
            )
            for each in found
        ],
    )


def recommend(
    demand_id: Annotated[str, typer.Argument(help="融资需求编号")],
    bank: Annotated[list[str], typer.Option(help="推荐给哪家银行，可以写几个 --bank")],
    by: ByOption,
) -> None:
    """提出推荐名单；企业同意以后银行才看得到。"""
    application = bootstrap.current()
    demand = application.demands.propose(demand_id, tuple(bank), by)
    say(f"{demand.id} 推荐给 {'、'.join(demand.banks)}，等企业同意。")


def asked(
    bank: Annotated[str, typer.Argument(help="银行名称")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """一家银行被推荐了哪些需求；只有这家银行自己的方案。"""
    views = bootstrap.current().demands.for_bank(bank)
    if as_json:
        document([view.model_dump(mode="json") for view in views])
        return
    table(
        ("编号", "统一社会信用代码", "金额", "期限（月）", "用途", "最晚答复", "本行已答复"),
        [(v.id, v.uscc, show(v.amount), v.months, v.purpose, v.reply_by or "", "是" if v.own else "否") for v in views],
    )


def offer(
    demand_id: Annotated[str, typer.Argument(help="融资需求编号")],
    bank: Annotated[str, typer.Argument(help="银行名称")],
    amount: Annotated[str, typer.Option(help="金额（元）")] = "",
    rate: Annotated[str, typer.Option(help="年利率（%），如 3.45")] = "",
    months: Annotated[int, typer.Option(help="期限（月）")] = 0,
    declined: Annotated[str, typer.Option(help=f"不能办的原因类别：{_DECLINED}")] = "",
) -> None:
    """登记一家银行的答复：方案（金额、利率、期限），或者不能办的原因类别。"""
    application = bootstrap.current()
    now = application.clock.now()
    if declined:
        if declined not in get_args(Refusal):
            raise BadInput(f"没有“{declined}”这个原因类别；可用：{_DECLINED}")
        answer = Answer(bank=bank, at=now, declined=declined)
    else:
        if not 1 <= months <= 360:
            raise BadInput("--months 要在 1 到 360 之间；不能办请用 --declined 写原因类别。")
        fen = _decimal("--amount", amount) * FEN_PER_YUAN
        if fen != fen.to_integral_value():
            raise BadInput(f"--amount “{amount}”最多两位小数。")
        percent = _decimal("--rate", rate)
        if percent > 24:
            raise BadInput(f"--rate “{rate}”是年利率的百分数，要在 0 到 24 之间。")
        answer = Answer(bank=bank, at=now, amount=int(fen), rate_percent=percent, months=months)
    demand = application.demands.answer(demand_id, answer)
    say(f"{demand.id}：{bank} 的答复已登记，企业会收到提醒。")


_WAITING = {
    DemandState.OPEN: "等推荐银行",
    DemandState.PROPOSED: "等企业同意",
    DemandState.LISTED: "等银行答复",
    DemandState.CLOSED: "已结束",
}


def _decimal(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise BadInput(f"{name} “{text}”不是数字。") from None
    if not value.is_finite() or value <= 0:
        raise BadInput(f"{name} “{text}”要大于 0。")
    return value

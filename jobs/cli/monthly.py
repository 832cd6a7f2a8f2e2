"""``notice monthly``: the month's digest as a mass message, made by one and sent by another (政策月报)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.errors import BadInput
from chalicelib.notices.monthly import Monthly, month_days
from chalicelib.notices.monthly_article import Measure, article
from chalicelib.policies.model import Policy, State
from chalicelib.times import chinese_time
from jobs.cli.operator import ByOption
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="政策月报：建草稿、预览、群发。", no_args_is_help=True)

MonthArgument = Annotated[str, typer.Argument(help="月份，如 2026-11")]


@app.command("draft")
def draft(
    month: MonthArgument,
    by: ByOption,
    cover: Annotated[str, typer.Option(help="封面图的永久素材编号（media_id），在公众号后台素材库里")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看内容，不建草稿")] = False,
) -> None:
    """把这个月还能申报的政策写成一篇图文，放进草稿箱。"""
    application = bootstrap.current()
    measures = _measures(application, month)
    if not measures:
        raise BadInput(f"{month} 没有可以写进月报的政策（已发布、已核对、还没过期的）。")
    made = article(month, measures, f"{application.settings.public_url}/h5/policies", cover)
    table(("政策", "部门", "截止"), [(one.name, one.dept, one.until or "") for one in measures])
    if dry_run:
        say(f"标题：{made.title}。没有建草稿。")
        return
    application.monthly.draft(month, made, by, application.clock.now())
    say(f"草稿已建：{made.title}。下一步：notice monthly preview {month} --to 微信号")


@app.command("preview")
def preview(
    month: MonthArgument, wechat_id: Annotated[str, typer.Option("--to", help="收预览的人的微信号，要已关注")]
) -> None:
    """把草稿发给一个人看。"""
    application = bootstrap.current()
    application.monthly.preview(month, wechat_id)
    say(f"预览已发出。看过没有问题，请另一个人运行：notice monthly send {month}")


@app.command("send")
def send(month: MonthArgument, by: ByOption) -> None:
    """群发给所有关注者；要由不是建草稿的人来发，一个月只发一次。"""
    application = bootstrap.current()
    sent = application.monthly.send(month, by, application.clock.now())
    say(
        f"{month} 的月报已提交平台，管理员可能要在微信里确认（30 分钟内）。结果用 notice monthly show {sent.month} 看。"
    )


@app.command("show")
def show(month: MonthArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """这个月的月报到哪一步了。"""
    found = bootstrap.current().monthly.show(month)
    if as_json:
        document(found.model_dump(mode="json"))
        return
    say(f"{found.title}　{found.state.chinese}　{found.outcome}")
    say(f"建草稿：{found.made_by}，{chinese_time(found.made_at)}")
    if found.confirmed_by and found.sending_at:
        say(f"群发：{found.confirmed_by}，{chinese_time(found.sending_at)}{_sent(found)}")


def _sent(found: Monthly) -> str:
    return f"，送达 {found.sent} 人" if found.sent is not None else ""


def _measures(application: Application, month: str) -> list[Measure]:
    """Published, in force in the month, and verified or in a demo."""
    first, last = month_days(month)
    demo = application.settings.demo
    policies = application.catalogue().policies.values()
    return [_measure(one) for one in policies if one.may_be_pushed(demo=demo) and _belongs(one, first, last)]


def _belongs(policy: Policy, first: date, last: date) -> bool:
    open_then = (policy.apply_from is None or policy.apply_from <= last) and (
        policy.apply_to is None or policy.apply_to >= first
    )
    return policy.state is State.PUBLISHED and policy.audience == "enterprise" and policy.in_force(last) and open_then


def _measure(policy: Policy) -> Measure:
    return Measure(policy.name, policy.dept, policy.benefit_text, policy.apply_to, policy.is_sample)

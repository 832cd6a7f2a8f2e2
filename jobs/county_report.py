"""县级运行报告: what a county leader reads on a phone, and the rows behind each figure for who wants to check.

Measured figures come from the rows of this system and say how they are counted. What was reported in public (data/
reported.yaml) stands apart with its source, never mixed with them, and sources that differ stand side by side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import ConfigDict, Field

from chalicelib.bootstrap import Application
from chalicelib.finance.channel48 import RULES, admission
from chalicelib.finance.channel_report import DEFINITIONS, ChannelReport, month_report
from chalicelib.finance.library import is_listed, totals
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan
from chalicelib.finance.summary import LoanSummary, by_bank, portfolio
from chalicelib.forms.measure import figures, share_text, time_text
from chalicelib.money import show
from chalicelib.notices.model import CHINESE
from chalicelib.shape import Shape
from chalicelib.times import local_date

Cell = str | int | float | None
_CASES_AHEAD = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its meaning. ``value`` is as a person reads it; ``rows`` names the table behind it."""

    name: str
    value: str
    definition: str
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows behind figures: a sheet of the workbook. ``chart``: (label column, value column) to draw."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    chart: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class CountyReport:
    """``sample`` when any row behind it is 示例数据."""

    month: str
    as_of: datetime
    sections: tuple[Section, ...]
    reported: tuple[Reported, ...]
    sample: bool


class Reported(Shape):
    """对外报道的数字: kept as reported, with who reported it and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(min_length=1, title="代码")
    name: str = Field(min_length=2, title="名称")
    value: str = Field(min_length=1, title="数值")
    unit: str = Field(title="单位")
    as_of: str = Field(min_length=4, title="截至")
    source: str = Field(min_length=4, title="来源")


def county_report(application: Application, month: date, reported: Iterable[Reported], now: datetime) -> CountyReport:
    """Everything counted anew from the rows. ``month``: any day of it, for what is counted by month."""
    first = month.replace(day=1)
    summaries = list(application.loans.summaries(date(first.year - 5, 1, 1), now))
    sections = (
        _loans(summaries),
        _channel(application, summaries, first, now),
        _library(application, local_date(now)),
        _pools(application, first.year),
        _awards(application, first.year),
        _cases(application, now),
        _forms(application, first),
        _notices(application, now),
    )
    sample = any(row.is_sample for row in summaries) or any(each.is_sample for each in application.projects.all())
    return CountyReport(f"{first:%Y-%m}", now, sections, tuple(reported), sample)


def _loans(summaries: Sequence[LoanSummary]) -> Section:
    whole = portfolio(summaries)
    banks = tuple(
        (bank, each.loans, each.open, each.line / 1e6, each.drawn / 1e6, each.balance / 1e6)
        for bank, each in by_bank(summaries).items()
    )
    figures = (
        Figure(
            "贷款",
            f"{whole.loans} 笔",
            f"登记过的贷款，其中未结束 {whole.open} 笔，企业 {whole.enterprises} 家",
            "分银行",
        ),
        Figure("授信", show(whole.line), "未结束贷款的授信批复之和；授信不是到账", "分银行"),
        Figure("累计放款", show(whole.drawn), "各笔放款之和", "分银行"),
        Figure("余额", show(whole.balance), "累计放款减累计还款", "分银行"),
        Figure("搁置的事件", f"{whole.asides} 条", "银行报来而不能入账的环节，要人工核对"),
    )
    columns = ("银行", "笔数", "未结束", "授信（万元）", "累计放款（万元）", "余额（万元）")
    return Section("贷款", figures, (Table("分银行", columns, banks, chart=(0, 5)),))


def _channel(application: Application, summaries: Sequence[LoanSummary], month: date, now: datetime) -> Section:
    ids = [row.id for row in summaries if row.fast_channel and row.started_in(month)]
    loans = [loan for loan in map(application.loans.get, ids) if loan and _admitted(application, loan)]
    report = month_report(loans, application.loan_reminders.all(), month, now)
    breached = tuple((loan_id,) for loan_id in report.breached)
    return Section("小巨人 48 小时通道", _channel_figures(report), (Table("超时", ("贷款",), breached),))


def _channel_figures(report: ChannelReport) -> tuple[Figure, ...]:
    line, money = report.line, report.money
    return (
        Figure("本月受理", f"{report.started} 笔", DEFINITIONS["started"]),
        Figure("授信批复", _spent(line.done, line.median_hours), DEFINITIONS["line"]),
        Figure("放款到账", _spent(money.done, money.median_hours), DEFINITIONS["money"]),
        Figure(f"{RULES.limit} 小时内到账", _share(money.share), DEFINITIONS["share"]),
        Figure("超时", f"{len(report.breached)} 笔", DEFINITIONS["breached"], "超时"),
    )


def _library(application: Application, today: date) -> Section:
    projects = sorted(application.projects.all(), key=lambda each: each.id)
    sums = totals(each for each in projects if is_listed(each, today))
    rows = tuple(
        (each.id, each.name, each.stage, each.line / 1e6, each.drawn / 1e6, each.balance / 1e6) for each in projects
    )
    figures = (
        Figure("在库", f"{sums.entries} 个", f"入库且在有效期内，企业 {sums.enterprises} 家", "项目"),
        Figure("授信", show(sums.line), "在库项目授信之和", "项目"),
        Figure("余额", show(sums.balance), "在库项目余额之和", "项目"),
        Figure("使用率", f"{sums.use_percent}%" if sums.use_percent is not None else "没有授信", "余额 ÷ 授信", "项目"),
    )
    columns = ("项目代码", "名称", "所处阶段", "授信（万元）", "累计放款（万元）", "余额（万元）")
    return Section("转型项目库", figures, (Table("项目", columns, rows, chart=(0, 5)),))


def _pools(application: Application, year: int) -> Section:
    pools = [pool for pool in application.awards.pools() if pool.year == year]
    rows = tuple(
        (pool.name, pool.total / 1e6, pool.committed / 1e6, pool.paid / 1e6, pool.available / 1e6) for pool in pools
    )
    empty = [pool.name for pool in pools if pool.available <= 0]
    figures = (
        Figure("资金池", f"{len(pools)} 个", f"{year} 年的资金池", "资金池"),
        Figure("可用", show(sum(pool.available for pool in pools)), "总额减已承诺减已拨付", "资金池"),
        Figure("已用完", f"{len(empty)} 个", "没有可用金额，不再承诺：" + ("、".join(empty) or "无"), "资金池"),
    )
    columns = ("资金池", "总额（万元）", "已承诺（万元）", "已拨付（万元）", "可用（万元）")
    return Section("资金池", figures, (Table("资金池", columns, rows, chart=(0, 4)),))


def _awards(application: Application, year: int) -> Section:
    found = application.awards.statistics(year)
    rows = tuple(
        (policy, paid.total / 1e6, paid.enterprises, paid.payments) for policy, paid in found.by_policy.items()
    )
    figures = (
        Figure("兑现", show(found.all.total), f"{year} 年到账的免申即享资金", "兑现"),
        Figure("惠及企业", f"{found.all.enterprises} 家", "到账过的企业，一家只算一次", "兑现"),
    )
    return Section("免申即享", figures, (Table("兑现", ("政策", "到账（万元）", "企业", "笔数"), rows),))


def _cases(application: Application, now: datetime) -> Section:
    today = local_date(now)
    found = application.cases.due_between(today - _CASES_AHEAD, today + _CASES_AHEAD)
    dues = [(case, due) for case in found for due in application.cases.live(case, now).dues[:1]]
    late = [case.no for case, due in dues if due.day < today]
    mine = sum(due.by_applicant for _, due in dues)
    kinds = Counter(str(due.kind) for _, due in dues)
    figures = (
        Figure("在办", f"{len(dues)} 件", "有期限在前后 120 天内的办件", "办件期限"),
        Figure("等申请人", f"{mine} 件", "下一步是申请人补交或提交的", "办件期限"),
        Figure("已过期限", f"{len(late)} 件", "下一个期限早于今天的", "办件期限"),
    )
    rows = tuple((kind, count) for kind, count in sorted(kinds.items()))
    return Section("办件", figures, (Table("办件期限", ("期限", "件数"), rows),))


def _forms(application: Application, month: date) -> Section:
    found = figures(application.form_measure.of_months(f"{month:%Y-%m}", f"{month:%Y-%m}"))
    forms = application.forms.forms()
    rows = tuple(
        (
            forms[each.form].form.title if each.form in forms else each.form,
            each.started,
            each.submitted,
            share_text(each.prefilled),
            share_text(each.derived),
            time_text(each.median_seconds),
            time_text(each.p90_seconds),
        )
        for each in found
    )
    submitted = sum(each.submitted for each in found)
    fields = sum(each.fields for each in found)
    saved = sum(((each.prefilled or 0) + (each.derived or 0)) * each.fields for each in found)
    figures_shown = (
        Figure("填完", f"{submitted} 份", f"{month:%Y-%m} 提交的表；另有取消、过期的", "填表"),
        Figure(
            "替人填好", _share(saved / fields if fields else None), "提交的表里带出和算出的项目占已填项目的比例", "填表"
        ),
    )
    columns = ("表单", "开始", "提交", "带出", "算出", "中位用时", "九成用时")
    return Section("智能填表", figures_shown, (Table("填表", columns, rows),))


def _notices(application: Application, now: datetime) -> Section:
    level = application.notices.stats(local_date(now) - timedelta(days=1), now)
    rows = tuple((CHINESE[state], count) for state, count in level.states.items())
    figures = (
        Figure("昨日通知", f"{level.created} 条", f"{level.on} 新登记的通知", "通知"),
        Figure("10 秒内送出", _fast(level.within_10s), "该发的通知里，可发之时起 10 秒内平台接收的占比"),
        Figure("60 秒内送出", _fast(level.within_60s), "该发的通知里，可发之时起 60 秒内平台接收的占比"),
    )
    return Section("通知", figures, (Table("通知", ("状态", "条数"), rows),))


def _admitted(application: Application, loan: Loan) -> bool:
    enterprise = application.enterprises.get(loan.head.uscc)
    verdict = admission(live(loan), enterprise.records.quals if enterprise else None)
    return verdict is None or verdict.ok is not False


def _spent(done: int, hours: float | None) -> str:
    return f"{done} 笔，中位 {hours} 小时" if hours is not None else "还没有"


def _share(share: float | None) -> str:
    return "还没有" if share is None else f"{share:.0%}"


def _fast(share: float | None) -> str:
    return "没有该发的" if share is None else f"{share:.1%}"


def tables(report: CountyReport) -> Iterator[Table]:
    for section in report.sections:
        yield from section.tables

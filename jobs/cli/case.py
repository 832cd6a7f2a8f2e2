"""``case``: one case as its applicant sees it (办件)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.cases import ratings as good_bad
from chalicelib.cases import tolerance as late_papers
from chalicelib.cases.life import Aside
from chalicelib.cases.model import Case
from chalicelib.errors import BadInput
from chalicelib.times import SHANGHAI, chinese_time, local, local_date
from jobs.cli.case_import import import_cases
from jobs.cli.form_documents import of_form
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="办件：进度、导入、好差评、容缺。", no_args_is_help=True)
app.command("import")(import_cases)

Month = Annotated[str | None, typer.Option(help="月份，如 2026-11；默认本月")]


@app.command("show")
def show(
    no: Annotated[str, typer.Argument(help="办件编号，19 位数字")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """办件的状态、经过和期限。"""
    application = bootstrap.current()
    case = _known(no)
    now = application.clock.now()
    life = application.cases.live(case, now)
    timeline = application.cases.timeline(case, now)
    if as_json:
        document(
            {
                "no": case.no,
                "title": case.head.title,
                "state": life.state,
                "due": life.due.day.isoformat() if life.due else None,
                "estimated": bool(life.due and life.due.estimated),
                "sample": case.head.is_sample,
                "timeline": timeline.lines(max_steps=90),
                "aside": len(life.aside),
                "warnings": list(life.warnings),
                "form": of_form(case),
            }
        )
        return
    for line in timeline.lines(max_steps=90):
        say(line)
    if draft_id := of_form(case):
        say(f"由溪小办填表生成（草稿 {draft_id}）。取文书：form document {no} --out {no}.pdf")
    for warning in life.warnings:
        say(f"注意：{warning}")
    if life.aside:
        say(f"另有 {len(life.aside)} 条事件与办理流程对不上，已单独存放，请核对来源系统：")
        table(_ASIDE, [tuple(_aside(one).values()) for one in life.aside])


@app.command("aside")
def aside(as_json: Annotated[bool, JSON] = False) -> None:
    """与办理流程对不上、单独存放的事件，按办件列出。"""
    application = bootstrap.current()
    now = application.clock.now()
    found = [(case, one) for case in application.cases.with_aside() for one in application.cases.live(case, now).aside]
    if as_json:
        document([{"no": case.no, "dept": case.head.dept, **_aside(one)} for case, one in found])
        return
    table(("办件", "部门", *_ASIDE), [(case.no, case.head.dept, *_aside(one).values()) for case, one in found])


_ASIDE = ("事件", "环节", "时间", "来源", "原因")


def _aside(one: Aside) -> dict[str, str]:
    event = one.event
    told = {"event": event.id, "kind": event.kind.chinese, "at": chinese_time(event.at), "source": event.source}
    return told | {"reason": one.reason}


@app.command("tolerate")
def tolerate(
    no: Annotated[str, typer.Argument(help="办件编号，19 位数字")],
    commitment: Annotated[str, typer.Option(help="企业出示的容缺承诺编号，如 C-20261122-03")],
    at: Annotated[str | None, typer.Option(help="窗口受理的时间，如 2026-11-23T09:30；默认现在")] = None,
) -> None:
    """按企业的容缺承诺受理；到期没补齐会自动终止。"""
    application = bootstrap.current()
    case, now = _known(no), application.clock.now()
    event = application.commitments.event(commitment, no, case.head.uscc, _moment(at, now))
    if reason := application.cases.refusal(event, now):
        raise BadInput(f"不能容缺受理：{reason}。什么都没有登记，请核对办件的环节后再试。")
    application.commitments.use(commitment, event, case.head.uscc)
    application.cases.record(event, now)
    life = application.cases.live(_known(no), now)
    if not life.missing:
        say(f"{case.head.title} 已按这份承诺容缺受理过，现在没有要补齐的材料。看进度：case show {no}")
        return
    say(f"已容缺受理 {case.head.title}，请企业在 {life.filed_under} 前补齐：{'、'.join(life.missing)}。")


@app.command("tolerance")
def tolerance(month: Month = None, as_json: Annotated[bool, JSON] = False) -> None:
    """一个月里容缺受理了多少件、帮到了多少件。"""
    application = bootstrap.current()
    now = application.clock.now()
    asked = _month(month, now)
    cases = (application.cases.get(no) for no in late_papers.tolerated(application.store, asked))
    found = late_papers.figures(application.cases.live(case, now) for case in cases if case is not None)
    if as_json:
        document({"month": asked, **asdict(found)})
        return
    out = f"已补齐 {found.supplied}，等补齐 {found.waiting}，逾期终止 {found.ended}"
    say(f"{asked} 容缺受理 {found.accepted} 件：{out}。")
    say(f"其中准予 {found.granted} 件；比材料备齐再申请共早开始 {found.days_early} 天。")


@app.command("ratings")
def ratings(
    month: Month = None,
    bad: Annotated[bool, typer.Option("--bad", help="只列差评")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """一个月的好差评，按部门；--bad 列出每个差评和整改期限。"""
    application = bootstrap.current()
    now = application.clock.now()
    found = list(application.ratings.of_month(_month(month, now)))
    today = local_date(now)
    if bad:
        rows = [rating for rating in found if rating.level.is_bad]
        if as_json:
            document([rating.model_dump(mode="json") | {"late": rating.late(today)} for rating in rows])
            return
        shown = [(r.case_no, r.dept, r.level.chinese, r.ticket, r.put_right_by, r.answer or "没有答复") for r in rows]
        table(("办件", "部门", "评价", "工单", "整改期限", "答复"), shown)
        return
    figures = good_bad.statistics(found, today)
    if as_json:
        document(figures)
        return
    lines = [(dept, f["rated"], f["good"], f["bad"], f["answered"], f["late"]) for dept, f in sorted(figures.items())]
    table(("部门", "评价", "好评", "差评", "差评已答复", "超时未答复"), lines)


@app.command("answer-rating")
def answer_rating(
    no: Annotated[str, typer.Argument(help="办件编号")], text: Annotated[str, typer.Argument(help="整改结果")]
) -> None:
    """登记一个差评已经整改并答复；工单随之办结，答复给评价人看。"""
    application = bootstrap.current()
    now = application.clock.now()
    rating = application.ratings.answered(no, text, now)
    if rating.ticket:
        application.tickets.answer(rating.ticket, text, now)
    say(f"已登记 {rating.case_no} 的整改答复。10 分钟内告知评价人；48 小时没有说过话的，等本人回复“我的工单”来看。")


def _known(no: str) -> Case:
    case = bootstrap.current().cases.get(no)
    if case is None:
        raise BadInput(f"没有编号为 {no} 的办件。请核对编号，或先用 content load 导入。")
    return case


def _moment(given: str | None, now: datetime) -> datetime:
    """China's wall clock, not after now."""
    if given is None:
        return now
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise BadInput(f"时间写成 2026-11-23T09:30 这样，写的是“{given}”") from None
    at = at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
    if at > now:
        raise BadInput(f"受理时间不能晚于现在，写的是“{given}”")
    return at


def _month(given: str | None, now: datetime) -> str:
    if given is None:
        return f"{local(now):%Y-%m}"
    try:
        return f"{date.fromisoformat(given + '-01'):%Y-%m}"
    except ValueError:
        raise BadInput(f"月份写成 2026-11 这样，写的是“{given}”") from None

"""直达快享 progress in words: for the enterprise 审核→公示→财政下达支付令→银行支付→到账 (facts S21), for the officer
what a round waits for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from chalicelib import money
from chalicelib.policies.awards.life import EntryLife, EntryState, RoundLife, Stage, entry_life, round_life
from chalicelib.policies.awards.model import Entry, Round
from chalicelib.policies.awards.statistics import Tally
from chalicelib.times import local_date

_DONE, _NOW, _LATER, _STOPPED = "✓", "→", "○", "×"


def progress_lines(round_: Round, entry: Entry, on: date) -> tuple[str, ...]:
    """Five points, one line each, for a chat or a page; the account only masked. A stop is said in the last line.

    惠企通直通车: the bank pays within one working day of the order (facts F7).
    """
    life, course = entry_life(entry), round_life(round_)
    lines = [_review(course), _notice(course, on), *_payment(life, course)]
    if life.state is EntryState.WITHDRAWN:
        return (*lines[:1], f"{_STOPPED} 已撤出名单：{life.withdrawn}")
    if life.state is EntryState.PAID:
        return tuple(lines)
    if course.closed is not None:
        return (*lines[:2], f"{_STOPPED} 这一批次已结束，没有拨付")
    return (*lines, *_open_points(life))


def _open_points(life: EntryLife) -> Iterator[str]:
    if life.objections:
        yield f"{_STOPPED} 有异议正在核查"
    if life.state is EntryState.BLOCKED:
        yield f"{_STOPPED} {life.problem}"
    elif life.state is EntryState.LISTED:
        yield f"{_NOW} 请核对收款账户"
    elif life.payee is not None:
        yield f"收款账户 {life.payee.bank} {life.payee.masked}"


def _review(course: RoundLife) -> str:
    if course.confirmed_at is None:
        return f"{_NOW} 审核"
    return f"{_DONE} 审核 {_day(course.confirmed_at)}"


def _notice(course: RoundLife, on: date) -> str:
    if course.notice is None:
        return f"{_LATER} 公示"
    span = f"{_short(course.notice.start)}至{_short(course.notice.end)}"
    return f"{_NOW if on <= course.notice.end else _DONE} 公示 {span}"


def _payment(life: EntryLife, course: RoundLife) -> tuple[str, str, str]:
    batch = course.batch(life.batch) if life.batch is not None else None
    if batch is None or batch.approved_at is None:
        return (f"{_LATER} 财政下达支付令", f"{_LATER} 银行支付", f"{_LATER} 到账")
    order = f"{_DONE} 财政下达支付令 {_day(batch.approved_at)}"
    if life.paid_on is None:
        return (order, f"{_NOW} 银行支付，一般 1 个工作日", f"{_LATER} 到账")
    return (order, f"{_DONE} 银行支付", f"{_DONE} 到账 {_short(life.paid_on)}")


def next_step(course: RoundLife, counted: Tally, on: date) -> str:
    """What an officer would do now to bring the round on."""
    stage = course.stage(on)
    if stage is Stage.PAYABLE:
        return _payable_step(course, counted)
    if stage is Stage.PUBLIC and course.notice is not None:
        return f"公示至 {course.notice.end}；未处理异议 {counted.objections} 件（award resolve）"
    return _STEPS.get(stage, "")


_STEPS = {
    Stage.LISTING: "名单没有生成完，award open 会接着生成",
    Stage.LISTED: "由另一人核定（award confirm）",
    Stage.CONFIRMED: "开始公示（award publicise）",
    Stage.BATCHING: "支付批次没有编完，award batch 会接着编",
    Stage.SEALED: "由另一人批准并写出支付文件（award pay），或退回（award dissolve）",
    Stage.DISSOLVING: "支付批次没有退完，award dissolve 会接着退",
    Stage.CLOSED: "已结束",
}


def _payable_step(course: RoundLife, counted: Tally) -> str:
    if course.short:
        return f"等待资金：{course.short}（award pool，再 award batch）"
    parts = [
        (EntryState.READY, "可编制支付批次（award batch）"),
        (EntryState.PAYING, "等银行回执（award receipts）"),
        (EntryState.LISTED, "等企业确认账户"),
        (EntryState.BLOCKED, "等企业更正账户"),
    ]
    said = [f"{counted.count[state]} 家{text}" for state, text in parts if counted.count.get(state)]
    if counted.objections:
        said.append(f"{counted.objections} 家有未处理异议（award resolve）")
    return "；".join(said) or "全部办完，award-rounds 任务会结束这一轮"


def sums(counted: Tally) -> str:
    """已到账 3 家 30 万元，账户有问题 1 家 10 万元"""
    states = [state for state in EntryState if counted.count.get(state)]
    return "，".join(f"{state} {counted.count[state]} 家 {money.show(counted.total[state])}" for state in states)


def _day(at: datetime) -> str:
    return _short(local_date(at))


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"

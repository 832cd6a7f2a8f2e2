"""daily-report: yesterday's service level as a row, and what an operator should look at in the morning. The row of the
day before is written again: what waited for the end of the quiet hours went out after its first report.

It also lets the registers catch up with the calendar: cases that the clock alone moved on, loans long closed.
"""

from __future__ import annotations

from datetime import date, time, timedelta

from chalicelib.forms.measure import FormMeasure, figures
from chalicelib.notices.level import ServiceLevel
from chalicelib.notices.model import CHINESE, NoticeState
from chalicelib.ports import Record, Store
from jobs import alarms
from jobs.core import Done, Job, JobContext, JobPlan, Line, When
from jobs.schedule import Daily

_PK = "servicelevel"
_FOR_A_PERSON = (NoticeState.MAYBE_SENT, NoticeState.FAILED_FOR_GOOD, NoticeState.HELD)
_SHOWN = 200


class DailyReport(Job):
    name = "daily-report"
    title = "日报"
    schedule = Daily(time(7, 30))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        level = context.notices.stats(_yesterday(when), when.now)
        lines = [Line(f"{level.on} 推送", _level(level))]
        for state in _FOR_A_PERSON:
            count = len(context.notices.list(state, _SHOWN))
            if count:
                more = "以上" if count == _SHOWN else ""
                lines.append(Line(f"{CHINESE[state]} {count} 条{more}", f"用 notice list --state {state} 查看"))
        lines += [Line(f"暂停发送 {pause.name}", pause.told) for pause in context.notices.paused(when.now)]
        lines += _forms(context, when)
        lines += alarms.cases_past_due(context, when) + alarms.verification_ends(context.verified_until, when)
        return JobPlan(lines=tuple(lines))

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        for on in (_yesterday(when), _yesterday(when) - timedelta(days=1)):
            level = context.notices.stats(on, when.now)
            context.store.put(Record(_PK, level.on.isoformat(), level.model_dump(mode="json")))
        alarms.raise_for(alarms.cases_past_due(context, when), alarms.CLOCK)
        alarms.raise_for(alarms.verification_ends(context.verified_until, when), alarms.VERIFICATION)
        context.cases.settle(when.now)
        context.loans.retire(when.now)
        return Done(queued=len(plan.lines))


def _forms(context: JobContext, when: When) -> list[Line]:
    """This month's forms up to now, where there were any."""
    month = f"{_yesterday(when):%Y-%m}"
    found = figures(FormMeasure(context.store).of_months(month, month))
    started, submitted = sum(each.started for each in found), sum(each.submitted for each in found)
    if not started:
        return []
    return [Line(f"{month} 填表", f"结束 {started} 份，提交 {submitted} 份；用 form measure 看每张表")]


def level_on(store: Store, on: date) -> ServiceLevel | None:
    """The row of one day, None when no report has told of it."""
    record = store.get(_PK, on.isoformat())
    return ServiceLevel.model_validate(record.body) if record else None


def _yesterday(when: When) -> date:
    return when.on - timedelta(days=1)


def _level(level: ServiceLevel) -> str:
    if not level.created:
        return "没有新通知"
    counts = f"新通知 {level.created} 条，该发 {level.due} 条，平台接收 {level.sent} 条"
    if level.within_10s is None or level.within_60s is None:
        return counts
    return f"{counts}，10 秒内 {level.within_10s:.1%}，60 秒内 {level.within_60s:.1%}"

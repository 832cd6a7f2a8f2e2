"""loan-alerts and case-watch: news reaches those who may know it, once, and old steps are no news."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import Channel
from jobs.case_watch import RUNS_READ
from jobs.history import RunRow, RunState, record
from tests.unit.jobs.support import E01, JobWorld, case_row, enterprise, loan_row

RECEIVED = {"id": "a1", "state": "ACCEPTED", "at": "2026-11-22 15:02", "source": "银行"}
CHECKING = {"id": "a2", "state": "REVIEWING", "at": "2026-11-22 16:00", "source": "银行"}
APPROVED = {"id": "a3", "state": "APPROVED", "at": "2026-11-23 08:00", "source": "银行", "amount": 800000000}


def county() -> JobWorld:
    world = JobWorld()
    world.add(enterprise(E01))
    world.person("o-legal", E01)
    world.person("o-finance", E01, Role.FINANCE)
    world.person("o-staff", E01, Role.STAFF)
    return world


def test_legal_and_finance_are_told_without_an_amount() -> None:
    world = county()
    world.loans.save_row(loan_row(RECEIVED), world.clock.now())
    assert world.run("loan-alerts").queued == 2
    world.deliver()
    assert world.texts("o-legal") == ["融资业务 · 银行已受理 · 2026年11月22日 15:02"]
    assert world.texts("o-staff") == []
    assert world.run("loan-alerts").planned == 0


def test_each_step_is_told_once_and_the_newest_speaks_for_those_before() -> None:
    world = county()
    world.loans.save_row(loan_row(RECEIVED), world.clock.now())
    world.run("loan-alerts")
    world.loans.save_row(loan_row(RECEIVED, CHECKING, APPROVED), world.clock.now())
    result = world.run("loan-alerts")
    assert (result.queued, result.skipped) == (2, {"已有更新进展": 1})
    world.deliver()
    assert "审批通过" in world.texts("o-legal")[-1]
    assert not any("800" in text for text in world.texts("o-legal"))


def test_what_an_import_brings_of_old_is_no_news() -> None:
    world = county()
    old = {**RECEIVED, "at": "2026-10-01 09:00"}
    world.loans.save_row(loan_row(old), world.clock.now())
    assert world.run("loan-alerts").planned == 0
    assert world.run("loan-alerts", as_of=date(2026, 10, 2)).planned == 2


def test_a_refusal_is_told_although_the_loan_is_closed() -> None:
    world = county()
    declined = {"id": "a4", "state": "DECLINED", "at": "2026-11-23 08:30", "source": "银行", "category": "征信"}
    world.loans.save_row(loan_row(RECEIVED, CHECKING, declined), world.clock.now())
    world.run("loan-alerts")
    world.deliver()
    assert "本次未通过" in world.texts("o-legal")[0]
    assert "征信" not in world.texts("o-legal")[0]


def test_samples_need_a_demo() -> None:
    world = county()
    world.loans.save_row(loan_row(RECEIVED, prov="R"), world.clock.now())
    assert world.run("loan-alerts").skipped == {"示例数据": 1}


def test_a_case_that_moves_on_is_told_to_everybody_who_agreed() -> None:
    world = county()
    world.consents.withdraw("o-staff", [Scope.CASE_ALERT], "chat", world.clock.now())
    events = [
        {"id": "c1", "kind": "RECEIVED", "at": "2026-11-22 09:00"},
        {"id": "c2", "kind": "ACCEPTED", "at": "2026-11-23 08:10"},
    ]
    world.cases.save_row(case_row(*events), world.clock.now())
    assert world.run("case-watch").queued == 2
    world.deliver()
    [call] = [call for call in world.platform.calls if call.openid == "o-legal"]
    assert call.fields["phrase3"] == "已受理"
    assert call.fields["character_string2"] == "3603232026112200123"
    assert world.run("case-watch").planned == 0
    earlier = {"id": "b2", "kind": "ACCEPTED", "at": "2026-11-23 08:09"}  # another office tells of the same step
    world.cases.save_row(case_row(*events, earlier), world.clock.now())
    assert world.run("case-watch").queued == 0


def test_case_watch_goes_on_from_its_last_run() -> None:
    world = county()
    world.run("case-watch")
    world.clock.advance(timedelta(hours=2))
    events = [
        {"id": "c1", "kind": "RECEIVED", "at": "2026-11-22 09:00"},
        {"id": "c2", "kind": "ACCEPTED", "at": "2026-11-23 10:30"},
    ]
    world.cases.save_row(case_row(*events), world.clock.now())
    world.clock.advance(timedelta(minutes=5))
    assert world.run("case-watch").queued == 3


def test_case_watch_after_many_failed_runs_tells_whatever_is_still_news() -> None:
    world = county()
    start = world.clock.now()
    events = [
        {"id": "c1", "kind": "RECEIVED", "at": "2026-11-22 09:00"},
        {"id": "c2", "kind": "ACCEPTED", "at": "2026-11-22 10:30"},
    ]
    world.cases.save_row(case_row(*events), start)
    for n in range(RUNS_READ):
        at = start + timedelta(hours=n)
        failed = RunRow(job="case-watch", run_id=f"r{n}", as_of=at.date(), started_at=at, state=RunState.FAILED)
        record(world.store, failed)
    world.clock.advance(timedelta(hours=RUNS_READ))
    assert world.run("case-watch").queued == 3


def test_when_the_template_is_refused_the_custom_message_is_tried() -> None:
    from chalicelib.ports import Outcome, Reaction

    world = county()
    world.loans.save_row(loan_row(RECEIVED), world.clock.now())
    world.run("loan-alerts")
    world.platform.script = [(Outcome(Reaction.CONSENT_LOST, code=43101), False)]
    world.deliver()
    channels = {notice.channel for notice in world.notices.inbox(E01)}
    assert channels == {Channel.TEMPLATE, Channel.CUSTOM}

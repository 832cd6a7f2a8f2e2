"""``case tolerate``: a case accepted on the enterprise's commitment, said twice, said wrongly, and kept or broken."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.bootstrap import Application
from chalicelib.cases.model import CaseEvent
from chalicelib.tolerance import ToleranceDesk
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01
from tests.functional.support import clock_of
from tests.unit.jobs.support import case_row

NO = "3603232026112209001"


def commit(county: Application) -> str:
    now = county.clock.now()
    return county.commitments.give("o-1", E01, "SX-11", "食品经营许可（新办）", ("健康证明",), 4, now).id


def receive(county: Application) -> None:
    now = county.clock.now()
    event = {"id": "e1", "kind": "RECEIVED", "at": (now - timedelta(hours=1)).isoformat()}
    county.cases.save_row(case_row(event, no=NO), now)


def test_accepted_once_and_told_the_same_again(county: Application, jobs: Jobs) -> None:
    commitment = commit(county)
    receive(county)
    first = jobs("case", "tolerate", NO, "--commitment", commitment)
    assert first.code == 0 and "健康证明" in first.out
    clock_of(county).advance(timedelta(minutes=30))
    assert jobs("case", "tolerate", NO, "--commitment", commitment).out == first.out


def test_what_does_not_fit_is_refused_and_uses_nothing_up(county: Application, jobs: Jobs) -> None:
    commitment, now = commit(county), county.clock.now()
    county.cases.save_row(case_row(no=NO), now)
    refused = jobs("case", "tolerate", NO, "--commitment", commitment)
    assert refused.code != 0 and "什么都没有登记" in refused.err
    assert not list(county.cases.with_aside()) or NO not in [case.no for case in county.cases.with_aside()]
    receive(county)
    assert jobs("case", "tolerate", NO, "--commitment", commitment).code == 0


def test_the_window_may_have_accepted_it_before_it_was_typed(county: Application, jobs: Jobs) -> None:
    commitment, given = commit(county), county.clock.now()
    receive(county)
    clock_of(county).advance(timedelta(days=1))
    for wrong, word in (("昨天", "写成"), ("2099-01-01T09:00", "不能晚于"), ("2020-01-01T09:00", "不能早于")):
        refused = jobs("case", "tolerate", NO, "--commitment", commitment, "--at", wrong)
        assert refused.code == 2 and word in refused.err
    accepted = given + timedelta(minutes=5)
    assert jobs("case", "tolerate", NO, "--commitment", commitment, "--at", accepted.isoformat()).code == 0
    case = county.cases.get(NO)
    assert case is not None and accepted in [step.at for step in county.cases.live(case, county.clock.now()).steps]


def test_who_broke_one_is_refused_also_when_the_case_is_filed_away(county: Application, jobs: Jobs) -> None:
    desk = ToleranceDesk(county.commitments, county.cases, county.enterprises, county.bindings)
    commitment = commit(county)
    receive(county)
    jobs("case", "tolerate", NO, "--commitment", commitment)
    assert desk.refusal(E01, county.clock.now()) is None
    clock_of(county).advance(timedelta(days=20))
    now = county.clock.now()
    county.cases.record(CaseEvent(id="e9", case_no=NO, kind="ARCHIVED", at=now), now)
    for n in range(60):  # and many cases later
        county.cases.save_row(case_row(no=f"36032320261122{n:05d}"), now)
    assert "没有按期补齐" in (desk.refusal(E01, now) or "")

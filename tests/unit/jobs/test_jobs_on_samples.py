"""The jobs over the sample content of data/, with a person bound to each of E01–E12."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.cases.model import CaseRow
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.finance.model import LoanRow
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Notice
from chalicelib.policies.model import Policy
from chalicelib.wechat import fields
from jobs.registry import JOBS
from tests.unit.jobs.support import E01, E09, E12, JobWorld

DATA = Path(__file__).parents[3] / "data"
POLICY_KINDS = {NoticeKind.POLICY_DIGEST, NoticeKind.POLICY_DEADLINE, NoticeKind.CREDIT_REPAIR}


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def county() -> JobWorld:
    """E12 agreed to case alerts only, everybody else to everything."""
    world = JobWorld(*map(Policy.model_validate, rows("policies")))
    now = world.clock.now()
    world.add(*map(Enterprise.model_validate, rows("enterprises")))
    for case in rows("cases"):
        world.cases.save_row(CaseRow.model_validate(case), now)
    for loan in rows("loans"):
        world.loans.save_row(LoanRow.model_validate(loan), now)
    for each in world.enterprises.all():
        scopes = (Scope.CASE_ALERT,) if each.uscc == E12 else ()
        world.person(f"o-{each.uscc}", each.uscc, Role.LEGAL, *scopes)
    return world


def everything(world: JobWorld) -> list[Notice]:
    return [notice for each in world.enterprises.all() for notice in world.notices.inbox(each.uscc, 100)]


def test_outside_a_demo_no_sample_goes_out(county: JobWorld) -> None:
    for job in JOBS:
        county.run(job)
    assert everything(county) == []
    assert county.run("policy-push").skipped["示例数据"] > 0


def test_who_gets_what(county: JobWorld) -> None:
    """Facts §3.5: E09 gets nothing but the credit repair notice, E12 is matched and never pushed, P01 is over."""
    county.demo()
    pushed = county.run("policy-push")
    assert pushed.skipped["未授权"] == 1
    assert pushed.skipped["已过期"] >= 1
    by_uscc = {item.notice.uscc: item.notice for item in pushed.plan.notices}
    assert by_uscc[E09].kind is NoticeKind.CREDIT_REPAIR
    assert len(by_uscc[E09].lines) == 1
    assert by_uscc[E01].kind is NoticeKind.POLICY_DIGEST
    assert E12 not in by_uscc
    over = [each.short for each in county.policies.values() if not each.in_force(pushed.as_of)]
    assert over and not any(short in line for short in over for n in by_uscc.values() for line in n.lines)
    for job in JOBS:
        county.run(job)
    assert not any(n.uscc == E12 and n.kind in POLICY_KINDS for n in everything(county))


def test_a_second_round_on_the_same_day_plans_nothing(county: JobWorld) -> None:
    county.demo()
    telling = ["policy-push", "loan-alerts", "deadline-reminders", "case-watch"]
    assert all(county.run(job).queued > 0 for job in telling)
    assert [county.run(job).planned for job in telling] == [0, 0, 0, 0]


def test_every_field_fits_what_the_platform_takes_and_no_loan_tells_an_amount(county: JobWorld) -> None:
    county.demo()
    for job in JOBS:
        county.run(job)
    notices = everything(county)
    assert {n.kind for n in notices} >= {NoticeKind.LOAN_PROGRESS, NoticeKind.CASE_PROGRESS, NoticeKind.POLICY_DIGEST}
    for notice in notices:
        assert notice.fields
        for key, value in notice.fields.items():
            assert fields.fit(key, value)
    loans = [n for n in notices if n.kind is NoticeKind.LOAN_PROGRESS]
    assert not any("万元" in text or "元" in text for n in loans for text in (n.title, *n.lines, *n.fields.values()))

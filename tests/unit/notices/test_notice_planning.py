"""Who is planned to get what, and the reason for everybody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.audience import Person
from chalicelib.notices.kinds import RULES, NoticeKind, Priority, rules
from chalicelib.notices.model import Draft, is_digest, notice_id
from chalicelib.notices.planning import Circumstances, plan
from chalicelib.notices.quiet import QuietHours
from tests.unit.notices.support import NOW, USCC, draft

ALL = frozenset(Scope)
LEGAL = Person("o-1", Role.LEGAL, ALL)
FINANCE = Person("o-2", Role.FINANCE, ALL)
STAFF = Person("o-3", Role.STAFF, ALL)
POLICY = draft("policies", NoticeKind.POLICY_DIGEST, event="digest")
LOAN = draft()


def around(*people: Person, **more: object) -> Circumstances:
    base = Circumstances(on=date(2026, 11, 23), now=NOW, people={USCC: people}, placed=lambda _: False, demo=False)
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "given", "people", "more", "reason"),
    [
        ("nobody bound", LOAN, (), {}, "未绑定"),
        ("not for this role", LOAN, (STAFF,), {}, "角色不符"),
        ("no consent (E12)", POLICY, (replace(LEGAL, scopes=frozenset()),), {}, "未授权"),
        ("another consent", LOAN, (replace(LEGAL, scopes=frozenset({Scope.POLICY_PUSH})),), {}, "未授权"),
        ("left", POLICY, (replace(LEGAL, following=False),), {}, "未关注"),
        ("sample", replace(POLICY, sample=True), (LEGAL,), {}, "示例数据"),
        ("over", replace(POLICY, expires_at=NOW), (LEGAL,), {}, "已过期"),
        ("had its digest", POLICY, (LEGAL,), {"digested": {USCC}}, "今日已推"),
        ("placed before", LOAN, (LEGAL,), {"placed": lambda _: True}, "已推送"),
    ],
)
def test_skipped_with_its_reason(
    case: str, given: Draft, people: tuple[Person, ...], more: dict[str, object], reason: str
) -> None:
    planned = plan([given], around(*people, **more))
    assert planned.items == ()
    assert planned.skipped == {reason: 1}


def test_loan_alerts_reach_the_two_roles_that_may_know() -> None:
    planned = plan([LOAN], around(LEGAL, FINANCE, STAFF))
    assert {item.notice.openid for item in planned.items} == {"o-1", "o-2"}
    assert planned.skipped == {}
    assert [item.why for item in planned.items] == ["银行已审批；法人", "银行已审批；财务"]


def test_samples_go_out_in_a_demo_and_say_so() -> None:
    [item] = plan([replace(POLICY, sample=True)], around(LEGAL, demo=True)).items
    assert item.notice.sample


def test_one_digest_a_day_but_alerts_as_they_come() -> None:
    drafts = [POLICY, replace(POLICY, subject="other"), LOAN, replace(LOAN, subject="loan#2")]
    planned = plan(drafts, around(LEGAL))
    assert [item.notice.subject for item in planned.items] == ["policies", "loan#L1", "loan#2"]
    assert planned.skipped == {"今日已推": 1}
    assert planned.enterprises == 1


@pytest.mark.parametrize(
    ("kind", "event", "capped"),
    [
        (NoticeKind.POLICY_DIGEST, "digest", True),
        (NoticeKind.POLICY_DEADLINE, "deadline_T-7", True),
        (NoticeKind.POLICY_DEADLINE, "deadline_T-1", False),
        (NoticeKind.AWARD, "paid", False),
        (NoticeKind.LOAN_PROGRESS, "loan_step", False),
        (NoticeKind.CASE_PROGRESS, "ACCEPTED", False),
    ],
)
def test_what_counts_as_the_digest_of_the_day(kind: NoticeKind, event: str, capped: bool) -> None:
    assert is_digest(kind, event) is capped


def test_an_undelivered_day_does_not_take_the_digest() -> None:
    """A draft that nobody may get leaves the day's digest to the next one."""
    silent = replace(LEGAL, scopes=frozenset())
    planned = plan([POLICY, replace(POLICY, subject="other")], around(silent))
    assert planned.skipped == {"未授权": 2}


def test_at_night_it_is_planned_for_the_morning() -> None:
    night = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 22:00 in China
    late = replace(LOAN, expires_at=night + timedelta(days=1))
    [item] = plan([late], around(LEGAL, now=night, quiet=QuietHours())).items
    assert item.notice.not_before == datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    [item] = plan([late], around(LEGAL, now=night, quiet=None)).items
    assert item.notice.not_before is None


def test_ids_are_a_function_of_the_change_and_the_person() -> None:
    one = notice_id(USCC, "policies", "1", "digest", "o-1")
    assert one == notice_id(USCC, "policies", "1", "digest", "o-1")
    assert len(one) == 32 and one == one.lower()
    others = [
        notice_id("x", "policies", "1", "digest", "o-1"),
        notice_id(USCC, "policy", "1", "digest", "o-1"),
        notice_id(USCC, "policies", "2", "digest", "o-1"),
        notice_id(USCC, "policies", "1", "paid", "o-1"),
        notice_id(USCC, "policies", "1", "digest", "o-2"),
    ]
    assert len({one, *others}) == 6


def test_every_kind_declares_its_rules_and_why_each_rung_stands_there() -> None:
    assert set(RULES) == set(NoticeKind)
    for kind in NoticeKind:
        assert bool(rules(kind).roles) == (rules(kind).scope is not None)
        assert all(rung.why for rung in rules(kind).ladder)
    assert rules(NoticeKind.LOAN_PROGRESS).priority is Priority.URGENT
    assert rules(NoticeKind.LOAN_PROGRESS).roles == {Role.LEGAL, Role.FINANCE}
    assert rules(NoticeKind.POLICY_DIGEST).priority is Priority.BULK

"""Every role × every view, command and push × own, other's, unbound, suspended: what the one table says, no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.enterprises import access, handover
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingRefused
from chalicelib.enterprises.joining import JoinRefused
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import ALLOWED_ROLES, Scope
from chalicelib.notices.kinds import RULES, NoticeKind
from chalicelib.policies.awards.model import AwardRefused
from tests.functional.authorisation.conftest import BANKS, CASES, LOANS, NAMES, OURS, THEIRS, TITLES, County
from tests.functional.authorisation.later_views import LATER, Published, after, ask, public_award

ME, COLLEAGUE, NEW = "oMe", "oColleague", "oNew"

Probe = Callable[[County], bool]
"""Whether ME gets at something of OURS."""


def shown(text: str, of: dict[str, str]) -> bool:
    return of[OURS] in text


def admits(county: County) -> bool:
    request = county.app.joining.ask(NEW, OURS, Role.TAX, "李四", county.now)
    try:
        county.app.joining.confirm(ME, OURS, request.ref, request.digits, county.now)
    except JoinRefused:
        assert county.app.bindings.of(NEW, OURS) is None
        return False
    return True


def removes(county: County) -> bool:
    try:
        county.app.bindings.remove(COLLEAGUE, OURS, county.now, by=ME)
    except BindingRefused:
        assert county.app.bindings.of(COLLEAGUE, OURS)
        return False
    return county.app.bindings.of(COLLEAGUE, OURS) is None


def leaves(county: County) -> bool:
    was = county.app.bindings.of(ME, OURS) is not None
    county.app.bindings.remove(ME, OURS, county.now, by=ME)
    assert county.app.bindings.of(ME, OURS) is None
    return was


def names_account(county: County) -> bool:
    """Who may is refused for want of such a round, everybody else for want of the right."""
    from chalicelib.policies.awards.accounts import payee_of

    payee = payee_of(NAMES[OURS], "示例甲银行芦溪支行", "6222021234567890128")
    try:
        county.app.awards.confirm_account(ME, "no-such-round", OURS, payee, county.now)
    except AwardRefused as refused:
        return "法人或财务" not in str(refused)
    return True


def told(scope: Scope) -> Probe:
    return lambda county: ME in {member.openid for member in county.app.consents.recipients(OURS, scope)}


def hears(kind: NoticeKind) -> Probe:
    def probe(county: County) -> bool:
        people = county.app.notices.people(OURS, kind)
        return any(person.openid == ME and person.refusal(kind) is None for person in people)

    return probe


PROBES: dict[str, tuple[Right, Probe]] = {
    "chat case.mine": (Right.SEE_CASES, lambda c: shown(c.say(ME, "case.mine"), TITLES)),
    "chat case.open": (Right.SEE_CASES, lambda c: shown(c.say(ME, "case.open", no=CASES[OURS]), TITLES)),
    "page case": (Right.SEE_CASES, lambda c: shown(c.open(ME, "case", CASES[OURS]).body, TITLES)),
    "chat loan.mine": (Right.SEE_LOANS, lambda c: shown(c.say(ME, "loan.mine"), BANKS)),
    "chat loan.open": (Right.SEE_LOANS, lambda c: shown(c.say(ME, "loan.open", id=LOANS[OURS]), BANKS)),
    "page loan": (Right.SEE_LOANS, lambda c: shown(c.open(ME, "loan", LOANS[OURS]).body, BANKS)),
    "chat policy.mine": (Right.SEE_POLICIES, lambda c: shown(c.say(ME, "policy.mine"), NAMES)),
    "page policies": (Right.SEE_POLICIES, lambda c: shown(c.open(ME, "policies", mine="1").body, NAMES)),
    "chat exam.begin": (Right.DO_CHECK_UP, lambda c: "先绑定企业" not in c.say(ME, "exam.begin", uscc=OURS)),
    "chat members.list": (Right.SEE_MEMBERS, lambda c: shown(c.say(ME, "members.list"), NAMES)),
    "page members": (Right.SEE_MEMBERS, lambda c: shown(c.open(ME, "members").body, NAMES)),
    "command admit": (Right.DO_ADMIT, admits),
    "command remove": (Right.DO_REMOVE, removes),
    "command leave": (Right.DO_LEAVE, leaves),
    "command account": (Right.DO_NAME_ACCOUNTS, names_account),
    "prefill": (Right.DO_FILL_FORMS, told(Scope.FORM_PREFILL)),
    "push court": (Right.HEAR_COURT, told(Scope.COURT_ALERT)),
    "push policy": (Right.HEAR_POLICIES, hears(NoticeKind.POLICY_DIGEST)),
    "push award": (Right.HEAR_AWARDS, hears(NoticeKind.AWARD)),
    "push loan": (Right.HEAR_LOANS, hears(NoticeKind.LOAN_PROGRESS)),
    "push case": (Right.HEAR_CASES, hears(NoticeKind.CASE_PROGRESS)),
    "push reminder": (Right.HEAR_REMINDERS, hears(NoticeKind.WORK_REMINDER)),
    "push escalation": (Right.HEAR_ESCALATIONS, hears(NoticeKind.WORK_ESCALATION)),
    **LATER,
}


@pytest.fixture
def county(county: County) -> County:
    county.app.__dict__["catalogue_reader"] = Published()
    return county


def test_every_right_of_the_table_is_probed_and_the_table_names_every_right() -> None:
    assert {right for right, _ in PROBES.values()} == set(Right) == set(access.TABLE)
    assert all(right.chinese for right in Right)


GRANTED = [(role, name) for role in Role for name, (right, _) in PROBES.items() if role in access.TABLE[right]]


@pytest.mark.parametrize(("role", "name"), GRANTED)
def test_own(county: County, role: Role, name: str) -> None:
    county.bind(COLLEAGUE, Role.PROJECT)
    county.bind(ME, role)
    assert PROBES[name][1](county)


@pytest.mark.parametrize("role", list(Role))
def test_own_without_the_right(county: County, role: Role) -> None:
    county.bind(COLLEAGUE, Role.PROJECT)
    county.bind(ME, role)
    assert [name for name, (_, probe) in PROBES.items() if (role, name) not in GRANTED and probe(county)] == []


@pytest.mark.parametrize("role", list(Role))
def test_other(county: County, role: Role) -> None:
    """Whoever they are over there, here they see, do and hear nothing."""
    county.bind(COLLEAGUE, Role.PROJECT)
    county.bind(ME, role, THEIRS)
    assert [name for name, (_, probe) in PROBES.items() if probe(county)] == []


def test_unbound(county: County) -> None:
    county.bind(COLLEAGUE, Role.PROJECT)
    county.app.followers.follow(ME, county.now)
    assert [name for name, (_, probe) in PROBES.items() if probe(county)] == []


def test_suspended(county: County) -> None:
    county.bind(COLLEAGUE, Role.PROJECT)
    county.bind(ME, Role.LEGAL)
    handover.suspend(county.store, OURS, county.now + timedelta(seconds=1))
    assert [name for name, (_, probe) in PROBES.items() if probe(county)] == []


def test_removed(county: County) -> None:
    county.bind(COLLEAGUE, Role.PROJECT)
    county.bind(ME, Role.LEGAL)
    county.app.bindings.remove(ME, OURS, county.now)
    assert [name for name, (_, probe) in PROBES.items() if probe(county)] == []


def test_what_the_table_does_not_name_is_refused() -> None:
    assert not access.may(None, Right.SEE_CASES)
    assert access.holders("see_everything") == frozenset()  # type: ignore[arg-type]
    assert not any(access.may(role, "see_everything") for role in Role)  # type: ignore[arg-type]


def test_consents_and_kinds_of_notice_follow_the_table() -> None:
    """A scope reaches nobody whom no right lets hear it; a kind of notice no role beyond its scope."""
    assert set(ALLOWED_ROLES) == set(Scope)
    of_an_enterprise = {kind: rules for kind, rules in RULES.items() if kind is not NoticeKind.REPLY}
    for kind, rules in of_an_enterprise.items():
        assert rules.scope and rules.roles <= ALLOWED_ROLES[rules.scope], kind
    heard = {right: access.TABLE[right] for right in Right if right.value.startswith("hear_")}
    assert all(rules.roles in heard.values() for rules in of_an_enterprise.values())
    assert (RULES[NoticeKind.REPLY].scope, RULES[NoticeKind.REPLY].roles) == (None, frozenset())


# ------------------------------------------------------------------------------- what goes by the person, not the role


@pytest.mark.parametrize("role", [None, *Role])
def test_a_concern_is_its_askers_alone(county: County, role: Role | None) -> None:
    """诉求: not shown to anybody else, not even to the 法人 of the enterprise in whose name it was asked."""
    from chalicelib.concerns.model import ConcernRoute

    row = {"topic": "用地", "words": ("厂房",), "dept": "县自然资源局", "days": 3, "escalate_to": "县政府", "prov": "R"}
    county.app.concerns.routes.save_row(ConcernRoute.model_validate(row))
    county.bind(COLLEAGUE, Role.PROJECT)
    if role:
        county.bind(ME, role)
    concern = county.app.concerns.open(COLLEAGUE, OURS, "用地", "三号厂房还差十亩地", county.now)
    assert concern.id in ask(county, "我的诉求", COLLEAGUE)
    for answer in (
        ask(county, "我的诉求"),
        county.say(ME, "concern.mine"),
        county.say(ME, "concern.open", id=concern.id),
    ):
        assert concern.id not in answer and "三号厂房" not in answer


@pytest.mark.parametrize("role", [None, *Role])
def test_own_data_is_of_oneself(county: County, role: Role | None) -> None:
    """我的数据: the enterprise one is bound to and nothing of it, nor of anybody else there."""
    county.bind(COLLEAGUE, Role.PROJECT)
    county.bind("oNeighbour", Role.LEGAL, THEIRS)
    if role:
        county.bind(ME, role)
    copy = county.open(ME, "mydata", **{"as": "json"}).body
    assert (NAMES[OURS] in copy) is (role is not None)
    assert county.open("oStranger", "mydata", **{"as": "json"}).body.count(NAMES[OURS]) == 0
    for kept in (COLLEAGUE, "oNeighbour", NAMES[THEIRS], CASES[OURS], LOANS[OURS], TITLES[OURS], BANKS[OURS]):
        assert kept not in copy


def test_a_public_list_is_for_everybody_while_it_is_public(county: County) -> None:
    public_award(county)
    assert NAMES[OURS] in county.open("oStranger", "publicity", "P90-2026-1").body
    after(county, 12)
    assert county.open("oStranger", "publicity", "P90-2026-1").status == 404

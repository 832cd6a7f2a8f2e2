"""法定代表人变更: the old 法人 rests at once, and only an operator's new code makes a 法人 again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises import handover
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingRefused, BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.service import EnterpriseService

USCC = "91360323MAXX00015C"


def bound(store: MemoryStore, clock: FixedClock, openid: str, role: Role) -> BindingService:
    FollowerService(store).follow(openid, clock.now())
    service = BindingService(store)
    service.redeem(openid, service.issue_code(USCC, role, "op", clock.now()).code, clock.now())
    ConsentService(store).grant(openid, Scope, "v1", "chat", clock.now())
    return service


def profile(legal_rep: str | None) -> Enterprise:
    return Enterprise(uscc=USCC, name="甲公司", legal_rep=legal_rep, prov=("R",))


def test_another_name_in_the_register_suspends_the_legal_and_nobody_else(store: MemoryStore, clock: FixedClock) -> None:
    enterprises = EnterpriseService(store)
    enterprises.save(profile("张三"), clock.now())
    bindings = bound(store, clock, "oLegal", Role.LEGAL)
    bound(store, clock, "oFinance", Role.FINANCE)
    clock.advance(60)
    assert enterprises.save(profile("李四"), clock.now())
    assert [member.openid for member in bindings.members(USCC)] == ["oFinance"]
    assert bindings.of("oLegal", USCC) is None
    assert bindings.of_person("oLegal", Right.SEE_CASES) == []
    assert [binding.uscc for binding in bindings.suspended("oLegal")] == [USCC]
    recipients = ConsentService(store).recipients(USCC, Scope.LOAN_ALERT)
    assert [member.openid for member in recipients] == ["oFinance"]


@pytest.mark.parametrize(
    ("before", "after"), [(None, "张三"), ("张三", "张三"), ("张三", " 张 三 "), ("张三", None), (None, None)]
)
def test_what_is_no_change_suspends_nobody(
    store: MemoryStore, clock: FixedClock, before: str | None, after: str | None
) -> None:
    enterprises = EnterpriseService(store)
    enterprises.save(profile(before), clock.now())
    bindings = bound(store, clock, "oLegal", Role.LEGAL)
    enterprises.save(profile(after), clock.now())
    assert bindings.of("oLegal", USCC) is not None


def test_a_report_without_the_name_does_not_hide_a_later_change(store: MemoryStore, clock: FixedClock) -> None:
    enterprises = EnterpriseService(store)
    bindings = bound(store, clock, "oLegal", Role.LEGAL)
    for name in ("张三", None, "李四"):
        enterprises.save(profile(name), clock.now())
    assert bindings.of("oLegal", USCC) is None


def test_a_new_code_confirms_the_same_person_or_the_next(store: MemoryStore, clock: FixedClock) -> None:
    bindings = bound(store, clock, "oLegal", Role.LEGAL)
    clock.advance(60)
    assert handover.suspend(store, USCC, clock.now()) == 1
    assert handover.suspend(store, USCC, clock.now()) == 0
    code = bindings.issue_code(USCC, Role.LEGAL, "op", clock.now()).code
    assert bindings.redeem("oLegal", code, clock.now()).role is Role.LEGAL
    assert bindings.suspended("oLegal") == []
    assert bindings.of("oLegal", USCC, Right.DO_REMOVE) is not None


def test_a_code_from_before_the_change_is_void(store: MemoryStore, clock: FixedClock) -> None:
    bindings = BindingService(store)
    old = bindings.issue_code(USCC, Role.LEGAL, "op", clock.now()).code
    scene = bindings.issue_scene(USCC, Role.LEGAL, "op", clock.now()).code
    staff = bindings.issue_code(USCC, Role.STAFF, "op", clock.now()).code
    clock.advance(60)
    handover.suspend(store, USCC, clock.now())
    with pytest.raises(BindingRefused):
        bindings.redeem("o1", old, clock.now())
    with pytest.raises(BindingRefused):
        bindings.redeem_scene("o1", scene, clock.now())
    assert bindings.redeem("o1", staff, clock.now()).role is Role.STAFF


def test_a_suspended_binding_ends_by_itself_and_with_its_person(store: MemoryStore, clock: FixedClock) -> None:
    bindings = bound(store, clock, "oLegal", Role.LEGAL)
    bound(store, clock, "oOther", Role.LEGAL)
    handover.suspend(store, USCC, clock.now())
    FollowerService(store).unfollow("oOther", clock.now() + timedelta(minutes=1))
    assert not [key for key in store._rows if "oOther" in "".join(key)]
    clock.advance(handover.SUSPENDED_LIFE)
    assert bindings.suspended("oLegal") == []

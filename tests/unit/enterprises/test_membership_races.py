"""Two at one enterprise's members in the same moment: what was decided on the old state is decided anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.enterprises import handover
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingRefused, BindingService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.joining import JoinRefused, JoinService
from chalicelib.enterprises.model import Enterprise, Fact, FactSource
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.ports import Conflict, Write
from tests.unit.enterprises.recording import Killed, RecordingStore

USCC = "91360323MAXX00015C"
LEGAL, STAFF, NEW = "oLegal", "oStaff", "oNew"


class House(RecordingStore):
    """``meanwhile`` happens once, between what somebody read and the transaction that they decided on it."""

    meanwhile: Callable[[], object] | None = None

    def happened(self) -> bool:
        return self.meanwhile is None

    def transact(self, writes: Sequence[Write]) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            happens()
        super().transact(writes)


class World:
    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.store = House(clock)
        self.bindings = BindingService(self.store)
        self.joining = JoinService(self.store, self.bindings)
        self.enterprises = EnterpriseService(self.store)
        self.enterprises.save(self.profile("张三"), clock.now())
        self.bind(LEGAL, Role.LEGAL)
        self.bind(STAFF, Role.STAFF)
        self.clock.advance(60)

    @staticmethod
    def profile(legal_rep: str, **more: Any) -> Enterprise:
        return Enterprise(uscc=USCC, name="甲公司", legal_rep=legal_rep, prov=("R",), **more)

    def bind(self, openid: str, role: Role) -> None:
        self.bindings.redeem(openid, self.code(role), self.clock.now())

    def code(self, role: Role) -> str:
        return self.bindings.issue_code(USCC, role, "op", self.clock.now()).code

    def suspend(self) -> int:
        return handover.suspend(self.store, USCC, self.clock.now())

    def anew(self, openid: str, role: Role) -> None:
        """The binding ends, and another is made by a new code: its rows carry the same version as before."""
        self.bindings.remove(openid, USCC, self.clock.now())
        self.bind(openid, role)

    def role(self, openid: str) -> Role | None:
        held = self.bindings.of(openid, USCC)
        return held.role if held else None

    def ref(self, openid: str) -> str:
        return next(one.ref for one in self.bindings.members(USCC) if one.openid == openid)


@pytest.fixture
def world(clock: FixedClock) -> World:
    return World(clock)


# ---------------------------------------------------------------------------- the 法人 goes while acting as the 法人

ENDS: dict[str, Callable[[World], object]] = {
    "suspended": World.suspend,
    "removed": lambda world: world.bindings.remove(LEGAL, USCC, world.clock.now()),
    "leaves": lambda world: FollowerService(world.store).unfollow(LEGAL, world.clock.now()),
    "another role": lambda world: world.bind(LEGAL, Role.TAX),
    "another role, made anew": lambda world: world.anew(LEGAL, Role.TAX),
    "register": lambda world: world.enterprises.save(world.profile("李四"), world.clock.now()),
}


REMOVALS: dict[str, Callable[[World], object]] = {
    "by name": lambda world: world.bindings.remove(STAFF, USCC, world.clock.now(), by=LEGAL),
    "by list": lambda world: world.bindings.remove_member(LEGAL, USCC, world.ref(STAFF), world.clock.now()),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS.keys())
def test_who_is_no_longer_the_legal_removes_nobody(
    world: World, remove: Callable[[World], object], end: Callable[[World], object]
) -> None:
    world.store.meanwhile = lambda: end(world)
    try:
        assert remove(world) is None  # who may not see members hears that there is no such member
    except BindingRefused as refused:
        assert "法定代表人" in str(refused)
    assert world.store.happened()
    assert world.role(STAFF) is Role.STAFF


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("act", ["confirm", "refuse"])
def test_who_is_no_longer_the_legal_decides_on_nobody(world: World, act: str, end: Callable[[World], object]) -> None:
    digits = world.joining.ask(NEW, USCC, Role.FINANCE, "张三丰", world.clock.now()).digits
    [request] = world.joining.waiting(LEGAL, USCC, world.clock.now())
    world.store.meanwhile = lambda: end(world)
    with pytest.raises(JoinRefused):
        if act == "confirm":
            world.joining.confirm(LEGAL, USCC, request.ref, digits, world.clock.now())
        else:
            world.joining.refuse(LEGAL, USCC, request.ref, world.clock.now())
    assert world.role(NEW) is None
    world.bind("oNext", Role.LEGAL)
    assert world.joining.waiting("oNext", USCC, world.clock.now()) == [request]


# --------------------------------------------------------------------------------------- a binding that is made anew


REMOVALS_AT: dict[str, Callable[[World, datetime], object]] = {
    "operator": lambda world, at: world.bindings.remove(STAFF, USCC, at),
    "oneself": lambda world, at: world.bindings.remove(STAFF, USCC, at, by=STAFF),
    "the legal": lambda world, at: world.bindings.remove_member(LEGAL, USCC, world.ref(STAFF), at),
}


@pytest.mark.parametrize("made", [World.bind, World.anew])
@pytest.mark.parametrize("remove", REMOVALS_AT.values(), ids=REMOVALS_AT.keys())
def test_a_removal_ends_the_binding_that_was_meant_and_no_other(
    world: World, remove: Callable[[World, datetime], object], made: Callable[[World, str, Role], None]
) -> None:
    def again() -> None:
        world.clock.advance(1)
        made(world, STAFF, Role.FINANCE)

    world.store.meanwhile = again
    remove(world, world.clock.now())
    assert world.store.happened()
    assert world.role(STAFF) is Role.FINANCE
    assert [one.role for one in world.bindings.members(USCC) if one.openid == STAFF] == [Role.FINANCE]


def test_two_who_remove_the_same_member_end_one_binding(world: World) -> None:
    ref = world.ref(STAFF)
    world.store.meanwhile = lambda: world.bindings.remove(STAFF, USCC, world.clock.now())
    assert world.bindings.remove_member(LEGAL, USCC, ref, world.clock.now()) is None
    assert world.role(STAFF) is None


def test_somebody_else_who_binds_in_the_same_moment_costs_no_try_and_no_code(world: World) -> None:
    for number in range(7):
        code = world.code(Role.TAX)
        world.store.meanwhile = lambda number=number: world.bind(f"oOther{number}", Role.PROJECT)
        assert world.bindings.redeem(NEW, code, world.clock.now()).role is Role.TAX
    assert len(world.bindings.members(USCC)) == 2 + 1 + 7


# ------------------------------------------------------------------------------------------------ hand-over, whole


@pytest.mark.parametrize("legals", [1, 20, 21, 26, 101])
def test_any_number_of_legals_is_suspended(world: World, legals: int) -> None:
    for number in range(legals - 1):
        world.bind(f"oLegal{number}", Role.LEGAL)
    old = world.code(Role.LEGAL)
    assert world.suspend() == legals
    assert [one.openid for one in world.bindings.members(USCC)] == [STAFF]
    assert len(world.bindings.suspended("oLegal0" if legals > 1 else LEGAL)) == 1
    with pytest.raises(BindingRefused):
        world.bindings.redeem(NEW, old, world.clock.now())
    world.bind(LEGAL, Role.LEGAL)
    assert world.bindings.acting(LEGAL, USCC, Right.DO_REMOVE) is not None
    assert world.suspend() == 1


def test_another_name_in_the_register_with_any_number_of_legals(world: World) -> None:
    for number in range(45):
        world.bind(f"oLegal{number}", Role.LEGAL)
    assert world.enterprises.save(world.profile("李四"), world.clock.now())
    assert [one.openid for one in world.bindings.members(USCC)] == [STAFF]


@pytest.mark.parametrize("lives", range(4))
def test_from_the_first_portion_on_no_legal_acts_and_a_second_call_ends_it(world: World, lives: int) -> None:
    """Killed before any of its transactions: either nothing has begun, or none of the old ones may act."""
    people = [LEGAL, *(f"oLegal{number}" for number in range(45))]
    for openid in people[1:]:
        world.bind(openid, Role.LEGAL)
    old = world.code(Role.LEGAL)
    world.store.lives = lives
    begun = lives > 0
    if lives < 3:
        with pytest.raises(Killed):
            world.enterprises.save(world.profile("李四"), world.clock.now())
    else:
        world.enterprises.save(world.profile("李四"), world.clock.now())
    world.store.lives = None
    for openid in people:
        assert (world.bindings.of(openid, USCC) is None) is begun
        assert (world.bindings.acting(openid, USCC, Right.DO_ADMIT) is None) is begun
    if begun:
        with pytest.raises(BindingRefused):
            world.bindings.redeem(NEW, old, world.clock.now())
        assert world.role(STAFF) is Role.STAFF
    world.enterprises.save(world.profile("李四"), world.clock.now())
    assert [one.openid for one in world.bindings.members(USCC)] == [STAFF]
    kept = world.enterprises.get(USCC)
    assert kept is not None and kept.legal_rep == "李四"


def test_a_legal_bound_during_a_hand_over_is_one_of_the_old_ones(world: World) -> None:
    old = world.code(Role.LEGAL)
    world.store.meanwhile = lambda: world.bindings.redeem(NEW, old, world.clock.now())
    assert world.suspend() == 2
    assert [one.openid for one in world.bindings.members(USCC)] == [STAFF]


def test_a_code_issued_in_the_very_moment_of_a_hand_over_counts_by_order_not_by_the_clock(world: World) -> None:
    before = world.code(Role.LEGAL)
    world.suspend()
    after = world.code(Role.LEGAL)
    with pytest.raises(BindingRefused):
        world.bindings.redeem(NEW, before, world.clock.now())
    assert world.bindings.redeem(NEW, after, world.clock.now()).role is Role.LEGAL


# --------------------------------------------------------------------------------------------- the register, twice


def test_a_slow_report_puts_no_old_name_back(world: World) -> None:
    """Two reports at once; the one that was read first is written last. The 法人 bound since would be suspended by the
    next report of the right name, and what the other one said would be lost."""
    world.store.meanwhile = lambda: world.enterprises.save(world.profile("李四", reg_status="存续"), world.clock.now())
    world.enterprises.save(Enterprise(uscc=USCC, name="甲公司（新）", prov=("R",)), world.clock.now())
    kept = world.enterprises.get(USCC)
    assert kept is not None
    assert (kept.name, kept.legal_rep) == ("甲公司（新）", "李四")
    assert world.bindings.of(LEGAL, USCC) is None


def test_what_a_member_adds_puts_no_old_name_back(world: World) -> None:
    """An answer in a check-up, made on the profile of before; the new 法人 would be suspended by it."""

    def handed_over() -> None:
        world.enterprises.save(world.profile("李四"), world.clock.now())
        world.bind("oNext", Role.LEGAL)

    world.store.meanwhile = handed_over
    assert world.enterprises.change(
        USCC, lambda held: held.model_copy(update={"reg_status": "存续"}), world.clock.now()
    )
    kept = world.enterprises.get(USCC)
    assert kept is not None and (kept.legal_rep, kept.reg_status) == ("李四", "存续")
    assert world.role("oNext") is Role.LEGAL
    assert not world.enterprises.change("91360323MAXX000312", lambda held: held, world.clock.now())


def test_who_loses_every_race_is_told(world: World) -> None:
    class Busy(House):
        def transact(self, writes: Sequence[Write]) -> None:
            raise Conflict([("enterprise", "membership")])

    busy = Busy(world.clock)
    busy._rows, busy._order = world.store._rows, world.store._order
    with pytest.raises(Conflict):
        handover.suspend(busy, USCC, world.clock.now())
    with pytest.raises(Conflict):
        EnterpriseService(busy).save(world.profile("李四"), world.clock.now())


def test_what_an_enterprise_says_of_itself_while_a_file_is_loaded_stays(world: World) -> None:
    said = {"employees": Fact(value=40, source=FactSource.SELF)}
    world.store.meanwhile = lambda: world.enterprises.change(
        USCC, lambda held: held.model_copy(update={"facts": said}), world.clock.now()
    )
    given = {"revenue": Fact(value=9800, source=FactSource.TAX)}
    assert world.enterprises.report(world.profile("张三", facts=given), world.clock.now())
    assert world.store.happened()
    held = world.enterprises.get(USCC)
    assert held is not None and held.facts == given | said

"""Any two acts on one enterprise's members in the same moment leave what they would have left one after the other.

The second happens between what the first read and what it writes: at each of its transactions in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.enterprises import handover
from chalicelib.enterprises.binding import BindingRefused, BindingService, code_key
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.joining import JoinRefused, JoinService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.repository import BINDING, JOINING, SUSPENDED, enterprise_key, pair_keys
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.ports import Write
from tests.unit.enterprises.recording import RecordingStore

USCC = "91360323MAXX00015C"
LEGAL, STAFF, NEW = "oLegal", "oStaff", "oNew"
PEOPLE = (LEGAL, STAFF, NEW)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class House(RecordingStore):
    """``meanwhile`` happens before the transaction of this number, once."""

    meanwhile: Callable[[], object] | None = None
    before = 0

    def happened(self) -> bool:
        return self.meanwhile is None

    def transact(self, writes: Sequence[Write]) -> None:
        if self.meanwhile and self.before == 0:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        self.before -= 1
        super().transact(writes)


class World:
    """A 法人, somebody of 人事, a request to join, and a code each that somebody holds."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.store = House(self.clock)
        self.bindings, self.followers = BindingService(self.store), FollowerService(self.store)
        self.joining = JoinService(self.store, self.bindings)
        self.enterprises = EnterpriseService(self.store)
        self.now = NOW

    def furnish(self) -> None:
        self.register("张三")
        for openid in PEOPLE:
            self.followers.follow(openid, self.now)
        for openid, role in ((LEGAL, Role.LEGAL), (STAFF, Role.STAFF)):
            self.bindings.redeem(openid, self._code(role), self.now)
        self.ref = self.bindings.members(USCC)[-1].ref
        self.digits = self.joining.ask(NEW, USCC, Role.PROJECT, "李四", self.now).digits
        self.asked = self.joining.waiting(LEGAL, USCC, self.now)[0].ref
        self.codes = {role: self._code(role) for role in (Role.LEGAL, Role.FINANCE)}

    @classmethod
    def anew(cls) -> World:
        """Furnished once, and copied."""
        first, world = _furnished(), cls()
        world.store._rows, world.store._order = deepcopy((first.store._rows, first.store._order))
        world.ref, world.digits, world.asked, world.codes = first.ref, first.digits, first.asked, first.codes
        return world

    def _code(self, role: Role) -> str:
        return self.bindings.issue_code(USCC, role, "op", self.now).code

    def register(self, legal_rep: str) -> None:
        self.enterprises.save(
            Enterprise.model_validate({"uscc": USCC, "name": "甲公司", "legal_rep": legal_rep, "prov": ["R"]}), self.now
        )

    def redeem(self, openid: str, role: Role) -> None:
        self.bindings.redeem(openid, self.codes[role], self.now)

    def state(self) -> object:
        """All rows that say who stands for the enterprise, without times; both rows of a pair say the same."""
        rows: dict[tuple[str, str], object] = {}
        for openid in PEOPLE:
            for prefix in (BINDING, SUSPENDED, JOINING):
                mine, theirs = (self.store.get(*key) for key in pair_keys(prefix, openid, USCC))
                if prefix != JOINING:  # a request that was refused stays with who asked
                    assert (mine is None) == (theirs is None), (openid, prefix)
                    assert mine is None or theirs is None or mine.body == theirs.body
                rows[openid, prefix] = (mine and mine.body["role"], theirs and theirs.body["role"])
            rows[openid, "follows"] = self.followers.is_following(openid)
        unused = frozenset(role for role, code in self.codes.items() if _there(self.store, code))
        held = self.store.get(enterprise_key(USCC), "membership")
        name = self.enterprises.get(USCC)
        return rows, unused, held and held.body, name and name.legal_rep


def _there(store: RecordingStore, code: str) -> bool:
    return store.get(code_key(code), "row") is not None


ACTS: dict[str, Callable[[World], object]] = {
    "operator removes": lambda w: w.bindings.remove(STAFF, USCC, w.now),
    "legal removes": lambda w: w.bindings.remove_member(LEGAL, USCC, w.ref, w.now),
    "legal leaves": lambda w: w.bindings.remove(LEGAL, USCC, w.now, by=LEGAL),
    "staff takes finance": lambda w: w.redeem(STAFF, Role.FINANCE),
    "new takes finance": lambda w: w.redeem(NEW, Role.FINANCE),
    "staff becomes legal": lambda w: w.redeem(STAFF, Role.LEGAL),
    "legal becomes finance": lambda w: w.redeem(LEGAL, Role.FINANCE),
    "admits": lambda w: w.joining.confirm(LEGAL, USCC, w.asked, w.digits, w.now),
    "refuses": lambda w: w.joining.refuse(LEGAL, USCC, w.asked, w.now),
    "hand-over": lambda w: handover.suspend(w.store, USCC, w.now),
    "register": lambda w: w.register("王五"),
    "legal unfollows": lambda w: w.followers.unfollow(LEGAL, w.now),
    "staff unfollows": lambda w: w.followers.unfollow(STAFF, w.now),
    "new unfollows": lambda w: w.followers.unfollow(NEW, w.now),
}


@cache
def _furnished() -> World:
    world = World()
    world.furnish()
    return world


def act(world: World, name: str) -> None:
    with suppress(BindingRefused, JoinRefused):
        ACTS[name](world)


@cache
def one_after_the_other(*names: str) -> object:
    world = World.anew()
    for name in names:
        act(world, name)
    return world.state()


@pytest.mark.parametrize("first", ACTS)
def test_two_in_one_moment_are_one_after_the_other(first: str) -> None:
    for second in ACTS:
        serial = (one_after_the_other(first, second), one_after_the_other(second, first))
        for number in range(4):
            world = World.anew()
            world.store.before, world.store.meanwhile = number, lambda world=world, second=second: act(world, second)
            act(world, first)
            if not world.store.happened():
                break  # it has no more transactions than that
            assert world.state() in serial, (first, second, number)

"""The reconcile that works on differences tells exactly what one that looks at everything tells."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.outcome_bits import pack, unpack
from chalicelib.ports import Record
from jobs import kept_looks
from jobs.core import RunResult, run
from jobs.kept_looks import KeptLooks, Look
from jobs.policy_push import PolicyPush
from jobs.told import told_by
from tests.unit.jobs.support import E01, E09, E11, E12, NOW, JobWorld, enterprise, policy
from tests.unit.notices.support import Killed

ALL = (E01, E09, E11, E12)


class FullLook(PolicyPush):
    """Believes nothing that was kept."""

    def plan(self, context: Any, when: Any) -> Any:
        for uscc in ALL:
            kept_looks.touch(context.store, [uscc])
        return super().plan(context, when)


class Asked:
    """A store that counts of how many enterprises it was asked what they were told."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def query(self, pk: str, **more: Any) -> Any:
        self.looks += pk.startswith("told#")
        return self._store.query(pk, **more)


def looks(world: JobWorld) -> int:
    """A night's reconcile; how many enterprises it looked at."""
    store = Asked(world.store)
    run(PolicyPush(), replace(world.context, store=store))
    return store.looks


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bits_come_back(data: Any) -> None:
    width = data.draw(st.integers(1, 9))
    rows = data.draw(st.lists(st.binary(min_size=width, max_size=width), min_size=1, max_size=30))
    rows = [bytes(each % 4 for each in row) for row in rows]
    packed = pack(rows)
    assert unpack(packed, len(rows)) == rows
    with pytest.raises(ValueError, match="bitmap"):
        unpack(packed[:-1], len(rows))


def test_alike_outcomes_take_little_room() -> None:
    rows = [bytes(200) for _ in range(1000)]
    assert len(pack(rows)) < 200


# ---------------------------------------------------------------- against the full look


def state(world: JobWorld) -> list[Any]:
    """What every enterprise was told, was seen with, and finds in its inbox."""
    inboxes = [sorted((n.title, n.lines) for n in world.notices.inbox(uscc)) for uscc in ALL]
    return [[told_by(world.memory, uscc) for uscc in ALL], inboxes]


def said(result: RunResult) -> tuple[Any, ...]:
    return (result.planned, result.queued, dict(result.skipped), result.failed)


def county() -> JobWorld:
    world = JobWorld(
        policy("P90"),
        policy("P91", condition={"fact": "employees_avg", "op": ">=", "value": 20}),
        policy("P92", prov=["R"], condition={"fact": "in_park", "op": "==", "value": True}),
        policy("P93", pool="县级奖补", condition={"fact": "in_park", "op": "==", "value": True}),
        policy("P94", category="减免", condition={"fact": "years_operating", "op": ">=", "value": 5}),
        policy(
            "P95",
            apply_from=NOW.date() + timedelta(days=3),
            mode_overrides=[{"when": {"fact": "in_park", "op": "==", "value": True}, "mode": "AUTO"}],
        ),
        policy("P96", valid_to=NOW.date() + timedelta(days=2)),
    )
    for place, uscc in enumerate(ALL):
        world.add(enterprise(uscc, established_on=(NOW - timedelta(days=1826 - place)).date().isoformat()))
    for uscc in ALL[:3]:
        world.person(f"o-{uscc}", uscc)
    return world


Step = Callable[[JobWorld], object]


def change_fact(uscc: str, name: str, value: Any, until: int | None) -> Step:
    def step(world: JobWorld) -> None:
        held = world.enterprises.get(uscc)
        assert held is not None
        day = None if until is None else (world.clock.now() + timedelta(days=until)).date().isoformat()
        facts = held.model_dump(mode="json")["facts"] | {name: {"value": value, "valid_until": day}}
        world.add(type(held).model_validate(held.model_dump(mode="json") | {"facts": facts}))

    return step


def dishonest(uscc: str, flagged: bool) -> Step:
    def step(world: JobWorld) -> None:
        held = world.enterprises.get(uscc)
        assert held is not None
        flags = [{"type": "严重违法失信", "since": "2026-01-01"}] if flagged else []
        world.add(type(held).model_validate(held.model_dump(mode="json") | {"records": {"credit_flags": flags}}))

    return step


def new_version(name: str) -> Step:
    def step(world: JobWorld) -> None:
        held = world.policies[name]
        world.policies = world.policies | {name: held.model_copy(update={"version": held.version + 1})}

    return step


def dry(is_dry: bool) -> Step:
    def step(world: JobWorld) -> None:
        pool = AwardService(world.memory, lambda: world.policies)
        now = world.clock.now()
        pool.set_pool("县级奖补", now.year, 0 if is_dry else 100_000, "甲", "年度预算", now)

    return step


def one_at_once(uscc: str) -> Step:
    """As after a change: one enterprise on its own, which may tell, and may turn what the reconcile had seen."""
    return lambda world: world.run(PolicyPush(), enterprise=uscc)


def steps() -> st.SearchStrategy[Step]:
    codes = st.sampled_from(ALL)
    figures = st.sampled_from([("revenue", 500), ("revenue", 9800), ("employees_avg", 25), ("employees_avg", 3)])
    flags = st.sampled_from([("in_park", True), ("in_park", False), ("in_park", None)])
    facts = st.builds(
        lambda uscc, fact, until: change_fact(uscc, fact[0], fact[1], until),
        codes,
        figures | flags,
        st.sampled_from([None, None, 1]),
    )
    rare = st.one_of(
        st.builds(dishonest, codes, st.booleans()),
        st.builds(new_version, st.sampled_from(["P90", "P92"])),
        st.builds(dry, st.booleans()),
        st.builds(one_at_once, codes),
    )
    return facts | facts | rare


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(steps(), max_size=3), min_size=2, max_size=6), st.booleans())
def test_it_equals_the_full_look(nights: list[list[Step]], demo: bool) -> None:
    ours, full = county(), county()
    for night in nights:
        for world in (ours, full):
            for step in night:
                step(world)
            if demo and night:
                world.demo()
        assert said(ours.run(PolicyPush())) == said(full.run(FullLook()))
        assert state(ours) == state(full)
        for world in (ours, full):
            world.clock.advance(timedelta(days=1))


# ---------------------------------------------------------------- what it saves, and what it must not lose


def come_to_rest(world: JobWorld) -> None:
    """Told the first night, looked at again the second, passed over the third."""
    found = []
    for _ in range(3):
        found.append(looks(world))
        world.clock.advance(timedelta(days=1))
    assert found == [len(ALL), len(ALL), 0]


def restful() -> JobWorld:
    world = JobWorld(policy("P90"))
    for uscc in ALL:
        world.add(enterprise(uscc))
        world.person(f"o-{uscc}", uscc)
    return world


def test_who_has_nothing_left_to_be_told_is_passed_over() -> None:
    world = restful()
    come_to_rest(world)
    world.add(enterprise(E09, revenue=5), enterprise(E01, revenue=9801))
    assert looks(world) == 1  # the other one's figure has changed, its outcome has not
    assert "P90" in told_by(world.memory, E09).unmatched
    world.policies = {"P90": world.policies["P90"].model_copy(update={"version": 2})}
    assert looks(world) == len(ALL)


def test_a_match_lost_and_won_between_two_nights_is_told() -> None:
    """By night the bits are as they were; only the look in between knows."""
    world = restful()
    come_to_rest(world)
    for revenue in (5, 9800):
        world.add(enterprise(E09, revenue=revenue))
        if revenue == 5:
            world.run(PolicyPush(), enterprise=E09)
    world.deliver()
    before = len(world.texts(f"o-{E09}"))
    world.run(PolicyPush())
    world.deliver()
    assert "资料更新后新符合" in world.texts(f"o-{E09}")[before]


@pytest.mark.parametrize("left", range(1, 12))
def test_a_run_that_breaks_off_is_made_up_for(left: int) -> None:
    """Killed after any number of writes, and the outcome turned back by the next night: it is told all the same."""
    world = restful()
    come_to_rest(world)
    world.add(enterprise(E09, revenue=5))
    world.store.left = left
    try:
        world.run(PolicyPush())
    except Killed:
        pass  # where it broke off is what this is about
    world.store.left = None
    seen = told_by(world.memory, E09).unmatched
    world.add(enterprise(E09))
    world.clock.advance(timedelta(days=1))
    result = world.run(PolicyPush())
    assert result.queued == (1 if seen else 0)


def test_a_window_that_opened_in_silence_is_told_when_the_way_changes() -> None:
    """Who gets it without applying needs no word of the window; who then has to apply does, outcome unchanged."""
    opens = NOW.date() + timedelta(days=2)
    automatic = [{"when": {"fact": "in_park", "op": "==", "value": True}, "mode": "AUTO"}]
    world = JobWorld(policy("P95", apply_from=opens, mode_overrides=automatic))
    world.add(enterprise(E01))
    world.person("o-1", E01)
    change_fact(E01, "in_park", True, None)(world)
    for _ in range(5):
        world.run(PolicyPush())
        world.clock.advance(timedelta(days=1))
    change_fact(E01, "in_park", False, None)(world)
    assert world.run(PolicyPush()).queued == 1


def test_of_two_runs_at_a_time_one_does_not_save() -> None:
    store = MemoryStore(FixedClock(NOW))
    first, second = kept_looks.load(store), kept_looks.load(store)
    mine = kept_looks.claim(store, first)
    assert mine is not None and kept_looks.claim(store, second) is None
    later = kept_looks.claim(store, kept_looks.load(store))
    kept_looks.save(store, first, mine, "m", [Look(E01, b"\1")])
    assert not kept_looks.load(store).looks
    assert later is not None
    kept_looks.save(store, first, later, "m", [Look(E01, b"\1")])
    assert kept_looks.load(store).same(E01, "m", b"\1")


def test_only_blocks_that_differ_are_written() -> None:
    store = MemoryStore(FixedClock(NOW))
    looks = [Look(f"91360323{number:010}", bytes((number % 4, 1))) for number in range(3000)]

    def night(some: list[Look]) -> set[tuple[str, str, int]]:
        kept = kept_looks.load(store)
        mine = kept_looks.claim(store, kept)
        assert mine is not None
        kept_looks.save(store, kept, mine, "m", some)
        again = kept_looks.load(store)
        assert {code: row for code, (_, row) in again.looks.items()} == {look.uscc: look.outcomes for look in some}
        found = ((pk, sk, store.get(pk, sk)) for pk, sk in again.blocks)
        return {(pk, sk, record.version) for pk, sk, record in found if isinstance(record, Record)}

    first = night(looks)
    assert len(first) > 8
    assert night(looks) == first
    turned = [replace(look, outcomes=b"\3\3") if look is looks[7] else look for look in looks]
    assert len(night(turned) - first) == 1
    assert len(night(turned[:-1] + looks[-1:]) ^ night(looks[1:])) <= 6


def test_what_was_touched_while_it_ran_stays_touched() -> None:
    store = MemoryStore(FixedClock(NOW))
    kept_looks.touch(store, [E01, E09])
    kept = kept_looks.load(store)
    mine = kept_looks.claim(store, kept)
    kept_looks.touch(store, [E09])
    assert mine is not None
    kept_looks.save(store, kept, mine, "m", [Look(E01, b"\1"), Look(E09, b"\1")])
    again = kept_looks.load(store)
    assert again.same(E01, "m", b"\1") and not again.same(E09, "m", b"\1")
    assert again.touched and not KeptLooks().same(E01, "m", b"\1")


def test_random_counties_stay_in_step() -> None:
    """A longer run than the shrinkable ones: thirty nights, seeded."""
    chance = random.Random(5)
    ours, full = county(), county()
    for _ in range(30):
        turns = []
        for _ in range(chance.choice((0, 0, 1, 2))):
            name, value = chance.choice([("revenue", 5), ("revenue", 9800), ("in_park", True)])
            turns.append(change_fact(chance.choice(ALL), name, value, None))
        for world in (ours, full):
            for turn in turns:
                turn(world)
        assert said(ours.run(PolicyPush())) == said(full.run(FullLook()))
        assert state(ours) == state(full)
        for world in (ours, full):
            world.clock.advance(timedelta(days=1))

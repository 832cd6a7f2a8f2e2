"""A measure whose pool (资金池) is empty stops promising: no push, no sum; it starts again when the pool is filled."""

from __future__ import annotations

from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.service import DRY, PolicyService
from tests.unit.jobs.support import E01, TODAY, JobWorld, enterprise, policy

RULE = policy("P90", pool="工业发展专项资金", benefit={"kind": "fixed", "amount": 1000})
FREE = policy("P91", benefit={"kind": "fixed", "amount": 1000})


def county() -> tuple[JobWorld, AwardService]:
    world = JobWorld(RULE, FREE)
    world.add(enterprise(E01))
    world.person("o-legal", E01)
    return world, AwardService(world.memory, lambda: world.policies)


def fill(world: JobWorld, awards: AwardService, fen: int, year: int = 2026) -> None:
    awards.set_pool("工业发展专项资金", year, fen, "甲", "年度预算", world.clock.now())


def benefits(world: JobWorld, awards: AwardService) -> dict[str, str]:
    service = PolicyService(world.policies, awards.dry_pools)
    firm = world.enterprises.get(E01)
    assert firm is not None
    return {d.policy: d.benefit.text if d.benefit else "" for d in service.check(firm, TODAY)}


def test_an_empty_pool_promises_nothing_and_a_filled_one_does() -> None:
    world, awards = county()
    promised = benefits(world, awards)
    assert DRY not in promised.values()  # a pool that nobody registered says nothing of its money
    fill(world, awards, 0)
    assert benefits(world, awards) == {**promised, "P90": DRY}
    assert world.run("policy-push").skipped == {"资金池已用完": 1}
    fill(world, awards, 100_000)
    assert benefits(world, awards) == promised


def test_what_was_held_back_is_told_when_the_pool_is_filled() -> None:
    world, awards = county()
    fill(world, awards, 0)
    world.run("policy-push")
    assert {line for n in world.notices.of_person("o-legal") for line in n.lines if "P90" in line} == set()
    fill(world, awards, 100_000)
    world.clock.advance(24 * 3600)
    assert world.run("policy-push").queued == 1
    assert any("P90" in line for n in world.notices.of_person("o-legal") for line in n.lines)


def test_last_years_pool_says_nothing_of_this_year() -> None:
    world, awards = county()
    fill(world, awards, 0, year=2025)
    assert DRY not in benefits(world, awards).values()

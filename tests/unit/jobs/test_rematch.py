"""What has changed is matched again at once: what is asked for, who is told, and that nobody is told twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.enterprises.service import EnterpriseService
from chalicelib.notices.quiet import QuietHours
from chalicelib.policies.model import Modifier, Policy, State
from chalicelib.policies.rematch import MANY, SETTLES_SECONDS, Gathered, Rematch
from chalicelib.queue_names import MATCHING
from chalicelib.shards import shard
from jobs.rematch import Rematching
from tests.unit.jobs.support import E01, E12, JobWorld, enterprise, policy
from tests.unit.policies.awards.support import uscc


class Changing(JobWorld):
    """A county whose register says what changes."""

    def __init__(self, *policies: Policy) -> None:
        super().__init__(*policies)
        self.rematch = Rematch(self.memory, lambda: self.queue)
        self.enterprises = EnterpriseService(self.memory, self.rematch.enterprises)
        self.received: Counter[str] = Counter()

    def publish(self, *policies: Policy) -> None:
        self.policies |= {each.id: each for each in policies}
        self.rematch.policies([each.id for each in policies])

    def settle(self) -> int:
        """Work the queue off; returns notices queued."""
        self.clock.advance(timedelta(seconds=SETTLES_SECONDS))
        queued = 0
        while messages := self.queue.receive(MATCHING):
            for message in messages:
                self.received["walk" if "policies" in message.body else "shard"] += 1
                queued += Rematching(self.context, self.rematch).work_off(message.body)
                self.queue.ack(MATCHING, message.receipt)
        return queued


@pytest.fixture
def world() -> Changing:
    world = Changing(policy("P90"))
    world.add(enterprise(E01, revenue=5))
    world.person("o-1", E01)
    world.settle()
    return world


def test_a_profile_that_matches_now_is_told_at_once_and_not_by_the_daily_run_again(world: Changing) -> None:
    assert world.run("policy-push").planned == 0  # looked at: no match
    world.add(enterprise(E01))
    assert world.settle() == 1
    world.deliver()
    assert "资料更新后新符合" in world.texts("o-1")[0]
    again = world.run("policy-push")
    assert (again.planned, again.skipped) == (0, {"已告知": 1})


def test_changes_in_a_row_are_one_message_and_one_digest(world: Changing) -> None:
    world.publish(policy("P91", condition={"fact": "revenue", "op": ">=", "value": 2000}))
    world.settle()
    world.received.clear()
    for revenue in (1500, 1800, 9800):
        world.add(enterprise(E01, revenue=revenue))
    assert world.settle() == 1
    assert world.received == {"shard": 1}
    world.deliver()
    assert "2" in world.texts("o-1")[0]  # both policies in one digest
    assert world.settle() == 0


def test_a_change_while_the_message_is_worked_off_has_a_message_of_its_own(world: Changing) -> None:
    world.add(enterprise(E01, revenue=50))
    number = shard(E01)
    rows = world.rematch.taken(number, 10)
    world.add(enterprise(E01))  # between the look and its end
    for row in rows:
        world.rematch.done(row)
    assert world.settle() == 1
    assert world.rematch.taken(number, 10) == []


def test_a_sender_that_died_before_its_message_does_not_silence_the_next_one(world: Changing) -> None:
    def dies() -> object:
        raise RuntimeError("killed")

    dying = EnterpriseService(world.memory, Rematch(world.memory, dies).enterprises)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        dying.save(enterprise(E01, revenue=50), world.clock.now())
    world.clock.advance(timedelta(minutes=11))
    world.add(enterprise(E01))
    assert world.settle() == 1


def test_a_published_policy_finds_those_it_is_for(world: Changing) -> None:
    world.add(enterprise(E12))
    world.person("o-12", E12)
    world.settle()
    world.publish(policy("P91", condition={"fact": "revenue", "op": "<", "value": 10}))
    assert world.settle() == 1
    world.deliver()
    assert "政策P91" in world.texts("o-1")[0]
    assert "政策P91" not in "".join(world.texts("o-12"))


def test_a_draft_or_a_suspended_policy_is_walked_over_for_nobody(world: Changing) -> None:
    world.publish(policy("P91", state=State.SUSPENDED, condition={"fact": "revenue", "op": "<", "value": 10}))
    assert world.settle() == 0
    assert world.received["walk"] == 1


def test_a_general_rule_is_matched_with_everybody_and_all_policies(world: Changing) -> None:
    """总则: it may lift or scale what the others give."""
    silent = EnterpriseService(world.memory)
    silent.save(enterprise(E01), world.clock.now())  # nobody was told that this changed
    rule = Modifier(when={"fact": "revenue", "op": "<", "value": 1}, effect="veto", reason="示例")
    world.publish(policy("P92", modifiers=(rule,), condition={"fact": "revenue", "op": "<", "value": 1}))
    assert world.settle() == 1


def test_a_walk_goes_over_everybody_once_in_batches() -> None:
    world = Changing(policy("P90"))
    codes = [uscc(number) for number in range(230)]
    silent = EnterpriseService(world.memory)
    for number, code in enumerate(codes):
        silent.save(enterprise(code, name=f"芦溪第{number}有限公司"), world.clock.now())
    world.person("o-first", min(codes))
    world.person("o-last", max(codes))
    world.publish(policy("P90"))
    assert world.settle() == 2
    assert world.received["walk"] == 3
    world.publish(policy("P90"))
    assert world.settle() == 0


def test_many_changes_become_one_walk_over_all() -> None:
    world = Changing(policy("P90"))
    gathered = Gathered(world.rematch)
    for number in range(MANY + 1):
        gathered.add([f"code-{number}"])
    gathered.ask(world.clock.now())
    assert world.settle() == 0
    assert world.received == {"walk": 1}


def test_in_quiet_hours_everything_is_left_to_the_daily_run(world: Changing) -> None:
    world.notices.quiet = QuietHours()
    world.clock.advance(timedelta(hours=13))  # 22:00
    world.add(enterprise(E01))
    assert world.settle() == 0
    world.clock.advance(timedelta(hours=10, minutes=30))  # 08:30
    assert world.run("policy-push").queued == 1


def test_the_day_has_one_digest_whoever_asks_for_it(world: Changing) -> None:
    world.add(enterprise(E01))
    assert world.settle() == 1
    world.publish(policy("P91"))
    assert world.settle() == 0
    world.clock.advance(timedelta(days=1))
    assert world.run("policy-push").queued == 1


def test_a_message_that_comes_twice_tells_once(world: Changing) -> None:
    world.add(enterprise(E01))
    body = {"policies": [], "after": ""}
    first = Rematching(world.context, world.rematch).work_off(body)
    assert (first, Rematching(world.context, world.rematch).work_off(body)) == (1, 0)

"""全省匹配 by queue: the job asks, the consumer matches shard by shard, and who has news is told as in a county."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.joining import JoinService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import QUEUES, Priority
from chalicelib.notices.quiet import QuietHours
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.model import Modifier, Policy, State
from chalicelib.policies.nights import NightBook, ShardResult
from chalicelib.policies.rematch import SETTLES_SECONDS, Rematch
from chalicelib.queue_names import MATCHING, MATCHING_SHARDS
from jobs.core import JobError, When
from jobs.policy_push import MOST_AT_ONCE
from jobs.province.consumer import ShardMatching
from jobs.province.files import name_of, shard_of
from jobs.province.job import DONE_BEFORE, NOT_FOR_HERE, QUIET, ProvinceMatch
from jobs.province.rules import rules_of
from jobs.province.shards import Shard, pack_shard
from jobs.rematch import AT_ONCE, Rematching
from tests.unit.jobs.support import E01, E09, E11, E12, TODAY, JobWorld, enterprise, policy
from tests.unit.policies.awards.support import uscc

SHARDS = 2
TOMORROW = TODAY + timedelta(days=1)
SMALL = {"fact": "revenue", "op": "<", "value": 1000}


class Province(JobWorld):
    def __init__(self, *policies: Policy, **more: Any) -> None:
        super().__init__(*policies, **more)
        self.rematch = Rematch(self.memory, lambda: self.queue)
        self.context = replace(self.context, province=True, queue=lambda: self.queue)
        self.profiles: dict[str, Enterprise] = {}

    def have(self, *enterprises: Enterprise) -> None:
        self.add(*enterprises)
        self.profiles |= {each.uscc: each for each in enterprises}

    def export(self, day: date) -> None:
        """What the export of the register writes."""
        for number in range(SHARDS):
            codes = sorted(code for code in self.profiles if shard_of(code, SHARDS) == number)
            sheets = [fact_sheet(self.profiles[code], day).values for code in codes]
            columns = {name: encode(FACTS[name].type, [sheet.get(name) for sheet in sheets]) for name in FACTS}
            shard = Shard(np.array([code.encode() for code in codes]), Columns(len(codes), columns))
            self.blobs.put(name_of(day.isoformat(), "columns", number), pack_shard(shard))

    def match(self, *, most: int = 10) -> None:
        """What match_shard does with up to ``most`` messages."""
        for message in self.queue.receive(MATCHING_SHARDS, limit=most):
            ShardMatching(self.context, self.blobs, self.rematch).work_off(message.body)
            self.queue.ack(MATCHING_SHARDS, message.receipt)

    def night(self, day: date) -> ShardResult:
        self.export(day)
        self.run("province-match", as_of=day)
        self.match()
        return sum(NightBook(self.memory).results(day.isoformat()).values(), ShardResult())

    def handed_on(self) -> set[str]:
        """Enterprises that are to be matched in detail, and their digests queued."""
        found = {record.sk for n in range(8) for record in self.memory.query(f"rematch#{n}", prefix="uscc#").records}
        self.match_again()
        return {sk.removeprefix("uscc#") for sk in found}

    def match_again(self) -> list[int]:
        """What the consumer of ``matching`` does until nothing is left; digests queued by each message."""
        self.clock.advance(timedelta(seconds=SETTLES_SECONDS))
        queued = []
        while messages := self.queue.receive(MATCHING):
            for message in messages:
                queued.append(Rematching(self.context, self.rematch).work_off(message.body))
                self.queue.ack(MATCHING, message.receipt)
        return queued


@pytest.fixture
def world() -> Province:
    world = Province(policy("P90"))
    world.have(*(enterprise(code, revenue=5) for code in (E01, E09, E11, E12)))
    world.person("o-1", E01)
    world.night(TODAY)
    return world


def test_who_newly_matches_is_told_once_and_with_reasons(world: Province) -> None:
    assert world.handed_on() == set()
    world.clock.advance(timedelta(days=1))
    world.have(enterprise(E01), enterprise(E09))
    second = world.night(TOMORROW)
    assert (second.enterprises, second.news, second.told) == (4, 2, 2)
    assert world.handed_on() == {E01}  # nobody is bound to the other
    world.deliver()
    assert len(world.texts("o-1")) == 1 and "政策P90" in world.texts("o-1")[0]
    again = world.run("province-match", as_of=TOMORROW)
    assert (again.planned, again.queued, again.skipped) == (0, 0, {DONE_BEFORE: SHARDS})


def test_only_shards_that_are_not_done_are_asked_for_again(world: Province) -> None:
    world.export(TOMORROW)
    assert world.run("province-match", as_of=TOMORROW).queued == SHARDS
    world.match(most=1)
    job = ProvinceMatch()
    half = job.progress(world.context, TOMORROW)
    assert half and (half.done, half.of, half.failed, half.is_over) == (1, SHARDS, 0, False)
    assert world.run("province-match", as_of=TOMORROW).queued == SHARDS - 1
    world.match()
    done = job.progress(world.context, TOMORROW)
    assert done and done.is_over and f"{SHARDS}/{SHARDS} 片，4 家" in done.sentence and "比 2026-11-23" in done.sentence
    assert job.progress(world.context, TODAY + timedelta(days=9)) is None


def test_a_shard_that_was_given_up_ends_the_waiting(world: Province) -> None:
    world.export(TOMORROW)
    world.run("province-match", as_of=TOMORROW)
    world.blobs.delete(name_of(TOMORROW.isoformat(), "columns", 1))
    for _ in range(20):
        for message in world.queue.receive(MATCHING_SHARDS, visibility_seconds=1):
            with pytest.raises(LookupError) if message.body["shard"] else nullcontext():
                ShardMatching(world.context, world.blobs, world.rematch).work_off(message.body)
                world.queue.ack(MATCHING_SHARDS, message.receipt)
        world.clock.advance(timedelta(seconds=2))
    stuck = ProvinceMatch().progress(world.context, TOMORROW)
    assert stuck and (stuck.done, stuck.failed, stuck.is_over) == (1, 1, True)


def test_a_night_is_compared_with_the_last_that_came_to_its_end(world: Province) -> None:
    world.export(TOMORROW)
    world.run("province-match", as_of=TOMORROW)
    world.match(most=1)  # broken off
    world.have(enterprise(E01))
    third = TODAY + timedelta(days=2)
    assert world.night(third).news == 1
    night = NightBook(world.memory).get(third.isoformat())
    assert night is not None and night.before == TODAY.isoformat()


def test_what_cannot_be_is_said(world: Province) -> None:
    with pytest.raises(JobError, match="没有 2026-11-30 的企业列"):
        world.run("province-match", as_of=date(2026, 11, 30))
    with pytest.raises(JobError, match="policy-push --enterprise"):
        world.run("province-match", enterprise=E01)
    world.notices.quiet = QuietHours.parse("08:00-20:00")
    assert world.run("province-match", as_of=TODAY).skipped == {QUIET: 1}
    county = replace(world.context, province=False)
    assert ProvinceMatch().plan(county, When(TODAY, world.clock.now())).skipped == {NOT_FOR_HERE: 1}


Change = Callable[[Province], object]


def publish(*policies: Policy) -> Change:
    return lambda world: world.policies.update({each.id: each for each in policies})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda world: None, 0),
        (publish(policy("P91", condition=SMALL)), 4),
        (publish(policy("P92", state=State.SUSPENDED, condition=SMALL)), 0),
        (publish(policy("P93", prov=["R"], verified_at=None, verified_by=None, condition=SMALL)), 0),
    ],
)
def test_a_new_policy_is_news_for_all_it_is_for(world: Province, change: Change, told: int) -> None:
    change(world)
    assert world.night(TOMORROW).told == told


def test_a_new_version_and_the_first_day_to_apply_are_news_again() -> None:
    opens = policy("P90", apply_from=TOMORROW.isoformat())
    names = {rules_of({"P90": each}, day)[0].name for each in (opens, bumped(opens)) for day in (TODAY, TOMORROW)}
    assert len(names) == 4


def bumped(one: Policy) -> Policy:
    return one.model_copy(update={"version": one.version + 1})


def test_policies_are_left_out_while_their_pool_is_dry_or_they_are_over() -> None:
    rule = policy("P90", pool="县级奖补", valid_to=TODAY.isoformat())
    assert rules_of({"P90": rule}, TODAY)[0].name.startswith("P90#")
    left = [rules_of({"P90": rule}, TODAY, dry=["县级奖补"]), rules_of({"P90": rule}, TOMORROW)]
    assert not any(each.name.startswith("P90") for rules in left for each in rules)


@pytest.mark.parametrize("fact", [{"acre_grade": {"value": "D"}}, {"has_severe_dishonesty": {"value": True}}])
def test_who_is_let_in_again_or_shut_out_is_looked_at(world: Province, fact: dict[str, object]) -> None:
    """Their own conditions come out as before; 总则 and dishonesty decide."""
    gate = Modifier(when={"fact": "acre_grade", "op": "==", "value": "D"}, effect="veto", reason="D 类")
    world.policies["P91"] = policy("P91", modifiers=[gate.model_dump(mode="json")])
    world.night(TOMORROW)
    facts = {"revenue": {"value": 5, "unit": "万元"}}
    told = []
    for number, now in enumerate((fact, {}, fact), 2):
        world.have(enterprise(E09, facts={**facts, "acre_grade": {"value": "A"}, **now}))
        told.append(world.night(TODAY + timedelta(days=number)).told)
    assert told == [1, 1, 1]


def test_digests_go_out_in_batches_within_what_the_platform_takes() -> None:
    """250 enterprises newly match: matched by the hundred, a message each, no faster than the platform lets us."""
    world = Province(policy("P90"), per_second=20)
    codes = [uscc(number) for number in range(250)]
    world.have(*(enterprise(code, revenue=5) for code in codes))
    for number, code in enumerate(codes):
        world.person(f"o-{number}", code)
    world.night(TODAY)
    world.clock.advance(timedelta(days=1))
    world.have(*(enterprise(code) for code in codes))
    assert world.night(TOMORROW).told == 250
    steps = world.match_again()
    assert sum(steps) == 250 and max(steps) <= AT_ONCE
    waiting = {name: world.queue.depth(name) for name in QUEUES.values()}
    assert waiting == {**dict.fromkeys(QUEUES.values(), 0), QUEUES[Priority.BULK]: 250}
    sent = []
    while world.queue.depth(QUEUES[Priority.BULK]):
        before = len(world.platform.calls)
        world.deliver()
        sent.append(len(world.platform.calls) - before)
        world.clock.advance(timedelta(seconds=1))
    assert sum(sent) == 250 and max(sent) <= 20
    assert len({call.openid for call in world.platform.calls}) == 250


def test_who_has_more_news_than_a_digest_holds_hears_the_rest_the_next_days(world: Province) -> None:
    """A county's daily run would find them again by itself."""
    many = MOST_AT_ONCE * 2 + 5
    world.policies |= {f"P{number}": policy(f"P{number}", condition=SMALL) for number in range(100, 100 + many)}
    told = []
    for number in range(1, 5):
        world.clock.advance(timedelta(days=1))
        world.night(TODAY + timedelta(days=number))
        world.match_again()
        rows = world.memory.query(f"told#{E01}", limit=1000).records
        told.append(len([row for row in rows if not row.sk.startswith("seen")]))
    assert told[:3] == [MOST_AT_ONCE, MOST_AT_ONCE * 2, many] and told[3] == many


def test_who_is_bound_or_agrees_after_the_news_is_looked_at_then() -> None:
    asked: list[str] = []

    def ask(usccs: Collection[str], now: datetime) -> None:
        asked.extend(usccs)

    world = Province(policy("P90"))
    bindings = BindingService(world.memory, ask)
    consents = ConsentService(
        world.memory, lambda openid, now: ask([each.uscc for each in bindings.of_person(openid)], now)
    )
    now = world.clock.now()
    bindings.redeem("o-1", bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    assert asked == [E01]
    consents.grant("o-1", [Scope.POLICY_PUSH], "v1", "page", now)
    assert asked == [E01, E01]
    applied = JoinService(world.memory, bindings).ask("o-2", E01, Role.FINANCE, "李四", now)
    JoinService(world.memory, bindings).confirm("o-1", E01, applied.ref, applied.digits, now)
    assert asked == [E01, E01, E01]

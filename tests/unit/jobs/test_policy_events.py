"""Events of matching (facts §3.0): each is told once with its key (enterprise, policy, version, event)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.policies import decisions
from jobs.told import told_by
from tests.unit.jobs.support import E01, E09, TODAY, JobWorld, enterprise, policy
from tests.unit.jobs.test_policy_push import county

DAY = timedelta(days=1)


def keys(world: JobWorld, uscc: str = E01) -> set[str]:
    return set(told_by(world.memory, uscc).days)


def push(world: JobWorld, days: int = 0, **more: Any) -> list[str]:
    """The lines of the digest of that day."""
    result = world.run("policy-push", as_of=TODAY + days * DAY, **more)
    return [line for item in result.plan.notices for line in item.notice.lines]


def test_a_profile_that_changed_and_matches_now() -> None:
    world = county(policy("P90"))
    world.add(enterprise(E01, revenue=900))
    assert push(world) == []
    world.add(enterprise(E01, revenue=1200))
    assert push(world, 1) == ["可享 1 政策P90 · 需要主动申请 · 资料更新后新符合"]
    assert keys(world) == {"P90#1#profile_changed_now_match"}
    assert push(world, 2) == []


def test_lost_and_regained_is_told_once_more_and_then_never() -> None:
    world = county(policy("P90"))
    assert push(world) == ["可享 1 政策P90 · 需要主动申请"]
    for days, told in ((2, 1), (4, 0)):
        world.add(enterprise(E01, revenue=1))
        assert push(world, days - 1) == []
        world.add(enterprise(E01, revenue=1200))
        assert len(push(world, days)) == told
    assert keys(world) == {"P90#1#policy_new", "P90#1#profile_changed_now_match"}


def test_what_could_not_be_told_today_is_told_another_day() -> None:
    """The digest of the day is taken; the news is not lost."""
    world = county(policy("P90"), policy("P91", condition={"fact": "assets", "op": ">", "value": 1}))
    push(world)
    world.add(enterprise(E01, facts={"revenue": 9800, "assets": 5}))
    assert push(world) == []
    assert push(world, 1) == ["可享 1 政策P91 · 需要主动申请 · 资料更新后新符合"]


def test_without_consent_the_change_waits() -> None:
    world = JobWorld(policy("P90"))
    world.person("o-1", E01, Role.LEGAL, Scope.CASE_ALERT)
    for revenue in (1, 1200):
        world.add(enterprise(E01, revenue=revenue))
        assert push(world) == []
    world.consents.grant("o-1", [Scope.POLICY_PUSH], "v1", "page", world.clock.now())
    assert push(world, 1) == ["可享 1 政策P90 · 需要主动申请 · 资料更新后新符合"]


def test_a_changed_version() -> None:
    world = county(policy("P90"))
    push(world)
    world.policies["P90"] = policy("P90", version=2)
    assert push(world, 1) == ["可享 1 政策P90 · 需要主动申请 · 政策有更新"]
    assert keys(world) == {"P90#1#policy_new", "P90#2#policy_changed"}
    assert push(world, 2) == []


def test_a_policy_that_comes_into_force_is_new() -> None:
    world = county(policy("P90", valid_from=str(TODAY + 3 * DAY)))
    assert push(world) == []
    assert push(world, 3) == ["可享 1 政策P90 · 需要主动申请"]


@pytest.mark.parametrize(("mode", "told"), [("APPLY", 1), ("AUTO", 0)])
def test_the_window_opens(mode: str, told: int) -> None:
    world = county(policy("P90", apply_from=str(TODAY + 5 * DAY), mode=mode))
    assert len(push(world)) == 1
    assert push(world, 4) == []
    opened = push(world, 6)
    assert len(opened) == told and all(line.endswith("现在可以申报") for line in opened)
    assert push(world, 7) == []


def test_credit_may_be_repaired_once_and_nothing_else_reaches_it() -> None:
    relief = policy("P90", category="减免", condition={"fact": "reg_status", "op": "==", "value": "存续"})
    world = JobWorld(relief, policy("P28", mode="NOTICE", category="权益", condition=relief.condition))
    flag = {"type": "严重违法失信", "since": "2024-01-01"}
    world.add(enterprise(E09, reg_status="存续", records={"credit_flags": [flag]}))
    world.person("o-9", E09)
    assert push(world) == ["请留意 1 政策P28"]
    assert keys(world, E09) == {"P28#1#credit_repairable"}
    assert push(world, 1) == []


def test_what_a_digest_rests_on_is_kept_and_replays_when_the_content_has_changed() -> None:
    world = county(policy("P90"))
    push(world)
    world.policies["P90"] = policy("P90", version=2, condition={"fact": "revenue", "op": ">=", "value": 99999})
    world.add(enterprise(E01, revenue=1))
    [kept] = decisions.kept_for(world.memory, E01)
    assert (kept.policy, kept.version, kept.used_for) == ("P90", 1, "政策提示：policy_new")
    assert kept.facts["revenue"].value == 9800
    replay = decisions.replay(world.memory, kept)
    assert replay.differences == () and replay.decision.outcome == "match"


def test_a_dry_run_keeps_nothing() -> None:
    world = county(policy("P90"))
    world.add(enterprise(E01, revenue=1))
    world.store.left = 1
    push(world, dry_run=True)
    world.store.left = None
    assert decisions.kept_for(world.memory, E01) == [] and not told_by(world.memory, E01).unmatched


def titled(expires_on: date, **more: Any) -> Any:
    quals = [{"code": "HNTE", "issued_on": "2023-11-20", "expires_on": str(expires_on)}]
    return enterprise(E01, records={"quals": quals}, **more)


def reminders(world: JobWorld, days: int = 0) -> list[str]:
    result = world.run("deadline-reminders", as_of=TODAY + days * DAY)
    return [item.notice.event for item in result.plan.notices]


def test_a_title_that_runs_out_is_told_three_times() -> None:
    world = JobWorld()
    world.person("o-1", E01)
    world.add(titled(TODAY + 182 * DAY))
    assert reminders(world) == []
    assert reminders(world, 2) == ["qual_expiring_T-180"]
    assert reminders(world, 3) == []
    assert reminders(world, 92) == ["qual_expiring_T-90"]
    assert reminders(world, 154) == ["qual_expiring_T-30"]
    assert reminders(world, 155) == []
    world.deliver()
    assert len(world.texts("o-1")) == 3
    assert all("高新技术企业" in text and "到期" in text for text in world.texts("o-1"))


def test_a_renewed_title_is_left_alone() -> None:
    world = JobWorld()
    world.person("o-1", E01)
    old = {"code": "HNTE", "issued_on": "2023-11-20", "expires_on": str(TODAY + 20 * DAY)}
    new = {"code": "HNTE", "issued_on": "2026-11-20", "expires_on": str(TODAY + 1000 * DAY)}
    world.add(enterprise(E01, records={"quals": [old, new]}))
    assert reminders(world) == []

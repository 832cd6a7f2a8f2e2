"""policy-push: who is told what, once, and why the others are not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.errors import Refusal
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import NoticeState
from tests.unit.jobs.support import E01, E09, E11, E12, RESULT_KEYS, TODAY, JobWorld, enterprise, policy


def county(*policies: object, demo: bool = False) -> JobWorld:
    world = JobWorld(*policies, demo=demo)  # type: ignore[arg-type]
    world.add(enterprise(E01))
    world.person("o-1", E01)
    return world


def test_one_digest_a_recipient_then_nothing_more_that_day() -> None:
    world = county(policy("P90"), policy("P91"))
    world.person("o-2", E01, Role.FINANCE)
    first = world.run("policy-push")
    assert (first.planned, first.queued, first.failed) == (2, 2, 0)
    again = world.run("policy-push")
    assert (again.planned, again.queued) == (0, 0)
    assert again.skipped == {"已告知": 2}
    world.deliver()
    assert len(world.texts("o-1")) == len(world.texts("o-2")) == 1
    assert "可享 1 政策P90 · 需要主动申请" in world.texts("o-1")[0]


def test_a_dry_run_writes_nothing_and_a_run_does_what_it_said() -> None:
    world = county(policy("P90"))
    world.store.left = 1  # the first write would kill it
    dry = world.run("policy-push", dry_run=True)
    world.store.left = None
    assert (dry.planned, dry.queued, dry.dry_run) == (1, 0, True)
    assert dry.sentence() == "计划推送 1 家 1 项；没有发送任何消息。"
    assert set(dry.document()) == RESULT_KEYS
    done = world.run("policy-push")
    assert [i.notice.id for i in done.plan.notices] == [i.notice.id for i in dry.plan.notices]
    assert done.sentence() == "计划推送 1 家 1 项；已处理 1 项。"


def test_an_expired_policy_is_never_pushed_and_counted_once() -> None:
    """Facts §8.1 no. 8."""
    world = county(policy("P90", valid_to="2025-12-31"))
    world.add(enterprise(E12))
    result = world.run("policy-push")
    assert (result.planned, result.skipped) == (0, {"已过期": 1})
    assert world.run("policy-push", as_of=date(2025, 12, 31)).planned == 1


def test_samples_only_in_a_demo() -> None:
    world = county(policy("P90", prov=["R"]))
    assert world.run("policy-push").skipped == {"示例数据": 1}
    world.demo()
    assert world.run("policy-push").planned == 1
    world.deliver()
    assert "示例数据" in world.texts("o-1")[0]


def test_no_consent_no_push_and_nothing_marked_as_told() -> None:
    """E12: matched but never pushed; when they agree later they are told."""
    world = JobWorld(policy("P90"))
    world.add(enterprise(E12))
    world.person("o-12", E12, Role.LEGAL, Scope.CASE_ALERT)
    assert world.run("policy-push").skipped == {"未授权": 1}
    world.consents.grant("o-12", [Scope.POLICY_PUSH], "v1", "page", world.clock.now())
    assert world.run("policy-push").planned == 1


def test_nobody_bound() -> None:
    world = JobWorld(policy("P90"))
    world.add(enterprise(E01))
    assert world.run("policy-push").skipped == {"未绑定": 1}


def test_e09_gets_the_credit_repair_notice_and_no_other() -> None:
    reward = policy("P90", condition={"all": [{"fact": "reg_status", "op": "==", "value": "存续"}]})
    repair = policy("P28", short="信用修复提醒", mode="NOTICE", condition=reward.condition)
    world = JobWorld(reward, repair)
    flag = {"type": "严重违法失信", "since": "2024-01-01"}
    world.add(enterprise(E09, reg_status="存续", records={"credit_flags": [flag]}))
    world.person("o-9", E09)
    result = world.run("policy-push")
    [item] = result.plan.notices
    assert (item.notice.kind, item.notice.event) == (NoticeKind.CREDIT_REPAIR, "credit_repairable")
    world.deliver()
    assert ["政策P90" in text for text in world.texts("o-9")] == [False]


def test_a_nearly_empty_profile_is_not_pushed_but_counted_in_a_digest() -> None:
    world = JobWorld(policy("P90"), policy("P91", condition={"all": [{"fact": "assets", "op": ">", "value": 1}]}))
    world.add(enterprise(E11, revenue=None), enterprise(E01))
    world.person("o-11", E11)
    world.person("o-1", E01)
    result = world.run("policy-push")
    assert [item.notice.uscc for item in result.plan.notices] == [E01]
    world.deliver()
    assert "待补充 1 项" in world.texts("o-1")[0]


def test_a_new_version_is_told_again_on_another_day() -> None:
    world = county(policy("P90"))
    world.run("policy-push")
    world.policies["P90"] = policy("P90", version=2)
    assert world.run("policy-push").skipped == {"今日已推": 1}
    assert world.run("policy-push", as_of=TODAY + timedelta(days=1)).planned == 1
    assert world.run("policy-push", as_of=TODAY + timedelta(days=2)).skipped == {"已告知": 1}


def test_many_matches_are_named_up_to_five() -> None:
    world = county(*[policy(f"P{n}") for n in range(50, 100)])
    result = world.run("policy-push")
    [item] = result.plan.notices
    assert len([line for line in item.notice.lines if line.startswith("可享")]) == 5
    assert item.notice.fields["thing1"] == "政策P50等40项"
    assert all(len(value) <= 20 for key, value in item.notice.fields.items() if key.startswith("thing"))
    assert result.queued == 1
    assert (
        world.run("policy-push", as_of=TODAY + timedelta(days=1)).plan.notices[0].notice.title == "有 10 项政策与您有关"
    )


def test_many_people_at_one_enterprise() -> None:
    world = county(*[policy(f"P{n}") for n in range(50, 95)])
    for n in range(2, 70):
        world.person(f"o-{n}", E01)
    assert world.run("policy-push").queued == 69


def test_one_enterprise_only() -> None:
    world = county(policy("P90"))
    world.add(enterprise(E12))
    world.person("o-12", E12)
    assert world.run("policy-push", enterprise=E12).queued == 1
    assert world.run("policy-push").queued == 1
    with pytest.raises(Refusal, match="没有统一社会信用代码"):
        world.run("policy-push", enterprise="91360323MAXX000237")


def test_withdrawn_between_match_and_send() -> None:
    """Facts §8.1 no. 23."""
    world = county(policy("P90"))
    world.run("policy-push")
    world.consents.withdraw("o-1", [Scope.POLICY_PUSH], "chat", world.clock.now())
    world.deliver()
    assert world.platform.calls == []
    assert [n.state for n in world.notices.inbox(E01)] == [NoticeState.CANCELLED]


def test_a_broken_profile_does_not_keep_the_news_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    world = county(policy("P90"))
    broken = enterprise(E12).model_copy(update={"facts": None})
    found = [broken, enterprise(E01)]
    world.enterprises.all = lambda: iter(found)  # type: ignore[method-assign,assignment,return-value]
    result = world.run("policy-push")
    assert (result.queued, result.failed) == (1, 1)
    assert "失败 1 项" in result.sentence()
    assert E12 not in caplog.text


def test_a_bare_announcement_is_not_called_a_benefit_and_dates_say_their_year() -> None:
    world = county(policy("P90", mode="NOTICE"), policy("P91", valid_to="2027-12-31"))
    [item] = world.run("policy-push").plan.notices
    assert item.notice.kind is NoticeKind.POLICY_DIGEST
    assert item.notice.lines == ("请留意 1 政策P90", "可享 2 政策P91 · 需要主动申请 · 2027年12月31日截止")
    assert item.notice.fields["time4"] == "2027年12月31日 23:59"

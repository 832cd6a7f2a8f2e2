"""One notice from the ledger to the person, and every answer the platform may give."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import QUEUES, Channel, NoticeKind, Priority
from chalicelib.notices.model import CHINESE, RETRYABLE, TRANSITIONS, NoticeError, NoticeState
from chalicelib.notices.quiet import QuietHours
from chalicelib.ports import Outcome, Reaction
from tests.unit.notices.support import LEGAL, OK, USCC, World, notice

S = NoticeState


@pytest.fixture
def world() -> World:
    return World()


def state(world: World, notice_id: str) -> NoticeState:
    return world.notices.show(notice_id).state


def test_placed_queued_sent_and_received(world: World) -> None:
    one = notice()
    assert world.place(one) == 1
    assert state(world, one.id) is S.QUEUED
    world.work()
    sent = world.notices.show(one.id)
    assert sent.state is S.ACCEPTED
    assert sent.channel is Channel.TEMPLATE
    call = world.platform.calls[0]
    assert (call.channel, call.client_id, call.template_id) == ("template", one.id, "tmpl-loan")
    assert len(call.client_id) <= 32
    assert call.url is not None and call.url.startswith("https://example.test/h5/loans/L1?k=")

    world.notices.receipt(LEGAL, sent.message_id or "", True, "success", world.now)
    assert [c.state for c in world.notices.show(one.id).history] == [
        S.CREATED,
        S.QUEUED,
        S.SENDING,
        S.ACCEPTED,
        S.DELIVERED,
    ]
    assert all(change.cause for change in world.notices.show(one.id).history)


def test_the_same_change_is_the_same_notice(world: World) -> None:
    assert world.place(notice()) == 1
    assert world.place(notice()) == 0
    world.work()
    assert world.place(notice()) == 0
    assert world.place(notice(version="2")) == 1
    world.work()
    assert len(world.platform.calls) == 2


def test_a_repeated_queue_message_sends_nothing(world: World) -> None:
    one = notice()
    world.place(one)
    for _ in range(3):
        world.queue.send("notices-urgent", [{"notice": one.id}])
    world.work()
    assert len(world.platform.calls) == 1
    assert world.notices.deliver("nosuch", world.now).state is None


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        (Reaction.HELD, S.HELD),
        (Reaction.RETRY, S.FAILED_FOR_NOW),
        (Reaction.AMBIGUOUS, S.FAILED_FOR_NOW),
        (Reaction.PERSON_GONE, S.FAILED_FOR_GOOD),
        (Reaction.BAD_DATA, S.FAILED_FOR_GOOD),
        (Reaction.STOP_TEMPLATE, S.FAILED_FOR_NOW),
        (Reaction.STOP_ALL, S.FAILED_FOR_NOW),
        (Reaction.NEXT_CHANNEL, S.DELIVERED),  # by custom message, the next rung, which has no receipt
        (Reaction.CONSENT_LOST, S.DELIVERED),
    ],
)
def test_each_reaction_has_its_state(world: World, reaction: Reaction, expected: NoticeState) -> None:
    one = notice()
    world.place(one)
    world.platform.script = [(Outcome(reaction, code=1, field="thing1"), False)]
    world.work(limit=1)
    assert state(world, one.id) is expected


def test_held_for_review_is_never_sent_again(world: World) -> None:
    one = notice()
    world.place(one)
    world.platform.script = [(Outcome(Reaction.HELD, code=40252), True)]
    world.settle(60)
    assert len(world.platform.calls) == 1
    assert state(world, one.id) is S.HELD
    world.notices.receipt(LEGAL, "77", True, "success", world.now)  # an id we were never told
    assert state(world, one.id) is S.DELIVERED


def test_unclear_outcome_is_repeated_with_the_same_id_only_while_the_platform_remembers(world: World) -> None:
    one = notice()
    world.place(one)
    world.platform.script = [(Outcome(Reaction.AMBIGUOUS), True)] * 20
    world.settle(30)
    assert state(world, one.id) is S.MAYBE_SENT
    assert 2 <= len(world.platform.calls) <= 8
    assert {call.client_id for call in world.platform.calls} == {one.id}
    assert world.platform.seen[one.id] == 1


def test_unclear_outcome_without_a_client_id_is_left_to_an_operator(world: World) -> None:
    one = notice(subject="digest", kind=NoticeKind.POLICY_DIGEST)
    world.notices.subscriptions.accepted(LEGAL, "tmpl-policy", world.now)
    world.place(one)
    world.platform.script = [(Outcome(Reaction.AMBIGUOUS), True)]
    world.settle(30)
    assert state(world, one.id) is S.MAYBE_SENT
    assert len(world.platform.calls) == 1


OUTAGE = Outcome(Reaction.RETRY, detail="没有发出：NameResolutionError", retry_after=5, outage=True)


def test_an_outage_is_waited_out_and_counts_against_no_notice(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Hours without a way to the platform: what is still true goes out afterwards, busy as that may be then."""
    one, gone = notice(), notice("loan#2", expires_at=world.now + timedelta(hours=2))
    world.place(one, gone)
    busy = Outcome(Reaction.RETRY, code=45011, retry_after=60)
    world.platform.script = [(OUTAGE, False)] * 1000
    world.settle(150)
    assert len(world.platform.calls) < 60  # the longer, the rarer
    assert (state(world, one.id), state(world, gone.id)) == (S.FAILED_FOR_NOW, S.EXPIRED)
    alarms = [line for line in caplog.records if "takes nothing" in line.message]
    assert [vars(line)["detail"] for line in alarms] == [OUTAGE.detail] * 2  # once a notice
    world.platform.script = [(busy, False)] * 3
    world.settle(25)
    assert state(world, one.id) is S.ACCEPTED


def test_an_outage_does_not_settle_a_doubt(world: World) -> None:
    one = notice()
    world.place(one)
    world.platform.script = [(Outcome(Reaction.AMBIGUOUS), True), *[(OUTAGE, False)] * 50]
    world.settle(15)
    assert state(world, one.id) is S.MAYBE_SENT


def test_clear_failures_are_bounded(world: World) -> None:
    one = notice()
    world.place(one)
    world.platform.script = [(Outcome(Reaction.RETRY, code=-1), False)] * 50
    world.settle(240)
    assert state(world, one.id) is S.FAILED_FOR_GOOD
    assert len(world.platform.calls) == 8
    assert "8 次" in world.notices.show(one.id).history[-1].cause


def test_long_waits_are_kept_by_the_row_not_the_queue(world: World) -> None:
    one = notice()
    world.place(one)
    world.platform.script = [(Outcome(Reaction.RETRY, code=43117, retry_after=4 * 3600), False)]
    world.settle(200)
    assert len(world.platform.calls) == 1
    world.settle(60)
    assert len(world.platform.calls) == 2
    assert state(world, one.id) is S.ACCEPTED


def test_policy_digest_climbs_down_its_ladder_to_the_inbox(world: World) -> None:
    one = notice(subject="digest", kind=NoticeKind.POLICY_DIGEST)
    world.place(one)
    world.platform.script = [(Outcome(Reaction.NEXT_CHANNEL, code=45015), False)]
    world.work()
    assert [call.channel for call in world.platform.calls] == ["custom"]  # no permission: no subscription is tried
    assert state(world, one.id) is S.INBOX
    assert [n.id for n in world.notices.inbox(USCC)] == [one.id]


def test_one_time_permission_is_spent_once(world: World) -> None:
    world.notices.subscriptions.accepted(LEGAL, "tmpl-case", world.now)
    assert world.notices.subscriptions.get(LEGAL, "tmpl-case").once == 1
    put = world.notices.subscriptions.spent(LEGAL, "tmpl-case", world.now)
    assert put is not None
    world.store.transact([put])
    assert world.notices.subscriptions.get(LEGAL, "tmpl-case").once == 0
    assert world.notices.subscriptions.spent(LEGAL, "tmpl-case", world.now) is None


def test_long_term_permission_carries_many_until_refused(world: World) -> None:
    world.notices.subscriptions.accepted(LEGAL, "tmpl-policy", world.now)
    ids = []
    for n in range(3):
        one = notice(subject=f"digest-{n}", kind=NoticeKind.POLICY_DIGEST)
        ids.append(one.id)
        world.place(one)
        world.work()
    assert [call.channel for call in world.platform.calls] == ["subscription"] * 3
    world.platform.script = [(Outcome(Reaction.CONSENT_LOST, code=43101), False), OK]
    last = notice(subject="digest-9", kind=NoticeKind.POLICY_DIGEST)
    world.place(last)
    world.work()
    assert [call.channel for call in world.platform.calls[3:]] == ["subscription", "custom"]
    assert world.notices.subscriptions.get(LEGAL, "tmpl-policy").refused
    assert state(world, last.id) is S.DELIVERED


def test_person_gone_stops_their_other_notices_until_they_return(world: World) -> None:
    first, second = notice("loan#1"), notice("loan#2")
    world.place(first, second)
    world.platform.script = [(Outcome(Reaction.PERSON_GONE, code=43004), False)]
    world.work()
    assert {state(world, first.id), state(world, second.id)} == {S.FAILED_FOR_GOOD, S.CANCELLED}
    assert len(world.platform.calls) == 1
    world.notices.returned(LEGAL)
    third = notice("loan#3")
    world.place(third)
    world.work()
    assert state(world, third.id) is S.ACCEPTED


def test_stop_all_pauses_everything_and_goes_on_by_itself(world: World) -> None:
    many = [notice(f"loan#{n}") for n in range(20)]
    world.place(*many)
    world.platform.script = [(Outcome(Reaction.STOP_ALL, code=40164, retry_after=300), False)]
    world.work()
    assert len(world.platform.calls) == 1
    [pause] = world.notices.paused(world.now)
    assert (pause.name, pause.code) == ("all", 40164)
    world.settle(15)
    assert {state(world, n.id) for n in many} == {S.ACCEPTED}
    assert world.notices.paused(world.now) == []


def test_who_is_to_mend_it_reads_what_the_platform_said(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.place(notice())
    detail = "出口 IP 不在白名单；/cgi-bin/stable_token errcode 40164；出口 IP 121.36.77.201"
    world.platform.script = [(Outcome(Reaction.STOP_ALL, code=40164, detail=detail, retry_after=300), False)]
    world.work()
    [pause] = world.notices.paused(world.now)
    assert "40164" in pause.cause and pause.told.endswith(detail)
    [alarm] = [line for line in caplog.records if "alarm" in line.message]
    assert vars(alarm)["detail"] == detail


def test_what_was_wrong_with_a_field_stands_on_the_notice(world: World) -> None:
    one = notice()
    world.place(one)
    detail = "字段 phrase2：只能是 1 到 5 个汉字"
    world.platform.script = [(Outcome(Reaction.BAD_DATA, detail=detail, field="phrase2"), False)]
    world.work()
    assert detail in world.notices.show(one.id).history[-1].cause


def test_stop_template_leaves_the_others_running(world: World) -> None:
    loan, case = notice(), notice("case#1", kind=NoticeKind.CASE_PROGRESS)
    world.place(loan)
    world.platform.script = [(Outcome(Reaction.STOP_TEMPLATE, code=40037), False)]
    world.work()
    world.place(case)
    world.work()
    assert state(world, loan.id) is S.FAILED_FOR_NOW
    assert state(world, case.id) is S.ACCEPTED
    world.notices.resume("template#tmpl-loan")
    world.clock.advance(timedelta(hours=1))
    world.settle(5)
    assert state(world, loan.id) is S.ACCEPTED


USED_UP = Outcome(Reaction.STOP_CHANNEL, code=45009, retry_after=7200)
NO_WINDOW = Outcome(Reaction.NEXT_CHANNEL, code=45015)


def test_a_used_up_channel_stops_only_itself(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Loans go by custom message meanwhile, digests by subscription as always; nobody asks for templates again."""
    world.notices.subscriptions.accepted(LEGAL, "tmpl-policy", world.now)
    loan, other = notice(), notice("case#1", kind=NoticeKind.CASE_PROGRESS)
    digest = notice("policy#1", kind=NoticeKind.POLICY_DIGEST)
    world.platform.script = [(USED_UP, False)]
    for one in (loan, other, digest):
        world.place(one)
        world.work()
    assert [call.channel for call in world.platform.calls] == ["template", "custom", "custom", "subscription"]
    assert [state(world, one.id) for one in (loan, other, digest)] == [S.DELIVERED, S.DELIVERED, S.ACCEPTED]
    [pause] = world.notices.paused(world.now)
    assert (pause.name, pause.code) == ("channel#template", 45009)
    assert any("alarm" in line.message and "channel#template" in line.message for line in caplog.records)


def test_without_another_way_it_waits_for_the_channel_and_goes_when_that_opens(world: World) -> None:
    loan = notice()
    world.place(loan)
    world.platform.script = [(USED_UP, False), (NO_WINDOW, False)]
    world.settle(118)
    assert state(world, loan.id) is S.QUEUED
    assert len(world.platform.calls) == 2
    assert world.notices.show(loan.id).history[-1].cause.startswith("暂停发送")
    world.settle(4)
    assert state(world, loan.id) is S.ACCEPTED
    assert world.platform.calls[-1].channel == "template"


def test_what_may_have_gone_out_stays_on_its_channel_and_is_parked_in_time(world: World) -> None:
    loan = notice()
    world.place(loan)
    world.platform.script = [(Outcome(Reaction.AMBIGUOUS), True), (USED_UP, False)]
    world.settle(12)
    assert state(world, loan.id) is S.MAYBE_SENT
    assert [call.channel for call in world.platform.calls] == ["template", "template"]


def test_consent_withdrawn_between_match_and_send(world: World) -> None:
    """Facts 8.1 no. 23."""
    one = notice()
    world.place(one)
    world.county.withdraw(LEGAL, Scope.LOAN_ALERT)
    world.work()
    assert world.platform.calls == []
    shown = world.notices.show(one.id)
    assert (shown.state, shown.history[-1].cause) == (S.CANCELLED, "发送前核对：未授权")


def test_withdrawal_cancels_what_is_queued_under_that_scope_only(world: World) -> None:
    loan, case = notice(), notice("case#1", kind=NoticeKind.CASE_PROGRESS)
    world.place(loan, case)
    assert world.notices.cancel_for(LEGAL, {Scope.LOAN_ALERT}, world.now) == 1
    assert (state(world, loan.id), state(world, case.id)) == (S.CANCELLED, S.QUEUED)
    assert world.notices.cancel_for(LEGAL, None, world.now) == 1
    world.work()
    assert world.platform.calls == []


def test_unbound_or_unfollowed_people_get_nothing(world: World) -> None:
    one, two = notice("loan#1"), notice("loan#2")
    world.place(one)
    world.county.stop_following(LEGAL)
    world.work()
    assert world.notices.show(one.id).history[-1].cause == "发送前核对：未关注"
    world.county.follow(LEGAL)
    world.place(two)
    world.county.unbind(USCC, LEGAL)
    world.work()
    assert world.notices.show(two.id).history[-1].cause == "发送前核对：未绑定"
    assert world.platform.calls == []


def test_forgetting_a_person_leaves_no_openid_and_still_tells_nothing_twice(world: World) -> None:
    one = notice()
    world.place(one)
    assert world.notices.forget(LEGAL, world.now) == 1
    assert world.notices.show(one.id).openid != LEGAL
    assert world.notices.show(one.id).state is S.CANCELLED
    assert world.notices.of_person(LEGAL) == []
    assert world.place(notice()) == 0


def test_quiet_hours_hold_it_until_morning() -> None:
    world = World(quiet=QuietHours())
    evening = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)  # 21:30 in China
    world.clock.set(evening)
    one = notice(now=evening, expires_at=evening + timedelta(days=2))
    world.place(one)
    world.settle(60)
    assert world.platform.calls == []
    world.clock.set(datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
    world.settle(1)
    assert len(world.platform.calls) == 1


@pytest.mark.parametrize(
    ("hour", "minute", "expected_day", "expected_hour"),
    [(20, 59, 23, 20), (21, 0, 24, 8), (23, 59, 24, 8), (0, 0, 23, 8), (7, 59, 23, 8), (8, 0, 23, 8)],
)
def test_next_allowed(hour: int, minute: int, expected_day: int, expected_hour: int) -> None:
    from chalicelib.times import SHANGHAI, local

    now = datetime(2026, 11, 23, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)
    allowed = local(QuietHours().next_allowed(now))
    assert (allowed.day, allowed.hour) == (expected_day, expected_hour)


def test_quiet_hours_from_text() -> None:
    assert QuietHours.parse("21:00-08:00") == QuietHours()
    assert QuietHours.parse("12:00-14:00") == QuietHours(time(12), time(14))
    assert QuietHours.parse("off") is None
    with pytest.raises(ValueError, match="evening"):
        QuietHours.parse("evening")


def test_expired_is_not_sent(world: World) -> None:
    one = notice(expires_at=world.now + timedelta(seconds=30))
    world.place(one)
    world.clock.advance(30)
    world.work()
    assert state(world, one.id) is S.EXPIRED
    assert world.platform.calls == []


def test_rate_is_kept_and_nothing_is_lost() -> None:
    world = World(per_second=5)
    many = [notice(f"loan#{n}") for n in range(30)]
    world.place(*many)
    world.work()
    assert len(world.platform.calls) == 5
    for _ in range(60):
        before = len(world.platform.calls)
        world.clock.advance(1)
        world.work()
        assert len(world.platform.calls) - before <= 5
    assert {state(world, n.id) for n in many} == {S.ACCEPTED}


def test_an_alert_does_not_wait_behind_a_digest() -> None:
    world = World(per_second=5)
    for n in range(40):
        world.county.bind(f"u{n}", f"o-{n}")
        world.place(notice("digest", f"o-{n}", kind=NoticeKind.POLICY_DIGEST, uscc=f"u{n}"))
    alert = notice()
    world.place(alert)
    assert world.queue.depth(QUEUES[Priority.URGENT]) == 1
    for _ in range(3):  # digests first, by a worker who knows no better: they may only use three fifths
        for message in world.queue.receive(QUEUES[Priority.BULK], limit=10):
            world.notices.deliver(str(message.body["notice"]), world.now)
    assert len(world.platform.calls) == 3
    world.notices.deliver(alert.id, world.now)
    assert state(world, alert.id) is S.ACCEPTED


def test_a_person_gets_only_so_many_a_day() -> None:
    world = World(per_person=2)
    many = [notice(f"loan#{n}") for n in range(3)]
    world.place(*many)
    world.settle(60)
    assert len(world.platform.calls) == 2
    world.clock.advance(timedelta(days=1))
    world.settle(2)
    assert len(world.platform.calls) == 3


def test_operator_retry_and_cancel(world: World) -> None:
    one, two = notice("loan#1"), notice("loan#2")
    world.place(one)
    world.platform.script = [(Outcome(Reaction.BAD_DATA, code=47003, field="thing1"), False)]
    world.work()
    assert "thing1" in world.notices.show(one.id).history[-1].cause
    assert world.notices.retry(one.id, world.now).state is S.QUEUED
    world.work()
    assert state(world, one.id) is S.ACCEPTED
    with pytest.raises(NoticeError, match="不用重发"):
        world.notices.retry(one.id, world.now)
    with pytest.raises(NoticeError, match="不能改为"):
        world.notices.cancel(one.id, world.now)
    with pytest.raises(NoticeError, match="没有编号"):
        world.notices.show("nosuch")
    world.place(two)
    assert world.notices.cancel(two.id, world.now).state is S.CANCELLED
    assert [n.id for n in world.notices.list(S.CANCELLED)] == [two.id]


def test_every_state_has_a_name_and_its_steps() -> None:
    assert set(CHINESE) == set(TRANSITIONS) == set(NoticeState)
    for held in RETRYABLE:
        assert S.QUEUED in TRANSITIONS[held]
    for end in (S.DELIVERED, S.CANCELLED, S.EXPIRED):
        assert TRANSITIONS[end] == frozenset()


def test_service_level_of_a_day(world: World) -> None:
    fast, slow, gone = notice("loan#1"), notice("loan#2"), notice("loan#3")
    world.place(fast, slow, gone)
    world.notices.deliver(fast.id, world.now + timedelta(seconds=3))
    world.notices.deliver(slow.id, world.now + timedelta(seconds=40))
    world.notices.cancel(gone.id, world.now)
    level = world.notices.stats(world.now.date(), world.now)
    assert (level.created, level.due, level.sent, level.within_10s, level.within_60s) == (3, 2, 2, 0.5, 1.0)
    assert level.states == {S.ACCEPTED: 2, S.CANCELLED: 1}
    empty = world.notices.stats(world.now.date() - timedelta(days=1), world.now)
    assert (empty.created, empty.within_10s) == (0, None)


def test_what_should_have_gone_out_and_did_not_counts_against_the_level(world: World) -> None:
    taken, refused, stuck, inbox = (notice(f"loan#{n}") for n in range(4))
    tomorrow = notice("loan#4").model_copy(update={"not_before": world.now + timedelta(days=1)})
    world.place(taken, refused, stuck, tomorrow)
    world.notices.deliver(taken.id, world.now)
    world.platform.script = [(Outcome(Reaction.BAD_DATA, code=47003), False)]
    world.notices.deliver(refused.id, world.now)
    world.platform.script = [(Outcome(Reaction.NEXT_CHANNEL), False)] * 2
    world.place(inbox)
    world.notices.deliver(inbox.id, world.now)
    level = world.notices.stats(world.now.date(), world.now)
    assert level.states == {S.ACCEPTED: 1, S.FAILED_FOR_GOOD: 1, S.QUEUED: 1, S.CREATED: 1, S.INBOX: 1}
    assert (level.created, level.due, level.sent, level.within_10s) == (5, 3, 1, 0.3333)

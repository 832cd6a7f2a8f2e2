from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import ALLOWED_ROLES, Scope

USCC = "91360323MAXX00015C"
PUSH, LOAN = Scope.POLICY_PUSH, Scope.LOAN_ALERT


def test_nothing_is_allowed_until_it_is_given_and_nothing_after_it_is_withdrawn(
    store: MemoryStore, clock: FixedClock
) -> None:
    consents = ConsentService(store)
    assert not any(consents.allows("o1", scope) for scope in Scope)
    consents.grant("o1", [PUSH, LOAN], "v1", "chat", clock.now())
    assert consents.allows("o1", PUSH)
    assert not consents.allows("o1", Scope.CASE_ALERT)
    assert not consents.allows("o2", PUSH)
    consents.withdraw("o1", Scope, "chat", clock.now())
    assert not any(consents.allows("o1", scope) for scope in Scope)
    assert consents.current("o1") == {}


def test_the_history_tells_version_time_and_channel_in_order(store: MemoryStore, clock: FixedClock) -> None:
    consents = ConsentService(store)
    consents.grant("o1", [PUSH], "v1", "page", clock.now())
    clock.advance(timedelta(days=1))
    consents.grant("o1", [PUSH], "v2", "chat", clock.now())
    clock.advance(timedelta(days=1))
    consents.withdraw("o1", [PUSH], "menu", clock.now())
    history = consents.history("o1")
    assert [(line.action, line.version, line.channel) for line in history] == [
        ("granted", "v1", "page"),
        ("granted", "v2", "chat"),
        ("withdrawn", "v2", "menu"),
    ]
    assert [line.at for line in history] == sorted(line.at for line in history)


def test_repeating_a_grant_or_a_withdrawal_changes_nothing(store: MemoryStore, clock: FixedClock) -> None:
    consents = ConsentService(store)
    for _ in range(2):
        consents.grant("o1", [PUSH, PUSH], "v1", "chat", clock.now())
        clock.advance(1)
    assert len(consents.history("o1")) == 1
    assert consents.current("o1")[PUSH].at == clock.now() - timedelta(seconds=2)
    for _ in range(2):
        consents.withdraw("o1", [PUSH], "chat", clock.now())
    assert len(consents.history("o1")) == 2
    consents.withdraw("o2", Scope, "chat", clock.now())
    assert consents.history("o2") == []


def test_two_lines_of_one_instant_are_both_kept(store: MemoryStore, clock: FixedClock) -> None:
    consents = ConsentService(store)
    consents.grant("o1", [PUSH], "v1", "chat", clock.now())
    consents.withdraw("o1", [PUSH], "chat", clock.now())
    consents.grant("o1", [PUSH], "v1", "chat", clock.now())
    assert [line.action for line in consents.history("o1")] == ["granted", "withdrawn", "granted"]
    assert consents.allows("o1", PUSH)


def test_state_and_history_agree_after_a_race(store: MemoryStore, clock: FixedClock) -> None:
    consents = ConsentService(store)

    def one(number: int) -> None:
        if number % 2:
            consents.withdraw("o1", [PUSH], "chat", clock.now())
        else:
            consents.grant("o1", [PUSH], "v1", "chat", clock.now())

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, range(6)))
    actions = [line.action for line in consents.history("o1")]
    assert actions == ["granted", "withdrawn"] * (len(actions) // 2) + ["granted"] * (len(actions) % 2)
    assert consents.allows("o1", PUSH) == (len(actions) % 2 == 1)


def test_the_history_does_not_hold_the_openid(store: MemoryStore, clock: FixedClock) -> None:
    ConsentService(store).grant("oSECRETSECRET", [PUSH], "v1", "chat", clock.now())
    kept = [(key, text) for key, (_, text) in store._rows.items() if key[0].startswith("consentlog#")]
    assert len(kept) == 1
    assert "oSECRETSECRET" not in str(kept)


def test_an_unknown_scope_is_refused(store: MemoryStore, clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="adverts"):
        ConsentService(store).grant("o1", ["adverts"], "v1", "chat", clock.now())  # type: ignore[list-item]


def test_every_scope_has_a_name_for_people() -> None:
    assert len({scope.chinese for scope in Scope}) == len(Scope)


def member(store: MemoryStore, clock: FixedClock, openid: str, role: str, *scopes: Scope, follows: bool = True) -> None:
    bindings = BindingService(store)
    bindings.redeem(openid, bindings.issue_code(USCC, role, "op-1", clock.now()).code, clock.now())
    ConsentService(store).grant(openid, scopes, "v1", "chat", clock.now())
    if follows:
        FollowerService(store).follow(openid, clock.now())


def test_recipients_are_members_in_an_allowed_role_who_consent_and_follow(
    store: MemoryStore, clock: FixedClock
) -> None:
    member(store, clock, "legal", "法人", PUSH, LOAN)
    member(store, clock, "finance", "财务", LOAN)
    member(store, clock, "staff", "人事", PUSH, LOAN)
    member(store, clock, "silent", "法人")
    member(store, clock, "gone", "法人", PUSH, LOAN, follows=False)
    consents = ConsentService(store)

    def who(scope: Scope, roles: set[Role] | None = None) -> set[str]:
        return {binding.openid for binding in consents.recipients(USCC, scope, roles)}

    assert who(PUSH) == {"legal", "staff"}
    assert who(LOAN) == {"legal", "finance"}
    assert who(LOAN, {Role.STAFF}) == set()  # roles narrow the rule and never widen it
    assert who(PUSH, {Role.STAFF}) == {"staff"}
    consents.withdraw("legal", [LOAN], "chat", clock.now())
    assert who(LOAN) == {"finance"}
    FollowerService(store).unfollow("finance", clock.now())
    assert who(LOAN) == set()
    assert consents.recipients("91360323MAXX000237", PUSH) == []


def test_loan_alerts_reach_two_roles_at_most() -> None:
    assert ALLOWED_ROLES[LOAN] == {Role.LEGAL, Role.FINANCE}
    assert set(ALLOWED_ROLES) == set(Scope)


def test_a_consent_to_a_notice_that_told_otherwise_is_asked_for_again(store: MemoryStore, clock: FixedClock) -> None:
    ConsentService(store).grant("o1", [PUSH, LOAN], "v1", "chat", clock.now())
    consents = ConsentService(store, outdated={"v1": frozenset({LOAN})})
    assert consents.allows("o1", PUSH) and not consents.allows("o1", LOAN)
    assert set(consents.current("o1")) == {PUSH}
    clock.advance(60)
    consents.grant("o1", [LOAN], "v2", "chat", clock.now())
    assert consents.allows("o1", LOAN)
    assert [(line.scope, line.version) for line in consents.history("o1")][-1] == (LOAN, "v2")

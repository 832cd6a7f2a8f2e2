"""The token ladder, against a fake platform over HTTP."""

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.wechat_tokens import StoreTokenCache
from chalicelib.ports import Record, Throttled
from chalicelib.wechat.client import PlatformClient
from chalicelib.wechat.errors import TOKEN_CODES, ApiError, NotSent
from chalicelib.wechat.tokens import Issued, Token, TokenKeeper
from tests.unit.wechat.fake_platform import (
    APP_ID,
    STABLE_TOKEN,
    TEMPLATE,
    Answer,
    Call,
    FakePlatform,
    Raw,
    TestClock,
    client_of,
)
from tests.unit.wechat.pushes import OPENID


def send(client: PlatformClient) -> str | None:
    return client.message.send_template(OPENID, "T", {"thing1": "x"}, None, "id-1")


def refused(client: PlatformClient) -> ApiError:
    with pytest.raises(ApiError) as caught:
        send(client)
    return caught.value


def forced(platform: FakePlatform) -> int:
    return sum(call.path == STABLE_TOKEN and call.body["force_refresh"] for call in platform.calls)


def together(count: int, act: Callable[[int], object]) -> None:
    """Run in threads that start at the same moment; errors of ``act`` reach the test."""
    barrier, errors = threading.Barrier(count), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            act(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_one_token_for_many_sends(client: PlatformClient, platform: FakePlatform) -> None:
    for _ in range(5):
        assert send(client) == "3487542469355618313"
    assert platform.count(STABLE_TOKEN) == 1
    call = platform.last(STABLE_TOKEN)
    assert call.method == "POST" and not call.query
    assert call.body["force_refresh"] is False and call.body["appid"] == APP_ID


def test_eight_cold_processes_fetch_once(platform: FakePlatform, clock: TestClock) -> None:
    store = MemoryStore(clock)
    with ExitStack() as stack:
        clients = [stack.enter_context(client_of(platform.base, clock, store)) for _ in range(8)]
        together(8, lambda n: send(clients[n]))
    assert platform.count(STABLE_TOKEN) == 1


@pytest.mark.parametrize("rolls", [False, True])
def test_eight_cold_processes_and_a_platform_that_refuses_every_token(
    platform: FakePlatform, clock: TestClock, rolls: bool
) -> None:
    platform.valid, platform.rolls = set(), rolls
    store = MemoryStore(clock)
    with ExitStack() as stack:
        clients = [stack.enter_context(client_of(platform.base, clock, store)) for _ in range(8)]

        def three_sends(number: int) -> None:
            for _ in range(3):
                assert refused(clients[number]).code == 40001

        together(8, three_sends)
    assert platform.count(STABLE_TOKEN) <= 3
    assert forced(platform) == 1
    assert platform.count(TEMPLATE) <= 8 * 3 * 3


def test_after_the_pause_the_ladder_may_be_climbed_again(
    client: PlatformClient, platform: FakePlatform, clock: TestClock
) -> None:
    platform.valid = set()
    refused(client)
    refused(client)
    assert platform.count(STABLE_TOKEN) == 3
    clock.move(299)
    refused(client)
    assert platform.count(STABLE_TOKEN) == 3
    clock.move(2)
    platform.valid = {"TOKEN-2"}
    assert send(client)


def test_a_token_fetched_again_after_a_forced_one_counts_as_renewed(platform: FakePlatform, clock: TestClock) -> None:
    """Else each process that was refused too would force one of its own."""
    platform.valid = set()
    store = MemoryStore(clock)
    with client_of(platform.base, clock, store) as one, client_of(platform.base, clock, store) as other:
        refused(one)
        stale = other.tokens.get()
        clock.move(301)
        renewed = one.tokens.renew(one.tokens.get())
        assert renewed.value == stale.value
        assert other.tokens.renew(stale) == renewed
    assert (platform.count(STABLE_TOKEN), forced(platform)) == (4, 1)


def test_a_renewal_by_another_process_is_used(platform: FakePlatform, clock: TestClock) -> None:
    store = MemoryStore(clock)
    with client_of(platform.base, clock, store) as one, client_of(platform.base, clock, store) as other:
        send(one)
        send(other)
        clock.move(3600)
        platform.rolls, platform.valid = True, {"TOKEN-2"}
        send(one)
        assert platform.count(STABLE_TOKEN) == 2
        send(other)
        assert platform.count(STABLE_TOKEN) == 2


def test_one_refusal_costs_one_fetch_and_one_retry(client: PlatformClient, platform: FakePlatform) -> None:
    send(client)
    platform.rolls, platform.valid = True, {"TOKEN-2"}
    before = platform.count(TEMPLATE)
    assert send(client)
    assert (platform.count(STABLE_TOKEN), platform.count(TEMPLATE) - before, forced(platform)) == (2, 2, 0)


@pytest.mark.parametrize("code", sorted(TOKEN_CODES))
def test_each_word_for_a_bad_token_renews_it(client: PlatformClient, platform: FakePlatform, code: int) -> None:
    platform.rolls = True

    def answer(call: Call) -> Answer:
        return {"errcode": code if call.query["access_token"] == "TOKEN-1" else 0, "errmsg": ""}

    platform.handlers[TEMPLATE] = answer
    send(client)
    assert (platform.count(STABLE_TOKEN), platform.count(TEMPLATE), forced(platform)) == (2, 2, 0)


def test_no_other_word_costs_a_fetch_or_a_second_call(client: PlatformClient, platform: FakePlatform) -> None:
    platform.handlers[TEMPLATE] = lambda _: {"errcode": 41001, "errmsg": "access_token missing"}
    refused(client)
    assert (platform.count(STABLE_TOKEN), platform.count(TEMPLATE)) == (1, 1)


def test_a_stable_token_that_stays_refused_is_forced(client: PlatformClient, platform: FakePlatform) -> None:
    platform.valid = {"TOKEN-2"}
    assert send(client)
    assert (platform.count(STABLE_TOKEN), forced(platform)) == (3, 1)


@pytest.mark.parametrize(("expires_in", "still", "gone"), [(7200, 6899, 6901), (345, 44, 46), (300, 29, 31)])
def test_early_refresh(platform: FakePlatform, clock: TestClock, expires_in: int, still: int, gone: int) -> None:
    platform.expires_in = expires_in
    with client_of(platform.base, clock) as client:
        send(client)
        clock.move(still)
        send(client)
        assert platform.count(STABLE_TOKEN) == 1
        clock.move(gone - still)
        send(client)
        assert platform.count(STABLE_TOKEN) == 2


def test_a_fresh_process_does_not_use_a_token_past_its_time(platform: FakePlatform, clock: TestClock) -> None:
    """Even where the store has not removed the row."""
    store = MemoryStore(TestClock())
    with client_of(platform.base, clock, store) as one:
        send(one)
    clock.move(8000)
    with client_of(platform.base, clock, store) as other:
        other.tokens.get()
    assert platform.count(STABLE_TOKEN) == 2


def test_refusals_to_hand_out_a_token_are_remembered(platform: FakePlatform, clock: TestClock) -> None:
    store = MemoryStore(clock)
    message = "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 61-2-3"
    platform.handlers[STABLE_TOKEN] = lambda _: {"errcode": 40164, "errmsg": message}
    with client_of(platform.base, clock, store) as one, client_of(platform.base, clock, store) as other:
        for client in (one, other, one):
            error = refused(client)
            assert (error.code, error.address) == (40164, "1.2.3.4")
        assert platform.count(STABLE_TOKEN) == 1
        clock.move(61)
        del platform.handlers[STABLE_TOKEN]
        assert send(other)


@pytest.mark.parametrize(
    "answer",
    [
        Raw(502, b"<html>Bad Gateway</html>"),
        Raw(drop=True),
        Raw(body=b"{}"),
        Raw(body=b"[]"),
        Raw(delay=0.5, body=b""),
        Raw(body=b'{"access_token":"","expires_in":7200}'),
        Raw(body=b'{"access_token":null,"expires_in":7200}'),
        Raw(body=b'{"access_token":"T","expires_in":0}'),
        Raw(body=b'{"access_token":"T","expires_in":-1}'),
    ],
)
def test_no_token_means_nothing_was_sent(platform: FakePlatform, clock: TestClock, answer: Raw) -> None:
    platform.handlers[STABLE_TOKEN] = lambda _: answer
    with client_of(platform.base, clock, timeout=0.2) as client, pytest.raises(NotSent):
        send(client)
    assert platform.count(TEMPLATE) == 0


def test_forced_renewals_are_rationed(clock: TestClock) -> None:
    cache = StoreTokenCache(MemoryStore(clock), APP_ID)
    assert cache.may_force(clock.now()) and not cache.may_force(clock.now())
    clock.move(29)
    assert not cache.may_force(clock.now())
    for _ in range(19):
        clock.move(31)
        assert cache.may_force(clock.now())
    clock.move(31)
    assert not cache.may_force(clock.now())
    clock.move(24 * 3600)
    assert cache.may_force(clock.now())


def test_replace_does_not_overwrite_a_renewal(clock: TestClock) -> None:
    store = MemoryStore(clock)
    mine, theirs = StoreTokenCache(store, APP_ID), StoreTokenCache(store, APP_ID)
    start = int(clock.now().timestamp())
    first = mine.replace(Token("one", start + 100, start), None)
    second = theirs.replace(Token("two", start + 100, start), first)
    assert mine.replace(Token("late", start + 100, start), first) == second
    assert mine.replace(Token("colder", start + 100, start), None) == second
    assert mine.nearest(clock.now()) == second


def test_a_process_that_died_while_fetching_blocks_nobody_for_long(clock: TestClock) -> None:
    store = MemoryStore(clock)
    assert StoreTokenCache(store, APP_ID).claim(clock.now(), 20)
    keeper = TokenKeeper(StoreTokenCache(store, APP_ID), lambda _: Issued("T", 7200), clock, sleep=clock.move)
    with pytest.raises(NotSent, match="waited too long"):
        keeper.get()
    clock.move(15)
    assert keeper.get().value == "T"


def test_a_failed_fetch_gives_the_lease_back(clock: TestClock) -> None:
    answers: list[Issued | NotSent] = [NotSent("token", "no network"), Issued("T", 7200)]

    def fetch(_: bool) -> Issued:
        answer = answers.pop(0)
        if isinstance(answer, NotSent):
            raise answer
        return answer

    keeper = TokenKeeper(StoreTokenCache(MemoryStore(clock), APP_ID), fetch, clock)
    with pytest.raises(NotSent):
        keeper.get()
    assert keeper.get().value == "T"


class BusyStore(MemoryStore):
    """Refuses the operation of one name, as DynamoDB does under load."""

    def __init__(self, clock: TestClock, busy: str) -> None:
        super().__init__(clock)
        self.busy = busy

    def get(self, pk: str, sk: str) -> Record | None:
        if self.busy == "get":
            raise Throttled("busy")
        return super().get(pk, sk)

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        if self.busy == "put":
            raise Throttled("busy")
        return super().put(record, if_absent=if_absent, if_version=if_version)


@pytest.mark.parametrize("busy", ["get", "put"])
def test_a_busy_store_means_nothing_was_sent(platform: FakePlatform, clock: TestClock, busy: str) -> None:
    with client_of(platform.base, clock, BusyStore(clock, busy)) as client, pytest.raises(NotSent, match="busy"):
        send(client)
    assert platform.calls == []


def test_nothing_secret_in_repr() -> None:
    assert "SECRET" not in repr(Token("SECRET", 1, 0)) + repr(Issued("SECRET", 1))

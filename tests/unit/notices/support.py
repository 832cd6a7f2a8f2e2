"""Fakes for the notice pipeline: a platform that keeps WeChat's promises and no others, people, and a county."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryQueue, MemoryStore
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.links import Links
from chalicelib.notices.kinds import QUEUES, NoticeKind
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.model import Draft, Notice, address
from chalicelib.notices.quiet import QuietHours
from chalicelib.notices.service import NoticeService
from chalicelib.ports import Outbound, Outcome, Reaction, Store

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday 09:00 in China
USCC = "91360323MAXX00015C"
LEGAL = "o-legal"
TEMPLATES = {
    NoticeKind.POLICY_DIGEST: "tmpl-policy",
    NoticeKind.LOAN_PROGRESS: "tmpl-loan",
    NoticeKind.CASE_PROGRESS: "tmpl-case",
}

Delivers = bool
Script = tuple[Outcome, Delivers]
"""What the platform answers to one call, and whether the person gets the message all the same."""

OK: Script = (Outcome(Reaction.ACCEPTED), True)


class Killed(BaseException):
    """The process died here: nothing that catches exceptions runs any more."""


class FakePlatform:
    """Delivers once for a client id within 10 minutes (template messages), every time otherwise.

    ``script`` holds the answers to come; when it runs out every message is taken. ``seen`` counts what each person got.
    """

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self.script: list[Script] = []
        self.calls: list[Outbound] = []
        self.seen: Counter[str] = Counter()
        self._known: dict[str, tuple[datetime, str]] = {}
        self.die_after_delivery = False

    def send(self, message: Outbound) -> Outcome:
        self.calls.append(message)
        outcome, delivers = self.script.pop(0) if self.script else OK
        message_id = None
        if delivers:
            message_id = self._deliver(message)
        if self.die_after_delivery:
            self.die_after_delivery = False
            raise Killed
        if outcome.reaction is Reaction.ACCEPTED and message.channel != "custom":
            return Outcome(Reaction.ACCEPTED, message_id=outcome.message_id or message_id)
        return outcome

    def _deliver(self, message: Outbound) -> str:
        known = self._known.get(message.client_id)
        if message.channel == "template" and known and self._clock.now() - known[0] < timedelta(minutes=10):
            return known[1]
        message_id = str(3487542469355618313 + len(self.calls))
        self._known[message.client_id] = (self._clock.now(), message_id)
        self.seen[message.client_id] += 1
        return message_id


class County:
    """Bindings, consents and followers as they lie in the store, made and ended in one word."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.bindings = BindingService(store)
        self.consents = ConsentService(store)
        self.followers = FollowerService(store)

    def bind(self, uscc: str, openid: str, role: Role = Role.LEGAL, scopes: Sequence[Scope] = tuple(Scope)) -> None:
        self.follow(openid)
        self.bindings.redeem(openid, self.bindings.issue_code(uscc, role, "op", NOW).code, NOW)
        self.consents.grant(openid, scopes, "v1", "page", NOW)

    def follow(self, openid: str) -> None:
        self.followers.follow(openid, NOW)

    def stop_following(self, openid: str) -> None:
        """Only the mark: their other rows are still there for a moment."""
        self._store.delete(f"person#{openid}", "follower")

    def withdraw(self, openid: str, scope: Scope) -> None:
        self.consents.withdraw(openid, [scope], "page", NOW)

    def unbind(self, uscc: str, openid: str) -> None:
        self.bindings.remove(openid, uscc, NOW)


class DyingStore:
    """A Store whose process dies: before the k-th write from now, or right after it."""

    _WRITES = frozenset({"put", "delete", "transact", "add"})

    def __init__(self, store: Store) -> None:
        self._store = store
        self.left: int | None = None
        self.after = False

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Any] = getattr(self._store, name)
        if name not in self._WRITES:
            return method

        def write(*args: Any, **kwargs: Any) -> Any:
            if self.left is None:
                return method(*args, **kwargs)
            self.left -= 1
            if self.left > 0:
                return method(*args, **kwargs)
            self.left = None
            if self.after:
                method(*args, **kwargs)
            raise Killed

        return write


class World:
    """One county with everything the notice service needs, a clock to move and workers to run."""

    def __init__(
        self,
        *,
        quiet: QuietHours | None = None,
        per_second: int = 1000,
        per_person: int = 1000,
        per_day: int = 100_000,
    ) -> None:
        self.clock = FixedClock(NOW)
        self.memory = MemoryStore(self.clock)
        self.store = DyingStore(self.memory)
        self.queue = MemoryQueue(self.clock)
        self.platform = FakePlatform(self.clock)
        self.county = County(self.memory)
        self.county.bind(USCC, LEGAL)
        self.notices = NoticeService(
            self.store,
            self.queue,
            self.platform,
            bindings=self.county.bindings,
            consents=self.county.consents,
            followers=self.county.followers,
            links=Links("https://example.test", "s" * 32),
            templates=TEMPLATES,
            long_term=("tmpl-policy",),
            quiet=quiet,
            limits=SendLimits(self.store, per_second, per_day, per_person),
        )

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def place(self, *notices: Notice) -> int:
        return self.notices.place(notices, self.now)

    def work(self, limit: int = 1000) -> int:
        """Run workers until no message is visible; returns how many messages were worked off."""
        done = 0
        while done < limit:
            batch = [(q, m) for q in QUEUES.values() for m in self.queue.receive(q, limit=10)]
            if not batch:
                break
            sent = self.notices.deliver_together([str(message.body["notice"]) for _, message in batch], self.now)
            for queue, message in batch:
                if message.body["notice"] not in sent:
                    self.notices.deliver(str(message.body["notice"]), self.now)
                self.queue.ack(queue, message.receipt)
                done += 1
        return done

    def settle(self, minutes: int = 30) -> None:
        """Let time pass with workers and sweeps running."""
        for _ in range(minutes):
            self.clock.advance(60)
            self.notices.sweep(self.now)
            self.work()


def draft(
    subject: str = "loan#L1",
    kind: NoticeKind = NoticeKind.LOAN_PROGRESS,
    uscc: str = USCC,
    event: str = "approved",
    version: str = "1",
    sample: bool = False,
    expires_at: datetime = NOW + timedelta(days=3),
    fields: Mapping[str, str] | None = None,
) -> Draft:
    return Draft(
        uscc=uscc,
        kind=kind,
        subject=subject,
        version=version,
        event=event,
        title="融资进度更新：审批已通过",
        lines=("请在 3 日内联系客户经理签约。",),
        fields=fields or {"thing1": "融资进度", "phrase2": "审批通过", "time3": "2026年11月23日 09:00"},
        path="/h5/loans/L1",
        expires_at=expires_at,
        why="银行已审批",
        sample=sample,
    )


def notice(
    subject: str = "loan#L1", openid: str = LEGAL, now: datetime = NOW, few: bool = False, **more: Any
) -> Notice:
    return address(draft(subject, **more), openid, now).model_copy(update={"few": few})

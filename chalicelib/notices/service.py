"""Notices (推送) from outside: place, deliver, receipts, withdrawal, the inbox, and what operators ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import islice

from chalicelib.enterprises.scopes import Scope
from chalicelib.links import Links
from chalicelib.notices.audience import Audience, Bindings, Consents, Followers, Person
from chalicelib.notices.breaker import Breaker, Pause
from chalicelib.notices.channels import Channels
from chalicelib.notices.delivery import Delivery, DeliveryResult, Parts
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.ledger import Entry, Ledger, digest_claim
from chalicelib.notices.level import ServiceLevel, level_of
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.model import CHINESE, RETRYABLE, WAITING, Notice, NoticeError, NoticeState, UnknownNotice
from chalicelib.notices.outcomes import Outcomes, ended
from chalicelib.notices.queueing import LATE_AFTER, Queueing
from chalicelib.notices.quiet import QuietHours
from chalicelib.notices.receipts import Receipt, Receipts, Verdict, failure
from chalicelib.notices.subscriptions import SubscriptionLedger
from chalicelib.notices.sweeping import Sweep, SweepReport
from chalicelib.notices.together import Together
from chalicelib.notices.unreachable import Unreachable
from chalicelib.notices.verdicts import Judge
from chalicelib.ports import Conflict, Messenger, Put, Queue, Store, Write

_CHUNK = 25
_MOST_OF_A_PERSON = 500


class NoticeService:
    """``templates`` gives the platform's template id by kind, ``long_term`` the ids granted as long-term."""

    def __init__(
        self,
        store: Store,
        queue: Queue,
        messenger: Messenger,
        *,
        bindings: Bindings,
        consents: Consents,
        followers: Followers,
        links: Links,
        templates: Mapping[NoticeKind, str],
        long_term: Sequence[str] = (),
        quiet: QuietHours | None = None,
        limits: SendLimits | None = None,
    ) -> None:
        self.quiet = quiet
        self.subscriptions = SubscriptionLedger(store, long_term)
        self._ledger = Ledger(store)
        self._unreachable = Unreachable(store)
        self._audience = Audience(bindings, consents, followers, self._unreachable)
        self._breaker = Breaker(store)
        self._receipts = Receipts(store, self._ledger)
        self._queueing = Queueing(self._ledger, queue)
        self._sweep = Sweep(self._ledger, self._queueing)
        channels, limits = Channels(templates, links), limits or SendLimits(store)
        parts = Parts(
            store=store,
            ledger=self._ledger,
            queueing=self._queueing,
            messenger=messenger,
            channels=channels,
            outcomes=Outcomes(
                ledger=self._ledger,
                queueing=self._queueing,
                receipts=self._receipts,
                subscriptions=self.subscriptions,
                breaker=self._breaker,
                unreachable=self._unreachable,
            ),
            judge=Judge(channels, limits, self._breaker, quiet),
            limits=limits,
        )
        self._delivery = Delivery(parts)
        self._together = Together(parts)

    # ------------------------------------------------------------------------------------------------------- planning

    def people(self, uscc: str, *kinds: NoticeKind) -> list[Person]:
        """Everybody bound to the enterprise, with whether they may get notices of these kinds."""
        return self._audience.people(uscc, kinds)

    def reaches(self, openid: str) -> bool:
        """Whether this person follows and can be reached, as far as is known."""
        return self._audience.reaches(openid)

    def placed(self, notice_id: str) -> bool:
        return self._ledger.has(notice_id)

    def digest_taken(self, uscc: str, on: date) -> bool:
        return self._ledger.digest_taken(uscc, on)

    # -------------------------------------------------------------------------------------------------------- placing

    def place(self, notices: Iterable[Notice], now: datetime) -> int:
        """Put each into the ledger, then into its queue; returns how many were new.

        What is there already stays as it is, so a second run places nothing. A crash leaves rows that the sweep queues.
        """
        placed = 0
        rest = iter(notices)
        while chunk := list(islice(rest, _CHUNK)):
            new = [n for n in map(_waking, chunk) if self._ledger.place([n])]
            self._enqueue(new, now)
            placed += len(new)
        return placed

    def place_together(self, notices: Sequence[Notice], now: datetime, rows: Sequence[Write] = ()) -> bool:
        """Place the notices of one enterprise with the rows that stand or fall with them, all or nothing.

        False, and nothing written, when one of them is there already. At most 100 writes, two for a notice.
        """
        waking = [_waking(notice) for notice in notices]
        if not self._ledger.place(waking, rows):
            return False
        self._enqueue(waking, now)
        return True

    def place_digest(self, notices: Sequence[Notice], on: date, now: datetime, rows: Sequence[Write] = ()) -> bool:
        """``place_together`` with the enterprise's one digest of the day, for which it must be the first."""
        claims: list[Put] = [digest_claim(uscc, on) for uscc in sorted({notice.uscc for notice in notices})]
        return self.place_together(notices, now, [*claims, *rows])

    def _enqueue(self, notices: Sequence[Notice], now: datetime) -> None:
        due = [notice for notice in notices if notice.wake_at <= now + LATE_AFTER]
        self._queueing.send(due)
        for notice in due:
            entry = self._ledger.get(notice.id)
            if entry and entry.notice.state is NoticeState.CREATED:
                try:
                    self._queueing.queued(entry, now, "已入队列")
                except Conflict:
                    continue  # a worker was quicker, and its state is the newer one

    # ------------------------------------------------------------------------------------------------------- delivery

    def deliver(self, notice_id: str, now: datetime) -> DeliveryResult:
        """Work off one queue message ``{"notice": id}``. Never sends what is not waiting, so repeats are harmless."""
        return self._delivery.deliver(notice_id, now)

    def deliver_together(self, notice_ids: Iterable[str], now: datetime) -> dict[str, DeliveryResult]:
        """Work off the messages of a batch with a few writes for all of them, as far as that goes.

        Call ``deliver`` for those that the result does not name: they need a look of their own.
        """
        return self._together.deliver(notice_ids, now)

    def receipt(
        self,
        openid: str,
        message_id: str,
        delivered: bool,
        status: str,
        now: datetime,
        template_id: str | None = None,
        message: str = "",
    ) -> Notice | None:
        """Record the platform's report on a message; returns the notice it changed, if it changed one.

        ``status`` as the platform spells it ("failed:user block"); ``template_id`` where the event tells it;
        ``message`` names the event (``once``).
        """
        verdict = Verdict.SUCCESS if delivered else failure(status)
        changed = self._receipts.arrived(Receipt(openid, message_id, verdict, template_id, message), now)
        if changed and changed.state is NoticeState.QUEUED:
            self._queueing.send([changed])
        return changed

    def sweep(self, now: datetime) -> SweepReport:
        """Set going again what stopped half way."""
        return self._sweep.run(now)

    def recover(self, now: datetime) -> SweepReport:
        """Set going again what dead workers were sending, without waiting for their leases. Only for one who knows
        that no worker lives."""
        return self._sweep.recover(now)

    def sweep_plan(self, now: datetime) -> list[tuple[Notice, str]]:
        """What a sweep would look at now."""
        return self._sweep.pending(now)

    # --------------------------------------------------------------------------------------------------------- people

    def cancel_for(
        self, openid: str, scopes: Collection[Scope] | None, now: datetime, until: datetime | None = None
    ) -> int:
        """Withdrawal (撤回同意): stop what waits under these scopes (None: all); returns how many.

        What was placed after ``until``, the moment of the withdrawal, stands on a newer consent and stays.

        What is being sent this very second cannot be called back; all else is asked for consent again before it goes.
        """
        entries = self._ledger.of_person(openid, _MOST_OF_A_PERSON)
        meant = (
            e
            for e in entries
            if (scopes is None or e.notice.rules.scope in scopes) and not (until and e.notice.created_at > until)
        )
        return sum(self._cancel(entry, now, "本人撤回同意") for entry in meant)

    def forget(self, openid: str, now: datetime) -> int:
        """The person unfollowed: stop what waits and put a pseudonym for the openid into their notices.

        Call it before the person's own rows are deleted. The ids stay, so nothing is told twice if they come back.
        """
        entries = self._ledger.of_person(openid, _MOST_OF_A_PERSON)
        for entry in entries:
            self._cancel(entry, now, "本人取消关注")
            self._ledger.anonymise(entry.notice)
        self.subscriptions.forget(openid)
        self._unreachable.clear(openid)
        return len(entries)

    def returned(self, openid: str) -> None:
        """The person followed again, or wrote: they can be reached."""
        self._unreachable.clear(openid)

    def inbox(self, uscc: str, limit: int = 20, openid: str | None = None) -> list[Notice]:
        """An enterprise's notices, newest first; with ``openid`` only that person's own (a loan is not everybody's)."""
        found = self._ledger.inbox(uscc, limit if openid is None else limit * 10)
        mine = (n for n in found if openid is None or n.openid == openid)
        return list(islice(mine, limit))

    def of_person(self, openid: str, limit: int = 20) -> list[Notice]:
        """A person's notices of the last months over all their enterprises, newest first."""
        return [entry.notice for entry in self._ledger.of_person(openid, limit)]

    # ------------------------------------------------------------------------------------------------------ operators

    def list(self, state: NoticeState, limit: int = 50) -> list[Notice]:
        """Notices in one state, newest first."""
        return self._ledger.in_state(state, limit)

    def show(self, notice_id: str) -> Notice:
        """Raises NoticeError when there is none."""
        return self._entry(notice_id).notice

    def retry(self, notice_id: str, now: datetime) -> Notice:
        """Send again by an operator's decision. Raises NoticeError unless it failed, or is maybe sent, or in the inbox.

        After ``maybe_sent`` this may tell the person twice: that is the operator's to decide.
        """
        entry = self._entry(notice_id)
        if entry.notice.state not in RETRYABLE:
            raise NoticeError(f"通知 {notice_id} 现在是“{CHINESE[entry.notice.state]}”，不用重发。")
        if entry.notice.expires_at <= now:
            raise NoticeError(f"通知 {notice_id} 已过有效期，不能重发。")
        fresh = entry.notice.moved(
            NoticeState.QUEUED, now, "工作人员重发", tried=(), failures=0, outages=0, unsure_since=None, message_id=None
        )
        written = self._write(entry, fresh)
        self._queueing.send([written.notice])
        return written.notice

    def cancel(self, notice_id: str, now: datetime) -> Notice:
        """Stop what waits, settle what is maybe sent. What waits after an attempt in doubt becomes maybe sent: it goes
        out no more, and a receipt may still come. Raises NoticeError when it is too late."""
        entry = self._entry(notice_id)
        settles = entry.notice.state is NoticeState.MAYBE_SENT
        end = entry.notice.moved if settles else partial(ended, entry.notice)
        return self._write(entry, end(NoticeState.CANCELLED, now, "工作人员取消")).notice

    def paused(self, now: datetime) -> Sequence[Pause]:
        """What the circuit breaker holds back now."""
        return self._breaker.all(now)

    def resume(self, name: str) -> None:
        """End a pause by hand, once its cause is gone."""
        self._breaker.resume(name)

    def stats(self, on: date, now: datetime) -> ServiceLevel:
        """The service level of one day in China as it stands now, from the rows themselves."""
        return level_of(self._ledger, on, now)

    def counts(self, limit: int = 1000) -> dict[NoticeState, int]:
        """Notices by state, each counted up to ``limit``; for people, not for decisions."""
        return {state: len(self._ledger.in_state(state, limit)) for state in NoticeState}

    def _entry(self, notice_id: str) -> Entry:
        entry = self._ledger.get(notice_id)
        if entry is None:
            raise UnknownNotice(f"没有编号为 {notice_id} 的通知。请用 notice list 查看编号。")
        return entry

    def _write(self, entry: Entry, notice: Notice) -> Entry:
        try:
            return self._ledger.write(entry, notice)
        except Conflict:
            raise NoticeError(f"通知 {notice.id} 刚刚有变化，请再看一次（notice show）。") from None

    def _cancel(self, entry: Entry, now: datetime, cause: str) -> bool:
        while entry.notice.state in WAITING:
            try:
                self._ledger.write(entry, ended(entry.notice, NoticeState.CANCELLED, now, cause))
            except Conflict:
                latest = self._ledger.get(entry.notice.id)
                if latest is None:
                    return False
                entry = latest
                continue
            return True
        return False


def _waking(notice: Notice) -> Notice:
    """When the sweep should look if placing stops half way: after a minute, or when it may go at all."""
    soon = notice.created_at + LATE_AFTER
    return notice.model_copy(update={"wake_at": max(soon, notice.not_before or soon)})

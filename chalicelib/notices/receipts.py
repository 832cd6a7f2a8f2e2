"""Receipts (回执): the platform's word on what became of a message it had accepted.

Joined by message id, as text: row ``receipt#{message id}``/``row``. Whichever comes first, our row of the acceptance or
the platform's report, writes it, and the other finds it there. A report whose id is 0 (seen when ``client_msg_id`` is
used) or whose notice never learnt its id (worker killed, 40252) is joined by person, template and time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import ConfigDict

from chalicelib.notices.kinds import Channel
from chalicelib.notices.ledger import ROW, Entry, Ledger
from chalicelib.notices.model import UNCERTAIN, Notice, NoticeError, NoticeState
from chalicelib.once import Once, mark
from chalicelib.ports import Conflict, Put, Record, Store
from chalicelib.shape import Shape

log = logging.getLogger(__name__)

NO_ID = frozenset({"", "0"})
_KEEP = timedelta(days=30)
_LOOK_BACK = timedelta(hours=24)
_NEWEST = 30
_TRIES = 8


class Verdict(StrEnum):
    """What a receipt says, whatever its spelling."""

    SUCCESS = "success"
    USER_BLOCK = "failed:user block"
    SYSTEM_FAILED = "failed:system failed"
    FREQ_LIMIT = "failed:freq limit"
    FAILED = "failed"


def failure(text: str) -> Verdict:
    """The ``Status`` of a failed message; white space varies, and one we do not know is a plain failure."""
    plain = ":".join(part.strip() for part in " ".join(text.lower().split()).split(":"))
    known = {verdict.value: verdict for verdict in Verdict if verdict is not Verdict.SUCCESS}
    return known.get(plain, Verdict.FAILED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One report. ``template_id`` is None where the event does not say (template messages); ``message`` names the event
    that brought it: by itself a report without an id would be taken for a second one when it is worked on again."""

    openid: str
    message_id: str
    verdict: Verdict
    template_id: str | None = None
    message: str = ""

    @property
    def act(self) -> str:
        return f"receipt {self.template_id} {self.message_id}"


class _Row(Shape):
    """``notice`` once the acceptance is known, ``verdict`` once the report is."""

    model_config = ConfigDict(frozen=True)

    notice: str | None = None
    verdict: Verdict | None = None


_CAUSES = {
    Verdict.SUCCESS: "平台回执：已送达",
    Verdict.USER_BLOCK: "平台回执：用户拒收",
    Verdict.SYSTEM_FAILED: "平台回执：系统原因未送达",
    Verdict.FREQ_LIMIT: "平台回执：对此人发送过于频繁",
    Verdict.FAILED: "平台回执：未送达",
}


def concluded(notice: Notice, verdict: Verdict, now: datetime) -> Notice:
    """The notice after its receipt. A platform failure goes on to the next rung; a person's refusal does not."""
    if verdict is Verdict.SUCCESS:
        return notice.moved(NoticeState.DELIVERED, now, _CAUSES[verdict])
    if verdict is Verdict.USER_BLOCK or notice.state not in {NoticeState.ACCEPTED, NoticeState.HELD}:
        return notice.moved(NoticeState.FAILED_FOR_GOOD, now, _CAUSES[verdict])
    tried = (*notice.tried, notice.channel) if notice.channel else notice.tried
    cause = _CAUSES[verdict] + "，换下一渠道"
    # Without its id it no longer answers to this message: a second copy of the report must not count against the next.
    return notice.moved(NoticeState.QUEUED, now, cause, tried=tried, message_id=None, unsure_since=None)


class Receipts:
    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._once = Once(store)

    def expect(
        self, notice: Notice, message_id: str | None, now: datetime, *, look: bool
    ) -> tuple[Put | None, Verdict | None]:
        """The row to write with the acceptance, and the report if it was here before.

        Without ``look`` it takes the report for not here yet, as it nearly always is. The write conflicts when it is,
        or arrives in this very moment: look then.
        """
        if message_id is None or message_id in NO_ID:
            return None, None
        found = self._store.get(f"receipt#{message_id}", ROW) if look else None
        row = _Row.model_validate(found.body) if found else _Row()
        record = _record(message_id, row.model_copy(update={"notice": notice.id}), now)
        if found:
            return Put(record, if_version=found.version), row.verdict
        return Put(record, if_absent=True), None

    def arrived(self, receipt: Receipt, now: datetime) -> Notice | None:
        """Record a report and return the notice it changed. Late, repeated and unknown ones change nothing."""
        for _ in range(_TRIES):
            try:
                return self._apply(receipt, now)
            except Conflict:
                continue
        raise Conflict([(f"receipt#{receipt.message_id}", ROW)])

    def _apply(self, receipt: Receipt, now: datetime) -> Notice | None:
        if self._once.result(receipt.message, receipt.act) is not None:
            return None
        known = self._by_id(receipt, now) if receipt.message_id not in NO_ID else None
        entry = self._still_about(known, receipt) if known else self._by_person(receipt, now)
        if entry is None:
            log.info("receipt without a notice: id=%s", receipt.message_id)
            return None
        try:
            after = concluded(entry.notice, receipt.verdict, now)
        except NoticeError:
            log.info("receipt for notice %s, already %s", entry.notice.id, entry.notice.state)
            return None
        return self._ledger.write(entry, after, mark(receipt.message, receipt.act, {}, now)).notice

    def _still_about(self, notice_id: str, receipt: Receipt) -> Entry | None:
        """The notice, unless it has gone on to another channel since and this report is about the one before."""
        entry = self._ledger.get(notice_id)
        return entry if entry and entry.notice.message_id == receipt.message_id else None

    def _by_id(self, receipt: Receipt, now: datetime) -> str | None:
        """The notice that this id belongs to; a report that is early is kept for whoever records the acceptance."""
        found = self._store.get(f"receipt#{receipt.message_id}", ROW)
        row = _Row.model_validate(found.body) if found else _Row()
        if row.verdict is None:
            record = _record(receipt.message_id, row.model_copy(update={"verdict": receipt.verdict}), now)
            if found:
                self._store.put(record, if_version=found.version)
            else:
                self._store.put(record, if_absent=True)
        return row.notice

    def _by_person(self, receipt: Receipt, now: datetime) -> Entry | None:
        """The one notice of this person and template that waits for a report it cannot know by id.

        With an id, only notices that never learnt theirs come into question, and only when there is just one, for the
        id may belong to an attempt whose acceptance is being written now; or when all are held for review, which never
        learn it: the oldest takes it then. Without an id, the oldest waiting one takes it.
        """
        waiting = [e for e in self._ledger.of_person(receipt.openid, _NEWEST) if _may_be(e.notice, receipt, now)]
        nameless = receipt.message_id in NO_ID or all(e.notice.state is NoticeState.HELD for e in waiting)
        return waiting[-1] if waiting and (nameless or len(waiting) == 1) else None


def _may_be(notice: Notice, receipt: Receipt, now: datetime) -> bool:
    if notice.channel is None or notice.channel is Channel.CUSTOM or now - notice.changed_at > _LOOK_BACK:
        return False
    if receipt.template_id is not None and receipt.template_id != notice.template_id:
        return False
    nameless = notice.message_id is None or notice.message_id in NO_ID
    if notice.state is NoticeState.FAILED_FOR_NOW and notice.unsure_since is None:
        return False
    if notice.state in UNCERTAIN:
        return nameless
    return notice.state is NoticeState.ACCEPTED and (nameless or receipt.message_id in NO_ID)


def _record(message_id: str, row: _Row, now: datetime) -> Record:
    expires = int((now + _KEEP).timestamp())
    return Record(f"receipt#{message_id}", ROW, row.model_dump(mode="json"), expires_at=expires)

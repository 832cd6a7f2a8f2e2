"""Many cases at once (批量导入): the same rows as one by one, in transactions that hold as many as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from chalicelib.cases.model import CaseEvent, CaseHead, CaseRow, lookup_key
from chalicelib.cases.repository import Filed
from chalicelib.cases.service import CaseService, CaseUnknown
from chalicelib.errors import Refusal
from chalicelib.ports import MAX_TRANSACT, Conflict, Write


class Outcome(Enum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Known:
    """Progress of a case that was handed in before."""

    no: str
    events: tuple[CaseEvent, ...]


@dataclass(frozen=True, slots=True)
class _Planned:
    """What one row comes to. ``writes`` empty: nothing new."""

    outcome: Outcome
    writes: tuple[Write, ...] = ()


class BulkCases:
    """On the service that takes single rows; what somebody else changed meanwhile is taken again one by one."""

    def __init__(self, cases: CaseService) -> None:
        self._cases = cases

    def save(self, rows: Sequence[CaseRow | Known], now: datetime) -> list[Outcome | Refusal]:
        """What became of each row, in their order; a case comes once. Raises Throttled when the store is busy: what
        was written until then stays, and a repeat finds it unchanged."""
        outcomes: list[Outcome | Refusal] = []
        waiting: list[tuple[int, tuple[Write, ...]]] = []
        for row in rows:
            try:
                planned = self._planned(row, now)
            except Refusal as refused:
                outcomes.append(refused)
                continue
            if planned.writes:
                if sum(len(writes) for _, writes in waiting) + len(planned.writes) > MAX_TRANSACT:
                    self._write(rows, waiting, outcomes, now)
                    waiting = []
                waiting.append((len(outcomes), planned.writes))
            outcomes.append(planned.outcome)
        self._write(rows, waiting, outcomes, now)
        return outcomes

    def _write(
        self,
        rows: Sequence[CaseRow | Known],
        waiting: Sequence[tuple[int, tuple[Write, ...]]],
        outcomes: list[Outcome | Refusal],
        now: datetime,
    ) -> None:
        if not waiting:
            return
        try:
            self._cases.commit([write for _, writes in waiting for write in writes])
        except Conflict:
            for place, _ in waiting:
                outcomes[place] = self._alone(rows[place], now)

    def _alone(self, row: CaseRow | Known, now: datetime) -> Outcome | Refusal:
        for _ in range(_TRIES):
            try:
                planned = self._planned(row, now)
                if planned.writes:
                    self._cases.commit(planned.writes)
                return planned.outcome
            except Refusal as refused:
                return refused
            except Conflict:
                continue
        return Refusal("这一行正被同时修改，没有导入。请稍后再导入一次")

    def _planned(self, row: CaseRow | Known, now: datetime) -> _Planned:
        old = self._cases.filed(row.no)
        if isinstance(row, Known):
            if old is None:
                raise CaseUnknown(f"没有办件 {row.no}。请先导入受理表（up_pro_accept），再导入进度")
            head, lookup = old.case.head, old.lookup
        else:
            head = _keeping_date(row.head(), old)
            lookup = lookup_key(row.no, row.phone_last4) if row.phone_last4 else (old.lookup if old else None)
        known = {event.id: event for event in old.case.events} if old else {}
        events = [event for event in row.events if known.get(event.id) != event]
        if old and not events and (old.case.head, old.lookup) == (head, lookup):
            return _Planned(Outcome.UNCHANGED)
        writes = self._cases.writes(old, head, lookup, events, now)
        return _Planned(Outcome.CHANGED if old else Outcome.ADDED, tuple(writes))


_TRIES = 5


def _keeping_date(head: CaseHead, old: Filed | None) -> CaseHead:
    """The day and the file that we filled in are those of the first import: the same row tomorrow is no change."""
    if old is None or old.case.head.verified_by != head.verified_by:
        return head
    held = old.case.head
    return head.model_copy(update={"verified_at": held.verified_at, "source_note": held.source_note})

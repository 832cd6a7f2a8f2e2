"""督办提醒: what the clock of the 48-hour channel owed to somebody, kept as a ledger.

A mark of the clock (``channel48.Mark``) becomes one row, written once whatever happens: the job may be killed, run
twice, or its machine's clock may jump; the key is the mark's. A row stays open until somebody says it is dealt with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime, ConfigDict

from chalicelib.errors import Refusal
from chalicelib.finance.channel48 import BANK, Eligibility, Mark
from chalicelib.finance.model import Loan
from chalicelib.ports import Conflict, Index, Put, Record, Store
from chalicelib.shape import Shape
from chalicelib.shards import SHARDS, shard
from chalicelib.times import stamp


class ReminderError(Refusal):
    """The text is the sentence to show to an operator."""


class Reminder(Shape):
    """``hours`` on the channel's clock, without pauses; ``level`` 0 reminds, 1 and up escalates a breach (超时).

    ``at``: when the clock showed that; ``raised_at``: when we noticed, later if nothing ran in between. ``hours`` 0 is
    a question of the title: ``why`` says which, and the way back.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    loan_id: str
    bank: str
    hours: int
    level: int
    to: str
    units: tuple[str, ...]
    why: str = ""
    at: AwareDatetime
    raised_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    closed_by: str = ""
    cause: str = ""
    is_sample: bool = False

    @property
    def is_breach(self) -> bool:
        return self.level > 0

    @property
    def what(self) -> str:
        """For people who work on it; no amount, no name of the enterprise."""
        if not self.hours:
            return f"48小时通道：{self.why}"
        return f"48小时通道已用 {self.hours} 小时" + ("，已超时" if self.is_breach else "")


def of_mark(loan: Loan, mark: Mark, now: datetime) -> Reminder:
    """The ledger row of a mark that was reached. Raises ValueError for one that was not."""
    if mark.at is None:
        raise ValueError(f"{mark.key} has not been reached")
    return Reminder(
        key=mark.key,
        loan_id=loan.id,
        bank=loan.head.bank,
        hours=mark.hours,
        level=mark.level,
        to=mark.to,
        units=tuple(loan.head.bank if unit == BANK else unit for unit in mark.units),
        at=mark.at,
        raised_at=now,
        is_sample=loan.head.is_sample,
    )


def of_refusal(loan: Loan, verdict: Eligibility, now: datetime) -> Reminder:
    """A loan asked for on the channel whose title does not hold, or that nobody has looked at: somebody must act."""
    return Reminder(
        key=f"loan48:{loan.id}:title",
        loan_id=loan.id,
        bank=loan.head.bank,
        hours=0,
        level=0,
        to="县工信局经办人",
        units=("县工信局",),
        why=f"{verdict.reason}；{verdict.way_back}",
        at=now,
        raised_at=now,
        is_sample=loan.head.is_sample,
    )


class ReminderService:
    """Rows ``reminder#{key}``, the open ones listed over shards."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, reminder: Reminder) -> Put:
        """The write that raises it, for a transaction with the notices that tell of it."""
        return Put(_row(reminder), if_absent=True)

    def get(self, key: str) -> Reminder | None:
        row = self._store.get(_key(key), "row")
        return Reminder.model_validate(row.body) if row else None

    def open(self) -> list[Reminder]:
        """What nobody has dealt with, the worst and then the oldest first."""
        found = [reminder for number in range(SHARDS) for reminder in self._listed("gsi1", _open_list(number))]
        return sorted(found, key=lambda reminder: (-reminder.level, reminder.at, reminder.key))

    def all(self) -> Iterator[Reminder]:
        """Every reminder ever raised, for a report."""
        for number in range(SHARDS):
            yield from self._listed("gsi2", _all_list(number))

    def close(self, key: str, by: str, cause: str, now: datetime) -> Reminder:
        """Somebody dealt with it; ``cause`` is why it took so long (延误原因). Closing twice changes nothing.

        Raises ReminderError when there is none.
        """
        row = self._store.get(_key(key), "row")
        if row is None:
            raise ReminderError(f"没有编号为 {key} 的督办提醒。请用 loan reminders 查看编号。")
        reminder = Reminder.model_validate(row.body)
        if reminder.closed_at:
            return reminder
        closed = reminder.model_copy(update={"closed_at": now, "closed_by": by, "cause": cause})
        try:
            self._store.put(_row(closed), if_version=row.version)
        except Conflict:
            raise ReminderError(f"督办提醒 {key} 刚刚有人处理，请再看一次（loan reminders）。") from None
        return closed

    def _listed(self, index: Index, pk: str) -> Iterator[Reminder]:
        page: str | None = None
        while True:
            found = self._store.query_index(index, pk, page=page)
            yield from (Reminder.model_validate(record.body) for record in found.records)
            if (page := found.next) is None:
                return


def _key(key: str) -> str:
    return f"reminder#{key}"


def _open_list(number: int) -> str:
    return f"reminders-open#{number}"


def _all_list(number: int) -> str:
    return f"reminders#{number}"


def _row(reminder: Reminder) -> Record:
    number, place = shard(reminder.loan_id), f"{stamp(reminder.at)}#{reminder.key}"
    return Record(
        _key(reminder.key),
        "row",
        reminder.model_dump(mode="json"),
        gsi1=None if reminder.closed_at else (_open_list(number), place),
        gsi2=(_all_list(number), place),
    )

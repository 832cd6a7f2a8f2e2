"""Use cases around 贷款: taking in what banks report, and telling who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta

from chalicelib.errors import Refusal
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan, LoanEvent, LoanHead, LoanRow
from chalicelib.finance.repository import Filed, LoanRepository
from chalicelib.finance.summary import LoanSummary
from chalicelib.ports import Conflict, Store
from chalicelib.times import local_date

WATCH_AFTER_CLOSING = timedelta(days=7)
"""How long a closed loan stays where ``watched_loans`` finds it: its last alert must not be lost to a bad night."""

_TRIES = 5


class LoanError(Refusal):
    """The text is the sentence to show."""


class LoanUnknown(LoanError):
    """An event names a loan that nobody handed in."""


class LoanEventChanged(LoanError):
    """An event id comes again with another content."""


class LoanService:
    """Loans by id, by enterprise, and all that are open."""

    def __init__(self, store: Store) -> None:
        self._loans = LoanRepository(store)

    # ------------------------------------------------------------------------------------------------------ taking in

    def record(self, event: LoanEvent, now: datetime) -> bool:
        """Keep an event; True when it is new. A repeat changes nothing.

        An event that cannot follow or breaks the amounts is kept all the same and shows up in ``live(loan).aside``.
        Raises LoanUnknown, and LoanEventChanged when the id was used for something else.
        """

        def change(old: Filed | None) -> bool:
            if old is None:
                raise LoanUnknown(f"没有贷款 {event.loan_id}，请先导入贷款基本信息再报进度")
            known = next((each for each in old.loan.events if each.id == event.id), None)
            if known is not None and known != event:
                raise LoanEventChanged(f"事件 {event.id} 已收过而内容不同；请换一个事件编号重报")
            return known is None and self._save(old, old.loan.head, [event], now)

        return self._retrying(event.loan_id, change)

    def save_row(self, row: LoanRow, now: datetime) -> bool:
        """Take in an imported row; True when anything changed. Events known before stay, also when the row has none.

        A row's event with a known id and another content corrects it: a file is an operator's word.
        """

        def change(old: Filed | None) -> bool:
            known = {event.id: event for event in old.loan.events} if old else {}
            events = [event for event in row.events if known.get(event.id) != event]
            if old and not events and old.loan.head == row.head():
                return False
            return self._save(old, row.head(), events, now)

        return self._retrying(row.id, change)

    def retire(self, now: datetime) -> int:
        """Take loans that closed a while ago off the watched list; returns how many. To be run daily."""
        retired = 0
        for loan in list(self.watched_loans()):
            if live(loan).is_closed and now - loan.updated > WATCH_AFTER_CLOSING:
                retired += self._retrying(loan.id, lambda old: old is not None and self._retired(old, now))
        return retired

    def refile(self, now: datetime, enterprises: Iterable[str]) -> int:
        """Bring the rows of all loans to the shape of this version; returns how many. Doing it again is harmless.

        ``enterprises``: credit codes, by which ended loans are found too.
        """
        ids = dict.fromkeys(self._loans.watched())
        for uscc in enterprises:
            ids |= dict.fromkeys(self._loans.of_enterprise(uscc))
        return sum(self._retrying(loan_id, self._refiled) for loan_id in ids)

    def _refiled(self, old: Filed | None) -> bool:
        if old is not None:
            self._loans.refile(old)
        return old is not None

    def _retired(self, old: Filed, now: datetime) -> bool:
        if not live(old.loan).is_closed or now - old.loan.updated <= WATCH_AFTER_CLOSING:
            return False
        filed = Filed(loan=old.loan, version=old.version, watched=False, arrived=old.arrived)
        self._loans.save(filed, [], [], old)
        return True

    def _save(self, old: Filed | None, head: LoanHead, events: Iterable[LoanEvent], now: datetime) -> bool:
        new = {event.id: event for event in events}
        before = old.loan.events if old else ()
        kept = [event for event in before if event.id not in new]
        filed = Filed(
            loan=Loan(head=head, events=(*kept, *new.values()), updated=now),
            version=old.version if old else 0,
            watched=True,
            arrived={**(old.arrived if old else {}), **dict.fromkeys(new, now)},
        )
        self._loans.save(filed, list(new.values()), [event for event in before if event.id in new], old)
        return True

    def _retrying(self, loan_id: str, change: Callable[[Filed | None], bool]) -> bool:
        """Read, change, write; again when somebody else wrote in between."""
        for _ in range(_TRIES - 1):
            try:
                return change(self._loans.find(loan_id))
            except Conflict:
                continue
        return change(self._loans.find(loan_id))

    # ------------------------------------------------------------------------------------------------------ answering

    def get(self, loan_id: str) -> Loan | None:
        filed = self._loans.find(loan_id)
        return filed.loan if filed else None

    def belongs(self, loan_id: str, uscc: str) -> bool:
        """Whether this is a loan of this enterprise; the same read for another's loan and for none at all, so asked
        first it tells nothing by the time it takes."""
        return self._loans.belongs(loan_id, uscc)

    def of_enterprise(self, uscc: str) -> list[Loan]:
        """All loans of an enterprise, the latest changed first. Index rows may lag: each loan is read anew."""
        found = (self.get(loan_id) for loan_id in dict.fromkeys(self._loans.of_enterprise(uscc)))
        return [loan for loan in found if loan is not None and loan.head.uscc == uscc]

    def watched_loans(self) -> Iterator[Loan]:
        """Every open loan and those closed within WATCH_AFTER_CLOSING: what a job that sends alerts goes through."""
        for loan_id in self._loans.watched():
            loan = self.get(loan_id)
            if loan is not None:
                yield loan

    def all_loans(self, since: date, now: datetime) -> Iterator[Loan]:
        """Every loan, open or ended, that was heard of on or after the first day of the year of ``since``."""
        years = range(since.year, local_date(now).year + 1)
        ids = dict.fromkeys(
            [*self._loans.watched(), *(loan_id for year in years for loan_id in self._loans.done(year))]
        )
        return (loan for loan in map(self.get, ids) if loan is not None)

    def summaries(self, since: date, now: datetime) -> Iterator[LoanSummary]:
        """``all_loans`` in one line each, without reading their events."""
        return self._loans.summaries(range(since.year, local_date(now).year + 1))

    def open_loans(self) -> Iterator[Loan]:
        """Every loan that is not settled, declined or withdrawn."""
        return (loan for loan in self.watched_loans() if not live(loan).is_closed)

    def events_since(self, loan_id: str, at: datetime) -> list[LoanEvent]:
        """Events of a loan that arrived at or after this instant, whenever they took place."""
        filed = self._loans.find(loan_id)
        return [event for event in filed.loan.events if filed.arrived[event.id] >= at] if filed else []

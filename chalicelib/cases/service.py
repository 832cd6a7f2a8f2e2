"""Use cases around 办件: taking in events and rows, and answering who may ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Protocol

from chalicelib.cases import tolerance
from chalicelib.cases.folding import live
from chalicelib.cases.life import RULES, Life, Rules
from chalicelib.cases.model import FORM_SOURCE, Case, CaseEvent, CaseHead, CaseRow, CaseState, lookup_key
from chalicelib.cases.repository import CaseRepository, Filed
from chalicelib.cases.timeline import Timeline, render
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.enterprises.tries import LOOKUP, Lockout
from chalicelib.errors import Refusal
from chalicelib.ports import Conflict, Store, Write
from chalicelib.times import local_date

NOT_FOUND = "没有查到：请核对办件编号和办理时留的手机后四位，或先绑定企业再查。"
"""The one answer for a number that does not exist and for one that belongs to somebody else (facts §6.2)."""

RECENT = 50
"""Cases of one enterprise that are read when nobody says how many."""

_TRIES = 5
_DAY = timedelta(days=1)


class CaseError(Refusal):
    """The text is the sentence to show."""


class CaseUnknown(CaseError):
    """An event names a case that nobody handed in."""


class EventChanged(CaseError):
    """An event id comes again with another content."""


class LookupRefused(CaseError):
    """No case for this number and these digits. Never says which of the two was wrong."""


class Tries(Protocol):
    """Counts wrong tries of a person; ``miss`` raises when too many (``enterprises.tries.Lockout``)."""

    def miss(self, openid: str, now: datetime) -> None: ...

    def forgive(self, openid: str) -> None: ...


class CaseService:
    """Cases by number, by enterprise and by due date."""

    def __init__(
        self, store: Store, calendar: WorkCalendar, lockout: Tries | None = None, rules: Rules = RULES
    ) -> None:
        self._cases = CaseRepository(store)
        self._calendar = calendar
        self._lockout: Tries = lockout or Lockout(store, LOOKUP)
        self._rules = rules

    # ------------------------------------------------------------------------------------------------------ taking in

    def record(self, event: CaseEvent, now: datetime) -> bool:
        """Keep an event; True when it is new. A repeat changes nothing.

        An event that does not fit is kept all the same and shows up in ``live(...).aside``. Raises CaseUnknown, and
        EventChanged when the id was used for something else.
        """

        def change(old: Filed | None) -> bool:
            if old is None:
                raise CaseUnknown(f"没有办件 {event.case_no}，请先导入办件基本信息再报进度")
            known = next((each for each in old.case.events if each.id == event.id), None)
            if known is not None and known != event:
                raise EventChanged(f"事件 {event.id} 已收过而内容不同；请换一个事件编号重报")
            return known is None and self._save(old, old.case.head, old.lookup, [event], now)

        return self._retrying(event.case_no, change)

    def refusal(self, event: CaseEvent, now: datetime) -> str | None:
        """Why this event would be set aside, for who can ask before recording it; None when it would be applied.
        Raises CaseUnknown."""
        filed = self._cases.find(event.case_no)
        if filed is None:
            raise CaseUnknown(f"没有办件 {event.case_no}，请先导入办件基本信息再报进度")
        others = tuple(each for each in filed.case.events if each.id != event.id)
        case = filed.case.model_copy(update={"events": (*others, event)})
        return next((one.reason for one in self.live(case, now).aside if one.event.id == event.id), None)

    def save_row(self, given: CaseRow, now: datetime, fit: Callable[[CaseRow, Case], CaseRow] | None = None) -> bool:
        """Take in an imported row; True when anything changed. Events known before stay, also when the row has none.

        A row's event with a known id and another content corrects it: a file is an operator's word. Who may say less
        than an operator passes ``fit``, which makes of the row what it may say over the case as held, or raises.
        """

        def change(old: Filed | None) -> bool:
            row = fit(given, old.case) if fit and old else given
            lookup = lookup_key(row.no, row.phone_last4) if row.phone_last4 else (old.lookup if old else None)
            known = {event.id: event for event in old.case.events} if old else {}
            events = [event for event in row.events if known.get(event.id) != event]
            if old and not events and (old.case.head, old.lookup) == (row.head(), lookup):
                return False
            return self._save(old, row.head(), lookup, events, now)

        return self._retrying(given.no, change)

    def settle(self, now: datetime, back_days: int = 31, ahead_days: int = 0) -> int:
        """File anew the cases that the clock alone has moved on (视为受理, 容缺逾期终止), so that they count as changed
        and are found under their new due date; returns how many. To be run daily.

        After a year's holidays were loaded, run once with ``ahead_days`` over that year: estimated deadlines move.
        """
        moved = 0
        today = local_date(now)
        for day in _days(today - timedelta(days=back_days), today + timedelta(days=ahead_days)):
            for no in list(self._cases.due_on(day)):
                moved += self._retrying(no, lambda old: old is not None and self._settled(old, now))
        return moved

    def refile(self, now: datetime, enterprises: Iterable[str], around: int = 400) -> int:
        """Bring the rows of cases to the shape of this version; returns how many. Doing it again is harmless.

        Found by enterprise (credit codes), and by a deadline within ``around`` days where the former list has it.
        """
        today = local_date(now)
        days = _days(today - timedelta(days=around), today + timedelta(days=around))
        numbers = dict.fromkeys(no for day in days for no in self._cases.due_in_one_list(day))
        for uscc in enterprises:
            numbers |= dict.fromkeys(self._cases.of_enterprise(uscc))
        return sum(self._retrying(no, self._refiled) for no in numbers)

    def _refiled(self, old: Filed | None) -> bool:
        if old is not None:
            self._cases.refile(old, tolerance.mark(old.case.head, self.live(old.case, old.case.updated)))
        return old is not None

    def _settled(self, old: Filed, now: datetime) -> bool:
        life = self.live(old.case, now)
        if (life.state, life.filed_under) == (old.state, old.due):
            return False
        updated = old.case.updated if life.state is old.state else now
        return self._save(old, old.case.head, old.lookup, [], now, updated)

    def _save(
        self,
        old: Filed | None,
        head: CaseHead,
        lookup: str | None,
        events: Iterable[CaseEvent],
        now: datetime,
        updated: datetime | None = None,
    ) -> bool:
        self.commit(self.writes(old, head, lookup, events, now, updated))
        return True

    def filed(self, no: str) -> Filed | None:
        """The case with what its rows know, for who writes many at once (``cases.bulk``)."""
        return self._cases.find(no)

    def commit(self, writes: Sequence[Write]) -> None:
        """Raises Conflict when a case of ``writes`` changed since it was read; nothing is written then."""
        self._cases.commit(writes)

    def writes(
        self,
        old: Filed | None,
        head: CaseHead,
        lookup: str | None,
        events: Iterable[CaseEvent],
        now: datetime,
        updated: datetime | None = None,
    ) -> list[Write]:
        """What keeps the case over ``old`` with these events added or replaced."""
        new = {event.id: event for event in events}
        before = old.case.events if old else ()
        kept = [event for event in before if event.id not in new]
        case = Case(head=head, events=(*kept, *new.values()), updated=updated or now)
        life = self.live(case, now)
        filed = Filed(
            case=case,
            version=old.version if old else 0,
            lookup=lookup,
            due=life.filed_under,
            state=life.state,
            aside=len(life.aside),
        )
        replaced = [event for event in before if event.id in new]
        return [*self._cases.writes(filed, list(new.values()), replaced, old), *tolerance.mark(head, life)]

    def _retrying(self, no: str, change: Callable[[Filed | None], bool]) -> bool:
        """Read, change, write; again when somebody else wrote in between."""
        for _ in range(_TRIES - 1):
            try:
                return change(self._cases.find(no))
            except Conflict:
                continue
        return change(self._cases.find(no))

    def with_aside(self) -> Iterator[Case]:
        """Cases with events that were kept but not applied; ``live(...).aside`` tells which and why."""
        for no in self._cases.with_aside():
            if case := self.get(no):
                yield case

    def over(self, before: datetime) -> Iterator[str]:
        """Numbers of cases that ended before this instant: their copy here has outlived its term."""
        for no in self._cases.resting(before):
            case = self.get(no)
            if case and case.updated < before and self.live(case, before).is_final:
                yield no

    def erase(self, no: str, before: datetime) -> bool:
        """Remove the copy of a case that ended before this instant; False when it is not so, or not so any more."""
        filed = self._cases.find(no)
        if filed is None or filed.case.updated >= before or not self.live(filed.case, before).is_final:
            return False
        self._cases.erase(filed, tolerance.unmark(no))
        return True

    def lapsed(self, now: datetime, back_days: int = 31) -> Iterator[str]:
        """Numbers of draft cases (暂存) that a form opened here and nobody handed in within its 30 days."""
        today = local_date(now)
        for day in _days(today - timedelta(days=back_days), today - _DAY):
            for no in self._cases.due_on(day):
                case = self.get(no)
                if case and self._is_lapsed(case, now):
                    yield no

    def erase_lapsed(self, no: str, now: datetime) -> bool:
        """Remove such a draft; False when it is none, or an office has taken it up meanwhile."""
        filed = self._cases.find(no)
        if filed is None or not self._is_lapsed(filed.case, now):
            return False
        self._cases.erase(filed, tolerance.unmark(no))
        return True

    def _is_lapsed(self, case: Case, now: datetime) -> bool:
        life = self.live(case, now)
        ours = all(event.source == FORM_SOURCE for event in case.events)
        return life.state is CaseState.DRAFT and ours and life.due is not None and life.due.day < local_date(now)

    # ------------------------------------------------------------------------------------------------------ answering

    def lookup(self, openid: str, no: str, phone4: str, now: datetime) -> Case:
        """The case for someone who knows its number and the phone's last four digits.

        Raises LookupRefused, with the same words after the same store work for an unknown number and for wrong digits,
        and ``LockedOut`` after five wrong tries. A try is counted before it is looked at, so that parallel guesses
        gain nothing.
        """
        self._lockout.miss(openid, now)
        if self._cases.no_for(lookup_key(no, phone4)) is None:
            raise LookupRefused(NOT_FOUND)
        self._lockout.forgive(openid)
        filed = self._cases.find(no)
        if filed is None:
            raise LookupRefused(NOT_FOUND)
        return filed.case

    def get(self, no: str) -> Case | None:
        filed = self._cases.find(no)
        return filed.case if filed else None

    def belongs(self, no: str, uscc: str) -> bool:
        """Whether this is a case of this enterprise.

        The same read, of a row that is not there, for a case of another and for none at all: asked before anything of
        the case is read, it tells nothing by the time it takes (measured: ``python -m bench refusals``).
        """
        return self._cases.belongs(no, uscc)

    def of_enterprise(self, uscc: str, limit: int = RECENT) -> list[Case]:
        """Cases of an enterprise, the latest changed first, at most ``limit``: an old firm has thousands."""
        return self._read(uscc, islice(self._cases.of_enterprise(uscc), limit))

    def changed_since(self, uscc: str, at: datetime) -> list[Case]:
        """The enterprise's cases with something new at or after this instant, the latest first."""
        return [case for case in self._read(uscc, self._cases.of_enterprise(uscc, at)) if case.updated >= at]

    def due_between(self, first: date, last: date) -> list[Case]:
        """Cases that are due on these days, both included, as of their last change; by day, then number.

        A case is filed under the applicant's first deadline where there is one, else under the office's
        (``Life.filed_under``); ``live(case, now).dues`` tells which deadlines are open.
        """
        found = []
        for day in _days(first, last):
            for no in self._cases.due_on(day):
                filed = self._cases.find(no)
                if filed and filed.due == day:
                    found.append(filed.case)
        return found

    def live(self, case: Case, now: datetime) -> Life:
        """State, course and deadlines of a case at ``now``."""
        return live(case, now, self._calendar, self._rules)

    def timeline(self, case: Case, now: datetime, *, named: bool = True) -> Timeline:
        """``cases.timeline.render`` with this service's calendar."""
        return render(case, now, self._calendar, self._rules, named=named)

    def _read(self, uscc: str, numbers: Iterable[str]) -> list[Case]:
        """Index rows may lag: each case is read anew, once, and must still be this enterprise's."""
        found = (self.get(no) for no in dict.fromkeys(numbers))
        return [case for case in found if case is not None and case.head.uscc == uscc]


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * n for n in range((last - first).days + 1)]

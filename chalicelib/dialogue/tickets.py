"""Tickets (工单): what 溪小办 could not settle and a person of the 政数局 must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from typing import Literal, get_args

from chalicelib.errors import BadInput, Refusal
from chalicelib.masking import scrub
from chalicelib.once import Once
from chalicelib.ports import Conflict, JsonObject, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.shards import listed, one_list, place
from chalicelib.times import chinese_time, local_date, stamp

_ID = re.compile(r"T-\d{4}-\d{2,}")
_LONGEST = 500
_TRIES = 8
TicketKind = Literal["人工答复", "投诉建议", "廉政监督", "差评整改", "延期申请"]
TicketState = Literal["open", "answered", "closed"]
"""``answered``: the answer is there, who asked has not been told."""
STATES: tuple[TicketState, ...] = get_args(TicketState)


class TicketError(Refusal):
    """The text is the sentence to show."""


class TicketUnknown(TicketError, BadInput):
    """No such ticket."""


class Ticket(Shape):
    """``id`` like T-1122-03: the third of 22 November. ``text`` is scrubbed of numbers that name a person. ``openid``
    is empty once the person has left or the term is over."""

    id: str
    kind: TicketKind
    text: str
    openid: str
    state: TicketState = "open"
    opened_at: datetime
    answer: str = ""
    due: date | None = None


class TicketService:
    """Rows ``ticket#{year}-{id}``, listed by state."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once = Once(store)

    def open(
        self, openid: str, kind: TicketKind, text: str, now: datetime, due: date | None = None, message: str = ""
    ) -> Ticket:
        """A new ticket with the next number of the day; ``due`` is its own last day (China) where it has one.

        ``message`` names what the person said: asked again for the same message and kind, the same ticket comes back.
        """

        def write() -> tuple[JsonObject, list[Write]]:
            row = self._row(self._next(openid, kind, text, now, due))
            return {"ticket": row.pk}, [Put(row, if_absent=True)]

        key = self._once.do(message, f"ticket {kind}", now, write)["ticket"]
        row = self._store.get(key, "row")
        if row is None:
            raise Conflict([(key, "row")])
        return Ticket.model_validate(row.body)

    def _next(self, openid: str, kind: TicketKind, text: str, now: datetime, due: date | None) -> Ticket:
        day = local_date(now)
        count = self._store.add(f"ticket#{day}", "count", {"n": 1})["n"]
        return Ticket(
            id=f"T-{day:%m%d}-{count:02d}",
            kind=kind,
            text=scrub(text)[:_LONGEST],
            openid=openid,
            opened_at=now,
            due=due,
        )

    def add(self, ticket_id: str, text: str, now: datetime, message: str = "") -> None:
        """What the person says later about the matter, once for a ``message``; a ticket that was answered is open
        again, one that is gone stays gone."""
        key = _key(ticket_id, now)

        def write() -> tuple[JsonObject, list[Write]]:
            row = self._store.get(key, "row")
            if row is None:
                return {}, []
            ticket = Ticket.model_validate(row.body)
            words = f"{ticket.text}\n{scrub(text)}"[:_LONGEST]
            longer = ticket.model_copy(update={"text": words, "state": "open"})
            return {}, [Put(self._row(longer), if_version=row.version)]

        for attempt in range(_TRIES):
            try:
                self._once.do(message, f"add to {ticket_id}", now, write)
            except Conflict:  # somebody closed it, or added to it, in this moment
                if attempt == _TRIES - 1:
                    raise
                continue
            return

    def get(self, ticket_id: str, now: datetime) -> Ticket:
        """The latest ticket of this id, seen from ``now``. Raises TicketUnknown."""
        return Ticket.model_validate(self._kept(ticket_id, now).body)

    def answer(self, ticket_id: str, text: str, now: datetime) -> Ticket:
        """What a person of the 政数局 found out or did. The same answer again is fine.

        Raises TicketUnknown, and TicketError for no words, and for another answer than the one that was given.
        """
        words = scrub(text.strip())[:_LONGEST]
        if not words:
            raise TicketError("答复不能为空。")
        for attempt in range(_TRIES):
            row = self._kept(ticket_id, now)
            ticket = Ticket.model_validate(row.body)
            if ticket.state != "open":
                if ticket.answer == words:
                    return ticket
                raise TicketError(f"工单 {ticket.id} 已经答复过，不能再改。请用 ticket show 查看。")
            answered = ticket.model_copy(update={"state": "answered", "answer": words})
            try:
                self._store.put(self._row(answered), if_version=row.version)
            except Conflict:  # the person added to it in this moment
                if attempt == _TRIES - 1:
                    raise
                continue
            return answered
        raise AssertionError("unreachable")

    def told(self, ticket: Ticket) -> Write | None:
        """The write that files an answered ticket as told to who asked; None when it moved on meanwhile."""
        row = self._store.get(_key(ticket.id, ticket.opened_at), "row")
        if row is None or Ticket.model_validate(row.body) != ticket:
            return None
        return Put(self._row(ticket.model_copy(update={"state": "closed"})), if_version=row.version)

    def _kept(self, ticket_id: str, now: datetime) -> Record:
        row = self._store.get(_key(ticket_id, now), "row") if _ID.fullmatch(ticket_id) else None
        if row is None:
            raise TicketUnknown(f"没有编号为 {ticket_id} 的工单。请用 ticket list 查看编号。")
        return row

    def of_person(self, openid: str) -> list[Ticket]:
        """What this person asked or complained of, the oldest first."""
        return [Ticket.model_validate(record.body) for record in self._of_person(openid)]

    def in_words(self, openid: str) -> list[dict[str, str]]:
        """The same for the person's own copy of their data."""
        return [
            {
                "编号": one.id,
                "类别": one.kind,
                "时间": chinese_time(one.opened_at),
                "内容": one.text,
                "答复": one.answer,
            }
            for one in self.of_person(openid)
        ]

    def forget(self, openid: str) -> None:
        """Take the person out of their tickets; what they asked about is still worked on."""
        for record in list(self._of_person(openid)):
            self._hide(record)

    def over(self, before: datetime) -> list[str]:
        """Ids of tickets opened before this instant that still hold words or a person."""
        return [_id(record) for state in STATES for record in self._named(state, before)]

    def retire(self, before: datetime) -> int:
        """Take person and words out of what is over; id, kind and times stay for the statistics. Returns how many."""
        records = [record for state in STATES for record in self._named(state, before)]
        for record in records:
            self._hide(record, text="")
        return len(records)

    def _named(self, state: TicketState, before: datetime) -> list[Record]:
        rows = listed(self._store, "gsi1", state_list(state), end=stamp(before))
        return [record for record in rows if record.body["text"] or record.body["openid"]]

    def _hide(self, record: Record, text: str | None = None) -> None:
        """Raises Conflict when the ticket changes at the same moment; the next run, or call, does it then."""
        ticket = Ticket.model_validate(record.body)
        words = {} if text is None else {"text": text, "answer": text}
        hidden = ticket.model_copy(update={"openid": "", **words})
        row = self._store.get(record.pk, record.sk)
        if row is not None:
            self._store.put(self._row(hidden), if_version=row.version)

    def _of_person(self, openid: str) -> Iterator[Record]:
        return one_list(self._store, "gsi2", _person(openid))

    def listed(self, state: TicketState = "open") -> Iterator[Ticket]:
        """Tickets in this state, the oldest first."""
        return (Ticket.model_validate(record.body) for record in listed(self._store, "gsi1", state_list(state)))

    @staticmethod
    def _row(ticket: Ticket) -> Record:
        at, key = stamp(ticket.opened_at), _key(ticket.id, ticket.opened_at)
        return Record(
            pk=key,
            sk="row",
            body=ticket.model_dump(mode="json"),
            gsi1=(place(state_list(ticket.state), key), at),
            gsi2=(_person(ticket.openid), at) if ticket.openid else None,
        )


def state_list(state: TicketState) -> str:
    return f"tickets#{state}"


def _person(openid: str) -> str:
    """A pseudonym: the index tells a person's tickets to who knows the openid, and names nobody."""
    return f"ticketsof#{sha256(openid.encode()).hexdigest()[:24]}"


def _id(record: Record) -> str:
    return str(record.body["id"])


def _key(ticket_id: str, at: datetime) -> str:
    """An id names its day but not the year: it is of the last such day, seen from ``at``."""
    day = local_date(at)
    return f"ticket#{day.year - (ticket_id[2:6] > f'{day:%m%d}')}-{ticket_id}"
